//! Rooms: measured impulse responses, and simulated ones.

use std::path::PathBuf;
use std::sync::OnceLock;

use audio_features::augment::Draws;
use serde::{Deserialize, Serialize};

use crate::butterworth::{filter, high_pass};
use crate::checks::{range, share};
use crate::error::SoundError;
use crate::response::{Response, multiply};
use crate::shoebox::Shoebox;
use crate::stream::{Stream, draws};
use crate::workspace::{Workspace, fast_size};

/// Rooms that sound is heard in.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct RoomConfig {
    /// Share of crops that are put into a room.
    pub probability: f64,
    /// Folder of measured impulse responses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// Share of the rooms that are simulated, where there are measured ones; else all are.
    pub simulated: f64,
    /// Different simulated rooms; each is computed once, when a crop is first put into it.
    pub num_simulated: usize,
    /// Length of a simulated room, in metres.
    pub length_m: [f64; 2],
    /// Its width.
    pub width_m: [f64; 2],
    /// Its height.
    pub height_m: [f64; 2],
    /// Share of the energy that each of its walls takes.
    pub absorption: [f64; 2],
    /// From the mouth to the microphone, in metres, uniform in its logarithm; less where the room is too small for it.
    pub distance_m: [f64; 2],
    /// How long a room is heard at most, in seconds: what is measured longer is faded out there.
    pub longest_s: f64,
}

impl Default for RoomConfig {
    fn default() -> Self {
        Self {
            probability: 0.6,
            folder: None,
            simulated: 0.5,
            num_simulated: 500,
            length_m: [3.0, 10.0],
            width_m: [2.5, 7.0],
            height_m: [2.3, 3.8],
            absorption: [0.15, 0.75],
            distance_m: [0.2, 3.0],
            longest_s: 0.5,
        }
    }
}

impl RoomConfig {
    pub(crate) fn validate(&self) -> Result<(), SoundError> {
        share("samples.room.probability", self.probability)?;
        share("samples.room.simulated", self.simulated)?;
        range("samples.room.length_m", self.length_m, 1.0, 100.0)?;
        range("samples.room.width_m", self.width_m, 1.0, 100.0)?;
        range("samples.room.height_m", self.height_m, 1.0, 100.0)?;
        range("samples.room.absorption", self.absorption, 0.01, 1.0)?;
        range("samples.room.distance_m", self.distance_m, 0.02, 100.0)?;
        let longest = [self.longest_s; 2];
        range("samples.room.longest_s", longest, 0.001, 5.0)
    }
}

/// What mouths and microphones keep from walls, in metres.
const FROM_WALL_M: f64 = 0.3;

/// Pressures of simulated rooms have all one sign, of which a microphone hears nothing: below this, in Hz.
const DEAF_BELOW_HZ: f64 = 50.0;

/// The rooms of a training.
pub(crate) struct Rooms {
    config: RoomConfig,
    measured: Vec<Response>,
    simulated: Vec<OnceLock<Option<Response>>>,
    sample_rate_hz: u32,
}

impl Rooms {
    pub(crate) fn new(
        config: &RoomConfig,
        sample_rate_hz: u32,
        measured: &[Vec<f32>],
    ) -> Result<Self, SoundError> {
        let measured: Vec<Response> = measured
            .iter()
            .filter_map(|samples| Response::new(samples, sample_rate_hz, config.longest_s))
            .collect();
        if measured.is_empty() && config.num_simulated == 0 {
            return Err(SoundError::NoSounds {
                effect: "samples.room",
            });
        }
        Ok(Self {
            config: config.clone(),
            measured,
            simulated: (0..config.num_simulated).map(|_| OnceLock::new()).collect(),
            sample_rate_hz,
        })
    }

    /// The room of the crop of `seed`, if it is put into one.
    pub(crate) fn draw(&self, seed: u64) -> Option<&Response> {
        let mut draws = draws(seed, Stream::Room, self.config.probability)?;
        let is_simulated = draws.unit() < self.config.simulated;
        if self.measured.is_empty() || (is_simulated && !self.simulated.is_empty()) {
            let number = draws.below(self.simulated.len());
            let room = self.simulated.get(number)?;
            return room.get_or_init(|| self.simulate(number as u64)).as_ref();
        }
        self.measured.get(draws.below(self.measured.len()))
    }

    /// The response of the simulated room of this number: always the same one.
    fn simulate(&self, number: u64) -> Option<Response> {
        let room = self.shoebox(&mut draws(number, Stream::RoomShape, 1.0)?);
        let longest_s = room.sabine_s().min(self.config.longest_s).max(0.02);
        let mut response = room.response(self.sample_rate_hz, longest_s).ok()?;
        let rate = f64::from(self.sample_rate_hz);
        filter(&high_pass(2, DEAF_BELOW_HZ, rate), &mut response);
        Response::new(&response, self.sample_rate_hz, longest_s)
    }

    fn shoebox(&self, draws: &mut Draws) -> Shoebox {
        let config = &self.config;
        let size_m = [config.length_m, config.width_m, config.height_m].map(|m| draws.within(m));
        let inside = |draws: &mut Draws, size: f64| draws.within([FROM_WALL_M, size - FROM_WALL_M]);
        let microphone_m = size_m.map(|size| inside(draws, size));
        let distance = draws.within(config.distance_m.map(f64::ln)).exp();
        // A direction, uniform on the sphere.
        let up = draws.within([-1.0, 1.0]);
        let (sin, cos) = draws.within([0.0, std::f64::consts::TAU]).sin_cos();
        let around = (1.0 - up * up).sqrt();
        let direction = [around * cos, around * sin, up];
        let mut source_m = [0.0; 3];
        for axis in 0..3 {
            source_m[axis] = (microphone_m[axis] + distance * direction[axis])
                .clamp(FROM_WALL_M, size_m[axis] - FROM_WALL_M);
        }
        let absorption = [0; 3].map(|_| {
            [
                draws.within(config.absorption),
                draws.within(config.absorption),
            ]
        });
        Shoebox {
            size_m,
            source_m,
            microphone_m,
            absorption,
        }
    }
}

/// Puts `samples` into a room, whose direct sound stays where it was. They have to begin as long before what is heard as the
/// room rings on.
pub(crate) fn reverberate(room: &Response, samples: &mut [f32], workspace: &mut Workspace) {
    let size = fast_size(samples.len() + room.lag());
    let bins = room.spectrum(size, workspace);
    workspace.filter(samples, size, room.lag(), |sound| multiply(sound, &bins));
}
