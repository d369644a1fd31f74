//! Two made signals and their embeddings, by which a loaded model shows that it computes what its
//! writer did: weights not loaded, or a front end that drifted, give other embeddings.

use std::path::Path;

use serde::{Deserialize, Serialize};
use speaker_scoring::cosine;

use crate::ModelError;
use crate::model::EmbeddingModel;

/// The embeddings of [`signals`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SelfTest {
    embeddings: Vec<Vec<f32>>,
}

/// Pitch (Hz) and its vibrato's rate (Hz) of the two signals.
const SIGNALS: [(f64, f64); 2] = [(110.0, 3.0), (215.0, 5.0)];

/// Least cosine to the stored embedding. Backends, instruction sets and 16-bit weights stay above
/// 0.9999; a wrong front end or weights that were not loaded fall far below.
const LEAST_COSINE: f64 = 0.999;

impl SelfTest {
    pub(super) fn of(model: &dyn EmbeddingModel) -> Result<Self, ModelError> {
        Ok(Self {
            embeddings: model.self_embeddings()?,
        })
    }

    pub(super) fn write(&self, path: &Path) -> Result<(), ModelError> {
        let json = serde_json::to_vec(self).map_err(|error| ModelError::io(path)(error.into()))?;
        durable::write(path, &json).map_err(ModelError::io(path))
    }

    pub(super) fn parse(bytes: &[u8], path: &Path) -> Result<Self, ModelError> {
        serde_json::from_slice(bytes).map_err(|error| ModelError::Bundle {
            path: path.to_owned(),
            field: "embeddings".to_owned(),
            found: error.to_string(),
            expected: "two lists of numbers".to_owned(),
            remedy: "copy the bundle again",
        })
    }

    /// Runs `model`'s test against what the file at `path` has.
    pub(super) fn check(&self, model: &dyn EmbeddingModel, path: &Path) -> Result<(), ModelError> {
        model.self_test(&self.embeddings).map_err(|error| match error {
            ModelError::SelfTest {
                field,
                found,
                expected,
            } => ModelError::Bundle {
                path: path.to_owned(),
                field,
                found,
                expected,
                remedy: "the weights or the front end are not those that the bundle was written with: copy it again",
            },
            other => other,
        })
    }
}

/// Compares embeddings of the made signals, `expected` with `found`.
pub(crate) fn compare(expected: &[Vec<f32>], found: &[Vec<f32>]) -> Result<(), ModelError> {
    let fault = |field, found, expected| {
        Err(ModelError::SelfTest {
            field,
            found,
            expected,
        })
    };
    if expected.len() != found.len() {
        let expected = format!("{} vectors", expected.len());
        return fault("embeddings".to_owned(), expected, found.len().to_string());
    }
    for (index, (stored, computed)) in expected.iter().zip(found).enumerate() {
        let cosine = if stored.len() == computed.len() {
            f64::from(cosine(stored, computed))
        } else {
            f64::NAN
        };
        if cosine.is_nan() || cosine < LEAST_COSINE {
            return fault(
                format!("embeddings[{index}]"),
                format!("a vector at cosine {cosine:.4} to what this model computes"),
                format!("at least {LEAST_COSINE}"),
            );
        }
    }
    Ok(())
}

/// The made signals at a rate, one second each.
pub fn made_signals(sample_rate_hz: u32) -> Vec<Vec<f32>> {
    let signals = SIGNALS.iter();
    signals
        .map(|&(pitch_hz, vibrato_hz)| signal(sample_rate_hz, pitch_hz, vibrato_hz))
        .collect()
}

/// One second of a harmonic tone with vibrato, pauses and a little noise: voiced and unvoiced
/// frames, as a formula.
fn signal(sample_rate_hz: u32, pitch_hz: f64, vibrato_hz: f64) -> Vec<f32> {
    let rate = f64::from(sample_rate_hz);
    let (mut phase, mut noise) = (0.0f64, 1u32);
    (0..sample_rate_hz)
        .map(|n| {
            let time_s = f64::from(n) / rate;
            let turn = std::f64::consts::TAU;
            let pitch = pitch_hz * (1.0 + 0.05 * (turn * vibrato_hz * time_s).sin());
            phase = (phase + pitch / rate).fract();
            let voice: f64 = (1..=20)
                .map(|k| (turn * phase * f64::from(k)).sin() / f64::from(k))
                .sum();
            let envelope = (turn * 2.0 * time_s).sin().max(0.0);
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let hiss = f64::from(noise >> 8) / f64::from(1 << 23) - 1.0;
            (0.2 * envelope * voice + 0.005 * hiss) as f32
        })
        .collect()
}
