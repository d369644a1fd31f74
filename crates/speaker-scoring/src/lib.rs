//! What two embeddings say, and what many: the score of a pair, thresholds, clusters and their cuts, and the linear map that suits them to
//! recordings of one's own.
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

mod adaptation;
mod cluster;
mod embeddings;
mod error;
mod normalise;
mod plda;
mod scorer;
mod symmetric;
mod thresholds;
mod vectors;

pub use adaptation::{AdaptationMap, MapChoice, SpeakerDirections, SpeakerSpread};
pub use cluster::{
    Approximation, Dendrogram, Groups, Level, Linkage, MAX_DISTANCE_BYTES, Merge, Metric,
    agglomerative, agglomerative_within, approximate_clusters, count_pairs,
};
pub use embeddings::EmbeddingMatrix;
pub use error::ScoringError;
pub use normalise::{Cohort, CohortStatistics, DEVIATION_FLOOR, ScoreNormalisation, normalised};
pub use plda::{Plda, PldaSettings, PldaStatistics};
pub use scorer::Scorer;
pub use thresholds::{Centre, Thresholds};
pub use vectors::cosine;
