//! What a run was begun on, in a few bytes: it goes on with the same recordings, or not at all.

use std::path::Path;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use speech_data::{Manifest, TrialList};

use super::content::Content;
use super::samples::SoundFile;
use super::teacher::Teacher;
use crate::TrainError;

/// The file in the run's directory.
const DATA_FILE: &str = "training-data.json";

/// What tells whether two trainings have the same data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DataFingerprint {
    /// Training utterances.
    num_utterances: usize,
    /// Training speakers.
    num_speakers: usize,
    /// BLAKE3 of the utterances' ids, speakers, sessions and genders.
    table: String,
    /// BLAKE3 of the recordings' sizes in bytes, which are cheap to ask for where the audio is not.
    sizes: String,
    /// BLAKE3 of the development trials.
    trials: String,
    /// BLAKE3 of the names and sizes of the files that samples are changed by, where there are some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sounds: Option<String>,
    /// Hash of the teacher's bundle, where there is a teacher.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    teacher: Option<String>,
    /// BLAKE3 of the ids and sizes of recordings without labels, where there are some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unlabelled: Option<String>,
    /// BLAKE3 of the content of the training recordings. This and those that follow are unknown of runs of siamang 0.2.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    /// The same of the development recordings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dev_content: Option<String>,
    /// The same of recordings without labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unlabelled_content: Option<String>,
    /// The same of the files that samples are changed by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sounds_content: Option<String>,
}

/// What a fingerprint is made of.
#[derive(Default)]
pub(crate) struct FingerprintOf<'a> {
    pub(crate) dev: &'a [TrialList],
    pub(crate) sounds: &'a [SoundFile],
    pub(crate) teacher: Option<&'a Teacher>,
    pub(crate) unlabelled: Option<&'a Manifest>,
    /// As [`content_of`] gives it: of training recordings, development recordings, recordings without labels.
    pub(crate) contents: [Option<String>; 3],
}

/// BLAKE3 of the content of recordings, in order; none where that of one is not known.
pub(crate) fn content_of(recordings: impl Iterator<Item = Option<Content>>) -> Option<String> {
    let mut hasher = blake3::Hasher::new();
    for content in recordings {
        hasher.update(&content?.0);
    }
    Some(hasher.finalize().to_hex().to_string())
}

impl DataFingerprint {
    pub(crate) fn of(train: &Manifest, of: FingerprintOf<'_>) -> Self {
        let FingerprintOf {
            dev,
            sounds,
            teacher,
            unlabelled,
            contents: [content, dev_content, unlabelled_content],
        } = of;
        let utterances = &train.utterances;
        let table = hash(utterances.iter().flat_map(|utterance| {
            [
                utterance.id.as_str(),
                utterance.speaker.as_str(),
                utterance.session.as_deref().unwrap_or_default(),
                utterance.gender.map_or("", speech_data::Gender::as_str),
            ]
        }));
        let sizes = hash(sizes_of(train).iter().map(u64::to_string));
        let trials = hash(dev.iter().flat_map(|list| {
            let trials = list.trials.iter().flat_map(|trial| {
                let kind = if trial.target { "1" } else { "0" };
                [kind, trial.enrolment.as_str(), trial.test.as_str()]
            });
            std::iter::once(list.name.as_str()).chain(trials)
        }));
        Self {
            num_utterances: utterances.len(),
            num_speakers: train.speakers().len(),
            table,
            sizes,
            trials,
            sounds: (!sounds.is_empty()).then(|| {
                let sounds = sounds.iter();
                hash(sounds.flat_map(|file| [file.name.clone(), file.num_bytes.to_string()]))
            }),
            sounds_content: match sounds.is_empty() {
                true => None,
                false => content_of(sounds.iter().map(|file| Some(file.content))),
            },
            content,
            dev_content,
            unlabelled_content,
            teacher: teacher.map(|teacher| teacher.origin().hash.clone()),
            unlabelled: unlabelled.map(|manifest| {
                let rows = manifest.utterances.iter().zip(sizes_of(manifest));
                hash(rows.flat_map(|(utterance, size)| [utterance.id.clone(), size.to_string()]))
            }),
        }
    }

    /// Writes it into the directory of a new run.
    ///
    /// # Errors
    /// [`TrainError::Io`] where it cannot be written.
    pub(crate) fn write(&self, run: &Path) -> Result<(), TrainError> {
        let path = run.join(DATA_FILE);
        let text =
            serde_json::to_vec_pretty(self).map_err(|error| TrainError::io(&path)(error.into()))?;
        durable::write(&path, &text).map_err(TrainError::io(&path))
    }

    /// Refuses to go on with `run` where it was begun on other data.
    ///
    /// # Errors
    /// [`TrainError::OtherData`] with what differs, and [`TrainError::Checkpoint`] where the run does not say what it was begun on.
    pub(crate) fn check(&self, run: &Path) -> Result<(), TrainError> {
        let path = run.join(DATA_FILE);
        let unreadable = |found: String| TrainError::Checkpoint {
            path: path.clone(),
            found,
            remedy: "without it nothing tells whether the data is the same: start the run anew",
        };
        let text = std::fs::read(&path).map_err(|error| unreadable(error.to_string()))?;
        let begun: Self =
            serde_json::from_slice(&text).map_err(|error| unreadable(error.to_string()))?;
        match begun.difference(self) {
            None => Ok(()),
            Some(difference) => Err(TrainError::OtherData {
                path: run.to_owned(),
                difference,
            }),
        }
    }

