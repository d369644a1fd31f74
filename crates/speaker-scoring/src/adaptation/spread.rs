//! How embeddings of one speaker differ.

use std::collections::BTreeMap;

use super::symmetric::Eigen;
use crate::{EmbeddingMatrix, ScoringError};

/// How labelled embeddings lie: the mean over speakers, and the covariance of what tells two recordings of one speaker apart.
///
/// That is the covariance of the means of one speaker's sessions, which hold the telephone, the room and the day, and beside it that of
/// recordings of one session, which hold what was said. A recording of unknown session is a session of its own; then the two together are the
/// usual covariance within speakers.
#[derive(Clone, Debug)]
pub struct SpeakerSpread {
    pub(super) dim: usize,
    /// `[dim]`
    pub(super) mean: Vec<f64>,
    /// Means of speakers, `[speakers, dim]`.
    pub(super) speakers: Vec<Vec<f64>>,
    /// Of the covariance within speakers, over their mean: 1 on average.
    pub(super) values: Vec<f64>,
    /// `[dim, dim]`, a row each.
    pub(super) vectors: Vec<f64>,
    num_across: usize,
    num_within: usize,
}

impl SpeakerSpread {
    /// Of `embeddings`, each of the speaker of that number and, where it is known, of the session of that number; sessions of two
    /// speakers are two, whatever their numbers. Embeddings count by their direction alone.
    ///
    /// # Errors
    /// Lists of unequal length; fewer than two speakers; no two recordings of one speaker, or none that differ.
    pub fn of(
        embeddings: &EmbeddingMatrix,
        speakers: &[usize],
        sessions: &[Option<usize>],
    ) -> Result<Self, ScoringError> {
        let dim = embeddings.dim();
        for (name, found) in [("speakers", speakers.len()), ("sessions", sessions.len())] {
            if found != embeddings.len() {
                return Err(ScoringError::LengthMismatch {
                    name,
                    found,
                    expected: embeddings.len(),
                });
            }
        }
        let mut unit = embeddings.clone();
        unit.l2_normalise();
        // Sessions are numbered from 1 on; unknown ones get numbers that no other has.
        let mut groups: BTreeMap<usize, BTreeMap<(bool, usize), Vec<&[f32]>>> = BTreeMap::new();
        for (place, row) in unit.rows().enumerate() {
            let session = match sessions[place] {
                Some(session) => (true, session),
                None => (false, place),
            };
            let of_speaker = groups.entry(speakers[place]).or_default();
            of_speaker.entry(session).or_default().push(row);
        }
        if groups.len() < 2 {
            return Err(ScoringError::TooFewSpeakers {
                found: groups.len(),
                expected: 2,
            });
        }
        let (mut across, mut within) = (Scatter::new(dim), Scatter::new(dim));
        let mut means = Vec::with_capacity(groups.len());
        for of_speaker in groups.values() {
            let sessions: Vec<Vec<f64>> = of_speaker
                .values()
                .map(|rows| {
                    let rows: Vec<Vec<f64>> = rows.iter().map(|row| in_f64(row)).collect();
                    let mean = mean(&rows, dim);
                    within.add(&rows, &mean);
                    mean
                })
                .collect();
            across.add(&sessions, &mean(&sessions, dim));
            let rows: Vec<Vec<f64>> = of_speaker
                .values()
                .flatten()
                .map(|row| in_f64(row))
                .collect();
            means.push(mean(&rows, dim));
        }
        let (num_across, num_within) = (across.freedom, within.freedom);
        let mut covariance = across.covariance();
        covariance
            .iter_mut()
            .zip(within.covariance())
            .for_each(|(sum, value)| *sum += value);
        let trace: f64 = (0..dim).map(|at| covariance[at * dim + at]).sum();
        let scale = trace / dim as f64;
        if scale <= f64::EPSILON {
            return Err(ScoringError::NoSpread);
        }
        covariance.iter_mut().for_each(|value| *value /= scale);
        let eigen = Eigen::of(covariance, dim);
        Ok(Self {
            dim,
            mean: mean(&means, dim),
            speakers: means,
            // A covariance has none below 0 but for rounding.
            values: eigen.values.iter().map(|value| value.max(0.0)).collect(),
            vectors: eigen.vectors,
            num_across,
            num_within,
        })
    }

    /// Number of speakers.
    #[must_use]
    pub fn num_speakers(&self) -> usize {
        self.speakers.len()
    }

    /// Sessions beyond each speaker's first: what the covariance across sessions rests on.
    #[must_use]
    pub fn num_across(&self) -> usize {
        self.num_across
    }

    /// Recordings beyond each session's first: what the covariance within sessions rests on.
    #[must_use]
    pub fn num_within(&self) -> usize {
        self.num_within
    }
}

/// A sum of outer products of differences from means.
struct Scatter {
    dim: usize,
    sum: Vec<f64>,
    freedom: usize,
}

impl Scatter {
    fn new(dim: usize) -> Self {
        Self {
            dim,
            sum: vec![0.0; dim * dim],
            freedom: 0,
        }
    }

    fn add(&mut self, rows: &[Vec<f64>], mean: &[f64]) {
        if rows.len() < 2 {
            return;
        }
        self.freedom += rows.len() - 1;
        for row in rows {
            let offset: Vec<f64> = row.iter().zip(mean).map(|(v, m)| v - m).collect();
            for (sums, first) in self.sum.chunks_exact_mut(self.dim).zip(&offset) {
                sums.iter_mut()
                    .zip(&offset)
                    .for_each(|(sum, second)| *sum += first * second);
            }
        }
    }

    fn covariance(mut self) -> Vec<f64> {
        let count = self.freedom.max(1) as f64;
        self.sum.iter_mut().for_each(|value| *value /= count);
        self.sum
    }
}

fn in_f64(row: &[f32]) -> Vec<f64> {
    row.iter().map(|&value| f64::from(value)).collect()
}

pub(super) fn mean(rows: &[Vec<f64>], dim: usize) -> Vec<f64> {
    let mut sum = vec![0.0; dim];
    for row in rows {
        sum.iter_mut().zip(row).for_each(|(sum, v)| *sum += v);
    }
    let count = rows.len().max(1) as f64;
    sum.iter_mut().for_each(|value| *value /= count);
    sum
}
