//! What augmentation may do, in physical units; everything is off unless it is asked for.

use serde::{Deserialize, Serialize};

use crate::feature_error::FeatureError;

/// The parts of augmentation; a part that is absent is off.
///
/// Ranges are `[lowest, highest]`, drawn from uniformly. A part that is present without further
/// settings has those of [`AugmentConfig::rooms_and_channels`].
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct AugmentConfig {
    /// Reverberation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomConfig>,
    /// Equaliser and band limits, after the room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelConfig>,
    /// Added noise, after the channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<NoiseConfig>,
    /// Overall level, last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gain: Option<GainConfig>,
    /// Masked bands of the normalised crop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency_mask: Option<FrequencyMask>,
    /// Masked stretches of time of the normalised crop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_mask: Option<TimeMask>,
}

/// A room: the direct sound and an exponentially decaying tail.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct RoomConfig {
    /// Share of recordings that are put into a room.
    pub probability: f64,
    /// Time in which the tail falls by 60 dB, in seconds.
    pub rt60_s: [f64; 2],
    /// Energy of the direct sound relative to the whole tail, in dB.
    pub direct_to_reverberant_db: [f64; 2],
}

/// A channel: a smooth equaliser and, in some recordings, a band limit with Butterworth slopes.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct ChannelConfig {
    /// Share of recordings that pass a channel.
    pub probability: f64,
    /// Slope of the equaliser around 700 Hz, in dB per octave.
    pub tilt_db_per_octave: [f64; 2],
    /// Height of one bump (or dip) of 0.6 octaves' standard deviation, in dB.
    pub bump_db: [f64; 2],
    /// Where the bump lies, in Hz; uniform in octaves.
    pub bump_hz: [f64; 2],
    /// Share of the channels that are a telephone band, 24 dB per octave at both ends.
    pub telephone_probability: f64,
    /// Lower limit of the telephone band, in Hz.
    pub telephone_low_hz: [f64; 2],
    /// Upper limit of the telephone band, in Hz.
    pub telephone_high_hz: [f64; 2],
    /// Share of the channels that are a low-pass, 18 dB per octave.
    pub low_pass_probability: f64,
    /// Cut-off of the low-pass, in Hz.
    pub low_pass_hz: [f64; 2],
    /// Share of the channels that are a high-pass, 12 dB per octave.
    pub high_pass_probability: f64,
    /// Cut-off of the high-pass, in Hz.
    pub high_pass_hz: [f64; 2],
}

/// Added noise.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct NoiseConfig {
    /// Share of recordings with noise.
    pub probability: f64,
    /// Energy of the frames with speech (within 30 dB of the loudest) relative to the noise, in dB.
    pub snr_db: [f64; 2],
    /// The kinds to draw from, each as likely as its share of this list.
    pub kinds: Vec<NoiseKind>,
}

/// A kind of noise.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum NoiseKind {
    /// Equal power per Hz.
    White,
    /// Power falls by 3 dB per octave.
    Pink,
    /// Power falls by 6 dB per octave, from the inverse of the recording's length: most of it lies
    /// below the mel bands.
    Brown,
    /// Eight harmonics of 50, 60, 100 or 120 Hz over white noise.
    Hum,
    /// Speech-shaped noise of five talkers with slowly changing levels.
    Babble,
}

/// Overall level.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct GainConfig {
    /// Share of recordings whose level changes.
    pub probability: f64,
    /// Change of level, in dB.
    pub gain_db: [f64; 2],
}

/// Masks over bands.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct FrequencyMask {
    /// Share of crops that are masked.
    pub probability: f64,
    /// Number of masks.
    pub num_masks: usize,
    /// Greatest width of a mask, in bands; each is uniform from 0.
    pub max_width_bins: usize,
}