    /// How `now` differs, in words.
    fn difference(&self, now: &Self) -> Option<String> {
        let counts = |of: &Self| {
            format!(
                "{} utterances of {} speakers",
                of.num_utterances, of.num_speakers
            )
        };
        if counts(self) != counts(now) {
            return Some(format!("{} then, {} now", counts(self), counts(now)));
        }
        if self.table != now.table {
            return Some(format!(
                "as many utterances, {}, but with other names, speakers or sessions",
                now.num_utterances
            ));
        }
        if self.sizes != now.sizes {
            return Some("the same names, but recordings of other sizes".to_owned());
        }
        if self.sounds != now.sounds {
            return Some("other rooms, noise, music or devices".to_owned());
        }
        if self.teacher != now.teacher {
            return Some("another teacher".to_owned());
        }
        if self.unlabelled != now.unlabelled {
            return Some("other recordings without labels".to_owned());
        }
        if self.trials != now.trials {
            return Some("other development trials".to_owned());
        }
        let is_other = |then: &Option<String>, now: &Option<String>| {
            then.as_ref()
                .zip(now.as_ref())
                .is_some_and(|(then, now)| then != now)
        };
        let others = [
            (&self.content, &now.content, "training recordings"),
            (
                &self.dev_content,
                &now.dev_content,
                "development recordings",
            ),
            (
                &self.unlabelled_content,
                &now.unlabelled_content,
                "recordings without labels",
            ),
            (
                &self.sounds_content,
                &now.sounds_content,
                "rooms, noise, music or devices",
            ),
        ];
        let other = others
            .into_iter()
            .find(|(then, now, _)| is_other(then, now));
        other.map(|(_, _, which)| {
            format!("the same names and sizes, but other sound in some of the {which}")
        })
    }
}

/// Sizes of a manifest's recordings in bytes.
fn sizes_of(manifest: &Manifest) -> Vec<u64> {
    let utterances = manifest.utterances.par_iter();
    let sizes = utterances.map(|utterance| utterance.location.num_bytes());
    sizes.collect()
}

fn hash(texts: impl Iterator<Item = impl AsRef<str>>) -> String {
    let mut hasher = blake3::Hasher::new();
    for text in texts {
        hasher.update(text.as_ref().as_bytes());
        hasher.update(&[0]);
    }
    hasher.finalize().to_hex().to_string()
}

/// BLAKE3 of the training utterances' ids and speakers, which a bundle has: says which data without holding it.
pub(crate) fn data_hash(train: &Manifest) -> String {
    let utterances = train.utterances.iter();
    hash(utterances.flat_map(|utterance| [&utterance.id, &utterance.speaker]))
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test that cannot prepare its data has failed"
    )]
    use speech_data::Utterance;

    use super::*;

    #[test]
    fn a_run_that_does_not_say_what_it_was_begun_on_does_not_go_on() {
        let run = tempfile::tempdir().unwrap();
        let utterances = ["a", "b"].map(|speaker| {
            Utterance::new(
                format!("{speaker}/0.wav"),
                format!("nowhere/{speaker}"),
                speaker,
            )
        });
        let train = Manifest::new("nowhere", utterances.to_vec());
        let fingerprint = DataFingerprint::of(&train, FingerprintOf::default());
        let error = fingerprint.check(run.path()).unwrap_err().to_string();
        assert!(error.contains(DATA_FILE), "{error}");
        fingerprint.write(run.path()).unwrap();
        fingerprint.check(run.path()).unwrap();
        // A session that is known now draws other pairs.
        let mut other = train;
        other.utterances[0].session = Some("x".to_owned());
        let other = DataFingerprint::of(&other, FingerprintOf::default());
        let error = other.check(run.path()).unwrap_err();
        assert!(matches!(error, TrainError::OtherData { .. }), "{error}");
    }

    #[test]
    fn another_content_is_told_apart_where_both_are_known() {
        let of = |contents: [Option<&str>; 3]| {
            let contents = contents.map(|content| content.map(str::to_owned));
            DataFingerprint::of(
                &Manifest::new("nowhere", Vec::new()),
                FingerprintOf {
                    contents,
                    ..FingerprintOf::default()
                },
            )
        };
        let begun = of([Some("a"), Some("b"), Some("c")]);
        assert_eq!(begun.difference(&begun), None);
        for (now, which) in [
            ([Some("x"), Some("b"), Some("c")], "training recordings"),
            ([Some("a"), Some("x"), Some("c")], "development recordings"),
            ([Some("a"), Some("b"), Some("x")], "without labels"),
        ] {
            let words = begun.difference(&of(now)).unwrap();
            assert!(words.contains(which), "{words}");
        }
        // Of a run that an earlier version began, the sizes have to do.
        assert_eq!(of([None; 3]).difference(&begun), None);
        let known = |byte| Some(Content::of(&[byte]));
        let two = content_of([known(1), known(2)].into_iter());
        assert_ne!(two, content_of([known(2), known(1)].into_iter()));
        assert_eq!(content_of([known(1), None].into_iter()), None);
    }

    /// What bundles have had since version 0.1: BLAKE3 of ids and speakers, each ended by a zero.
    #[test]
    fn the_hash_of_the_data_is_that_of_version_0_1() {
        let train = Manifest::new("r", vec![Utterance::new("a/0", "a/0.wav", "ann")]);
        let expected = blake3::hash(b"a/0\0ann\0").to_hex().to_string();
        assert_eq!(data_hash(&train), expected);
    }
}
