//! The map that a spread of speakers recommends, more or less near to none.

use serde::{Deserialize, Serialize};

use super::spread::{SpeakerSpread, mean};
use crate::symmetric::{Eigen, dot};
use crate::{EmbeddingMatrix, ScoringError};

/// Which map is made of a [`SpeakerSpread`].
///
/// Of an embedding of length 1 a share of the mean is subtracted, and directions in which recordings of one speaker differ are damped: by the
/// inverse square root of the covariance within speakers, drawn towards the identity (WCCN, Hatch et al. 2006, with the shrinkage of Ledoit
/// and Wolf 2004 towards a multiple of the identity). With `directions`, those in which speakers do not differ are damped too (linear
/// discriminant analysis).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapChoice {
    /// Share of the mean that is subtracted, 0 to 1.
    pub centre: f64,
    /// Share of the identity in the covariance within speakers, 0 to 1; at 1 nothing is damped.
    pub shrinkage: f64,
    /// What becomes of directions in which speakers do not differ; nothing without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directions: Option<SpeakerDirections>,
}

/// How many directions speakers are told by.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpeakerDirections {
    /// The number of those in which the means of speakers differ most; at most one less than there are speakers, and the dimensions of
    /// an embedding.
    pub rank: usize,
    /// What is left of the others, 0 to 1.
    pub rest: f64,
}

impl MapChoice {
    /// No map.
    pub const IDENTITY: Self = Self {
        centre: 0.0,
        shrinkage: 1.0,
        directions: None,
    };

    fn check(&self) -> Result<(), ScoringError> {
        let rest = self.directions.map_or(0.0, |directions| directions.rest);
        let shares = [
            ("centre", self.centre),
            ("shrinkage", self.shrinkage),
            ("directions.rest", rest),
        ];
        for (name, found) in shares {
            if !(0.0..=1.0).contains(&found) {
                return Err(ScoringError::InvalidParameter {
                    name,
                    found,
                    expected: "a share from 0 to 1",
                });
            }
        }
        match self.directions {
            Some(SpeakerDirections { rank: 0, .. }) => Err(ScoringError::InvalidParameter {
                name: "directions.rank",
                found: 0.0,
                expected: "at least 1",
            }),
            _ => Ok(()),
        }
    }
}

/// `x` of length 1 to `matrix x - offset`, whose direction is the adapted embedding.
#[derive(Clone, Debug, PartialEq)]
pub struct AdaptationMap {
    /// `[dim, dim]`, row-major
    pub matrix: Vec<f32>,
    /// `[dim]`
    pub offset: Vec<f32>,
}

impl AdaptationMap {
    /// The adapted embeddings, of length 1.
    ///
    /// # Errors
    /// Embeddings of other dimensions than the map's.
    pub fn applied(&self, embeddings: &EmbeddingMatrix) -> Result<EmbeddingMatrix, ScoringError> {
        let dim = self.offset.len();
        if embeddings.dim() != dim {
            return Err(ScoringError::DimensionMismatch {
                name: "embeddings",
                index: 0,
                found: embeddings.dim(),
                expected: dim,
            });
        }
        let mut unit = embeddings.clone();
        unit.l2_normalise();
        let rows: Vec<Vec<f32>> = unit
            .rows()
            .map(|row| {
                let outputs = self.matrix.chunks_exact(dim).zip(&self.offset);
                outputs
                    .map(|(weights, &offset)| {
                        let products = weights.iter().zip(row);
                        let sum: f64 = products.map(|(&w, &v)| f64::from(w) * f64::from(v)).sum();
                        (sum - f64::from(offset)) as f32
                    })
                    .collect()
            })
            .collect();
        let mut adapted = EmbeddingMatrix::from_rows(&rows)?;
        adapted.l2_normalise();
        Ok(adapted)
    }
}

/// A map in the coordinates of the spread's eigenvectors.
struct Filter {
    /// Factor of each coordinate.
    weights: Vec<f64>,
    /// Directions that are kept behind these, `[rank, dim]`, and what is left of the others.
    directions: Option<(Vec<f64>, f64)>,
}

