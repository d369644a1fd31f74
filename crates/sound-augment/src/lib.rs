//! Samples of speech as rooms, streets, microphones and telephones would have made them, for training.
//!
//! Every effect is a file, a table in the configuration, and a pure function of samples and a seed.
//!
//! ```
//! use sound_augment::{NoVoices, SampleAugmenter, SamplesConfig, Sounds, Workspace};
//!
//! let config = SamplesConfig { babble: None, ..SamplesConfig::usual() };
//! let augmenter = SampleAugmenter::new(&config, 16_000, Sounds::default())?;
//! let mut workspace = Workspace::default(); // one a thread
//!
//! let seed = 42;
//! let (before, behind) = augmenter.margins(seed);
//! let mut samples = vec![0.1; before + 24_000 + behind];
//! augmenter.augment(seed, &mut samples, before..before + 24_000, &NoVoices, &mut workspace);
//! let crop = &samples[before..before + 24_000];
//! assert!(crop.iter().all(|sample| sample.is_finite()));
//! # Ok::<(), sound_augment::SoundError>(())
//! ```

#![deny(unsafe_code)]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "numbers of samples are far below 2^52"
)]

mod augmenter;
mod babble;
pub mod butterworth;
mod checks;
mod clipping;
mod clips;
mod colours;
mod config;
mod device;
mod equaliser;
mod error;
pub mod g711;
mod gain;
#[cfg(test)]
mod golden;
mod gsm;
mod level;
mod mix;
mod music;
mod noise;
mod resample;
mod response;
mod room;
mod shoebox;
mod speed;
mod stream;
mod telephone;
mod white;
mod workspace;

pub use augmenter::{SampleAugmenter, Sounds};
pub use babble::{BabbleConfig, NoVoices, Voices};
pub use clipping::ClippingConfig;
pub use clips::Clips;
pub use colours::Colour;
pub use config::SamplesConfig;
pub use device::DeviceConfig;
pub use equaliser::EqualiserConfig;
pub use error::SoundError;
pub use gain::GainConfig;
pub use level::{active_power, mean_power};
pub use mix::add_at_snr;
pub use music::MusicConfig;
pub use noise::NoiseConfig;
pub use resample::Resampler;
pub use response::Response;
pub use room::RoomConfig;
pub use shoebox::{SPEED_OF_SOUND, Shoebox};
pub use speed::Speed;
pub use telephone::{Codec, TelephoneConfig};
pub use white::WhiteConfig;
pub use workspace::Workspace;
