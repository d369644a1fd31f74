//! Speakers of a list that a model was trained on.

use std::collections::BTreeSet;

use serde::Serialize;
use speaker_model::TrainingSpeakers;
use speech_data::{Manifest, Trial, VoxcelebName};

use super::speakers::{folder_level, prefix};

/// Names that a message gives.
const MAX_NAMED: usize = 3;

/// How many speakers of a list a model was trained on, by their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SpeakerOverlap {
    /// Speakers of the list whose names are those of training speakers.
    pub n_trained: usize,
    /// Speakers of the list.
    pub n_speakers: usize,
    /// The first of them.
    #[serde(skip)]
    pub examples: Vec<String>,
}

impl SpeakerOverlap {
    /// Looks `speakers` up among those of a training; nothing where none is there.
    ///
    /// Folders before a name are passed over: a table may have them where the training's had none.
    pub fn find<'a>(
        training: &TrainingSpeakers,
        speakers: impl IntoIterator<Item = &'a str>,
    ) -> Option<Self> {
        let speakers: BTreeSet<&str> = speakers.into_iter().collect();
        let is_known = |name: &str| {
            let ends = name.match_indices('/').map(|(at, _)| &name[at + 1..]);
            std::iter::once(name)
                .chain(ends)
                .any(|name| !name.is_empty() && training.contains(name))
        };
        let known: Vec<&str> = speakers
            .iter()
            .copied()
            .filter(|name| is_known(name))
            .collect();
        (!known.is_empty()).then(|| Self {
            n_trained: known.len(),
            n_speakers: speakers.len(),
            examples: known
                .iter()
                .take(MAX_NAMED)
                .map(|&name| name.to_owned())
                .collect(),
        })
    }

    /// In words.
    #[must_use]
    pub fn explained(&self, what: &str) -> String {
        let names = self.examples.iter().map(|name| format!("`{name}`"));
        let more = match self.n_trained - self.examples.len() {
            0 => "",
            _ => ", …",
        };
        format!(
            "{} of {} speakers of {what} {} in the training of this model, by {} ({}{more}): figures of speakers that a model knows flatter it",
            self.n_trained,
            self.n_speakers,
            if self.n_trained == 1 { "was" } else { "were" },
            if self.n_trained == 1 {
                "the name"
            } else {
                "their names"
            },
            names.collect::<Vec<_>>().join(", ")
        )
    }
}

/// The speakers of a list's recordings, as far as a table, VoxCeleb's names or the folders tell them.
#[must_use]
pub fn speakers_of_trials<'a>(
    trials: &'a [Trial],
    manifest: Option<&'a Manifest>,
) -> BTreeSet<&'a str> {
    let level = folder_level(trials);
    let names: BTreeSet<&str> = trials
        .iter()
        .flat_map(|trial| [trial.enrolment.as_str(), trial.test.as_str()])
        .collect();
    names
        .into_iter()
        .filter_map(|name| {
            let listed = manifest
                .and_then(|manifest| manifest.find(name).map(|at| &manifest.utterances[at]));
            listed
                .and_then(|utterance| utterance.known_speaker())
                .or_else(|| VoxcelebName::parse(name).map(|name| name.speaker))
                .or_else(|| level.map(|level| prefix(name, level)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speakers_are_found_by_table_video_or_folder() {
        let trial = |target, a: &str, b: &str| Trial {
            enrolment: a.to_owned(),
            test: b.to_owned(),
            target,
        };
        let folders = [
            trial(true, "c/ann/1.wav", "c/ann/2.wav"),
            trial(false, "c/ann/1.wav", "c/bob/2.wav"),
        ];
        let speakers = speakers_of_trials(&folders, None);
        assert_eq!(speakers, BTreeSet::from(["c/ann", "c/bob"]));
        let training = TrainingSpeakers::of(["ann", "id10270", "eve"]);
        let overlap = SpeakerOverlap::find(&training, speakers).unwrap();
        assert_eq!((overlap.n_trained, overlap.n_speakers), (1, 2));
        assert!(
            overlap.explained("list `x`").starts_with(
                "1 of 2 speakers of list `x` was in the training of this model, by the name (`c/ann`)"
            ),
            "{}",
            overlap.explained("list `x`")
        );
        let video = [trial(true, "wav/id10270/x6uYqmx31kE/00001.wav", "y")];
        let speakers = speakers_of_trials(&video, None);
        assert_eq!(speakers, BTreeSet::from(["id10270"]));
        assert_eq!(SpeakerOverlap::find(&training, ["bob"]), None);
    }
}
