//! How good embeddings are: EER, minDCF, clustering and its error rates.
//!
//! ```
//! use speaker_eval::{DcfParameters, EmbeddingMatrix, cosine_scores, eer, min_dcf};
//!
//! let embeddings = EmbeddingMatrix::from_rows(&[[1.0, 0.1], [0.9, 0.2], [0.1, 1.0]])?;
//! let scores = cosine_scores(&embeddings, &[(0, 1), (0, 2), (1, 2)])?;
//! let is_target = [true, false, false];
//! assert_eq!(eer(&scores, &is_target)?.eer, 0.0);
//! assert_eq!(min_dcf(&scores, &is_target, &DcfParameters::default())?.min_dcf, 0.0);
//!
//! use speaker_eval::{Cut, Linkage, Metric, agglomerative, cut_and_score};
//!
//! let tree = agglomerative(&embeddings, Metric::Cosine, Linkage::Complete)?;
//! let result = cut_and_score(&tree, &[7, 7, 8], Cut::KnownSpeakers)?;
//! assert_eq!((result.scores.mr_hungarian, result.scores.num_clusters), (0.0, 2));
//! # Ok::<(), speaker_eval::EvalError>(())
//! ```

mod agglomerative;
mod approximate;
mod bootstrap;
mod cluster_scores;
mod clusters;
mod contingency;
mod curve;
mod cut;
mod dcf;
mod dendrogram;
mod distances;
mod eer;
mod embeddings;
mod error;
mod farthest;
mod groups;
mod matched_bounds;
mod misclassification;
mod nearest;
mod neighbour_graph;
mod partition;
mod protocol;
mod protocol_report;
mod ranking;
mod reciprocal;
mod tiles;
mod verification;

pub use agglomerative::{Linkage, MAX_DISTANCE_BYTES, Metric, agglomerative, agglomerative_within};
pub use approximate::{Approximation, approximate_clusters};
pub use bootstrap::{BootstrapIntervals, BootstrapSettings, Interval, bootstrap_interval};
pub use cluster_scores::{ClusterScores, cluster_scores};
pub use curve::{DetPoint, det_points, roc_auc};
pub use cut::{Cut, CutResult, LowestRates, best_threshold, cut_and_score, lowest_rates};
pub use dcf::{DcfParameters, MinDcf, min_dcf};
pub use dendrogram::{Dendrogram, Level, Merge};
pub use eer::{Eer, eer};
pub use embeddings::{EmbeddingMatrix, cosine, cosine_scores};
pub use error::EvalError;
pub use protocol::{Border, ListedUtterance, MrPoint, MrPoints, MrProtocol};
pub use protocol_report::{
    LabelledPoints, PairScores, ProtocolReport, pair_scores, protocol_report,
};
pub use verification::{ListIdentity, VerificationReport, verification_report};
