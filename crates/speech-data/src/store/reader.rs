//! Reading a store where it lies.

use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

use bytemuck::Pod;
#[cfg(unix)]
use memmap2::Advice;
use memmap2::Mmap;

use super::error::StoreError;
use super::journal::Journal;
use super::layout::{
    BYTE_ORDER, FORMAT_VERSION, Header, INDEX, JOURNAL, MAGIC, NONE, Row, SUMMARY, Sections,
    shard_name,
};
use super::settings::StoreEncoding;
use super::summary::StoreSummary;

/// A finished store, memory-mapped. Sharing one between threads costs nothing.
#[derive(Debug)]
pub struct Store {
    pub(super) folder: PathBuf,
    summary: StoreSummary,
    index: Mmap,
    sections: Sections,
    pub(super) shards: Vec<Option<Mmap>>,
}

/// What a store knows of an utterance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its unique name.
    pub name: &'a str,
    /// Who speaks.
    pub speaker: &'a str,
    /// The occasion, where it is known.
    pub session: Option<&'a str>,
    /// Samples per second, in Hz.
    pub sample_rate_hz: u32,
    /// Samples at that rate.
    pub num_samples: u64,
    /// How its audio is kept.
    pub encoding: StoreEncoding,
    /// Number of the shard that its audio is in.
    pub shard: u32,
    /// First byte of its audio in the shard.
    pub offset: u64,
    /// Bytes of its audio.
    pub num_bytes: u64,
    /// The first half of the BLAKE3 of those bytes.
    pub checksum: [u8; 16],
}

impl Store {
    /// Whether a folder is a store, finished or not.
    #[must_use]
    pub fn is_store(path: &Path) -> bool {
        path.join(SUMMARY).is_file() && path.join(INDEX).is_file() || path.join(JOURNAL).is_file()
    }

    /// Opens a finished store. The index is checked against its checksum, audio when it is read whole.
    ///
    /// # Errors
    /// [`StoreError::Unfinished`], [`StoreError::NotAStore`], [`StoreError::Newer`], [`StoreError::Damaged`], and
    /// [`StoreError::Io`].
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        if !folder.join(SUMMARY).exists() {
            if !folder.join(JOURNAL).exists() {
                return Err(StoreError::NotAStore {
                    path: folder.to_owned(),
                });
            }
            let (begin, done, after) = Journal::progress(folder)?;
            return Err(StoreError::Unfinished {
                path: folder.to_owned(),
                done,
                planned: begin.own,
                after,
            });
        }
        let summary = StoreSummary::read(folder)?;
        let path = folder.join(INDEX);
        let mut file = File::open(&path).map_err(StoreError::io("open", &path))?;
        let (header, sections) = check_index(&mut file, &path, &summary)?;
        let index = map(&file, &path)?;
        let mut store = Self {
            folder: folder.to_owned(),
            summary,
            index,
            sections,
            shards: Vec::new(),
        };
        let sizes: Vec<u64> = store.section(&store.sections.shard_sizes).to_vec();
        for (number, size) in (0..header.num_shards as u32).zip(sizes) {
            let path = folder.join(shard_name(number));
            let file = File::open(&path).map_err(StoreError::io("open", &path))?;
            let found = file
                .metadata()
                .map_err(StoreError::io("open", &path))?
                .len();
            if found != size {
                return Err(StoreError::Damaged {
                    path,
                    found: format!("it has {found} bytes, expected {size}"),
                });
            }
            if size == 0 {
                // Nothing is mapped of an empty file.
                store.shards.push(None);
                continue;
            }
            let shard = map(&file, &path)?;
            // Crops lie anywhere: what the system would read around each is never used.
            #[cfg(unix)]
            let _ = shard.advise(Advice::Random);
            store.shards.push(Some(shard));
        }
        Ok(store)
    }

    /// The folder it was opened from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// What is in it, and what is not.
    #[must_use]
    pub fn summary(&self) -> &StoreSummary {
        &self.summary
    }

    /// Number of utterances.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows().len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of the utterance of this name, by bisection.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<usize> {
        let names = self.bytes(&self.sections.names);
        let found = self.rows().binary_search_by(|row| {
            let end = row.name_at.saturating_add(u64::from(row.name_len));
            let range = row.name_at as usize..end as usize;
            names.get(range).unwrap_or(b"").cmp(name.as_bytes())
        });
        found.ok()
    }

    /// What is known of utterance `index`; they are sorted by name.
    ///
    /// # Errors
    /// [`StoreError::NoSuchUtterance`], or [`StoreError::Damaged`] for an index that makes no sense.
    pub fn entry(&self, index: usize) -> Result<Entry<'_>, StoreError> {
        let row = self.row(index)?;
        let names = self.bytes(&self.sections.names);
        let end = row.name_at.checked_add(u64::from(row.name_len));
        let name = end
            .and_then(|end| names.get(row.name_at as usize..end as usize))
            .and_then(|name| std::str::from_utf8(name).ok());
        let encoding = StoreEncoding::from_code(row.encoding);
        let (Some(name), Some(encoding)) = (name, encoding) else {
            return Err(self.nonsense(format!("utterance {index} has no name or encoding")));
        };
        Ok(Entry {
            name,
            speaker: self.string(row.speaker)?.unwrap_or(""),
            session: self.string(row.session)?,
            sample_rate_hz: row.sample_rate_hz,
            num_samples: row.num_samples,
            encoding,
            shard: row.shard,
            offset: row.offset,
            num_bytes: row.num_bytes,
            checksum: row.checksum,
        })
    }

    /// Names of the further columns, sorted.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] for an index that makes no sense.
    pub fn column_names(&self) -> Result<Vec<&str>, StoreError> {
        let numbers: &[u32] = self.section(&self.sections.column_names);
        numbers
            .iter()
            .map(|&number| Ok(self.string(number)?.unwrap_or("")))
            .collect()
    }

    /// The value of utterance `index` in a column, where it has one.
    ///
    /// # Errors
    /// As [`entry`](Self::entry).
    pub fn column(&self, index: usize, name: &str) -> Result<Option<&str>, StoreError> {
        self.row(index)?;
        let found = self.column_names()?.iter().position(|known| *known == name);
        match found {
            Some(column) => self.value(column, index),
            None => Ok(None),
        }
    }

    /// All columns that utterance `index` has a value in, with the values.
    ///
    /// # Errors
    /// As [`entry`](Self::entry).
    pub fn columns(&self, index: usize) -> Result<Vec<(&str, &str)>, StoreError> {
        self.row(index)?;
        let mut found = Vec::new();
        for (column, name) in self.column_names()?.into_iter().enumerate() {
            if let Some(value) = self.value(column, index)? {
                found.push((name, value));
            }
        }
        Ok(found)
    }

    pub(super) fn nonsense(&self, found: String) -> StoreError {
        StoreError::Damaged {
            path: self.folder.join(INDEX),
            found,
        }
    }

    fn bytes(&self, section: &Range<usize>) -> &[u8] {
        // `check_index` saw to it that the file has all sections.
        self.index.get(section.clone()).unwrap_or(&[])
    }

    fn section<T: Pod>(&self, section: &Range<usize>) -> &[T] {
        // The mapping begins at a page, and sections at multiples of their items' size.
        bytemuck::try_cast_slice(self.bytes(section)).unwrap_or(&[])
    }

    fn rows(&self) -> &[Row] {
        self.section(&self.sections.rows)
    }

    pub(super) fn row(&self, index: usize) -> Result<&Row, StoreError> {
        let rows = self.rows();
        rows.get(index).ok_or_else(|| StoreError::NoSuchUtterance {
            path: self.folder.clone(),
            index,
            len: rows.len(),
        })
    }

    fn value(&self, column: usize, row: usize) -> Result<Option<&str>, StoreError> {
        let values: &[u32] = self.section(&self.sections.column_values);
        match values.get(column * self.len() + row) {
            Some(&number) => self.string(number),
            None => Ok(None),
        }
    }

    fn string(&self, number: u32) -> Result<Option<&str>, StoreError> {
        if number == NONE {
            return Ok(None);
        }
        let ends: &[u64] = self.section(&self.sections.string_ends);
        let start = match number {
            0 => Some(0),
            _ => ends.get(number as usize - 1).copied(),
        };
        let text = start
            .zip(ends.get(number as usize))
            .and_then(|(start, end)| {
                let strings = self.bytes(&self.sections.strings);
                std::str::from_utf8(strings.get(start as usize..*end as usize)?).ok()
            });
        match text {
            Some(text) => Ok(Some(text)),
            None => Err(self.nonsense(format!("there is no string {number}"))),
        }
    }
}

