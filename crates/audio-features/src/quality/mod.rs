//! How a recording sounds, as far as that decides what may be believed of its embedding.

mod activity;
mod frames;
mod network;
mod spectra;

use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex};
use serde::{Deserialize, Serialize};

use crate::recording::Recording;
use crate::warning::AudioWarning;
use frames::{Frame, VoiceBand};
use network::Network;
use spectra::Spectra;

/// Length of a frame, in s.
const FRAME_S: f64 = 0.032;

/// What finds speech.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpeechDetector {
    /// Frames within 30 dB of the loud ones, where the level of the voice's band rises and falls. It costs nearly nothing, tells steady
    /// noise and silence from speech, and takes music and footsteps for it.
    #[default]
    Energy,
    /// The network of the crate `earshot`, on frames of 16 ms of recordings at 16 kHz; a recording at another rate is judged by energy.
    /// It takes about 1 ms for a second of sound, and some music for speech.
    Network,
    /// Nothing: all of a recording counts as speech.
    #[serde(rename = "none")]
    Off,
}

/// Less speech than this, in s, says nothing of who speaks: no verdict is given on it.
pub const LEAST_SPEECH_S: f64 = 0.2;

/// How a recording sounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Length, in s.
    pub seconds: f64,
    /// Length of the speech in it, in s.
    pub speech_s: f64,
    /// The same as a share of the length, from 0 to 1.
    pub speech_share: f64,
    /// What found it.
    pub speech_by: SpeechDetector,
    /// The highest frequency with sound, in Hz; none for silence and for less than a frame.
    pub band_hz: Option<f64>,
    /// Root mean square of the frames with speech, in dB of full scale; none without speech.
    pub level_db: Option<f64>,
    /// Power of the frames with speech against that of the quietest tenth of the others, in dB: an estimate. None without speech, and
    /// where no pause holds noise.
    pub snr_db: Option<f64>,
    /// Share of the samples that lie in runs at full scale, from 0 to 1.
    pub clipped_share: f64,
    /// Whether the channels undo one another in their mean, so that one of them was taken.
    pub channels_cancel: bool,
}

impl Quality {
    /// Whether there is enough speech for a verdict: at least [`LEAST_SPEECH_S`].
    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.speech_s >= LEAST_SPEECH_S
    }
}

/// Measures recordings at one rate; made once, for all threads.
#[derive(Clone)]
pub struct QualityGauge {
    sample_rate_hz: u32,
    detector: SpeechDetector,
    transform: Arc<dyn RealToComplex<f32>>,
    window: Arc<[f32]>,
    band: VoiceBand,
}

impl QualityGauge {
    /// A gauge of recordings at `sample_rate_hz`.
    #[must_use]
    pub fn new(sample_rate_hz: u32, detector: SpeechDetector) -> Self {
        // Even, and enough of it that a spectrum has bins at any rate.
        let len = ((FRAME_S * f64::from(sample_rate_hz) / 2.0).round() as usize * 2).max(16);
        let step = std::f32::consts::TAU / len as f32;
        Self {
            sample_rate_hz,
            detector: match detector {
                SpeechDetector::Network if sample_rate_hz != network::SAMPLE_RATE_HZ => {
                    SpeechDetector::Energy
                }
                detector => detector,
            },
            transform: RealFftPlanner::new().plan_fft_forward(len),
            window: (0..len)
                .map(|i| 0.5 - 0.5 * (step * i as f32).cos())
                .collect(),
            band: VoiceBand::new(sample_rate_hz, len),
        }
    }

    /// How `recording` sounds, whose rate is the gauge's.
    #[must_use]
    pub fn measure(&self, recording: &Recording) -> Quality {
        let mut meter = self.meter();
        meter.push(&recording.waveform.samples);
        meter.finish(&recording.warnings)
    }

    /// A meter of one recording, which takes it block by block.
    #[must_use]
    pub fn meter(&self) -> QualityMeter<'_> {
        QualityMeter {
            gauge: self,
            rest: Vec::new(),
            num_samples: 0,
            frames: Vec::new(),
            spectra: Spectra::default(),
            network: (self.detector == SpeechDetector::Network).then(Network::default),
            input: self.transform.make_input_vec(),
            output: self.transform.make_output_vec(),
            scratch: self.transform.make_scratch_vec(),
            power: Vec::new(),
        }
    }
}

