//! How features are computed: what one writes in TOML and what a model bundle records.

use serde::{Deserialize, Serialize};

use crate::activity_config::SpeechActivityConfig;
use crate::feature_error::FeatureError;
use crate::relative_level_config::RelativeLevel;
use crate::windows::Windows;

/// Largest FFT that a configuration may ask for, in samples.
const MAX_FFT_SIZE: usize = 1 << 16;
/// Largest number of mel bands.
const MAX_NUM_BINS: usize = 1024;
/// Most frames of windows that are made whole: what is put behind a recording is bounded.
const MAX_WINDOW_FRAMES: usize = 10_000;

/// Every choice between samples and network input; two models with equal configurations see equal
/// features.
///
/// The presets are [`FeatureConfig::librosa`] and [`FeatureConfig::kaldi`], and for networks of others
/// [`FeatureConfig::of_family`]. Unknown fields are
/// refused, so that a misspelt setting never passes for a default.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct FeatureConfig {
    /// Rate of the samples that [`crate::LogMel`] expects, in Hz.
    pub sample_rate_hz: u32,
    /// Length of the analysis window, in samples.
    pub window_samples: usize,
    /// Distance between frames, in samples.
    pub hop_samples: usize,
    /// Length of the Fourier transform, in samples; even, at least the window.
    pub fft_size: usize,
    /// Number of mel bands, the width of the features.
    pub num_bins: usize,
    /// Mel scale and shape of the triangular filters.
    pub mel_scale: MelScale,
    /// Lower edge of the lowest band, in Hz.
    pub low_hz: f64,
    /// Upper edge of the highest band, in Hz; at most half the sample rate.
    pub high_hz: f64,
    /// Where frames lie in the recording.
    pub framing: Framing,
    /// Shape of the analysis window.
    pub window: WindowShape,
    /// Coefficient `c` of `x[i] - c * x[i - 1]`; 0 turns it off.
    pub preemphasis: f64,
    /// Over what preemphasis runs; absent = each frame by itself.
    #[serde(default, skip_serializing_if = "PreemphasisOver::is_frame")]
    pub preemphasis_over: PreemphasisOver,
    /// Whether the mean of each frame is subtracted before anything else.
    pub remove_dc: bool,
    /// How band power becomes a feature.
    pub compression: Compression,
    /// Factor on samples in [-1, 1]: 1, or 32768 for the range of 16-bit integers.
    pub sample_scale: f64,
    /// Recordings whose root mean square lies below so many dBFS are made as loud as that before anything else; silence is not
    /// (Resemblyzer). Of [`Compression::Power`] alone; absent = as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least_level_dbfs: Option<f64>,
    /// Zeros stand behind the recording until the last of these windows over its frames is whole (Resemblyzer). Of framings with
    /// zeros at the ends; absent = none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole_windows: Option<Windows>,
    /// Values more than so many dB below the recording's highest are raised to that (SpeechBrain's `top_db`); of
    /// [`Compression::Decibel`] alone; absent = off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_db: Option<f64>,
    /// What is subtracted from the compressed features, and what they are divided by.
    #[serde(default)]
    pub normalisation: Normalisation,
    /// Removal of frames without speech; absent = off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speech_activity: Option<SpeechActivityConfig>,
    /// Powers relative to the recording's level, of the frames with speech; absent = as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relative_level: Option<RelativeLevel>,
}

/// Mel scale and the triangles built on it.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum MelScale {
    /// Slaney's Auditory Toolbox, librosa's default: linear below 1 kHz, logarithmic above;
    /// triangles linear in Hz with unit area.
    Slaney,
    /// `1127 ln(1 + f / 700)` (HTK, Kaldi): triangles linear in mel with unit height, the Nyquist
    /// bin left out.
    Kaldi,
    /// SpeechBrain's `Filterbank`: centres equally spaced on `2595 log10(1 + f / 700)`; triangles linear in Hz of unit height,
    /// as wide above their centre as below it. A band that no bin of the transform falls into is empty.
    #[serde(rename = "speechbrain")]
    SpeechBrain,
}

