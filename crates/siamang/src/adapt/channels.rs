//! Recordings as other channels would have made them: what a telephone or a room's distance changes, where few speakers have two of them.

use std::time::Instant;

use audio_features::Features;
use rayon::prelude::*;
use sound_augment::{EqualiserConfig, NoVoices, SampleAugmenter, SamplesConfig, Sounds, Workspace};
use speaker_model::{Embedder, EmbeddingModel};
use speaker_scoring::EmbeddingMatrix;
use speech_data::{Reader, Utterance};

use super::labelled::LabelledSet;
use crate::error::Error;
use crate::progress::Progress;

/// Recordings that are in memory at once.
const AT_ONCE: usize = 32;

/// Slopes and bumps as lines and handsets have them. Band limits are left out: they take a telephone's band out of a studio's, and of
/// a telephone's nothing.
fn equalisers() -> SamplesConfig {
    SamplesConfig {
        equaliser: Some(EqualiserConfig {
            probability: 1.0,
            tilt_db_per_octave: [-4.0, 4.0],
            bump_db: [-10.0, 10.0],
            low_pass_probability: 0.0,
            high_pass_probability: 0.0,
            ..EqualiserConfig::default()
        }),
        ..SamplesConfig::default()
    }
}

impl LabelledSet {
    /// Embeds every recording `num` times more, each time through another equaliser, drawn from `seed` and the recording's name: what
    /// changes tells the map what a channel is. `embedder` is the one that made the set.
    ///
    /// # Errors
    /// What a recording that was read before may fail with, [`Error::Interrupted`], [`Error::Model`].
    pub fn hear_channels(
        &mut self,
        embedder: &Embedder,
        num: usize,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        let rate = embedder.front_end().config().sample_rate_hz;
        let augmenter = SampleAugmenter::new(&equalisers(), rate, Sounds::default())?;
        progress.begin(self.utterances.len());
        let (begin, mut heard_s) = (Instant::now(), 0.0);
        let mut rows: Vec<Vec<Vec<f32>>> = vec![Vec::with_capacity(self.utterances.len()); num];
        for some in self.utterances.chunks(AT_ONCE) {
            if progress.is_cancelled() {
                return Err(Error::Interrupted);
            }
            let prepared: Vec<(f64, Vec<Features>)> = some
                .par_iter()
                .map_init(
                    || (Reader::default(), Workspace::default()),
                    |(reader, workspace), utterance| {
                        let recording = reader.read(&utterance.location, rate)?;
                        let samples = &recording.waveform.samples;
                        let copies = (0..num).map(|copy| {
                            let seed = seed_of(seed, utterance, copy);
                            let heard = equalised(&augmenter, samples, seed, workspace);
                            embedder.front_end().features(&heard)
                        });
                        let seconds = num as f64 * recording.waveform.duration_s();
                        Ok::<_, Error>((seconds, copies.collect()))
                    },
                )
                .collect::<Result<_, _>>()?;
            for (copy, rows) in rows.iter_mut().enumerate() {
                let features = prepared.iter().map(|(_, copies)| copies[copy].clone());
                rows.extend(embedder.embed_features(&features.collect::<Vec<_>>())?);
            }
            heard_s += prepared.iter().map(|(seconds, _)| seconds).sum::<f64>();
            progress.advance(some.len(), heard_s / begin.elapsed().as_secs_f64());
        }
        progress.end();
        let copies = rows.iter().map(|rows| EmbeddingMatrix::from_rows(rows));
        self.copies = copies.collect::<Result<_, _>>()?;
        Ok(())
    }
}

/// The samples through one equaliser.
fn equalised(
    augmenter: &SampleAugmenter,
    samples: &[f32],
    seed: u64,
    workspace: &mut Workspace,
) -> Vec<f32> {
    let (before, behind) = augmenter.margins(seed);
    let heard = before..before + samples.len();
    let mut padded = vec![0.0; heard.end + behind];
    padded[heard.clone()].copy_from_slice(samples);
    augmenter.augment(seed, &mut padded, heard.clone(), &NoVoices, workspace);
    padded.truncate(heard.end);
    padded.split_off(heard.start)
}

fn seed_of(seed: u64, utterance: &Utterance, copy: usize) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    hasher.update(&(copy as u64).to_le_bytes());
    hasher.update(utterance.id.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    u64::from_le_bytes(first)
}