impl SpeakerSpread {
    /// The map of this choice. With a shrinkage of 1 and without centre and directions it changes nothing.
    ///
    /// # Errors
    /// A share outside of 0 to 1, a rank of 0.
    pub fn map(&self, choice: &MapChoice) -> Result<AdaptationMap, ScoringError> {
        choice.check()?;
        let dim = self.dim;
        let filter = self.filter(choice);
        // Back from the eigenvectors' coordinates, so that embeddings stay near to what they were.
        let mut matrix = vec![0.0; dim * dim];
        for input in 0..dim {
            let mut coordinates: Vec<f64> =
                (0..dim).map(|k| self.vectors[k * dim + input]).collect();
            filter.apply(&mut coordinates);
            for (vector, value) in self.vectors.chunks_exact(dim).zip(&coordinates) {
                for (output, v) in vector.iter().enumerate() {
                    matrix[output * dim + input] += value * v;
                }
            }
        }
        let offset = matrix.chunks_exact(dim);
        let offset = offset.map(|row| (choice.centre * dot(row, &self.mean)) as f32);
        Ok(AdaptationMap {
            offset: offset.collect(),
            matrix: matrix.iter().map(|&value| value as f32).collect(),
        })
    }

    /// What the maps of `choices` make of `embeddings`, of length 1 and up to a rotation, which no cosine sees: quicker than
    /// the maps themselves.
    ///
    /// # Errors
    /// As [`Self::map`] and [`AdaptationMap::applied`].
    pub fn mapped(
        &self,
        embeddings: &EmbeddingMatrix,
        choices: &[MapChoice],
    ) -> Result<Vec<EmbeddingMatrix>, ScoringError> {
        if embeddings.dim() != self.dim {
            return Err(ScoringError::DimensionMismatch {
                name: "embeddings",
                index: 0,
                found: embeddings.dim(),
                expected: self.dim,
            });
        }
        let mut unit = embeddings.clone();
        unit.l2_normalise();
        let coordinates: Vec<Vec<f64>> = unit
            .rows()
            .map(|row| {
                let row: Vec<f64> = row.iter().map(|&value| f64::from(value)).collect();
                self.turned(&row)
            })
            .collect();
        let mean = self.turned(&self.mean);
        choices
            .iter()
            .map(|choice| {
                choice.check()?;
                let filter = self.filter(choice);
                let rows: Vec<Vec<f32>> = coordinates
                    .iter()
                    .map(|row| {
                        let centred = row.iter().zip(&mean);
                        let mut row: Vec<f64> =
                            centred.map(|(v, m)| v - choice.centre * m).collect();
                        filter.apply(&mut row);
                        row.into_iter().map(|value| value as f32).collect()
                    })
                    .collect();
                let mut mapped = EmbeddingMatrix::from_rows(&rows)?;
                mapped.l2_normalise();
                Ok(mapped)
            })
            .collect()
    }

    /// Coordinates along the eigenvectors.
    fn turned(&self, row: &[f64]) -> Vec<f64> {
        let vectors = self.vectors.chunks_exact(self.dim);
        vectors.map(|vector| dot(vector, row)).collect()
    }

    fn filter(&self, choice: &MapChoice) -> Filter {
        let kept = choice.shrinkage;
        let damped = |value: &f64| {
            let variance = kept + (1.0 - kept) * value;
            // Without any shrinkage a direction without spread would grow beyond all bounds.
            1.0 / variance.max(1e-6).sqrt()
        };
        let weights: Vec<f64> = self.values.iter().map(damped).collect();
        let directions = choice.directions.map(|directions| {
            let mut means: Vec<Vec<f64>> =
                self.speakers.iter().map(|row| self.turned(row)).collect();
            for row in &mut means {
                row.iter_mut().zip(&weights).for_each(|(v, w)| *v *= w);
            }
            let centre = mean(&means, self.dim);
            let mut between = vec![0.0; self.dim * self.dim];
            for row in &means {
                let offset: Vec<f64> = row.iter().zip(&centre).map(|(v, m)| v - m).collect();
                for (sums, first) in between.chunks_exact_mut(self.dim).zip(&offset) {
                    sums.iter_mut()
                        .zip(&offset)
                        .for_each(|(sum, second)| *sum += first * second);
                }
            }
            let rank = directions.rank.min(means.len() - 1).min(self.dim);
            let mut vectors = Eigen::of(between, self.dim).vectors;
            vectors.truncate(rank * self.dim);
            (vectors, directions.rest)
        });
        Filter {
            weights,
            directions,
        }
    }
}

impl Filter {
    fn apply(&self, row: &mut [f64]) {
        row.iter_mut()
            .zip(&self.weights)
            .for_each(|(value, weight)| *value *= weight);
        let Some((directions, rest)) = &self.directions else {
            return;
        };
        let whole = row.to_vec();
        row.iter_mut().for_each(|value| *value *= rest);
        for direction in directions.chunks_exact(row.len()) {
            let along = (1.0 - rest) * dot(direction, &whole);
            row.iter_mut()
                .zip(direction)
                .for_each(|(value, d)| *value += along * d);
        }
    }
}
