//! Sums of files.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result};
use md5::Md5;
use sha2::{Digest, Sha256};

/// The published sum of a file, in hexadecimal.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sum {
    Md5(&'static str),
    Sha256(&'static str),
}

impl Sum {
    /// What the sum should be.
    pub(crate) fn expected(self) -> &'static str {
        match self {
            Self::Md5(sum) | Self::Sha256(sum) => sum,
        }
    }

    /// `MD5` or `SHA-256`.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Md5(_) => "MD5",
            Self::Sha256(_) => "SHA-256",
        }
    }

    /// The sum of a file.
    pub(crate) fn of(self, path: &Path) -> Result<String> {
        match self {
            Self::Md5(_) => digest(path, Md5::new()),
            Self::Sha256(_) => digest(path, Sha256::new()),
        }
    }
}

fn digest(path: &Path, mut digest: impl Digest) -> Result<String> {
    let file = File::open(path).with_context(|| format!("cannot open `{}`", path.display()))?;
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let mut buffer = vec![0; 1 << 20];
    loop {
        match reader
            .read(&mut buffer)
            .with_context(|| format!("cannot read `{}`", path.display()))?
        {
            0 => {
                return Ok(digest
                    .finalize()
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect());
            }
            read => digest.update(&buffer[..read]),
        }
    }
}
