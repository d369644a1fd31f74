//! A corpus in memory: what a sabotage changes, and what is written to disk.

use std::collections::BTreeSet;
use std::sync::Arc;

/// Sampling rate of recordings as they are read.
pub(crate) const RATE_HZ: u32 = 16_000;

/// What a recording is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Train,
    Dev,
}

/// How a recording is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Container {
    Wav,
    Flac,
}

/// What a file holds, and what its header says.
#[derive(Clone, Debug)]
pub(crate) struct Sound {
    /// The only channel, or the left one; -1 to 1.
    pub(crate) samples: Arc<Vec<f32>>,
    /// The right channel, where there are two.
    pub(crate) right: Option<Arc<Vec<f32>>>,
    /// The rate that the header states.
    pub(crate) rate_hz: u32,
    pub(crate) container: Container,
}

impl Sound {
    pub(crate) fn mono(samples: Arc<Vec<f32>>) -> Self {
        Self {
            samples,
            right: None,
            rate_hz: RATE_HZ,
            container: Container::Wav,
        }
    }

    /// Replaces the samples by what `change` makes of them.
    pub(crate) fn change(&mut self, change: impl FnOnce(&[f32]) -> Vec<f32>) {
        self.samples = Arc::new(change(&self.samples));
    }
}

/// A recording and what the table says of it.
#[derive(Clone, Debug)]
pub(crate) struct Recording {
    /// Path below the folder without its ending; in a folder without a table, without its speaker too.
    pub(crate) id: String,
    pub(crate) speaker: String,
    pub(crate) corpus: String,
    pub(crate) session: Option<String>,
    pub(crate) gender: Option<String>,
    pub(crate) part: Part,
    pub(crate) sound: Sound,
}

/// One line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) same: bool,
    pub(crate) left: String,
    pub(crate) right: String,
}

/// Recordings, their table and the list of development trials.
#[derive(Clone, Debug)]
pub(crate) struct Material {
    /// Training recordings first, in the order of their speakers.
    pub(crate) recordings: Vec<Recording>,
    /// Without any, `siamang train` holds speakers out.
    pub(crate) trials: Vec<Pair>,
    /// Whether there is a table, or a folder a speaker.
    pub(crate) has_table: bool,
}

impl Material {
    pub(crate) fn of(&self, part: Part) -> impl Iterator<Item = &Recording> {
        self.recordings.iter().filter(move |one| one.part == part)
    }

    pub(crate) fn of_mut(&mut self, part: Part) -> impl Iterator<Item = &mut Recording> {
        self.recordings
            .iter_mut()
            .filter(move |one| one.part == part)
    }

    pub(crate) fn training(&self) -> impl Iterator<Item = &Recording> {
        self.of(Part::Train)
    }

    pub(crate) fn training_mut(&mut self) -> impl Iterator<Item = &mut Recording> {
        self.of_mut(Part::Train)
    }

    /// The training labels, each once, sorted.
    pub(crate) fn speakers(&self) -> Vec<String> {
        let speakers: BTreeSet<&String> = self.training().map(|one| &one.speaker).collect();
        speakers.into_iter().cloned().collect()
    }

    /// Whether the development part is the one of `other`, bit by bit.
    pub(crate) fn has_dev_of(&self, other: &Self) -> bool {
        // Speakers are held out of the training data then.
        if !self.has_table {
            return false;
        }
        let sounds = |material: &Self| -> Vec<(String, Arc<Vec<f32>>, u32, bool)> {
            material
                .of(Part::Dev)
                .map(|one| {
                    let sound = &one.sound;
                    let samples = Arc::clone(&sound.samples);
                    (
                        one.id.clone(),
                        samples,
                        sound.rate_hz,
                        sound.right.is_some(),
                    )
                })
                .collect()
        };
        self.trials == other.trials && sounds(self) == sounds(other)
    }
}
