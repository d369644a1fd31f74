//! Recordings to samples to log-mel features.
//!
//! ```
//! use audio_features::{FeatureConfig, FrontEnd, decode_recording};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let spec = hound::WavSpec {
//! #     channels: 2,
//! #     sample_rate: 44_100,
//! #     bits_per_sample: 16,
//! #     sample_format: hound::SampleFormat::Int,
//! # };
//! # let mut file = std::io::Cursor::new(Vec::new());
//! # let mut writer = hound::WavWriter::new(&mut file, spec)?;
//! # for index in 0..88_200 { writer.write_sample((index % 100 - 50) as i16)?; }
//! # writer.finalize()?;
//! # let file = file.into_inner();
//! let front_end = FrontEnd::new(FeatureConfig::kaldi(), None)?;
//! // Any format, rate and number of channels; `read_recording` takes a path.
//! let recording = decode_recording(file, "tone.wav", front_end.config().sample_rate_hz)?;
//! for warning in &recording.warnings {
//!     eprintln!("tone.wav: {warning}");
//! }
//! let features = front_end.features(&recording.waveform.samples);
//! assert_eq!((recording.waveform.samples.len(), features.num_frames()), (16_000, 98));
//! # Ok(())
//! # }
//! ```

mod activity;
mod activity_config;
pub mod augment;
mod cache;
mod channel_choice;
mod compression;
mod decode;
mod error;
mod families;
mod fast_math;
mod feature_config;
mod feature_error;
mod features;
mod formats;
mod front_end;
mod hops;
mod lane_fft;
mod lanes;
mod levels;
mod log_mel;
mod loudness;
mod mel_scale;
mod mixture;
mod normalise;
mod pcm16;
mod quality;
mod raised_level;
mod recording;
mod relative_level;
mod relative_level_config;
mod resample;
mod shape;
mod source;
mod spectrum;
mod transpose;
mod warning;
mod waveform;
mod windows;

pub use activity_config::SpeechActivityConfig;
pub use cache::{CachedFeatures, FeatureCache, FeatureKey};
pub use channel_choice::ChannelChoice;
pub use error::{AudioError, Place};
pub use feature_config::{
    Compression, FeatureConfig, Framing, MelScale, Normalisation, PreemphasisOver, WindowShape,
};
pub use feature_error::FeatureError;
pub use features::Features;
pub use front_end::{DEVIATION_GUARD, FrontEnd};
pub use log_mel::stream::LogMelStream;
pub use log_mel::{LogMel, LogMelScratch};
pub use normalise::mean_frame;
pub use pcm16::{pcm16_recording, pcm16_samples};
pub use quality::{LEAST_SPEECH_S, Quality, QualityGauge, QualityMeter, SpeechDetector};
pub use recording::{
    AUDIO_EXTENSIONS, ChannelSamples, ChannelWindow, Heard, Recording, SampleSink, decode_channels,
    decode_recording, decode_recording_of, decode_window, is_audio_path, read_channels, read_file,
    read_recording, read_recording_of, shape, shape_of, stream_bytes, stream_recording,
};
pub use relative_level_config::RelativeLevel;
pub use shape::Shape;
pub use source::Source;
pub use warning::AudioWarning;
pub use waveform::Waveform;
pub use windows::Windows;
