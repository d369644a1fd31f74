//! Tar archives, plain or gzipped, with tar archives in them: read as they are.
//!
//! A gzipped one can only be read from its beginning. Recordings are asked for in the order of their names and lie in whatever order;
//! so one pass through the archive fetches as many of the next ones as memory allows.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use flate2::read::MultiGzDecoder;
use speech_data::store::SourceFault;
use sysinfo::System;
use tar::{Archive, EntryType};

use crate::archive::MOST_BYTES;
use crate::error::PrepError;
use crate::name::hostile;
use crate::stamp::FileStamp;
use crate::sums::file_name;

/// Archives in archives are looked into so deep; AISHELL has one of each speaker in one of all.
const MOST_DEPTH: u32 = 3;

/// What a pass may keep of recordings, at least and at most.
const KEPT_BYTES: std::ops::RangeInclusive<u64> = 512 << 20..=8 << 30;

/// Recordings before the one that is asked for that threads may not have got yet.
const BEHIND: u32 = 8_192;

/// A file of an archive, as a pass meets it.
pub(crate) struct Met<'a> {
    /// Its path, with that of the archives around it.
    pub(crate) name: &'a str,
    pub(crate) num_bytes: u64,
    /// Why it is not to be taken, if it is not.
    pub(crate) refusal: Option<&'static str>,
    pub(crate) content: &'a mut dyn Read,
}

/// An archive that has been read through once.
pub(crate) struct Tarball {
    path: PathBuf,
    stamp: FileStamp,
    /// Bytes of each file, in the order of the archive.
    sizes: Vec<u64>,
    /// Position in the order of asking, by number of the file.
    position: OnceLock<HashMap<u32, u32>>,
    /// Numbers of files in the order in which they will be asked for.
    order: OnceLock<Vec<u32>>,
    kept: Mutex<HashMap<u32, Vec<u8>>>,
}