/// Masks over time.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct TimeMask {
    /// Share of crops that are masked.
    pub probability: f64,
    /// Number of masks.
    pub num_masks: usize,
    /// Greatest length of a mask, in seconds; each is uniform from 0.
    pub max_width_s: f64,
    /// Greatest length of a mask as a share of the crop.
    pub max_share: f64,
}

impl Default for RoomConfig {
    fn default() -> Self {
        Self {
            probability: 0.8,
            rt60_s: [0.15, 0.7],
            direct_to_reverberant_db: [-2.0, 10.0],
        }
    }
}

impl Default for ChannelConfig {
    fn default() -> Self {
        Self {
            probability: 1.0,
            tilt_db_per_octave: [-2.0, 2.0],
            bump_db: [-5.0, 5.0],
            bump_hz: [175.0, 3_960.0],
            telephone_probability: 0.25,
            telephone_low_hz: [200.0, 400.0],
            telephone_high_hz: [3_000.0, 3_700.0],
            low_pass_probability: 0.25,
            low_pass_hz: [2_800.0, 7_000.0],
            high_pass_probability: 0.25,
            high_pass_hz: [80.0, 350.0],
        }
    }
}

impl Default for NoiseConfig {
    fn default() -> Self {
        use NoiseKind::{Babble, Brown, Hum, Pink, White};
        Self {
            probability: 1.0,
            snr_db: [10.0, 25.0],
            kinds: vec![White, Pink, Brown, Hum, Babble],
        }
    }
}

impl Default for GainConfig {
    fn default() -> Self {
        Self {
            probability: 1.0,
            gain_db: [-12.0, 6.0],
        }
    }
}

impl Default for FrequencyMask {
    fn default() -> Self {
        Self {
            probability: 1.0,
            num_masks: 1,
            max_width_bins: 10,
        }
    }
}

impl Default for TimeMask {
    fn default() -> Self {
        Self {
            probability: 1.0,
            num_masks: 1,
            max_width_s: 0.2,
            max_share: 0.2,
        }
    }
}

impl AugmentConfig {
    /// Rooms, channels, noise and gain at their default ranges, without masks: recordings as
    /// distant microphones and telephones make them.
    pub fn rooms_and_channels() -> Self {
        Self {
            room: Some(RoomConfig::default()),
            channel: Some(ChannelConfig::default()),
            noise: Some(NoiseConfig::default()),
            gain: Some(GainConfig::default()),
            ..Self::default()
        }
    }

    /// Checks every value against its allowed range.
    ///
    /// # Errors
    /// [`FeatureError::InvalidConfig`] names the first field that is out of range.
    pub fn validate(&self) -> Result<(), FeatureError> {
        if let Some(part) = &self.room {
            share("room.probability", part.probability)?;
            range("room.rt60_s", part.rt60_s, 0.001, 60.0)?;
            let ratio = part.direct_to_reverberant_db;
            range("room.direct_to_reverberant_db", ratio, -60.0, 120.0)?;
        }
        if let Some(part) = &self.channel {
            part.validate()?;
        }
        if let Some(part) = &self.noise {
            share("noise.probability", part.probability)?;
            range("noise.snr_db", part.snr_db, -60.0, 120.0)?;
            if part.kinds.is_empty() {
                return Err(FeatureError::invalid(
                    "noise.kinds",
                    "empty",
                    "at least one kind",
                ));
            }
        }
        if let Some(part) = &self.gain {
            share("gain.probability", part.probability)?;
            range("gain.gain_db", part.gain_db, -120.0, 120.0)?;
        }
        if let Some(part) = &self.frequency_mask {
            share("frequency_mask.probability", part.probability)?;
        }
        if let Some(part) = &self.time_mask {
            share("time_mask.probability", part.probability)?;
            share("time_mask.max_share", part.max_share)?;
            range(
                "time_mask.max_width_s",
                [0.0, part.max_width_s],
                0.0,
                3_600.0,
            )?;
        }
        Ok(())
    }
}

