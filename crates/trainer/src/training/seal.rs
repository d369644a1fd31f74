//! Whether the files of a checkpoint are those that were written.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::TrainError;

/// The file of a checkpoint that lists the others.
const SEAL_FILE: &str = "checksums.json";

/// Length and hash of a file.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Sum {
    bytes: u64,
    blake3: String,
}

/// Lists the files of the folder `checkpoint` with their lengths and hashes.
///
/// # Errors
/// [`TrainError::Io`].
pub(super) fn seal(checkpoint: &Path) -> Result<(), TrainError> {
    let mut sums = BTreeMap::new();
    for entry in std::fs::read_dir(checkpoint).map_err(TrainError::io(checkpoint))? {
        let entry = entry.map_err(TrainError::io(checkpoint))?;
        let path = entry.path();
        let sum = sum(&path).map_err(TrainError::io(&path))?;
        sums.insert(entry.file_name().to_string_lossy().into_owned(), sum);
    }
    let path = checkpoint.join(SEAL_FILE);
    let json = serde_json::to_vec_pretty(&sums).map_err(|e| TrainError::io(&path)(e.into()))?;
    durable::write(&path, &json).map_err(TrainError::io(&path))
}

/// What is wrong with the files of the folder `checkpoint`, if anything is; nothing is known of one without a list, which
/// earlier versions wrote.
pub(super) fn damage(checkpoint: &Path) -> Option<String> {
    let json = match std::fs::read(checkpoint.join(SEAL_FILE)) {
        Ok(json) => json,
        Err(_) if checkpoint.is_dir() => return None,
        Err(_) => return Some("it is not there".to_owned()),
    };
    let Ok(sums) = serde_json::from_slice::<BTreeMap<String, Sum>>(&json) else {
        return Some(format!("`{SEAL_FILE}` cannot be read"));
    };
    sums.iter().find_map(|(name, expected)| {
        let path = checkpoint.join(name);
        let found_bytes = std::fs::metadata(&path).map(|metadata| metadata.len());
        match found_bytes {
            Err(error) => return Some(format!("`{name}`: {error}")),
            Ok(found) if found != expected.bytes => {
                return Some(format!("`{name}` has {found} bytes of {}", expected.bytes));
            }
            Ok(_) => {}
        }
        match sum(&path) {
            Ok(found) if found == *expected => None,
            Ok(_) => Some(format!("`{name}` is not what was written")),
            Err(error) => Some(format!("`{name}`: {error}")),
        }
    })
}

fn sum(path: &Path) -> std::io::Result<Sum> {
    let mut hasher = blake3::Hasher::new();
    let file = std::fs::File::open(path)?;
    let bytes = std::io::copy(&mut &file, &mut hasher)?;
    Ok(Sum {
        bytes,
        blake3: hasher.finalize().to_hex().to_string(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test that cannot prepare its data has failed"
    )]
    use super::*;

    #[test]
    fn shorter_other_and_missing_files_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights");
        std::fs::write(&path, [1_u8; 100]).unwrap();
        assert_eq!(damage(folder.path()), None);
        seal(folder.path()).unwrap();
        assert_eq!(damage(folder.path()), None);
        std::fs::write(&path, [1_u8; 40]).unwrap();
        let shorter = damage(folder.path()).unwrap();
        assert!(
            shorter.contains("`weights` has 40 bytes of 100"),
            "{shorter}"
        );
        std::fs::write(&path, [2_u8; 100]).unwrap();
        let other = damage(folder.path()).unwrap();
        assert!(
            other.contains("`weights` is not what was written"),
            "{other}"
        );
        std::fs::remove_file(&path).unwrap();
        assert!(damage(folder.path()).unwrap().contains("`weights`"));
        assert!(damage(&folder.path().join("gone")).is_some());
    }
}
