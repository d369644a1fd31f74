//! Augmentation of log-mel features for training: rooms, channels, noise, gain, and masks.
//!
//! What a room, a telephone or a street does to a *waveform* is imitated on the powers of the mel
//! bands, far more cheaply than by filtering samples: decaying tails are convolved with each band's
//! power over time, equalisers and band limits are gains of bands, and noise adds its own power.
//! Phases are not known, but their effect is: reflections and noise scatter and interfere with
//! speech as sounds of random phase do.
//!
//! ```
//! use audio_features::augment::{AugmentConfig, Augmenter};
//! use audio_features::{FeatureConfig, FrontEnd};
//!
//! # fn main() -> Result<(), audio_features::FeatureError> {
//! let features_config = FeatureConfig::kaldi();
//! let augmenter = Augmenter::new(&features_config, &AugmentConfig::rooms_and_channels())?;
//! let front_end = FrontEnd::new(features_config, None)?;
//!
//! let mut features = front_end.log_mel(&[0.1; 16_000]);
//! augmenter.augment(42, &mut features); // on raw log-mel
//! front_end.finish(&mut features);
//! augmenter.mask(42, features.data_mut()); // on normalised crops
//! # Ok(())
//! # }
//! ```

mod bands;
mod channel;
mod config;
mod mask;
mod noise;
mod random;
mod room;
mod scatter;

use crate::feature_config::{Compression, FeatureConfig, Normalisation};
use crate::feature_error::FeatureError;
use crate::features::Features;
use crate::log_mel::LogMel;

use bands::Bands;
pub use config::{
    AugmentConfig, ChannelConfig, FrequencyMask, GainConfig, NoiseConfig, NoiseKind, RoomConfig,
    TimeMask,
};
use noise::NoiseBank;
pub use random::Draws;
use random::Stream;

/// Applies an [`AugmentConfig`] to features of one [`FeatureConfig`].
///
/// Everything is drawn from the seed: the same seed and features give the same result, on any
/// thread. Each part has its own stream of draws, so switching one part off leaves the others as
/// they were.
pub struct Augmenter {
    config: AugmentConfig,
    compression: Compression,
    normalisation: Normalisation,
    hop_s: f64,
    bands: Bands,
    noise: NoiseBank,
}

impl Augmenter {
    /// Prepares the augmentation of features made with `features`.
    ///
    /// # Errors
    /// What [`LogMel::new`] or [`AugmentConfig::validate`] refuses.
    pub fn new(features: &FeatureConfig, config: &AugmentConfig) -> Result<Self, FeatureError> {
        config.validate()?;
        let log_mel = LogMel::new(features)?;
        let bands = Bands::new(features, log_mel.bank());
        Ok(Self {
            config: config.clone(),
            compression: features.compression,
            normalisation: features.normalisation,
            hop_s: features.hop_s(),
            noise: NoiseBank::new(features, &log_mel, &bands),
            bands,
        })
    }

    /// Puts a whole recording's *raw* log-mel (`[frames, num_bins]`, before speech activity and
    /// normalisation) into a random room, channel and noise, in place.
    ///
    /// Features of another width than the configuration's are left as they are.
    pub fn augment(&self, seed: u64, features: &mut Features) {
        let num_bins = self.bands.len();
        if features.num_bins() != num_bins || features.num_frames() == 0 {
            return;
        }
        let draws = |stream, probability| Draws::when(seed, stream, probability);
        let room = self
            .config
            .room
            .as_ref()
            .and_then(|room| Some((room, draws(Stream::Room, room.probability)?)));
        let channel = self
            .config
            .channel
            .as_ref()
            .and_then(|channel| Some((channel, draws(Stream::Channel, channel.probability)?)));
        let noise = self
            .config
            .noise
            .as_ref()
            .and_then(|noise| Some((noise, draws(Stream::Noise, noise.probability)?)));
        let gain = self
            .config
            .gain
            .as_ref()
            .and_then(|gain| Some((gain, draws(Stream::Gain, gain.probability)?)));
        if room.is_none() && channel.is_none() && noise.is_none() && gain.is_none() {
            return;
        }
        let power = features.data_mut();
        self.compression.decompress(power);
        if let Some((config, mut draws)) = room {
            room::reverberate(config, &mut draws, self.hop_s, &self.bands, power);
        }
        if let Some((config, mut draws)) = channel {
            channel::colour(config, &mut draws, &self.bands, power);
        }
        if let Some((config, mut draws)) = noise {
            self.noise.add(config, &mut draws, &self.bands, power);
        }
        if let Some((config, mut draws)) = gain {
            let factor = 10f64.powf(draws.within(config.gain_db) / 10.0) as f32;
            power.iter_mut().for_each(|value| *value *= factor);
        }
        self.compression.compress(power);
    }

    /// Masks bands and stretches of time of a *normalised* crop (`[frames, num_bins]`, row-major),
    /// in place, as SpecAugment does (Park et al. 2019, without warping).
    ///
    /// What is masked is set to the mean: zero if normalisation subtracts one, else the crop's own.
    pub fn mask(&self, seed: u64, crop: &mut [f32]) {
        let frequency = self.config.frequency_mask.as_ref();
        let time = self.config.time_mask.as_ref();
        if crop.is_empty() || (frequency.is_none() && time.is_none()) {
            return;
        }
        let fill = match self.normalisation {
            Normalisation::None => {
                (crop.iter().map(|value| f64::from(*value)).sum::<f64>() / crop.len() as f64) as f32
            }
            Normalisation::GlobalMean
            | Normalisation::Utterance
            | Normalisation::UtteranceDeviation => 0.0,
        };
        let num_bins = self.bands.len();
        if let Some(config) = frequency
            && let Some(mut draws) = Draws::when(seed, Stream::FrequencyMask, config.probability)
        {
            mask::mask_bands(config, &mut draws, num_bins, fill, crop);
        }
        if let Some(config) = time
            && let Some(mut draws) = Draws::when(seed, Stream::TimeMask, config.probability)
        {
            mask::mask_frames(config, &mut draws, self.hop_s, num_bins, fill, crop);
        }
    }
}