/// Takes the samples of one recording, in blocks of any length, and says how it sounds.
pub struct QualityMeter<'a> {
    gauge: &'a QualityGauge,
    /// Samples that do not fill a frame yet.
    rest: Vec<f32>,
    num_samples: u64,
    frames: Vec<Frame>,
    spectra: Spectra,
    network: Option<Network>,
    input: Vec<f32>,
    output: Vec<realfft::num_complex::Complex<f32>>,
    scratch: Vec<realfft::num_complex::Complex<f32>>,
    /// Power spectrum of the frame at hand.
    power: Vec<f32>,
}

impl QualityMeter<'_> {
    /// Takes the next samples.
    pub fn push(&mut self, samples: &[f32]) {
        self.num_samples += samples.len() as u64;
        if let Some(network) = &mut self.network {
            network.push(samples);
        }
        let len = self.gauge.window.len();
        let mut samples = samples;
        if !self.rest.is_empty() {
            let missing = (len - self.rest.len()).min(samples.len());
            self.rest.extend_from_slice(&samples[..missing]);
            samples = &samples[missing..];
            if self.rest.len() < len {
                return;
            }
            let frame = std::mem::take(&mut self.rest);
            self.frame(&frame);
        }
        let frames = samples.chunks_exact(len);
        self.rest.extend_from_slice(frames.remainder());
        frames.for_each(|frame| self.frame(frame));
    }

    fn frame(&mut self, frame: &[f32]) {
        let windowed = frame.iter().zip(self.gauge.window.iter());
        for (to, (sample, weight)) in self.input.iter_mut().zip(windowed) {
            *to = sample * weight;
        }
        let transformed = self.gauge.transform.process_with_scratch(
            &mut self.input,
            &mut self.output,
            &mut self.scratch,
        );
        if transformed.is_err() {
            // The lengths are the transform's own.
            return;
        }
        self.power.clear();
        self.power
            .extend(self.output.iter().map(|bin| bin.norm_sqr()));
        self.frames.push(Frame {
            power: frame.iter().map(|sample| sample * sample).sum::<f32>() / frame.len() as f32,
            voice: self.gauge.band.level(&self.power),
        });
        self.spectra.add(&self.power);
    }

    /// How all that was taken sounds; `warnings` are those of its decoding.
    #[must_use]
    pub fn finish(self, warnings: &[AudioWarning]) -> Quality {
        let rate = f64::from(self.gauge.sample_rate_hz.max(1));
        let seconds = self.num_samples as f64 / rate;
        let frame_s = self.gauge.window.len() as f64 / rate;
        let (is_speech, speech_s) = match self.network {
            None if self.gauge.detector == SpeechDetector::Off => {
                (vec![true; self.frames.len()], seconds)
            }
            None => {
                let by_energy = activity::speech_frames(&self.frames);
                let num = by_energy.iter().filter(|speech| **speech).count();
                (by_energy, num as f64 * frame_s)
            }
            Some(network) => {
                let heard = network.finish();
                let is_speech = heard.in_frames(self.frames.len(), self.gauge.window.len());
                (is_speech, heard.seconds())
            }
        };
        let levels = frames::levels(&self.frames, &is_speech);
        Quality {
            seconds,
            speech_s: speech_s.min(seconds),
            speech_share: match seconds > 0.0 {
                true => (speech_s / seconds).min(1.0),
                false => 0.0,
            },
            speech_by: self.gauge.detector,
            band_hz: self
                .spectra
                .highest_bin(rate / self.gauge.window.len() as f64),
            level_db: levels.speech_db,
            snr_db: levels.snr_db,
            clipped_share: warnings.iter().map(clipped).fold(0.0, f64::max),
            channels_cancel: warnings
                .iter()
                .any(|warning| matches!(warning, AudioWarning::ChannelsCancel { .. })),
        }
    }
}

fn clipped(warning: &AudioWarning) -> f64 {
    match warning {
        AudioWarning::Clipping { share, .. } => *share,
        _ => 0.0,
    }
}