impl Tarball {
    /// Reads through the archive at `path` and shows its files to `visit`.
    ///
    /// # Errors
    /// [`PrepError::BadArchive`] for one that is damaged or ends too early, and what `visit` fails with.
    pub(crate) fn open(
        path: &Path,
        progress: &dyn Fn(u64, u64),
        visit: &mut dyn FnMut(u32, Met<'_>) -> Result<(), PrepError>,
    ) -> Result<Self, PrepError> {
        let mut sizes = Vec::new();
        let mut failure = None;
        let mut last = String::new();
        let walked = pass(path, progress, &mut |met| {
            last = met.name.to_owned();
            let number = sizes.len() as u32;
            sizes.push(met.num_bytes);
            match visit(number, met) {
                Ok(()) => Ok(true),
                Err(error) => {
                    failure = Some(error);
                    Ok(false)
                }
            }
        });
        if let Some(failure) = failure {
            return Err(failure);
        }
        walked.map_err(|error| {
            let behind = match sizes.len() {
                0 => "before its first file".to_owned(),
                count => format!("behind its {count} first files, the last is `{last}`"),
            };
            PrepError::BadArchive {
                name: file_name(path),
                found: format!("{error}, {behind}: it is damaged or was not downloaded to its end"),
            }
        })?;
        Ok(Self {
            path: path.to_owned(),
            stamp: FileStamp::at(path),
            sizes,
            position: OnceLock::new(),
            order: OnceLock::new(),
            kept: Mutex::default(),
        })
    }

    /// Says in which order files will be asked for, by their numbers.
    pub(crate) fn set_order(&self, order: Vec<u32>) {
        let _ = self.position.set(order.iter().copied().zip(0..).collect());
        let _ = self.order.set(order);
    }

    pub(crate) fn size(&self, number: u32) -> u64 {
        self.sizes.get(number as usize).copied().unwrap_or(0)
    }

    pub(crate) fn stamp(&self) -> String {
        self.stamp.text()
    }

    pub(crate) fn has_changed(&self) -> bool {
        FileStamp::at(&self.path) != self.stamp
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The bytes of file `number`.
    ///
    /// # Errors
    /// [`SourceFault::Damaged`] for one that is too large, [`SourceFault::Lost`] where the archive can no longer be read.
    pub(crate) fn read(&self, number: u32) -> Result<Vec<u8>, SourceFault> {
        let size = self.size(number);
        if size > MOST_BYTES {
            return Err(SourceFault::Damaged(format!(
                "it has {size} bytes, at most {MOST_BYTES} are expected"
            )));
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = kept.get(&number) {
            return Ok(bytes.clone());
        }
        let lost =
            |error: io::Error| SourceFault::Lost(format!("`{}`: {error}", self.path.display()));
        if self.has_changed() {
            return Err(SourceFault::Lost(format!(
                "`{}` was changed while it was read",
                self.path.display()
            )));
        }
        self.fetch(number, &mut kept).map_err(lost)?;
        kept.get(&number).cloned().ok_or_else(|| {
            SourceFault::Lost(format!(
                "`{}` no longer has all of its files",
                self.path.display()
            ))
        })
    }

    /// Fetches file `number` and as many of those that will be asked for after it as may be kept.
    fn fetch(&self, number: u32, kept: &mut HashMap<u32, Vec<u8>>) -> io::Result<()> {
        let empty = Vec::new();
        let order = self.order.get().unwrap_or(&empty);
        let position = self.position.get();
        let at = position.and_then(|position| position.get(&number)).copied();
        let place = |file: &u32| position.and_then(|position| position.get(file)).copied();
        let first = at.unwrap_or(0).saturating_sub(BEHIND);
        kept.retain(|file, _| place(file).is_some_and(|place| place >= first));
        let mut room = budget();
        let mut wanted = std::collections::HashSet::from([number]);
        for &file in order.iter().skip(at.map_or(order.len(), |at| at as usize)) {
            let size = self.size(file);
            if size > room {
                break;
            }
            room -= size;
            if size <= MOST_BYTES && !kept.contains_key(&file) {
                wanted.insert(file);
            }
        }
        let mut seen = 0_u32;
        pass(&self.path, &|_, _| {}, &mut |met| {
            if wanted.remove(&seen) {
                let mut bytes = Vec::with_capacity(met.num_bytes as usize);
                met.content.read_to_end(&mut bytes)?;
                kept.insert(seen, bytes);
            }
            seen += 1;
            Ok(!wanted.is_empty())
        })
    }
}

/// Bytes that a pass may keep: a quarter of what is free.
fn budget() -> u64 {
    let mut system = System::new();
    system.refresh_memory();
    (system.available_memory() / 4).clamp(*KEPT_BYTES.start(), *KEPT_BYTES.end())
}

/// Whether the file at `path` is a tar archive, plain or gzipped, by its name.
pub(crate) fn is_tar(path: &str) -> bool {
    let name = path.to_ascii_lowercase();
    [".tar", ".tar.gz", ".tgz"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// A reader that tells how far it has come.
struct Counted<'a> {
    file: File,
    done: u64,
    total: u64,
    progress: &'a dyn Fn(u64, u64),
}

impl Read for Counted<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(out)?;
        self.done += read as u64;
        (self.progress)(self.done, self.total);
        Ok(read)
    }
}

/// Goes through all files of an archive until `visit` says that it has enough. `progress` is told bytes of the archive.
fn pass(
    path: &Path,
    progress: &dyn Fn(u64, u64),
    visit: &mut dyn FnMut(Met<'_>) -> io::Result<bool>,
) -> io::Result<()> {
    let file = File::open(path)?;
    let counted = Counted {
        total: file.metadata()?.len(),
        file,
        done: 0,
        progress,
    };
    let file = BufReader::with_capacity(1 << 20, counted);
    through(file, "", 0, visit).map(drop)
}

/// Goes through a tar archive whose bytes `reader` gives; those of a gzip begin with 1f 8b.
fn through(
    mut reader: impl Read,
    above: &str,
    depth: u32,
    visit: &mut dyn FnMut(Met<'_>) -> io::Result<bool>,
) -> io::Result<bool> {
    let mut begin = [0; 2];
    let have = {
        let mut have = 0;
        while have < begin.len() {
            match reader.read(&mut begin[have..])? {
                0 => break,
                read => have += read,
            }
        }
        have
    };
    let bytes: Box<dyn Read + '_> = Box::new(io::Cursor::new(begin[..have].to_vec()).chain(reader));
    let bytes: Box<dyn Read + '_> = match begin {
        [0x1f, 0x8b] => Box::new(MultiGzDecoder::new(BufReader::with_capacity(
            1 << 18,
            bytes,
        ))),
        _ => bytes,
    };
    let mut archive = Archive::new(bytes);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let name = name.trim_start_matches("./");
        let full = format!("{above}{name}");
        let kind = entry.header().entry_type();
        let is_file = matches!(
            kind,
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse
        );
        if !is_file && !kind.is_symlink() && !kind.is_hard_link() {
            continue;
        }
        if is_file && is_tar(name) && depth < MOST_DEPTH && hostile(name).is_none() {
            // What is in it lies where unpacking it there would put it.
            let folder = full
                .rsplit_once('/')
                .map_or(String::new(), |(folder, _)| format!("{folder}/"));
            if !through(&mut entry, &folder, depth + 1, visit)? {
                return Ok(false);
            }
            continue;
        }
        let refusal = match hostile(name) {
            None if !is_file => Some("a link, expected a file"),
            refusal => refusal,
        };
        let met = Met {
            name: &full,
            num_bytes: entry.size(),
            refusal,
            content: &mut entry,
        };
        if !visit(met)? {
            return Ok(false);
        }
    }
    Ok(true)
}
