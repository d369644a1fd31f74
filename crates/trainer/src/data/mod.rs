//! Recordings to batches, and what a run was begun on.

mod bank;
mod batch;
mod coverage;
mod disjoint;
mod fingerprint;
mod room;

pub use bank::{FeatureBank, Prepared, RawFeatures, Skipped, default_cache_directory};
pub(crate) use batch::with_batches;
pub use batch::{Batch, BatchMaker};
pub(crate) use coverage::Coverage;
pub(crate) use disjoint::check_disjoint;
pub(crate) use fingerprint::{DataFingerprint, data_hash};
pub(crate) use room::check_room;