/// Reads the index once from end to end in small pieces, so that none of it need stay in memory.
fn check_index(
    file: &mut File,
    path: &Path,
    summary: &StoreSummary,
) -> Result<(Header, Sections), StoreError> {
    let damaged = |found: String| StoreError::Damaged {
        path: path.to_owned(),
        found,
    };
    let unreadable = || StoreError::io("read", path);
    let mut header = [0; size_of::<Header>()];
    file.read_exact(&mut header).map_err(unreadable())?;
    let header: Header = bytemuck::pod_read_unaligned(&header);
    if header.magic != MAGIC {
        return Err(damaged("it does not begin as an index does".to_owned()));
    }
    if header.byte_order != BYTE_ORDER {
        return Err(damaged(
            "it was written on a machine of the other byte order".to_owned(),
        ));
    }
    if header.format_version > FORMAT_VERSION {
        return Err(StoreError::Newer {
            path: path.to_owned(),
            found: u64::from(header.format_version),
            known: FORMAT_VERSION,
        });
    }
    let found = file.metadata().map_err(unreadable())?.len();
    let sections = Sections::of(&header)
        .filter(|(_, end)| *end as u64 == found)
        .map(|(sections, _)| sections)
        .ok_or_else(|| damaged(format!("{found} bytes are not what its header promises")))?;
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut piece).map_err(unreadable())?;
        if read == 0 {
            break;
        }
        hasher.update(&piece[..read]);
    }
    let hash = hasher.finalize();
    if *hash.as_bytes() != header.checksum || hash.to_hex().as_str() != summary.checksum {
        return Err(damaged(
            "it does not have the checksum that `store.json` and its header say".to_owned(),
        ));
    }
    Ok((header, sections))
}

fn map(file: &File, path: &Path) -> Result<Mmap, StoreError> {
    // SAFETY: the files of a finished store are never written again; whoever truncates one under a running program
    // ends that program, but reads no foreign memory.
    unsafe { Mmap::map(file) }.map_err(StoreError::io("map", path))
}
