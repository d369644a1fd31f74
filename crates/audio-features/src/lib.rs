//! Recordings to samples to log-mel features.

mod activity;
pub mod augment;
mod cache;
mod compression;
mod decode;
mod error;
mod fast_math;
mod feature_config;
mod feature_error;
mod features;
mod front_end;
mod levels;
mod log_mel;
mod mel_scale;
mod normalise;
mod recording;
mod resample;
mod warning;
mod waveform;

pub use activity::SpeechActivityConfig;
pub use cache::{CachedFeatures, FeatureCache};
pub use error::{AudioError, Place};
pub use feature_config::{
    Compression, FeatureConfig, Framing, MelScale, Normalisation, WindowShape,
};
pub use feature_error::FeatureError;
pub use features::Features;
pub use front_end::FrontEnd;
pub use log_mel::{LogMel, LogMelScratch};
pub use normalise::mean_frame;
pub use recording::{
    ChannelSamples, Recording, Source, decode_recording, is_audio_path, read_channels,
    read_recording,
};
pub use warning::AudioWarning;
pub use waveform::Waveform;