/// Over what preemphasis runs.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum PreemphasisOver {
    /// Each frame by itself; its first sample is its own predecessor (Kaldi).
    #[default]
    Frame,
    /// The recording, before it is cut into frames and extended at its ends; the first sample stays as it is (NeMo).
    Recording,
}

impl PreemphasisOver {
    fn is_frame(&self) -> bool {
        *self == Self::Frame
    }
}

/// Where frames lie.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Framing {
    /// Frame `t` is centred on sample `t * hop`; the recording is mirrored at both ends (librosa,
    /// `center=True, pad_mode="reflect"`): `1 + samples / hop` frames.
    CentredReflect,
    /// Only frames that lie entirely in the recording (Kaldi, `snip_edges=true`):
    /// `1 + (samples - window) / hop` frames, none for a recording shorter than the window.
    SnipEdges,
    /// As [`Framing::CentredReflect`], with zeros at both ends (`pad_mode="constant"`): `1 + samples / hop` frames.
    CentredZeros,
    /// The same without the last of them: `samples / hop` frames, which NeMo takes for valid.
    CentredZerosWholeHops,
    /// Frame `t` is centred on sample `t * hop + hop / 2`; the recording is mirrored at both ends, the outermost samples
    /// repeated (Kaldi, `snip_edges=false`; sherpa-onnx): `(samples + hop / 2) / hop` frames.
    KaldiMirrored,
}

/// Shape of the analysis window.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum WindowShape {
    /// Periodic Hann, `0.5 - 0.5 cos(2πi / n)`.
    Hann,
    /// Symmetric Hann, `0.5 - 0.5 cos(2πi / (n - 1))` (NeMo).
    HannSymmetric,
    /// Kaldi's `(0.5 - 0.5 cos(2πi / (n - 1)))^0.85`.
    Povey,
    /// Symmetric Hamming, `0.54 - 0.46 cos(2πi / (n - 1))` (Kaldi, WeSpeaker).
    Hamming,
    /// Periodic Hamming, `0.54 - 0.46 cos(2πi / n)` (SpeechBrain).
    HammingPeriodic,
}

/// How the power `x` of a band becomes a feature.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// `log10(1 + 10000 x)`, never below 0 (Lukic et al. 2016).
    #[serde(rename = "log10_10000")]
    Log10OnePlus10000,
    /// `ln(max(x, 2^-23))`, Kaldi's floor of one `float` epsilon.
    Ln,
    /// `ln(x + 2^-24)` (NeMo).
    LnGuarded,
    /// `10 log10(max(x, 1e-10))`, in dB (SpeechBrain).
    Decibel,
    /// `x` itself (Resemblyzer).
    Power,
}

/// What is subtracted from the compressed features.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Normalisation {
    /// Nothing.
    #[default]
    None,
    /// The mean frame of the training data ([`crate::mean_frame`]), stored with the model.
    GlobalMean,
    /// The mean over the recording's own frames, which removes a constant channel.
    Utterance,
    /// The same, and each band is divided by its deviation over them (unbiased, plus 1e-5), as NeMo's `per_feature`.
    UtteranceDeviation,
}

impl FeatureConfig {
    /// The features of the ZHAW papers as librosa computes them at 16 kHz: FFT and periodic Hann
    /// window of 1024 samples, hop 10 ms, mirrored centred frames, 128 Slaney bands from 0 to
    /// 8000 Hz, `log10(1 + 10000 x)`. No normalisation, no speech activity detection.
    pub fn librosa() -> Self {
        Self {
            sample_rate_hz: 16_000,
            window_samples: 1024,
            hop_samples: 160,
            fft_size: 1024,
            num_bins: 128,
            mel_scale: MelScale::Slaney,
            low_hz: 0.0,
            high_hz: 8_000.0,
            framing: Framing::CentredReflect,
            window: WindowShape::Hann,
            preemphasis: 0.0,
            preemphasis_over: PreemphasisOver::Frame,
            remove_dc: false,
            compression: Compression::Log10OnePlus10000,
            sample_scale: 1.0,
            least_level_dbfs: None,
            whole_windows: None,
            top_db: None,
            normalisation: Normalisation::None,
            speech_activity: None,
            relative_level: None,
        }
    }

