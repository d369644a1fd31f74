//! What is kept of each frame, and the levels of those with speech and those without.

/// Where the level of a voice is watched, in Hz.
const VOICE_HZ: std::ops::Range<f64> = 200.0..3_800.0;

/// Power below this (-110 dB of full scale) is no noise but digital silence.
const DIGITAL_SILENCE: f32 = 1e-11;

/// Share of the frames without speech that are taken for the noise: the quietest. At least so many must hold sound.
const QUIETEST: f64 = 0.1;
const FEWEST_QUIET: usize = 3;

/// What is kept of a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    /// Mean square of the samples.
    pub(super) power: f32,
    /// Level of the voice's band, emphasised by 6 dB an octave, in dB: steady noise of any colour has steady levels there.
    pub(super) voice: f32,
}

/// Bins of the voice's band and their weights.
#[derive(Clone, Debug)]
pub(super) struct VoiceBand {
    first: usize,
    weights: Vec<f32>,
}

impl VoiceBand {
    pub(super) fn new(sample_rate_hz: u32, len: usize) -> Self {
        let bin_hz = f64::from(sample_rate_hz) / len as f64;
        let bins = (VOICE_HZ.start / bin_hz).ceil() as usize..(VOICE_HZ.end / bin_hz) as usize;
        let weights = bins
            .clone()
            .map(|bin| (bin as f64 * bin_hz / 1_000.0).powi(2) as f32);
        Self {
            first: bins.start,
            weights: weights.collect(),
        }
    }

    /// Of a power spectrum, in dB.
    pub(super) fn level(&self, power: &[f32]) -> f32 {
        let weighted = power.iter().skip(self.first).zip(&self.weights);
        let sum: f32 = weighted.map(|(power, weight)| power * weight).sum();
        10.0 * sum.max(f32::MIN_POSITIVE).log10()
    }
}

/// Levels of a recording.
pub(super) struct Levels {
    pub(super) speech_db: Option<f64>,
    pub(super) snr_db: Option<f64>,
}

/// Levels of the frames with speech, and against the quietest without.
pub(super) fn levels(frames: &[Frame], is_speech: &[bool]) -> Levels {
    let powers = |wanted: bool| {
        let frames = frames.iter().zip(is_speech);
        frames
            .filter(move |(_, speech)| **speech == wanted)
            .map(|(frame, _)| frame.power)
    };
    let speech: Vec<f32> = powers(true).collect();
    let Some(speech) = mean(&speech).filter(|power| *power > 0.0) else {
        return Levels {
            speech_db: None,
            snr_db: None,
        };
    };
    let mut pauses: Vec<f32> = powers(false)
        .filter(|power| *power > DIGITAL_SILENCE)
        .collect();
    pauses.sort_by(f32::total_cmp);
    let num = ((pauses.len() as f64 * QUIETEST).ceil() as usize).max(FEWEST_QUIET);
    let noise = pauses.get(..num).and_then(mean);
    Levels {
        speech_db: Some(10.0 * speech.log10()),
        snr_db: noise.map(|noise| 10.0 * ((speech - noise).max(noise * 1e-2) / noise).log10()),
    }
}

fn mean(values: &[f32]) -> Option<f64> {
    let sum: f64 = values.iter().map(|value| f64::from(*value)).sum();
    (!values.is_empty()).then(|| sum / values.len() as f64)
}