impl ChannelConfig {
    fn validate(&self) -> Result<(), FeatureError> {
        share("channel.probability", self.probability)?;
        range(
            "channel.tilt_db_per_octave",
            self.tilt_db_per_octave,
            -24.0,
            24.0,
        )?;
        range("channel.bump_db", self.bump_db, -60.0, 60.0)?;
        range("channel.bump_hz", self.bump_hz, 1.0, 1e6)?;
        share("channel.telephone_probability", self.telephone_probability)?;
        range("channel.telephone_low_hz", self.telephone_low_hz, 1.0, 1e6)?;
        let lowest = self.telephone_low_hz[1];
        range(
            "channel.telephone_high_hz",
            self.telephone_high_hz,
            lowest,
            1e6,
        )?;
        share("channel.low_pass_probability", self.low_pass_probability)?;
        range("channel.low_pass_hz", self.low_pass_hz, 1.0, 1e6)?;
        share("channel.high_pass_probability", self.high_pass_probability)?;
        range("channel.high_pass_hz", self.high_pass_hz, 1.0, 1e6)?;
        let sum =
            self.telephone_probability + self.low_pass_probability + self.high_pass_probability;
        if sum > 1.0 + 1e-9 {
            let expected =
                "at most 1 together with `low_pass_probability` and `high_pass_probability`";
            return Err(FeatureError::invalid(
                "channel.telephone_probability",
                sum,
                expected,
            ));
        }
        Ok(())
    }
}

fn share(field: &'static str, value: f64) -> Result<(), FeatureError> {
    if (0.0..=1.0).contains(&value) {
        return Ok(());
    }
    Err(FeatureError::invalid(field, value, "0 to 1"))
}

fn range(
    field: &'static str,
    [from, to]: [f64; 2],
    low: f64,
    high: f64,
) -> Result<(), FeatureError> {
    if low <= from && from <= to && to <= high {
        return Ok(());
    }
    let expected = format!("[lowest, highest] within {low} to {high}");
    Err(FeatureError::invalid(
        field,
        format!("[{from}, {to}]"),
        expected,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_switched_on_by_naming_it() {
        let config: AugmentConfig = toml::from_str("[noise]\nsnr_db = [5, 10]\n").unwrap();
        let noise = NoiseConfig {
            snr_db: [5.0, 10.0],
            ..Default::default()
        };
        assert_eq!(
            config,
            AugmentConfig {
                noise: Some(noise),
                ..Default::default()
            }
        );
        assert_eq!(
            toml::from_str::<AugmentConfig>("").unwrap(),
            AugmentConfig::default()
        );
    }

    #[test]
    fn everything_survives_toml() {
        let config = AugmentConfig {
            frequency_mask: Some(FrequencyMask::default()),
            time_mask: Some(TimeMask::default()),
            ..AugmentConfig::rooms_and_channels()
        };
        config.validate().unwrap();
        let text = toml::to_string(&config).unwrap();
        assert_eq!(toml::from_str::<AugmentConfig>(&text).unwrap(), config);
    }

    #[test]
    fn faults_are_named() {
        for (text, name) in [
            ("[room]\nrt60_s = [0.7, 0.1]", "room.rt60_s"),
            ("[noise]\nkinds = []", "noise.kinds"),
            ("[gain]\nprobability = 1.5", "gain.probability"),
            (
                "[channel]\nlow_pass_probability = 0.6",
                "channel.telephone_probability",
            ),
            (
                "[channel]\ntelephone_high_hz = [300, 3000]",
                "channel.telephone_high_hz",
            ),
            ("[time_mask]\nmax_width_s = nan", "time_mask.max_width_s"),
        ] {
            let config: AugmentConfig = toml::from_str(text).unwrap();
            let message = config.validate().unwrap_err().to_string();
            assert!(message.contains(name), "{message}");
        }
        let message = toml::from_str::<AugmentConfig>("[room]\nrt60 = 1")
            .unwrap_err()
            .to_string();
        assert!(message.contains("rt60"), "{message}");
    }
}
