//! How speakers and clusters share points: the table behind every clustering score.

use std::collections::{BTreeMap, HashMap};

use crate::EvalError;

/// Points that one speaker has in one cluster.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    pub(crate) speaker: usize,
    pub(crate) cluster: usize,
    pub(crate) count: u64,
}

/// The non-zero cells of the speaker × cluster table, both numbered from 0 without gaps.
#[derive(Debug, Clone)]
pub(crate) struct Contingency {
    /// Sorted by speaker, then by cluster.
    pub(crate) cells: Vec<Cell>,
    pub(crate) speaker_sizes: Vec<u64>,
    pub(crate) cluster_sizes: Vec<u64>,
    pub(crate) num_points: u64,
}

impl Contingency {
    pub(crate) fn new(labels: &[usize], speakers: &[usize]) -> Result<Self, EvalError> {
        if labels.len() != speakers.len() {
            return Err(EvalError::LengthMismatch {
                name: "speakers",
                reference: "labels",
                found: speakers.len(),
                expected: labels.len(),
            });
        }
        if labels.is_empty() {
            return Err(EvalError::Empty { name: "labels" });
        }
        let (clusters, cluster_sizes) = number_and_count(labels);
        let (speakers, speaker_sizes) = number_and_count(speakers);
        let mut counts = BTreeMap::new();
        for place in speakers.into_iter().zip(clusters) {
            *counts.entry(place).or_insert(0) += 1;
        }
        let cells = counts.into_iter().map(|((speaker, cluster), count)| Cell {
            speaker,
            cluster,
            count,
        });
        Ok(Self {
            cells: cells.collect(),
            speaker_sizes,
            cluster_sizes,
            num_points: labels.len() as u64,
        })
    }

    /// The cells of each speaker in turn.
    pub(crate) fn by_speaker(&self) -> impl Iterator<Item = &[Cell]> {
        self.cells.chunk_by(|a, b| a.speaker == b.speaker)
    }
}

fn number_and_count(ids: &[usize]) -> (Vec<usize>, Vec<u64>) {
    let mut number = HashMap::new();
    let mut sizes = Vec::new();
    let numbered = ids
        .iter()
        .map(|&id| {
            let next = sizes.len();
            let number = *number.entry(id).or_insert(next);
            if number == next {
                sizes.push(0);
            }
            sizes[number] += 1;
            number
        })
        .collect();
    (numbered, sizes)
}
