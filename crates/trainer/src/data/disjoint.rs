//! Trials over speakers that are trained on would flatter every figure, and choose the checkpoint by it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use speech_data::{Manifest, TrialList};

use crate::TrainError;

/// What is known of the speakers of recordings by their names: those of training and development tables, and for a
/// recording in neither, those whose training recordings lie in the same folder.
struct Known<'a> {
    train: &'a Manifest,
    dev: Option<&'a Manifest>,
    trained: BTreeSet<&'a str>,
    /// Speakers of the training recordings below each folder; none for a folder of several.
    folders: BTreeMap<&'a Path, Option<&'a str>>,
}

impl<'a> Known<'a> {
    fn of(train: &'a Manifest, dev: Option<&'a Manifest>) -> Self {
        let mut folders = BTreeMap::new();
        for utterance in &train.utterances {
            let speaker = utterance.speaker.as_str();
            for folder in folders_of(&utterance.id) {
                let one = folders.entry(folder).or_insert(Some(speaker));
                *one = one.filter(|&known| known == speaker);
            }
        }
        Self {
            train,
            dev,
            trained: train.speakers().into_iter().collect(),
            folders,
        }
    }

    /// The training speaker who speaks the recording `id`, if one does.
    fn trained_speaker(&self, id: &str) -> Option<&'a str> {
        let of = |manifest: &'a Manifest| {
            let utterance = &manifest.utterances[manifest.find(id)?];
            Some(utterance.speaker.as_str())
        };
        if let Some(speaker) = of(self.train) {
            return Some(speaker);
        }
        if let Some(speaker) = self.dev.and_then(of) {
            return self.trained.get(speaker).copied();
        }
        // The nearest folder with training recordings: of one speaker it is that speaker's.
        folders_of(id)
            .find_map(|folder| self.folders.get(folder))
            .copied()
            .flatten()
    }
}

/// The folders of a recording, the nearest first, without the root.
fn folders_of(id: &str) -> impl Iterator<Item = &Path> {
    let folders = Path::new(id).ancestors().skip(1);
    folders.filter(|folder| !folder.as_os_str().is_empty())
}

/// Refuses development trials of speakers that are trained on.
///
/// # Errors
/// [`TrainError::TrainedSpeaker`] with the list, the recording and the speaker.
pub(crate) fn check_disjoint(
    train: &Manifest,
    dev: &[TrialList],
    dev_manifest: Option<&Manifest>,
) -> Result<(), TrainError> {
    let known = Known::of(train, dev_manifest);
    for list in dev {
        for id in list.utterances() {
            if let Some(speaker) = known.trained_speaker(id) {
                return Err(TrainError::TrainedSpeaker {
                    list: list.name.clone(),
                    recording: id.to_owned(),
                    speaker: speaker.to_owned(),
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use speech_data::{Trial, Utterance};

    use super::*;

    fn manifest(rows: &[(&str, &str)]) -> Manifest {
        let rows = rows.iter();
        let rows = rows.map(|&(id, speaker)| Utterance::new(id, id, speaker));
        Manifest::new("corpus", rows.collect())
    }

    fn refused(train: &Manifest, id: &str, dev: Option<&Manifest>) -> Option<String> {
        let trial = Trial {
            enrolment: "new/1".into(),
            test: id.into(),
            target: false,
        };
        match check_disjoint(train, &[TrialList::new("dev", vec![trial])], dev) {
            Ok(()) => None,
            Err(TrainError::TrainedSpeaker { speaker, .. }) => Some(speaker),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_recording_is_known_by_its_table_and_else_by_its_folder() {
        let train = manifest(&[
            ("s1/a/0", "ann"),
            ("s1/b/0", "ann"),
            ("s2/a/0", "bob"),
            ("flat/0", "cid"),
            ("flat/1", "dan"),
        ]);
        let refused = |id, dev| refused(&train, id, dev);
        assert_eq!(refused("s1/a/0", None).as_deref(), Some("ann"));
        // Another session of a speaker with a folder of sessions.
        assert_eq!(refused("s1/c/9", None).as_deref(), Some("ann"));
        assert_eq!(refused("s2/a/9", None).as_deref(), Some("bob"));
        for unknown in ["s3/a/0", "flat/9", "9"] {
            assert_eq!(refused(unknown, None), None, "{unknown}");
        }
        // A table that names the speaker is believed, whatever the folder.
        let dev = manifest(&[("s1/a/9", "eve"), ("x/0", "bob")]);
        assert_eq!(refused("s1/a/9", Some(&dev)), None);
        assert_eq!(refused("x/0", Some(&dev)).as_deref(), Some("bob"));
    }
}
