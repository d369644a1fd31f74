//! A model of speakers, estimated and stored.

use serde::{Deserialize, Serialize};

use super::diagonal::Diagonal;
use super::front::{Front, unit};
use super::matrix::{smooth, trace};
use super::settings::PldaSettings;
use super::statistics::{SpeakerStatistics, Speakers};
use super::two_covariance::TwoCovariance;
use crate::{EmbeddingMatrix, ScoringError};

/// Probabilistic linear discriminant analysis: how speakers differ, and recordings of one speaker, both as normal distributions. A score
/// is a natural logarithm: how much likelier recordings are if one speaker made them than if two did.
///
/// The two-covariance model (Brümmer and de Villiers 2010) of embeddings of length 1, less their mean, by linear discriminants where wanted, and of
/// length 1 again (Garcia-Romero and Espy-Wilson 2011). Like Kaldi's, it is kept in the coordinates in which both covariances are
/// diagonal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(into = "Stored", try_from = "Stored")]
pub struct Plda {
    pub(super) front: Front,
    /// `[kept]`
    pub(super) mean: Vec<f64>,
    /// `[kept, kept]`
    pub(super) transform: Vec<f64>,
    /// `[kept]`
    pub(super) psi: Vec<f64>,
}

impl Plda {
    /// Estimated from `embeddings`, each of the speaker of that number; any numbers will do. Embeddings count by their direction alone.
    ///
    /// A speaker with one recording tells something of how speakers differ. It takes two with two recordings or more for a model, and hundreds
    /// for a good one: with fewer recordings beyond each speaker's first than an embedding has dimensions, scores still rank pairs but
    /// are far too sure.
    ///
    /// # Errors
    /// Lists of unequal length; fewer than two speakers, or fewer than two with two embeddings; no two embeddings of one speaker that differ; settings
    /// outside of their ranges: more discriminants than the speakers allow are refused, not cut down.
    pub fn fit(
        embeddings: &EmbeddingMatrix,
        speakers: &[usize],
        settings: &PldaSettings,
    ) -> Result<Self, ScoringError> {
        let dim = embeddings.dim();
        if speakers.len() != embeddings.len() {
            return Err(ScoringError::LengthMismatch {
                name: "speakers",
                found: speakers.len(),
                expected: embeddings.len(),
            });
        }
        let speakers = Speakers::of(speakers);
        if speakers.counts.len() < 2 {
            return Err(ScoringError::TooFewSpeakers {
                found: speakers.counts.len(),
                expected: 2,
            });
        }
        if speakers.num_repeated() < 2 {
            return Err(ScoringError::TooFewRepeated {
                found: speakers.num_repeated(),
                expected: 2,
            });
        }
        settings.check(dim, speakers.counts.len())?;
        let units = SpeakerStatistics::of(dim, &speakers, &|row| unit(embeddings.row(row)));
        // Copies of embeddings of length 1 differ by rounding at most.
        if trace(&units.scatter, dim) <= f64::EPSILON * units.num_rows() as f64 {
            return Err(ScoringError::NoSpread);
        }
        let front = Front::of(&units, settings.lda, settings.smoothing);
        let kept = front.kept();
        let data = SpeakerStatistics::of(kept, &speakers, &|row| front.apply(embeddings.row(row)));
        let mut model = TwoCovariance::of_moments(&data);
        if trace(&model.within, kept) + trace(&model.between, kept) <= f64::EPSILON {
            return Err(ScoringError::NoSpread);
        }
        for _ in 0..settings.iterations {
            model = model.step(&data);
        }
        smooth(&mut model.within, kept, settings.smoothing);
        let Diagonal { transform, psi, .. } = Diagonal::of(&model.within, &model.between, kept);
        Ok(Self {
            front,
            mean: model.mean,
            transform,
            psi,
        })
    }

    /// Number of values of an embedding.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.front.dim()
    }

    /// Number of coordinates that are modelled: as many as discriminants were kept.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.psi.len()
    }

    /// The variance of speakers along each coordinate, over that of recordings of one speaker, from the largest: what there is to tell speakers
    /// by.
    #[must_use]
    pub fn psi(&self) -> &[f64] {
        &self.psi
    }
}

/// A model as it is stored; what is read is checked when it becomes a [`Plda`].
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    /// `[dim]`
    centre: Vec<f64>,
    /// `[kept, dim]`, row-major
    lda: Option<Vec<f64>>,
    /// `[kept]`
    mean: Vec<f64>,
    /// `[kept, kept]`, row-major
    transform: Vec<f64>,
    /// `[kept]`
    psi: Vec<f64>,
}

impl From<Plda> for Stored {
    fn from(model: Plda) -> Self {
        Self {
            centre: model.front.centre,
            lda: model.front.lda,
            mean: model.mean,
            transform: model.transform,
            psi: model.psi,
        }
    }
}

impl TryFrom<Stored> for Plda {
    type Error = ScoringError;

    fn try_from(stored: Stored) -> Result<Self, ScoringError> {
        let (dim, kept) = (stored.centre.len(), stored.psi.len());
        for (name, size) in [("centre", dim), ("psi", kept)] {
            if size == 0 {
                return Err(ScoringError::Empty { name });
            }
        }
        let lda = stored.lda.as_deref();
        let parts = [
            ("mean", &stored.mean[..], kept),
            ("transform", &stored.transform, kept.saturating_mul(kept)),
            // Without discriminants all dimensions are kept.
            (
                "centre",
                &stored.centre,
                if lda.is_some() { dim } else { kept },
            ),
            ("psi", &stored.psi, kept),
            (
                "lda",
                lda.unwrap_or(&[]),
                lda.map_or(0, |_| kept.saturating_mul(dim)),
            ),
        ];
        for (name, values, expected) in parts {
            if values.len() != expected {
                return Err(ScoringError::ModelSize {
                    name,
                    found: values.len(),
                    expected,
                });
            }
            if let Some(index) = values.iter().position(|value| !value.is_finite()) {
                return Err(ScoringError::NotFinite {
                    name,
                    index,
                    value: values[index] as f32,
                });
            }
        }
        if let Some(&found) = stored.psi.iter().find(|&&value| value < 0.0) {
            return Err(ScoringError::InvalidParameter {
                name: "psi",
                found,
                expected: "variances, none below 0",
            });
        }
        Ok(Self {
            front: Front {
                centre: stored.centre,
                lda: stored.lda,
            },
            mean: stored.mean,
            transform: stored.transform,
            psi: stored.psi,
        })
    }
}
