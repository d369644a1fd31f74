//! The trial lists of VoxCeleb1, known by their numbers and their content.

use super::{Trial, TrialList};
use crate::error::DataError;
use crate::voxceleb::VoxcelebName;

/// A trial list of VoxCeleb as it was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownList {
    /// `Vox1-O`, `Vox1-E` or `Vox1-H`, with ` (cleaned)` where it is.
    pub name: &'static str,
    /// Number of trials.
    pub num_trials: usize,
    /// How many of them are targets.
    pub num_targets: usize,
    /// BLAKE3 of the list in VoxCeleb's form with `\n` after each line, where the list was seen.
    hash: Option<&'static str>,
}

/// How a list was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecognisedBy {
    /// Every trial is the published one, in its place.
    Content,
    /// The numbers of trials and targets are, and the names are VoxCeleb's.
    Counts,
}

/// The six lists of VoxCeleb1.
pub const KNOWN_LISTS: [KnownList; 6] = [
    known(
        "Vox1-O",
        37_720,
        18_860,
        Some("5bf9e926f4245b1edb16c9c75cb650583f26fa8ecf9a2ef3f587465d7aa4ac55"),
    ),
    known(
        "Vox1-O (cleaned)",
        37_611,
        18_802,
        Some("47535e0b7ddb3b525f60e66fac2fce59005e61c2aab7c00b2a4b0a0d06f55487"),
    ),
    known(
        "Vox1-E",
        581_480,
        290_743,
        Some("ba19850f15ca878fecc3d9040d3286139bad9827c1271a3520864abbaff9feaa"),
    ),
    known("Vox1-E (cleaned)", 579_818, 289_921, None),
    known(
        "Vox1-H",
        552_536,
        276_270,
        Some("a876f52aca30fcd9263d0b272f931003de41af137de427d25e6a8000cb723c09"),
    ),
    known("Vox1-H (cleaned)", 550_894, 275_488, None),
];

const fn known(
    name: &'static str,
    num_trials: usize,
    num_targets: usize,
    hash: Option<&'static str>,
) -> KnownList {
    KnownList {
        name,
        num_trials,
        num_targets,
        hash,
    }
}

/// The seven utterances that the cleaned Vox1-O is without.
pub const VOX1_O_REMOVED: [&str; 7] = [
    "id10279/uC-yAeDEzFA/00001.wav",
    "id10304/HTL8iLI75TY/00004.wav",
    "id10304/W-5dGkFnQxM/00001.wav",
    "id10304/o9bD_E99Jpg/00004.wav",
    "id10304/o9bD_E99Jpg/00005.wav",
    "id10304/o9bD_E99Jpg/00010.wav",
    "id10304/o9bD_E99Jpg/00015.wav",
];

impl TrialList {
    /// Which of VoxCeleb's lists this is, if any. Line ends and the form of the list do not matter.
    pub fn recognise(&self) -> Option<(&'static KnownList, RecognisedBy)> {
        let num_targets = self.num_targets();
        let found = KNOWN_LISTS.iter().find(|known| {
            (known.num_trials, known.num_targets) == (self.trials.len(), num_targets)
        })?;
        let first = self.trials.first()?;
        VoxcelebName::parse(&first.enrolment)?;
        let hash = || blake3::hash(self.to_text().as_bytes()).to_hex();
        let by = match found.hash {
            Some(expected) if hash().as_str() == expected => RecognisedBy::Content,
            _ => RecognisedBy::Counts,
        };
        Some((found, by))
    }

    /// The cleaned Vox1-O list, made from the original by leaving out every trial with one of [`VOX1_O_REMOVED`].
    ///
    /// # Errors
    /// [`DataError::NotVox1O`] for another list.
    pub fn clean_vox1_o(&self) -> Result<Self, DataError> {
        let original = &KNOWN_LISTS[0];
        let cleaned = &KNOWN_LISTS[1];
        let refuse = || DataError::NotVox1O {
            name: self.name.clone(),
            trials: self.trials.len(),
            targets: self.num_targets(),
            expected_trials: original.num_trials,
            expected_targets: original.num_targets,
        };
        if self.recognise().is_none_or(|(found, _)| found != original) {
            return Err(refuse());
        }
        let removed = VOX1_O_REMOVED.map(VoxcelebName::parse);
        let stays = |name: &str| !removed.contains(&VoxcelebName::parse(name));
        let trials: Vec<Trial> = self
            .trials
            .iter()
            .filter(|trial| stays(&trial.enrolment) && stays(&trial.test))
            .cloned()
            .collect();
        let list = Self::new("veri_test2", trials);
        match (list.trials.len(), list.num_targets()) == (cleaned.num_trials, cleaned.num_targets) {
            true => Ok(list),
            false => Err(refuse()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_other_numbers_is_not_cleaned() {
        let trial = Trial {
            enrolment: "id10270/x6uYqmx31kE/00001.wav".to_owned(),
            test: "id10270/x6uYqmx31kE/00002.wav".to_owned(),
            target: true,
        };
        let list = TrialList::new("mine", vec![trial; 3]);
        assert_eq!(list.recognise(), None);
        let message = list.clean_vox1_o().unwrap_err().to_string();
        assert!(message.contains("3 trials, 3 targets"), "{message}");
    }
}
