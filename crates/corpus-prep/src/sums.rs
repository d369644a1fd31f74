//! Sums of published files, computed once on all cores and remembered by size and time beside the files.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::UNIX_EPOCH;

use md5::{Digest, Md5};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::PrepError;
use crate::known::known_file;

/// Where sums are remembered, in the folder of the files.
const MEMORY: &str = ".siamang-sums.json";
const BLOCK: usize = 1 << 20;

/// What was remembered of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Remembered {
    bytes: u64,
    modified_ns: u128,
    md5: String,
}

/// How a file compares with the published one of its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// As published.
    Same,
    /// Nothing is published of that name.
    Unknown,
    /// Another size.
    OtherSize { found: u64, expected: u64 },
    /// Another sum.
    OtherSum { found: String },
}

/// A file and its verdict.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) verdict: Verdict,
}

impl Checked {
    /// What is wrong with it, in words; `None` if nothing is.
    pub(crate) fn fault(&self) -> Option<String> {
        let md5 = known_file(&self.name).map_or("", |known| known.md5);
        match &self.verdict {
            Verdict::Same | Verdict::Unknown => None,
            Verdict::OtherSize { found, expected } => Some(format!(
                "`{}` has {found} bytes, the published file {expected} (MD5 {md5})",
                self.name
            )),
            Verdict::OtherSum { found } => Some(format!(
                "`{}` has the MD5 {found}, the published file {md5}",
                self.name
            )),
        }
    }
}

/// Compares files with the published ones. `progress` is told bytes done and bytes in all.
pub(crate) fn check(
    paths: &[PathBuf],
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Vec<Checked>, PrepError> {
    let mut sizes = Vec::with_capacity(paths.len());
    for path in paths {
        let metadata = std::fs::metadata(path).map_err(PrepError::io("open", path))?;
        sizes.push(metadata.len());
    }
    let (done, total) = (AtomicU64::new(0), sizes.iter().sum());
    paths
        .par_iter()
        .with_max_len(1)
        .zip(&sizes)
        .map(|(path, &bytes)| {
            let name = file_name(path);
            let verdict = verdict(path, &name, bytes, &|read| {
                progress(done.fetch_add(read, Ordering::Relaxed) + read, total);
            })?;
            Ok(Checked {
                name,
                bytes,
                verdict,
            })
        })
        .collect()
}

fn verdict(
    path: &Path,
    name: &str,
    bytes: u64,
    progress: &dyn Fn(u64),
) -> Result<Verdict, PrepError> {
    let Some(known) = known_file(name) else {
        return Ok(Verdict::Unknown);
    };
    if let Some(expected) = known.bytes.filter(|expected| *expected != bytes) {
        return Ok(Verdict::OtherSize {
            found: bytes,
            expected,
        });
    }
    let metadata = std::fs::metadata(path).map_err(PrepError::io("open", path))?;
    let modified_ns = metadata
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .map_or(0, |since| since.as_nanos());
    let folder = path.parent().unwrap_or(Path::new(""));
    let remembered = recall(folder).remove(name);
    let found = match remembered {
        Some(file) if (file.bytes, file.modified_ns) == (bytes, modified_ns) => file.md5,
        _ => {
            let md5 = md5_of(path, progress)?;
            remember(
                folder,
                name,
                Remembered {
                    bytes,
                    modified_ns,
                    md5: md5.clone(),
                },
            );
            md5
        }
    };
    Ok(match found == known.md5 {
        true => Verdict::Same,
        false => Verdict::OtherSum { found },
    })
}

fn md5_of(path: &Path, progress: &dyn Fn(u64)) -> Result<String, PrepError> {
    let mut file = File::open(path).map_err(PrepError::io("open", path))?;
    let mut hasher = Md5::new();
    let mut block = vec![0; BLOCK];
    loop {
        let read = file.read(&mut block).map_err(PrepError::io("read", path))?;
        if read == 0 {
            break;
        }
        hasher.update(&block[..read]);
        progress(read as u64);
    }
    let digest = hasher.finalize();
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn recall(folder: &Path) -> BTreeMap<String, Remembered> {
    std::fs::read(folder.join(MEMORY))
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default()
}

/// Best effort: archives may lie where nothing can be written, and are then checked again the next time.
fn remember(folder: &Path, name: &str, file: Remembered) {
    static LOCK: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _guard = LOCK.lock();
    let mut all = recall(folder);
    all.insert(name.to_owned(), file);
    if let Ok(text) = serde_json::to_string_pretty(&all) {
        let _ = durable::write(&folder.join(MEMORY), text.as_bytes());
    }
}

/// The last part of a path.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_computed_once_and_again_when_the_file_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vox1_test_wav.zip");
        std::fs::write(&path, b"abc").unwrap();
        let read = AtomicU64::new(0);
        let fault = || {
            let checked = check(std::slice::from_ref(&path), &|done, _| {
                read.fetch_max(done, Ordering::Relaxed);
            });
            checked.unwrap()[0].fault().unwrap()
        };
        // RFC 1321, appendix A.5.
        let first = fault();
        assert!(
            first.contains("900150983cd24fb0d6963f7d28e17f72"),
            "{first}"
        );
        assert!(
            first.contains("185fdc63c3c739954633d50379a3d102"),
            "{first}"
        );
        assert_eq!(read.swap(0, Ordering::Relaxed), 3);
        assert_eq!(fault(), first);
        assert_eq!(read.load(Ordering::Relaxed), 0);
        std::fs::write(&path, b"abcdefghijklmnopqrstuvwxyz").unwrap();
        assert!(fault().contains("c3fcd3d76192e4007dfb496cca67e13b"));
    }

    #[test]
    fn a_part_of_the_wrong_size_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vox2_dev_aac_partah");
        std::fs::write(&path, b"abc").unwrap();
        let checked = check(&[path], &|_, _| {}).unwrap();
        assert_eq!(
            checked[0].verdict,
            Verdict::OtherSize {
                found: 3,
                expected: 2_315_355_528
            }
        );
    }
}
