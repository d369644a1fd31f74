//! Zip archives, split or whole, read by many threads at once.

use std::io::{BufReader, Read};
use std::path::PathBuf;
use std::sync::Arc;

use speech_data::store::SourceFault;
use zip::ZipArchive;
use zip::read::{ZipArchiveMetadata, ZipReadOptions};
use zip::result::ZipError;

use crate::concat::{Concat, Parts};
use crate::error::PrepError;

/// No recording is larger: VoxCeleb's longest has 220 s, 7 MB as WAV.
pub(crate) const MOST_BYTES: u64 = 256 << 20;
/// The directory at the end is read in pieces of this size.
const DIRECTORY_BUFFER: usize = 1 << 20;
/// An entry's header is read together with what follows.
const ENTRY_BUFFER: usize = 16 << 10;

/// An open archive.
pub(crate) struct Archive {
    name: String,
    parts: Arc<Parts>,
    directory: Arc<ZipArchiveMetadata>,
    stamp: String,
    /// Whether some of its entries have one name, of which only the last can be had.
    pub(crate) has_doubles: bool,
}

/// A file in an archive.
pub(crate) struct ArchiveEntry {
    pub(crate) name: String,
    pub(crate) num_bytes: u64,
    pub(crate) is_link: bool,
}

impl Archive {
    /// Opens the archive that the files joined would be.
    pub(crate) fn open(name: &str, paths: &[PathBuf]) -> Result<Self, PrepError> {
        let parts = Arc::new(Parts::open(paths)?);
        let reader = BufReader::with_capacity(DIRECTORY_BUFFER, Concat::new(Arc::clone(&parts)));
        let bad = |found: String| PrepError::BadArchive {
            name: name.to_owned(),
            found,
        };
        let archive = ZipArchive::new(reader).map_err(|error| bad(error.to_string()))?;
        Ok(Self {
            name: name.to_owned(),
            stamp: parts.stamp(),
            parts,
            has_doubles: archive.has_duplicate_names(),
            directory: archive.metadata(),
        })
    }

    /// Number of entries, folders included.
    pub(crate) fn len(&self) -> usize {
        self.directory.len()
    }

    /// What the directory says of entry `index`; `None` for a folder.
    pub(crate) fn entry(&self, index: usize) -> Result<Option<ArchiveEntry>, PrepError> {
        let bad = |error: ZipError| PrepError::BadArchive {
            name: self.name.clone(),
            found: error.to_string(),
        };
        let entry = self.directory.entry(index).map_err(bad)?;
        let name = entry.name().map_err(bad)?.into_owned();
        Ok((!entry.is_dir()).then(|| ArchiveEntry {
            name,
            num_bytes: entry.size(),
            is_link: entry.is_symlink(),
        }))
    }

    /// Its files.
    pub(crate) fn parts(&self) -> &Parts {
        &self.parts
    }

    /// Where the local header of entry `index` begins and how many bytes it holds; `None` for a folder.
    pub(crate) fn place(&self, index: usize) -> Option<(u64, u64)> {
        let entry = self.directory.entry(index).ok()?;
        (!entry.is_dir()).then(|| (entry.header_start(), entry.size()))
    }

    /// What tells whether entry `index` has changed: its checksum and the files of the archive.
    pub(crate) fn stamp(&self, index: usize) -> String {
        let sum = self.directory.entry(index).map_or(0, |entry| entry.crc32());
        format!("{sum:08x} of {}", self.stamp)
    }

    /// The bytes of entry `index`, checked against its checksum.
    pub(crate) fn read(&self, index: usize) -> Result<Vec<u8>, SourceFault> {
        let entry = self.directory.entry(index).map_err(|e| self.fault(e))?;
        let size = entry.size();
        if size > MOST_BYTES {
            return Err(SourceFault::Damaged(format!(
                "its entry in {} claims {size} bytes, at most {MOST_BYTES} are expected",
                self.name
            )));
        }
        let mut reader =
            BufReader::with_capacity(ENTRY_BUFFER, Concat::new(Arc::clone(&self.parts)));
        let file = entry
            .with_reader(&mut reader, ZipReadOptions::new())
            .map_err(|error| self.fault(error))?;
        let mut bytes = Vec::with_capacity(size as usize);
        // One more than claimed: an entry that inflates to more is found out, not followed.
        file.take(size + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| self.fault(error.into()))?;
        if bytes.len() as u64 != size {
            return Err(SourceFault::Damaged(format!(
                "its entry in {} holds {} {} bytes, its directory says {size}",
                self.name,
                if bytes.len() as u64 > size {
                    "more than"
                } else {
                    "only"
                },
                size.min(bytes.len() as u64)
            )));
        }
        Ok(bytes)
    }

    /// What is wrong with an entry is its own affair; what the disk says concerns all of them.
    fn fault(&self, error: ZipError) -> SourceFault {
        match error {
            ZipError::Io(error) if error.raw_os_error().is_some() || is_of_disk(&error) => {
                SourceFault::Lost(error.to_string())
            }
            error => {
                SourceFault::Damaged(format!("its entry in {} is damaged: {error}", self.name))
            }
        }
    }
}

/// Errors of decompression carry kinds of data, those of the disk all others.
fn is_of_disk(error: &std::io::Error) -> bool {
    use std::io::ErrorKind;
    !matches!(
        error.kind(),
        ErrorKind::InvalidData
            | ErrorKind::InvalidInput
            | ErrorKind::UnexpectedEof
            | ErrorKind::Other
            | ErrorKind::Unsupported
    )
}
