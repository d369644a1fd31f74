//! How embeddings of one speaker differ.

use std::collections::BTreeMap;

use crate::symmetric::Eigen;
use crate::{EmbeddingMatrix, ScoringError};

/// How labelled embeddings lie: the mean over speakers, and the covariance of what tells two recordings of one speaker apart.
///
/// That is the covariance of the means of one speaker's sessions, which hold the telephone, the room and the day, and beside it that of
/// recordings of one session, which hold what was said. A recording of unknown session is a session of its own; then the two together are the
/// usual covariance within speakers. Copies of recordings through other channels show what a channel changes, where few speakers have two sessions.
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

/// One speaker's rows by session: whether it is known, and its number.
type Sessions<'a> = BTreeMap<(bool, usize), Vec<&'a [f32]>>;

impl SpeakerSpread {
    /// Of `embeddings`, each of the speaker of that number and, where it is known, of the session of that number; sessions of two
    /// speakers are two, whatever their numbers. Each of `copies` has the same recordings in the same order, through other channels; their
    /// covariance gets the trace of that across sessions, or, where there is none, of that within: made channels differ less than real
    /// ones, but in like directions. Embeddings count by their direction alone.
    ///
    /// # Errors
    /// Lists of unequal length; fewer than two speakers; no two recordings of one speaker, or none that differ.
    pub fn of(
        embeddings: &EmbeddingMatrix,
        speakers: &[usize],
        sessions: &[Option<usize>],
        copies: &[EmbeddingMatrix],
    ) -> Result<Self, ScoringError> {
        let dim = embeddings.dim();
        if let Some((index, copy)) = (0..).zip(copies).find(|(_, copy)| copy.dim() != dim) {
            return Err(ScoringError::DimensionMismatch {
                name: "copies",
                index,
                found: copy.dim(),
                expected: dim,
            });
        }
        let lengths = copies.iter().map(|copy| ("copies", copy.len()));
        let labels = [("speakers", speakers.len()), ("sessions", sessions.len())];
        for (name, found) in labels.into_iter().chain(lengths) {
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
        let mut groups: BTreeMap<usize, Sessions<'_>> = BTreeMap::new();
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
        let (across, within) = (across.covariance(), within.covariance());
        let wanted = match num_across {
            0 => trace(&within, dim),
            _ => trace(&across, dim),
        };
        let mut covariance = across;
        add(&mut covariance, &within, 1.0);
        let channels = of_channels(&unit, copies);
        let found = trace(&channels, dim);
        if found > f64::EPSILON {
            add(&mut covariance, &channels, wanted / found);
        }
        let scale = trace(&covariance, dim) / dim as f64;
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

/// Covariance of recordings around the mean of themselves and their copies.
fn of_channels(unit: &EmbeddingMatrix, copies: &[EmbeddingMatrix]) -> Vec<f64> {
    let mut scatter = Scatter::new(unit.dim());
    let mut units = copies.to_vec();
    units.iter_mut().for_each(EmbeddingMatrix::l2_normalise);
    for (place, row) in unit.rows().enumerate() {
        let copies = units.iter().map(|copy| in_f64(copy.row(place)));
        let rows: Vec<Vec<f64>> = std::iter::once(in_f64(row)).chain(copies).collect();
        scatter.add(&rows, &mean(&rows, unit.dim()));
    }
    scatter.covariance()
}

fn add(sum: &mut [f64], more: &[f64], factor: f64) {
    sum.iter_mut()
        .zip(more)
        .for_each(|(sum, value)| *sum += factor * value);
}

fn trace(matrix: &[f64], dim: usize) -> f64 {
    (0..dim).map(|at| matrix[at * dim + at]).sum()
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
