//! Log-mel features of one recording.

use std::path::Path;

use anyhow::{Result, bail};
use audio_features::{FeatureConfig, FrontEnd, Normalisation, read_recording};

use crate::Repetition;

/// Features of `audio`, decoded once, by the preset of that name.
pub(crate) fn log_mel(preset: &str, audio: &Path) -> Result<Repetition> {
    let mut config = match preset {
        "kaldi" => FeatureConfig::kaldi(),
        "librosa" => FeatureConfig::librosa(),
        _ => bail!("`{preset}` is not a preset, expected kaldi or librosa"),
    };
    config.normalisation = Normalisation::None;
    let samples = read_recording(audio, config.sample_rate_hz)?
        .waveform
        .samples;
    let front_end = FrontEnd::new(config, None)?;
    Ok(Box::new(move || {
        let features = front_end.features(&samples);
        let sum: f64 = features.data().iter().map(|&value| f64::from(value)).sum();
        Ok(sum / features.data().len() as f64)
    }))
}
