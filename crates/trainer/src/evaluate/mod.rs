//! What a network is worth, and what it does on the way: development trials, measurements, one batch looked at closely.

mod dev_set;
mod interval;
mod probe;
mod soundings;
mod statistics;
mod terms;
mod thresholds;
mod two_worlds;
mod units;

pub(crate) use dev_set::{CHANGED, IndexedList, less};
pub use dev_set::{DevSet, mean_eer};
pub(crate) use probe::{Probe, features, weight_rms};
pub(crate) use soundings::Soundings;
pub(crate) use statistics::Statistics;
pub(crate) use terms::{Terms, scalar};
pub(crate) use thresholds::Fitted;
pub(crate) use two_worlds::told_apart;
pub(crate) use units::rows;
