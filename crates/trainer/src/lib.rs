//! From a configuration to a checkpoint: the training loop.
//!
//! A training is a [`TrainConfig`], which is what one writes in TOML, on [`TrainData`]. It leaves a run: checkpoints, the best model
//! as a bundle, and a journal.
//!
//! ```no_run
//! use std::sync::atomic::AtomicBool;
//!
//! use pair_sampler::{MakeTrials, make_trials};
//! use speech_data::Manifest;
//! use trainer::{Notice, OnCollapse, RunOptions, TrainConfig, TrainData, train};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // One folder per speaker; those of `dev` are not trained on, and choose the best checkpoint.
//! let (learned, dev) = (Manifest::read("train".as_ref(), None)?, Manifest::read("dev".as_ref(), None)?);
//! let config = TrainConfig { max_steps: 2_000, ..TrainConfig::paper(learned.speakers().len()) };
//! let data = TrainData {
//!     train: learned,
//!     dev: vec![make_trials(&dev, &MakeTrials::default())?],
//!     dev_manifest: Some(dev),
//!     dev_root: "dev".into(),
//!     description: "my recordings".to_owned(),
//!     teacher: None,
//!     initial: None,
//!     unlabelled: None,
//!     yardstick: None,
//!     listener: None,
//! };
//! let options = RunOptions {
//!     out: "run".into(),
//!     cache: "cache".into(),
//!     device: speaker_model::device("flex")?,
//!     num_workers: 2,
//!     resume: false, // true goes on where a run was interrupted, to the same weights
//!     on_collapse: OnCollapse::Stop,
//!     interrupted: &AtomicBool::new(false),
//!     commit: String::new(),
//!     command: None,
//! };
//! train(&config, &data, &options, &|notice| {
//!     if let Notice::Event(event) = notice {
//!         println!("{event:?}");
//!     }
//! })?;
//! # Ok(())
//! # }
//! ```
//!
//! [`train_with`] takes a loss of one's own.
#![allow(
    clippy::cast_precision_loss,
    reason = "counts of frames, steps and parameters are far below 2^52"
)]

mod config;
mod data;
mod error;
mod evaluate;
mod evenly;
mod facts;
mod initial;
mod listener;
mod material;
mod optimise;
mod options;
mod preflight;
mod run;
mod teaching;
mod training;
mod yardstick;

pub use config::{
    AverageConfig, CropFrames, Decay, LayerRate, OptimiserConfig, Schedule, StageConfig,
    StageStart, TeacherConfig, TrainConfig, Vectors,
};
pub use data::{
    Batch, BatchMaker, BatchSchedule, FeatureBank, Prepared, RawFeatures, SampleBank, Skipped,
    Taught, Teacher, default_cache_directory,
};
pub use error::TrainError;
pub use evaluate::{DevSet, mean_eer};
pub use facts::{facts, facts_of_run};
pub use initial::Initial;
pub use optimise::{Optimiser, Rates};
pub use options::{Notice, OnCollapse, RunOptions, TrainData};
pub use run::{preflight, preflight_with, train, train_with};
pub use training::{Outcome, Progress, RunDirectory};
