//! What two embeddings say, and what many: the score of a pair, beside a cohort's or by a model of how speakers differ, thresholds, clusters
//! and their cuts, and the linear map that suits them to recordings of one's own.
//!
//! ```
//! use speaker_scoring::{EmbeddingMatrix, Linkage, Metric, Scorer, agglomerative};
//!
//! let embeddings = EmbeddingMatrix::from_rows(&[[1.0, 0.1], [0.9, 0.2], [0.1, 1.0]])?;
//! let scores = Scorer::Cosine.scores(&embeddings, &[(0, 1), (0, 2)])?;
//! assert!(scores[0] > 0.9 && scores[1] < 0.3);
//!
//! let tree = agglomerative(&embeddings, Metric::Cosine, Linkage::Complete)?;
//! assert_eq!(tree.cut_at(0.5), [0, 0, 1]);
//! assert_eq!(tree.cut_into(3)?, [0, 1, 2]);
//! # Ok::<(), speaker_scoring::ScoringError>(())
//! ```
//!
//! A [`Cohort`] of strangers says what a score is worth (S-norm and AS-norm), and a [`Plda`] of labelled embeddings what recordings say of there being
//! one speaker, one or several a side:
//!
//! ```
//! use speaker_scoring::{Cohort, EmbeddingMatrix, Plda, PldaSettings, cosine, normalised};
//!
//! let rows = [[1.0, 0.1], [0.9, 0.2], [0.1, 1.0], [0.3, 0.9], [-1.0, 0.2], [-0.9, 0.1]];
//! let embeddings = EmbeddingMatrix::from_rows(&rows)?;
//! let model = Plda::fit(&embeddings, &[0, 0, 1, 1, 2, 2], &PldaSettings::default())?;
//! assert!(model.score(&rows[..1], &rows[1..2])? > model.score(&rows[..2], &rows[2..4])?);
//!
//! let cohort = Cohort::new(embeddings)?;
//! let a = cohort.statistics(&rows[0], Some(4))?;
//! let b = cohort.statistics(&rows[2], Some(4))?;
//! assert!(normalised(f64::from(cosine(&rows[0], &rows[2])), &a, &b) < 0.0);
//! # Ok::<(), speaker_scoring::ScoringError>(())
//! ```

mod adaptation;
mod calibration;
mod cluster;
mod embeddings;
mod error;
mod lanczos;
mod logistic;
mod normalise;
mod plda;
mod scorer;
mod symmetric;
mod thresholds;
mod vectors;

pub use adaptation::{AdaptationMap, MapChoice, SpeakerDirections, SpeakerSpread};
pub use calibration::{
    Calibrator, Evidence, LabelledEvidence, Llr, NoLlr, RegressionSettings, ScoreLine, Side, Term,
    WeightedTerm, supported_range,
};
pub use cluster::{
    Approximation, Dendrogram, Groups, Level, Linkage, MAX_DISTANCE_BYTES, MOST_SPEAKERS, Merge,
    Metric, Pruning, SpeakerCount, SpectralClusters, SpectralSettings, VbxClusters, VbxSettings,
    agglomerative, agglomerative_within, approximate_clusters, count_pairs, cut_for_count,
    spectral_clusters, vbx,
};
pub use embeddings::EmbeddingMatrix;
pub use error::ScoringError;
pub use logistic::{sigmoid, softplus};
pub use normalise::{Cohort, CohortStatistics, DEVIATION_FLOOR, ScoreNormalisation, normalised};
pub use plda::{Plda, PldaSettings, PldaStatistics};
pub use scorer::Scorer;
pub use thresholds::{Centre, Thresholds};
pub use vectors::cosine;
