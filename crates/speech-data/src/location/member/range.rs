//! Some bytes of a file.

use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{MOST_BYTES, failed};
use crate::error::DataError;
use crate::walk::escaped;

/// Bytes of a file that are an audio file: a member of a tar, which does not compress, or an entry of a Kaldi archive.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ByteRange {
    file: Arc<PathBuf>,
    offset: u64,
    /// Of a Kaldi archive the first bytes say it.
    num_bytes: Option<u64>,
    /// The member's own name, where it has one.
    name: String,
}

impl ByteRange {
    /// A member of an archive that is called `name` there.
    pub fn member(
        file: &Arc<PathBuf>,
        name: impl Into<String>,
        offset: u64,
        num_bytes: u64,
    ) -> Self {
        Self {
            file: Arc::clone(file),
            offset,
            num_bytes: Some(num_bytes),
            name: name.into(),
        }
    }

    /// What begins at a byte of a Kaldi archive, and says itself how long it is: a WAV file, or kaldiio's `AUDIO`.
    pub fn of_ark(file: &Arc<PathBuf>, offset: u64) -> Self {
        Self {
            file: Arc::clone(file),
            offset,
            num_bytes: None,
            name: String::new(),
        }
    }

    /// The file that the bytes are in.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// How many they are, where that is known without reading.
    pub fn num_bytes(&self) -> Option<u64> {
        self.num_bytes
    }

    /// The bytes.
    ///
    /// # Errors
    /// [`DataError::Io`], and [`DataError::Member`] where there are not as many bytes.
    pub fn read(&self) -> Result<Vec<u8>, DataError> {
        let io = |source| DataError::Io {
            path: self.file.to_path_buf(),
            source,
        };
        if !std::fs::metadata(&*self.file).map_err(io)?.is_file() {
            return Err(failed(self, "the archive is no regular file"));
        }
        let mut file = File::open(&*self.file).map_err(io)?;
        let (offset, num_bytes) = match self.num_bytes {
            Some(num_bytes) => (self.offset, num_bytes),
            None => self.found_in_ark(&mut file)?,
        };
        if num_bytes > MOST_BYTES {
            return Err(failed(
                self,
                format!("it has {num_bytes} bytes, more than one recording may have"),
            ));
        }
        file.seek(SeekFrom::Start(offset)).map_err(io)?;
        let mut bytes = Vec::new();
        file.take(num_bytes).read_to_end(&mut bytes).map_err(io)?;
        if (bytes.len() as u64) < num_bytes {
            let found = format!(
                "the archive ends {} bytes before it does",
                num_bytes - bytes.len() as u64
            );
            return Err(failed(self, found));
        }
        Ok(bytes)
    }

    /// Where the audio file is that an entry of a Kaldi archive holds.
    fn found_in_ark(&self, file: &mut File) -> Result<(u64, u64), DataError> {
        let mut first = [0; 16];
        let read = file
            .seek(SeekFrom::Start(self.offset))
            .and_then(|_| file.read_exact(&mut first));
        if read.is_err() {
            return Err(failed(
                self,
                format!("the archive has no entry at byte {}", self.offset),
            ));
        }
        if &first[..4] == b"RIFF" {
            let size = u32::from_le_bytes([first[4], first[5], first[6], first[7]]);
            if size == 0 || size == u32::MAX {
                return Err(failed(
                    self,
                    "the WAV file at this byte does not say how long it is",
                ));
            }
            return Ok((self.offset, u64::from(size) + 8));
        }
        // kaldiio writes the number of the bytes of a number, and that number.
        if &first[..5] == b"AUDIO" {
            let width = usize::from(first[5]);
            if let Some(digits) = first.get(6..6 + width).filter(|digits| digits.len() <= 8) {
                let size = digits
                    .iter()
                    .rev()
                    .fold(0u64, |size, byte| size << 8 | u64::from(*byte));
                return Ok((self.offset + 6 + width as u64, size));
            }
        }
        Err(failed(
            self,
            format!(
                "byte {} begins neither a WAV file nor kaldiio's audio: is this an archive of features?",
                self.offset
            ),
        ))
    }
}

impl fmt::Display for ByteRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escaped(self.file.as_os_str()))?;
        match self.name.as_str() {
            "" => write!(f, ":{}", self.offset),
            name => write!(f, "/{name}"),
        }
    }
}
