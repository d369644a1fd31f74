//! Microphones, loudspeakers, radios: their impulse responses.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::checks::share;
use crate::error::SoundError;
use crate::response::Response;
use crate::stream::{Stream, draws};

/// Devices.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct DeviceConfig {
    /// Share of crops that a device is heard through.
    pub probability: f64,
    /// Folder of impulse responses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
}

impl Default for DeviceConfig {
    fn default() -> Self {
        Self {
            probability: 0.25,
            folder: None,
        }
    }
}

/// Of longer responses the end is faded out, in seconds: what rings on is a room.
const LONGEST_S: f64 = 0.1;

impl DeviceConfig {
    pub(crate) fn validate(&self) -> Result<(), SoundError> {
        share("samples.device.probability", self.probability)
    }
}

/// The devices of a training.
pub(crate) struct Devices {
    probability: f64,
    responses: Vec<Response>,
}

impl Devices {
    pub(crate) fn new(
        config: &DeviceConfig,
        sample_rate_hz: u32,
        measured: &[Vec<f32>],
    ) -> Result<Self, SoundError> {
        let responses: Vec<Response> = measured
            .iter()
            .filter_map(|samples| Response::new(samples, sample_rate_hz, LONGEST_S))
            .collect();
        if responses.is_empty() {
            return Err(SoundError::NoSounds {
                effect: "samples.device",
            });
        }
        Ok(Self {
            probability: config.probability,
            responses,
        })
    }

    /// The device of the crop of `seed`, if there is one.
    pub(crate) fn draw(&self, seed: u64) -> Option<&Response> {
        let mut draws = draws(seed, Stream::Device, self.probability)?;
        self.responses.get(draws.below(self.responses.len()))
    }
}
