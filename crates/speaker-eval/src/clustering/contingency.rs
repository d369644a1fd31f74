//! How speakers and clusters share points: the table behind every clustering score.

use std::collections::HashMap;

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
        Ok(Self::from_numbered(&numbered(labels), &numbered(speakers)))
    }

    /// As [`Contingency::new`], for lists that are checked and numbered already: a sweep makes one
    /// table for each of thousands of cuts.
    pub(crate) fn from_numbered(labels: &[usize], speakers: &[usize]) -> Self {
        let mut places: Vec<(usize, usize)> = speakers
            .iter()
            .copied()
            .zip(labels.iter().copied())
            .collect();
        places.sort_unstable();
        let cells = places.chunk_by(|a, b| a == b).map(|same| Cell {
            speaker: same[0].0,
            cluster: same[0].1,
            count: same.len() as u64,
        });
        Self {
            cells: cells.collect(),
            speaker_sizes: sizes(speakers),
            cluster_sizes: sizes(labels),
            num_points: labels.len() as u64,
        }
    }

    /// The cells of each speaker in turn.
    pub(crate) fn by_speaker(&self) -> impl Iterator<Item = &[Cell]> {
        self.cells.chunk_by(|a, b| a.speaker == b.speaker)
    }
}

/// The ids as numbers from 0 without gaps, in order of first appearance.
pub(crate) fn numbered(ids: &[usize]) -> Vec<usize> {
    let mut number = HashMap::new();
    ids.iter()
        .map(|&id| {
            let next = number.len();
            *number.entry(id).or_insert(next)
        })
        .collect()
}

fn sizes(numbers: &[usize]) -> Vec<u64> {
    let count = numbers.iter().max().map_or(0, |highest| highest + 1);
    let mut sizes = vec![0; count];
    for &number in numbers {
        sizes[number] += 1;
    }
    sizes
}
