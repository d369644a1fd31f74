//! How good answers about speakers are: EER, minDCF and their intervals, misclassification rates of clusters.
//!
//! ```
//! use speaker_eval::{Cut, DcfParameters, cut_and_score, eer, min_dcf};
//! use speaker_scoring::{EmbeddingMatrix, Linkage, Metric, Scorer, agglomerative};
//!
//! let embeddings = EmbeddingMatrix::from_rows(&[[1.0, 0.1], [0.9, 0.2], [0.1, 1.0]])?;
//! let scores = Scorer::Cosine.scores(&embeddings, &[(0, 1), (0, 2), (1, 2)])?;
//! let is_target = [true, false, false];
//! assert_eq!(eer(&scores, &is_target)?.eer, 0.0);
//! assert_eq!(min_dcf(&scores, &is_target, &DcfParameters::default())?.min_dcf, 0.0);
//!
//! let tree = agglomerative(&embeddings, Metric::Cosine, Linkage::Complete)?;
//! let result = cut_and_score(&tree, &[7, 7, 8], Cut::KnownSpeakers)?;
//! assert_eq!((result.scores.mr_hungarian, result.scores.num_clusters), (0.0, 2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod clustering;
mod error;
mod open_set;
mod verification;

pub use clustering::{
    Border, ClusterScores, Cut, CutResult, LabelledPoints, ListedUtterance, LowestRates, MrPoint,
    MrPoints, MrProtocol, PairScores, ProtocolReport, SharedWeight, best_matching, best_threshold,
    cluster_scores, cut_and_score, lowest_rates, pair_scores, protocol_report,
};
pub use error::EvalError;
pub use open_set::{OpenSetRates, Search, open_set_rates};
pub use verification::{
    BayesErrorPoint, BootstrapIntervals, BootstrapSettings, Change, DcfParameters, DetPoint, Eer,
    Interval, ListIdentity, LlrFigures, LlrIntervals, MinDcf, PairedChange, ReliabilityBin,
    VerificationReport, act_dcf, bayes_error_curve, bootstrap_interval, calibration_error, cllr,
    cross_entropy, det_points, eer, isotonic_llrs, llr_report, min_cllr, min_dcf, paired_change,
    percentile_interval, rates_at, reliability, roc_auc, verification_report,
};
