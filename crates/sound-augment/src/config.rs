//! What may happen to samples; everything is off unless it is asked for.

use serde::{Deserialize, Serialize};

use crate::babble::BabbleConfig;
use crate::clipping::ClippingConfig;
use crate::device::DeviceConfig;
use crate::equaliser::EqualiserConfig;
use crate::error::SoundError;
use crate::gain::GainConfig;
use crate::music::MusicConfig;
use crate::noise::NoiseConfig;
use crate::room::RoomConfig;
use crate::speed::Speed;
use crate::telephone::TelephoneConfig;
use crate::white::WhiteConfig;

/// The effects, in the order in which sound meets them; one that is absent is off.
///
/// Ranges are `[lowest, highest]`, drawn from uniformly. An effect that is present without further settings has its defaults.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct SamplesConfig {
    /// Speeds at which every recording is heard beside its own, in hundredths: a voice at another speed is another speaker's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub speeds: Vec<f64>,
    /// Rooms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomConfig>,
    /// Noise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<NoiseConfig>,
    /// Music.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub music: Option<MusicConfig>,
    /// Other people talking.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub babble: Option<BabbleConfig>,
    /// Devices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceConfig>,
    /// Tilt and band limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equaliser: Option<EqualiserConfig>,
    /// Clipping.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clipping: Option<ClippingConfig>,
    /// Telephone lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub telephone: Option<TelephoneConfig>,
    /// White noise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub white: Option<WhiteConfig>,
    /// Overall level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gain: Option<GainConfig>,
}

impl SamplesConfig {
    /// Everything that needs no recordings but those that are trained on, at its defaults: simulated rooms, made noise, babble of
    /// the training's own voices, equalisers, clipping, telephones, white noise and gain.
    #[must_use]
    pub fn usual() -> Self {
        Self {
            speeds: Vec::new(),
            room: Some(RoomConfig::default()),
            noise: Some(NoiseConfig::default()),
            music: None,
            babble: Some(BabbleConfig::default()),
            device: None,
            equaliser: Some(EqualiserConfig::default()),
            clipping: Some(ClippingConfig::default()),
            telephone: Some(TelephoneConfig::default()),
            white: Some(WhiteConfig::default()),
            gain: Some(GainConfig::default()),
        }
    }

    /// Checks every value against its allowed range.
    ///
    /// # Errors
    /// [`SoundError::InvalidConfig`] names the first field that is out of range.
    pub fn validate(&self) -> Result<(), SoundError> {
        for (number, &speed) in self.speeds.iter().enumerate() {
            Speed::new(speed)?;
            if speed == 1.0 || self.speeds[..number].contains(&speed) {
                let expected = "speeds other than 1, each once";
                return Err(SoundError::invalid("samples.speeds", speed, expected));
            }
        }
        self.room.as_ref().map_or(Ok(()), RoomConfig::validate)?;
        self.noise.as_ref().map_or(Ok(()), NoiseConfig::validate)?;
        self.music.as_ref().map_or(Ok(()), MusicConfig::validate)?;
        self.babble
            .as_ref()
            .map_or(Ok(()), BabbleConfig::validate)?;
        self.device
            .as_ref()
            .map_or(Ok(()), DeviceConfig::validate)?;
        let equaliser = self.equaliser.as_ref();
        equaliser.map_or(Ok(()), EqualiserConfig::validate)?;
        let clipping = self.clipping.as_ref();
        clipping.map_or(Ok(()), ClippingConfig::validate)?;
        let telephone = self.telephone.as_ref();
        telephone.map_or(Ok(()), TelephoneConfig::validate)?;
        self.white.as_ref().map_or(Ok(()), WhiteConfig::validate)?;
        self.gain.as_ref().map_or(Ok(()), GainConfig::validate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effect_is_switched_on_by_naming_it() {
        let config: SamplesConfig = toml::from_str("[noise]\nsnr_db = [5, 10]\n").unwrap();
        let noise = NoiseConfig {
            snr_db: [5.0, 10.0],
            ..Default::default()
        };
        let expected = SamplesConfig {
            noise: Some(noise),
            ..Default::default()
        };
        assert_eq!(config, expected);
    }

    #[test]
    fn everything_survives_toml() {
        let mut config = SamplesConfig {
            music: Some(MusicConfig::default()),
            device: Some(DeviceConfig::default()),
            ..SamplesConfig::usual()
        };
        config.music.as_mut().unwrap().folder = Some("music".into());
        config.validate().unwrap();
        let text = toml::to_string(&config).unwrap();
        assert_eq!(toml::from_str::<SamplesConfig>(&text).unwrap(), config);
    }

    #[test]
    fn faults_are_named() {
        for (text, name) in [
            ("[room]\nabsorption = [0.7, 0.1]", "samples.room.absorption"),
            ("[noise]\ncolours = []", "samples.noise.colours"),
            ("[gain]\nprobability = 1.5", "samples.gain.probability"),
            (
                "[telephone]\nhigh_hz = [200, 3000]",
                "samples.telephone.high_hz",
            ),
            ("[telephone]\ncodecs = []", "samples.telephone.codecs"),
            ("[babble]\ntalkers = [0, 3]", "samples.babble.talkers"),
            ("speeds = [1.0]", "samples.speeds"),
            ("speeds = [0.9, 0.9]", "samples.speeds"),
            ("speeds = [0.1]", "samples.speeds"),
            ("[white]\nsnr_db = [nan, nan]", "samples.white.snr_db"),
        ] {
            let config: SamplesConfig = toml::from_str(text).unwrap();
            let message = config.validate().unwrap_err().to_string();
            assert!(message.contains(name), "{message}");
        }
        for text in [
            "[room]\nrt60 = 1",
            "[rooms]",
            "[telephone]\ncodecs = [\"g729\"]",
        ] {
            assert!(toml::from_str::<SamplesConfig>(text).is_err(), "{text}");
        }
    }
}
