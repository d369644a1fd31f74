//! Recordings to samples to log-mel features.

mod activity;
pub mod augment;
mod cache;
mod compression;
mod fast_math;
mod feature_config;
mod feature_error;
mod features;
mod front_end;
mod log_mel;
mod mel_scale;
mod normalise;

pub use activity::SpeechActivityConfig;
pub use cache::{CachedFeatures, FeatureCache};
pub use feature_config::{
    Compression, FeatureConfig, Framing, MelScale, Normalisation, WindowShape,
};
pub use feature_error::FeatureError;
pub use features::Features;
pub use front_end::FrontEnd;
pub use log_mel::{LogMel, LogMelScratch};
pub use normalise::mean_frame;
