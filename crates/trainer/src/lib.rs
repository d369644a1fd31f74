//! From a configuration to a checkpoint: the training loop.
#![allow(
    clippy::cast_precision_loss,
    reason = "counts of frames, steps and parameters are far below 2^52"
)]

mod adam;
mod bandwidth;
mod batch;
mod checkpoint;
mod config;
mod coverage;
mod data;
mod error;
mod evaluate;
mod facts;
mod judging;
mod optimise;
mod preflight;
mod probe;
mod run;
mod schedule;
mod soundings;
mod statistics;
mod step;
mod summary;
mod terms;
mod training;
mod units;

pub use batch::{Batch, BatchMaker};
pub use checkpoint::{Progress, RunDirectory};
pub use config::{OptimiserConfig, TrainConfig};
pub use data::{FeatureBank, Prepared, RawFeatures, Skipped, default_cache_directory};
pub use error::TrainError;
pub use evaluate::{DevSet, mean_eer};
pub use facts::facts;
pub use judging::OnCollapse;
pub use optimise::Optimiser;
pub use run::{
    Notice, Outcome, RunOptions, TrainData, preflight, preflight_with, train, train_with,
};
pub use schedule::{Decay, Schedule};
