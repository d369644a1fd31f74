//! What a sabotage may use: random draws of its own, and music.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use audio_features::read_recording;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

use crate::sabotage::material::RATE_HZ;

/// Draws and sounds.
pub(crate) struct Kit {
    pub(crate) draws: ChaCha8Rng,
    music: PathBuf,
}

impl Kit {
    /// Draws that are the same for the same name and seed, whatever else is drawn. `augmentation` has a folder `music`.
    pub(crate) fn new(name: &str, seed: u64, augmentation: &Path) -> Self {
        Self {
            draws: draws(name, seed),
            music: augmentation.join("music"),
        }
    }

    /// All music, one piece after the other.
    pub(crate) fn music(&self) -> Result<Vec<f32>> {
        let folder = &self.music;
        let entries = std::fs::read_dir(folder)
            .with_context(|| format!("cannot read {}: say `--augmentation`", folder.display()))?;
        let mut paths: Vec<PathBuf> = entries
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<_>>()?;
        paths.sort();
        let mut samples = Vec::new();
        for path in paths {
            let recording = read_recording(&path, RATE_HZ)
                .with_context(|| format!("cannot read {}", path.display()))?;
            samples.extend(recording.waveform.samples);
        }
        ensure!(!samples.is_empty(), "{} has no music", folder.display());
        Ok(samples)
    }
}

/// A generator for what is called `name` under `seed`.
pub(crate) fn draws(name: &str, seed: u64) -> ChaCha8Rng {
    let hash = Sha256::digest(name.as_bytes());
    let stream = hash
        .iter()
        .take(8)
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    let mut draws = ChaCha8Rng::seed_from_u64(seed);
    draws.set_stream(stream);
    draws
}
