//! Whether what was given are all the parts of one division, each once.

use std::path::Path;

use super::error::StoreError;
use super::settings::Part;

/// No job array is larger.
const MOST_PARTS: u32 = 100_000;

/// Checks that `parts`, each with its file or folder, are the parts 1 to N of one division into N.
///
/// # Errors
/// [`StoreError::Merge`], which names the part that is missing, there twice, or of another division.
pub fn check_division(parts: &[(&Path, Part)]) -> Result<(), StoreError> {
    let Some(&(first, of_first)) = parts.first() else {
        return Err(refuse("no part was given", "name the parts"));
    };
    let shown = |path: &Path| format!("`{}`", path.display());
    let num_parts = of_first.of;
    if num_parts > MOST_PARTS {
        return Err(refuse(
            format!("{} is one of {num_parts} parts", shown(first)),
            "give parts of a division into fewer",
        ));
    }
    let mut owners: Vec<Option<&Path>> = vec![None; num_parts as usize];
    for &(path, part) in parts {
        if part.of != num_parts {
            return Err(refuse(
                format!(
                    "{} is part {part}, but {} is part {of_first}",
                    shown(path),
                    shown(first),
                ),
                "give parts of one division",
            ));
        }
        let owner = part
            .index
            .checked_sub(1)
            .and_then(|at| owners.get_mut(at as usize))
            .ok_or_else(|| refuse(format!("{} is part {part}", shown(path)), "make it again"))?;
        if let Some(other) = owner.replace(path) {
            return Err(refuse(
                format!(
                    "part {part} is there twice: {} and {}",
                    shown(other),
                    shown(path)
                ),
                "give each part once",
            ));
        }
    }
    let absent: Vec<String> = (1..)
        .zip(&owners)
        .filter(|(_, owner)| owner.is_none())
        .map(|(index, _)| format!("{index}/{num_parts}"))
        .collect();
    match absent.is_empty() {
        true => Ok(()),
        false => Err(refuse(
            format!("missing: part {}", absent.join(", ")),
            "give all parts",
        )),
    }
}

pub(super) fn refuse(found: impl Into<String>, remedy: &str) -> StoreError {
    StoreError::Merge {
        found: found.into(),
        remedy: remedy.to_owned(),
    }
}
