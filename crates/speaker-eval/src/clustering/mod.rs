//! How well clusters agree with the speakers.

mod assignment;
mod best_cut;
mod cluster_scores;
mod contingency;
mod cut;
mod matched_bounds;
mod matching;
mod misclassification;
mod partition;
mod protocol;
mod protocol_report;

pub use cluster_scores::{ClusterScores, cluster_scores};
pub use cut::{Cut, CutResult, LowestRates, best_threshold, cut_and_score, lowest_rates};
pub use matching::{SharedWeight, best_matching};
pub use protocol::{Border, ListedUtterance, MrPoint, MrPoints, MrProtocol};
pub use protocol_report::{
    LabelledPoints, PairScores, ProtocolReport, pair_scores, protocol_report,
};
