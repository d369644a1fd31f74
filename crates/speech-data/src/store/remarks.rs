//! What was odd about recordings that are in a store all the same, one line a kind.

use audio_features::AudioWarning;
use serde::{Deserialize, Serialize};

/// What was odd about some recordings that are in a store all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// The kind, by which they are grouped.
    pub kind: String,
    /// How many recordings.
    pub count: u64,
    /// The first of them by name.
    pub first: String,
    /// What was odd about that one.
    pub found: String,
}

impl Remark {
    /// A warning of the recording `name`.
    pub(super) fn of(name: &str, warning: &AudioWarning) -> Self {
        let shown = format!("{warning:?}");
        let kind = shown.split([' ', '(', '{']).next().unwrap_or_default();
        Self {
            kind: kind.to_owned(),
            count: 1,
            first: name.to_owned(),
            found: warning.to_string(),
        }
    }
}

impl Remark {
    /// The recording `name` cannot be decoded for a reason, and `copy` of it was taken.
    pub(super) fn copied(name: &str, copy: &str, reason: &str) -> Self {
        Self {
            kind: "CopyTaken".to_owned(),
            count: 1,
            first: name.to_owned(),
            found: format!(
                "its copy `{copy}` was taken, since the file itself cannot be: {reason}"
            ),
        }
    }
}

/// Adds `new` to what is known of its kind.
pub(super) fn add(remarks: &mut Vec<Remark>, new: &Remark) {
    match remarks.binary_search_by(|known| known.kind.cmp(&new.kind)) {
        Ok(at) => {
            let known = &mut remarks[at];
            known.count += new.count;
            if new.first < known.first {
                known.first.clone_from(&new.first);
                known.found.clone_from(&new.found);
            }
        }
        Err(at) => remarks.insert(at, new.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_of_one_kind_are_counted_and_the_first_by_name_is_kept() {
        let mut remarks = Vec::new();
        for (name, hz) in [("b", 4_000), ("a", 8_000), ("c", 4_000)] {
            let warning = AudioWarning::UpperBandMissing { highest_hz: hz };
            add(&mut remarks, &Remark::of(name, &warning));
        }
        let offset = AudioWarning::DcOffset { mean: 0.5 };
        add(&mut remarks, &Remark::of("d", &offset));
        let found: Vec<_> = remarks
            .iter()
            .map(|one| (one.kind.as_str(), one.count, one.first.as_str()))
            .collect();
        assert_eq!(found, [("DcOffset", 1, "d"), ("UpperBandMissing", 3, "a")]);
        assert!(remarks[1].found.contains("8000"), "{remarks:?}");
    }
}
