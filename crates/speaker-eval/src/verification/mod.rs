//! How well scores tell trials of one speaker from trials of two.

mod bootstrap;
mod cross_entropy;
mod curve;
mod dcf;
mod decisions;
mod eer;
mod paired;
mod ranking;
mod rates;
mod reliability;
mod report;

pub use bootstrap::{
    BootstrapIntervals, BootstrapSettings, Interval, bootstrap_interval, percentile_interval,
};
pub use cross_entropy::{cllr, cross_entropy, isotonic_llrs, min_cllr};
pub use curve::{DetPoint, det_points, roc_auc};
pub use dcf::{DcfParameters, MinDcf, min_dcf};
pub use decisions::{
    BayesErrorPoint, LlrFigures, LlrIntervals, act_dcf, bayes_error_curve, llr_report,
};
pub use eer::{Eer, eer};
pub use paired::{Change, PairedChange, paired_change};
pub use rates::rates_at;
pub use reliability::{ReliabilityBin, calibration_error, reliability};
pub(crate) use report::mean_score;
pub use report::{ListIdentity, VerificationReport, verification_report};
