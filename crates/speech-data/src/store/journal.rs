//! What is in the shards for good: one line an utterance, written after its audio is on the disk.
//!
//! A line is a checksum, a space, and JSON. The first is what the store is of. Reading stops at the first line that
//! is torn, and the file is cut there.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::error::StoreError;
use super::layout::{FORMAT_VERSION, JOURNAL};
use super::remarks::Remark;
use super::settings::{Part, StoreSettings};

/// No line is longer: a name and a reason.
const LONGEST_LINE: u64 = 1 << 20;

/// What a store is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Begin {
    pub(super) format_version: u32,
    pub(super) settings: StoreSettings,
    pub(super) part: Option<Part>,
    /// Hash of everything that is to be packed, all parts together.
    pub(super) plan: String,
    /// Number of utterances in that.
    pub(super) planned: u64,
    /// Number of utterances that this store is to have.
    pub(super) own: u64,
}

/// What became of an utterance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Record {
    Done {
        name: String,
        shard: u32,
        offset: u64,
        num_bytes: u64,
        num_samples: u64,
        sample_rate_hz: u32,
        encoding: u32,
        checksum: [u8; 16],
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        remarks: Vec<Remark>,
    },
    Failed {
        name: String,
        reason: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<String>,
    },
}

impl Record {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Done { name, .. } | Self::Failed { name, .. } => name,
        }
    }
}

/// The open journal, locked against other processes.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    path: PathBuf,
    text: Vec<u8>,
}

impl Drop for Journal {
    /// A child process that was being started has the file too for a moment, and with it the lock, unless it is given back.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

impl Journal {
    /// Opens or makes the journal of a store and hands what is in it to `begun` (once, if anything is there) and
    /// `each`, then cuts a torn end.
    pub(super) fn open(
        store: &Path,
        begun: impl FnOnce(Option<Begin>) -> Result<Begin, StoreError>,
        mut each: impl FnMut(Record) -> Result<(), StoreError>,
    ) -> Result<Self, StoreError> {
        let path = store.join(JOURNAL);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(StoreError::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Busy {
                    path: store.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => {
                return Err(StoreError::io("lock", &path)(source));
            }
        }
        let mut lines = Lines {
            reader: BufReader::with_capacity(1 << 20, &file),
            path: &path,
            sound: 0,
        };
        let first: Option<Begin> = lines.next()?;
        if let Some(begin) = &first
            && begin.format_version > FORMAT_VERSION
        {
            return Err(StoreError::Newer {
                path,
                found: u64::from(begin.format_version),
                known: FORMAT_VERSION,
            });
        }
        let is_new = first.is_none();
        let begin = begun(first)?;
        if !is_new {
            while let Some(record) = lines.next()? {
                each(record)?;
            }
        }
        let sound = lines.sound;
        file.set_len(sound)
            .and_then(|()| file.seek(SeekFrom::Start(sound)))
            .map_err(StoreError::io("cut", &path))?;
        let mut journal = Self {
            file,
            path,
            text: Vec::new(),
        };
        if is_new {
            journal.note(&begin);
            journal.commit()?;
        }
        Ok(journal)
    }

    /// Reads how far an unfinished store has come, without locking or changing it.
    pub(super) fn progress(store: &Path) -> Result<(Begin, u64, Option<String>), StoreError> {
        let path = store.join(JOURNAL);
        let file = File::open(&path).map_err(StoreError::io("open", &path))?;
        let mut lines = Lines {
            reader: BufReader::with_capacity(1 << 20, &file),
            path: &path,
            sound: 0,
        };
        let Some(begin) = lines.next::<Begin>()? else {
            return Err(StoreError::NotAStore {
                path: store.to_owned(),
            });
        };
        let (mut done, mut last) = (0, None);
        while let Some(record) = lines.next::<Record>()? {
            done += 1;
            last = Some(record.name().to_owned());
        }
        Ok((begin, done, last))
    }

    /// Keeps a line for the next [`commit`](Self::commit).
    pub(super) fn note(&mut self, line: &impl Serialize) {
        // Writing plain data as JSON into memory does not fail.
        if let Ok(json) = serde_json::to_vec(line) {
            let sum = crc32fast::hash(&json);
            self.text
                .extend_from_slice(format!("{sum:08x} ").as_bytes());
            self.text.extend_from_slice(&json);
            self.text.push(b'\n');
        }
    }

    /// Writes the lines kept, onto the disk.
    pub(super) fn commit(&mut self) -> Result<(), StoreError> {
        self.file
            .write_all(&self.text)
            .and_then(|()| self.file.sync_data())
            .map_err(StoreError::io("write", &self.path))?;
        self.text.clear();
        Ok(())
    }
}

struct Lines<'a> {
    reader: BufReader<&'a File>,
    path: &'a Path,
    /// Bytes of sound lines so far.
    sound: u64,
}

impl Lines<'_> {
    /// The next line, or `None` at the end or where the file is torn.
    fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, StoreError> {
        let mut line = Vec::new();
        let mut limited = std::io::Read::take(&mut self.reader, LONGEST_LINE);
        limited
            .read_until(b'\n', &mut line)
            .map_err(StoreError::io("read", self.path))?;
        let sound = line
            .strip_suffix(b"\n")
            .and_then(|line| line.split_at_checked(9))
            .and_then(|(sum, json)| {
                let sum = std::str::from_utf8(sum.strip_suffix(b" ")?).ok()?;
                let sum = u32::from_str_radix(sum, 16).ok()?;
                (sum == crc32fast::hash(json)).then_some(json)
            })
            .and_then(|json| serde_json::from_slice(json).ok());
        if sound.is_some() {
            self.sound += line.len() as u64;
        }
        Ok(sound)
    }
}
