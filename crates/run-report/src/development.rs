//! Recordings with their embeddings and trials: all that a report measures.

use std::collections::BTreeMap;

use speaker_scoring::{EmbeddingMatrix, Scorer};

use crate::ReportError;

/// Development recordings of a run and what its best model makes of them.
#[derive(Clone, Debug)]
pub struct Development {
    /// The recordings.
    pub utterances: Vec<DevUtterance>,
    /// Their embeddings, `[utterances, dim]`; means over segments that have kept their length, where clusters should be as in the
    /// papers.
    pub embeddings: EmbeddingMatrix,
    /// The trial lists.
    pub lists: Vec<DevList>,
    /// How the model itself decides.
    pub decision: Option<Decision>,
}

/// From which score on a model says that two recordings are of one speaker.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The threshold, a cosine.
    pub threshold: f64,
    /// Who says so, such as the model's card.
    pub source: String,
}

/// One recording.
#[derive(Clone, Debug, PartialEq)]
pub struct DevUtterance {
    /// Its name, which may hold any character.
    pub file: String,
    /// Who speaks.
    pub speaker: String,
    /// When or where, where known.
    pub session: Option<String>,
    /// The speaker's gender, `f` or `m`, where known.
    pub gender: Option<String>,
    /// Which corpus it comes from, where known.
    pub corpus: Option<String>,
    /// Its length in s.
    pub seconds: f64,
}

/// A trial list.
#[derive(Clone, Debug, PartialEq)]
pub struct DevList {
    /// Its name.
    pub name: String,
    /// The trials, at least one of either kind.
    pub trials: Vec<DevTrial>,
}

/// Are these two recordings of one speaker?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DevTrial {
    /// Index of the first utterance.
    pub first: usize,
    /// Index of the second.
    pub second: usize,
    /// Whether the speakers are the same.
    pub is_target: bool,
}

impl Development {
    /// Cosine of each trial of `list`, in order.
    pub(crate) fn scores(&self, list: &DevList) -> Result<Vec<f32>, ReportError> {
        let pairs: Vec<(usize, usize)> = list
            .trials
            .iter()
            .map(|trial| (trial.first, trial.second))
            .collect();
        Ok(Scorer::default().scores(&self.embeddings, &pairs)?)
    }

    /// The speakers in the order of their names, and the number of each utterance's speaker among them.
    pub(crate) fn speakers(&self) -> (Vec<&str>, Vec<usize>) {
        let mut numbers: BTreeMap<&str, usize> = self
            .utterances
            .iter()
            .map(|one| (one.speaker.as_str(), 0))
            .collect();
        numbers
            .values_mut()
            .zip(0..)
            .for_each(|(number, index)| *number = index);
        let of_utterance = self
            .utterances
            .iter()
            .map(|one| numbers[one.speaker.as_str()])
            .collect();
        (numbers.into_keys().collect(), of_utterance)
    }

    /// As many embeddings as utterances; scoring finds trials of others.
    pub(crate) fn check(&self) -> Result<(), ReportError> {
        let (found, expected) = (self.embeddings.len(), self.utterances.len());
        if found != expected {
            return Err(ReportError::Invalid {
                field: "embeddings",
                found: format!("{found} rows"),
                expected: format!("{expected}, one for each utterance"),
            });
        }
        Ok(())
    }
}