    /// 80-band filter bank as Kaldi, WeSpeaker and kaldi-native-fbank (dither 0) compute it at
    /// 16 kHz: Povey window of 25 ms, hop 10 ms, FFT 512, DC removal, preemphasis 0.97, 20 to
    /// 8000 Hz, natural logarithm. No normalisation, no speech activity detection.
    ///
    /// Samples are scaled by 32768, as in Kaldi, which reads 16-bit integers: with samples in
    /// [-1, 1] the floor of 2^-23 would flatten quiet recordings.
    pub fn kaldi() -> Self {
        Self {
            sample_rate_hz: 16_000,
            window_samples: 400,
            hop_samples: 160,
            fft_size: 512,
            num_bins: 80,
            mel_scale: MelScale::Kaldi,
            low_hz: 20.0,
            high_hz: 8_000.0,
            framing: Framing::SnipEdges,
            window: WindowShape::Povey,
            preemphasis: 0.97,
            preemphasis_over: PreemphasisOver::Frame,
            remove_dc: true,
            compression: Compression::Ln,
            sample_scale: 32_768.0,
            least_level_dbfs: None,
            whole_windows: None,
            top_db: None,
            normalisation: Normalisation::None,
            speech_activity: None,
            relative_level: None,
        }
    }

    /// Distance between frames in seconds.
    pub fn hop_s(&self) -> f64 {
        self.hop_samples as f64 / f64::from(self.sample_rate_hz)
    }

