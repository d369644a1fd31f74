//! Several files read as if they were one.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::PrepError;
use crate::stamp::FileStamp;

/// The files of a split archive, in order. They are read by position, so that any number of readers may share them.
#[derive(Debug)]
pub(crate) struct Parts {
    files: Vec<Part>,
    len: u64,
}

#[derive(Debug)]
struct Part {
    path: PathBuf,
    file: File,
    /// Bytes of all files before this one.
    start: u64,
    len: u64,
    stamp: FileStamp,
}

impl Parts {
    pub(crate) fn open(paths: &[PathBuf]) -> Result<Self, PrepError> {
        let mut files = Vec::with_capacity(paths.len());
        let mut len = 0_u64;
        for path in paths {
            let file = File::open(path).map_err(PrepError::io("open", path))?;
            let metadata = file.metadata().map_err(PrepError::io("open", path))?;
            let bytes = metadata.len();
            files.push(Part {
                path: path.clone(),
                file,
                start: len,
                len: bytes,
                stamp: FileStamp::of(&metadata),
            });
            len = len.saturating_add(bytes);
        }
        Ok(Self { files, len })
    }

    /// Number of files.
    pub(crate) fn count(&self) -> usize {
        self.files.len()
    }

    /// Where file `number` lies among the bytes of all.
    pub(crate) fn range(&self, number: usize) -> Range<u64> {
        let part = &self.files[number];
        part.start..part.start + part.len
    }

    /// The path of file `number`.
    pub(crate) fn path(&self, number: usize) -> &Path {
        &self.files[number].path
    }

    /// Size and time of all files, as they were opened.
    pub(crate) fn stamp(&self) -> String {
        let stamps: Vec<String> = self.files.iter().map(|part| part.stamp.text()).collect();
        stamps.join("+")
    }

    /// Files that are no longer as they were opened.
    pub(crate) fn changed(&self) -> Vec<String> {
        let other = |part: &&Part| FileStamp::at(&part.path) != part.stamp;
        let changed = self.files.iter().filter(other);
        changed
            .map(|part| part.path.display().to_string())
            .collect()
    }

    /// Some bytes at a position, fewer at the end or where they cannot be read.
    pub(crate) fn bytes_at(&self, position: u64, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        let mut have = 0;
        while have < count {
            match self.read_at(&mut bytes[have..], position + have as u64) {
                Ok(read @ 1..) => have += read,
                _ => break,
            }
        }
        bytes.truncate(have);
        bytes
    }

    /// Reads some bytes at a position; none only at the end.
    fn read_at(&self, out: &mut [u8], position: u64) -> io::Result<usize> {
        // The last part that begins at or before the position, empty ones left out.
        let at = self.files.partition_point(|part| part.start <= position);
        for part in self.files[at.saturating_sub(1)..].iter() {
            let inside = position.saturating_sub(part.start);
            if inside >= part.len {
                continue;
            }
            let most = usize::try_from(part.len - inside).unwrap_or(usize::MAX);
            let most = most.min(out.len());
            return read_file_at(&part.file, &mut out[..most], inside).map_err(|error| {
                io::Error::new(error.kind(), format!("`{}`: {error}", part.path.display()))
            });
        }
        Ok(0)
    }
}

#[cfg(unix)]
fn read_file_at(file: &File, out: &mut [u8], position: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, out, position)
}

#[cfg(windows)]
fn read_file_at(file: &File, out: &mut [u8], position: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, out, position)
}

/// A reader over [`Parts`] with a position of its own.
#[derive(Clone, Debug)]
pub(crate) struct Concat {
    parts: Arc<Parts>,
    position: u64,
}

impl Concat {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        Self { parts, position: 0 }
    }
}

impl Read for Concat {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.parts.read_at(out, self.position)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for Concat {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.parts.len.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "seek before the start"))?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_read_like_the_joined_file(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..6),
            start in 0_u64..150,
            size in 0_usize..150,
        ) {
            let folder = tempfile::tempdir().unwrap();
            let paths: Vec<PathBuf> = (0..pieces.len())
                .map(|number| folder.path().join(number.to_string()))
                .collect();
            for (path, piece) in paths.iter().zip(&pieces) {
                std::fs::write(path, piece).unwrap();
            }
            let joined = pieces.concat();
            let mut reader = Concat::new(Arc::new(Parts::open(&paths).unwrap()));
            prop_assert_eq!(reader.seek(SeekFrom::End(0)).unwrap(), joined.len() as u64);
            reader.seek(SeekFrom::Start(start)).unwrap();
            let mut read = Vec::new();
            reader.take(size as u64).read_to_end(&mut read).unwrap();
            let from = (start as usize).min(joined.len());
            let to = (from + size).min(joined.len());
            prop_assert_eq!(&read[..], &joined[from..to]);
        }
    }
}
