//! How well scores tell trials of one speaker from trials of two.

mod bootstrap;
mod calibration;
mod curve;
mod dcf;
mod eer;
mod paired;
mod ranking;
mod report;

pub use bootstrap::{
    BootstrapIntervals, BootstrapSettings, Interval, bootstrap_interval, percentile_interval,
};
pub use calibration::{Calibration, ReliabilityBin, cllr, min_cllr, rates_at, reliability};
pub use curve::{DetPoint, det_points, roc_auc};
pub use dcf::{DcfParameters, MinDcf, min_dcf};
pub use eer::{Eer, eer};
pub use paired::{Change, PairedChange, paired_change};
pub(crate) use report::mean_score;
pub use report::{ListIdentity, VerificationReport, verification_report};