    /// Checks every value against its allowed range.
    ///
    /// # Errors
    /// [`FeatureError::InvalidConfig`] names the first field that is out of range.
    pub fn validate(&self) -> Result<(), FeatureError> {
        let nyquist_hz = f64::from(self.sample_rate_hz) / 2.0;
        let check = |valid: bool, field, found: &dyn std::fmt::Display, expected: String| {
            if valid {
                Ok(())
            } else {
                Err(FeatureError::invalid(field, found, expected))
            }
        };
        check(
            (1_000..=768_000).contains(&self.sample_rate_hz),
            "sample_rate_hz",
            &self.sample_rate_hz,
            "1000 to 768000 Hz".into(),
        )?;
        check(
            (2..=MAX_FFT_SIZE).contains(&self.fft_size) && self.fft_size.is_multiple_of(2),
            "fft_size",
            &self.fft_size,
            format!("an even number from 2 to {MAX_FFT_SIZE}"),
        )?;
        check(
            (2..=self.fft_size).contains(&self.window_samples),
            "window_samples",
            &self.window_samples,
            format!("2 to `fft_size` = {}", self.fft_size),
        )?;
        check(
            (1..=MAX_FFT_SIZE).contains(&self.hop_samples),
            "hop_samples",
            &self.hop_samples,
            format!("1 to {MAX_FFT_SIZE}"),
        )?;
        check(
            (1..=MAX_NUM_BINS).contains(&self.num_bins),
            "num_bins",
            &self.num_bins,
            format!("1 to {MAX_NUM_BINS}"),
        )?;
        check(
            self.high_hz > 0.0 && self.high_hz <= nyquist_hz,
            "high_hz",
            &self.high_hz,
            format!("above 0, at most half the sample rate, {nyquist_hz} Hz"),
        )?;
        check(
            self.low_hz >= 0.0 && self.low_hz < self.high_hz,
            "low_hz",
            &self.low_hz,
            format!("0 to below `high_hz` = {} Hz", self.high_hz),
        )?;
        check(
            (0.0..1.0).contains(&self.preemphasis),
            "preemphasis",
            &self.preemphasis,
            "0 (off) to below 1".into(),
        )?;
        check(
            self.sample_scale > 0.0 && self.sample_scale <= f64::from(1u32 << 31),
            "sample_scale",
            &self.sample_scale,
            "1 for samples in [-1, 1] or 32768 for the range of 16-bit integers".into(),
        )?;
        if let Some(level) = self.least_level_dbfs {
            check(
                self.compression == Compression::Power && (-100.0..=0.0).contains(&level),
                "least_level_dbfs",
                &level,
                "-100 to 0 dBFS, with `compression = \"power\"`".into(),
            )?;
        }
        if let Some(windows) = self.whole_windows {
            let has_zeros = matches!(
                self.framing,
                Framing::CentredZeros | Framing::CentredZerosWholeHops
            );
            let is_valid = |frames| (1..=MAX_WINDOW_FRAMES).contains(&frames);
            check(
                has_zeros && is_valid(windows.frames) && is_valid(windows.hop),
                "whole_windows",
                &format!("{} frames, {} apart", windows.frames, windows.hop),
                format!(
                    "1 to {MAX_WINDOW_FRAMES} frames each, with `framing = \"centred_zeros\"` or `centred_zeros_whole_hops`"
                ),
            )?;
        }
        if let Some(top_db) = self.top_db {
            check(
                self.compression == Compression::Decibel && (1.0..=200.0).contains(&top_db),
                "top_db",
                &top_db,
                "1 to 200 dB, with `compression = \"decibel\"`".into(),
            )?;
        }
        self.speech_activity
            .as_ref()
            .map_or(Ok(()), SpeechActivityConfig::validate)?;
        self.relative_level.map_or(Ok(()), RelativeLevel::validate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_presets_are_valid_and_survive_toml() {
        for config in [FeatureConfig::librosa(), FeatureConfig::kaldi()] {
            config.validate().unwrap();
            let text = toml::to_string(&config).unwrap();
            assert_eq!(
                toml::from_str::<FeatureConfig>(&text).unwrap(),
                config,
                "{text}"
            );
        }
    }

    #[test]
    fn every_option_survives_toml() {
        let mut config = FeatureConfig::kaldi();
        config.speech_activity = Some(SpeechActivityConfig::default());
        config.relative_level = Some(RelativeLevel { floor_db: 40.0 });
        config.normalisation = Normalisation::GlobalMean;
        let text = toml::to_string(&config).unwrap();
        assert!(text.contains("normalisation = \"global_mean\""), "{text}");
        assert_eq!(
            toml::from_str::<FeatureConfig>(&text).unwrap(),
            config,
            "{text}"
        );
    }

    #[test]
    fn an_unknown_field_is_refused_by_name() {
        let text = toml::to_string(&FeatureConfig::kaldi()).unwrap() + "num_mels = 80\n";
        let message = toml::from_str::<FeatureConfig>(&text)
            .unwrap_err()
            .to_string();
        assert!(message.contains("num_mels"), "{message}");
    }

    #[test]
    fn values_out_of_range_are_named() {
        type Damage = fn(&mut FeatureConfig);
        let cases: [(&str, Damage); 13] = [
            ("sample_rate_hz", |c| c.sample_rate_hz = 0),
            ("fft_size", |c| c.fft_size = 511),
            ("window_samples", |c| c.window_samples = 513),
            ("hop_samples", |c| c.hop_samples = 0),
            ("num_bins", |c| c.num_bins = 0),
            ("high_hz", |c| c.high_hz = f64::NAN),
            ("low_hz", |c| c.low_hz = 8_000.0),
            ("preemphasis", |c| c.preemphasis = 1.0),
            ("sample_scale", |c| c.sample_scale = 0.0),
            ("top_db", |c| c.top_db = Some(80.0)),
            ("least_level_dbfs", |c| c.least_level_dbfs = Some(-30.0)),
            ("whole_windows", |c| {
                c.whole_windows = Some(Windows::RESEMBLYZER);
            }),
            ("relative_level.floor_db", |c| {
                c.relative_level = Some(RelativeLevel { floor_db: 61.0 });
            }),
        ];
        for (name, damage) in cases {
            let mut config = FeatureConfig::kaldi();
            damage(&mut config);
            match config.validate() {
                Err(FeatureError::InvalidConfig { field, .. }) => assert_eq!(field, name),
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}
