//! Every recording of a training as its teacher hears it: whole, unchanged, and at every speed that the training knows.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use audio_features::decode_recording;
use rayon::prelude::*;
use sound_augment::Speed;
use speaker_model::EmbeddingModel;
use speech_data::{Location, Manifest, Reader};

use super::Teacher;
use super::cache::VectorCache;
use super::vectors::{numbers, unit};
use crate::TrainError;
use crate::data::content::{ContentKey, key_of};
use crate::data::skipped::Skipped;

/// A teacher's vectors of recordings.
pub(crate) struct Lessons {
    /// Dimensions of each.
    pub(crate) dim: usize,
    /// Of each recording that the teacher can be asked about, by speed: as it is, then at each of the factors.
    pub(crate) vectors: Vec<Vec<Vec<f32>>>,
    /// Which recordings of the manifest these are.
    pub(crate) usable: Vec<usize>,
    /// The others.
    pub(crate) skipped: Vec<Skipped>,
    /// Why vectors could not be kept on disk, if they could not.
    pub(crate) failure: Option<String>,
}

impl Lessons {
    /// Asks `teacher` about all recordings of `manifest`, as they are and at the speeds of `factors`, each alone, on all cores: of
    /// what was asked before the vectors lie below `directory`. `progress` is told how many recordings are done, and says whether to go on.
    ///
    /// # Errors
    /// [`TrainError::Sound`] for a speed that there is not, and [`TrainError::Interrupted`] where `progress` says no: what the teacher
    /// has said until then is kept.
    pub(crate) fn of(
        teacher: &Teacher,
        manifest: &Manifest,
        factors: &[f64],
        directory: &Path,
        progress: &(dyn Fn(usize) -> bool + Sync),
    ) -> Result<Self, TrainError> {
        let dim = teacher.embedder().dim();
        let classroom = Classroom {
            teacher,
            cache: VectorCache::at(directory, &teacher.origin().hash, dim),
            reader: Reader::default(),
            speeds: factors
                .iter()
                .map(|&factor| Ok((factor, Speed::new(factor)?)))
                .collect::<Result<_, TrainError>>()?,
        };
        let done = AtomicUsize::new(0);
        let answers: Option<Vec<Result<Vec<Vec<f32>>, TrainError>>> = manifest
            .utterances
            .par_iter()
            .map(|utterance| {
                let answer = classroom.ask(&utterance.location);
                progress(done.fetch_add(1, Ordering::Relaxed) + 1).then_some(answer)
            })
            .collect();
        let answers = answers.ok_or(TrainError::Interrupted)?;
        let mut lessons = Self {
            dim,
            vectors: Vec::with_capacity(answers.len()),
            usable: Vec::with_capacity(answers.len()),
            skipped: Vec::new(),
            failure: classroom.cache.failure().map(str::to_owned),
        };
        for (number, answer) in answers.into_iter().enumerate() {
            match answer {
                Ok(vectors) => {
                    lessons.vectors.push(vectors);
                    lessons.usable.push(number);
                }
                Err(error) => lessons.skipped.push(Skipped {
                    utterance: manifest.utterances[number].id.clone(),
                    reason: format!("the teacher cannot use it: {error}"),
                }),
            }
        }
        Ok(lessons)
    }

    /// The mean of the vectors of the recordings of `manifest` as they are, at length 1, in which every speaker counts alike.
    pub(crate) fn mean(&self, manifest: &Manifest) -> Vec<f64> {
        let mut speakers: BTreeMap<&str, (Vec<f64>, f64)> = BTreeMap::new();
        for (utterance, vectors) in manifest.utterances.iter().zip(&self.vectors) {
            let (sum, count) = speakers
                .entry(&utterance.speaker)
                .or_insert_with(|| (vec![0.0; self.dim], 0.0));
            let own = vectors.first().map(|vector| unit(numbers(vector)));
            for (sum, value) in sum.iter_mut().zip(own.iter().flatten()) {
                *sum += value;
            }
            *count += 1.0;
        }
        let mut mean = vec![0.0; self.dim];
        for (sum, count) in speakers.values() {
            for (mean, sum) in mean.iter_mut().zip(sum) {
                *mean += sum / count / speakers.len() as f64;
            }
        }
        mean
    }

    /// Subtracts `mean` from every vector at length 1.
    pub(crate) fn subtract(&mut self, mean: &[f64]) {
        for vector in self.vectors.iter_mut().flatten() {
            let own = unit(numbers(vector));
            let less = own
                .iter()
                .zip(mean)
                .map(|(value, mean)| (value - mean) as f32);
            *vector = less.collect();
        }
    }
}

/// Where a teacher is asked.
struct Classroom<'a> {
    teacher: &'a Teacher,
    cache: VectorCache,
    reader: Reader,
    speeds: Vec<(f64, Speed)>,
}

impl Classroom<'_> {
    /// The vectors of a recording at all speeds.
    fn ask(&self, location: &Location) -> Result<Vec<Vec<f32>>, TrainError> {
        let of_audio = |audio: &[u8]| self.cache.key(audio);
        let (audio, key) = key_of(location, &self.reader, of_audio, ContentKey::of_part)?;
        let faster = self.speeds.iter();
        let faster =
            faster.map(|(factor, speed)| (key.of_part(&format!("×{factor}")), Some(speed)));
        let wanted: Vec<_> = std::iter::once((key, None)).chain(faster).collect();
        let kept: Vec<_> = wanted.iter().map(|(key, _)| self.cache.find(key)).collect();
        let samples = match kept.iter().all(Option::is_some) {
            true => Vec::new(),
            false => {
                let audio = audio.map_or_else(|| self.reader.part(location), Ok)?;
                let rate = self.teacher.embedder().front_end().config().sample_rate_hz;
                let recording = decode_recording(audio, &location.to_string(), rate)?;
                recording.waveform.samples
            }
        };
        let answers = wanted.iter().zip(kept).map(|((key, speed), kept)| {
            if let Some(vector) = kept {
                return Ok(vector);
            }
            let vector = match speed {
                None => self.embed(&samples, location)?,
                Some(speed) => self.embed(&at_speed(speed, &samples)?, location)?,
            };
            self.cache.write(key, &vector);
            Ok(vector)
        });
        answers.collect()
    }

    /// The teacher's embedding of samples.
    fn embed(&self, samples: &[f32], location: &Location) -> Result<Vec<f32>, TrainError> {
        let embedder = self.teacher.embedder();
        let features = embedder.front_end().features(samples);
        if features.num_frames() == 0 {
            return Err(TrainError::TooShort {
                recording: location.to_string(),
                num_samples: samples.len(),
            });
        }
        // Alone, so that no neighbour changes a bit.
        let vectors = embedder.embed_features(&[features])?;
        let vector: Vec<f32> = vectors.into_iter().flatten().collect();
        let is_finite = vector.iter().all(|value| value.is_finite());
        match is_finite && vector.iter().any(|&value| value != 0.0) {
            true => Ok(vector),
            false => Err(TrainError::NoDirection {
                recording: location.to_string(),
                found: if is_finite {
                    "zeros"
                } else {
                    "numbers that are not finite"
                },
            }),
        }
    }
}

fn at_speed(speed: &Speed, samples: &[f32]) -> Result<Vec<f32>, TrainError> {
    let len = samples.len();
    speed.read(len, 0..speed.len(len), |range| Ok(samples[range].to_vec()))
}

#[cfg(test)]
mod tests {
    use speech_data::Utterance;

    use super::*;

    #[test]
    fn the_mean_counts_every_speaker_alike_and_is_subtracted_at_length_1() {
        let utterances = [("a/0", "a"), ("a/1", "a"), ("b/0", "b")]
            .map(|(id, speaker)| Utterance::new(id, id, speaker));
        let manifest = Manifest::new("root", utterances.to_vec());
        let mut lessons = Lessons {
            dim: 2,
            // As they are, and at another speed.
            vectors: vec![
                vec![vec![3.0, 0.0], vec![0.0, 2.0]],
                vec![vec![0.0, 5.0], vec![4.0, 0.0]],
                vec![vec![-2.0, 0.0], vec![0.0, -1.0]],
            ],
            usable: vec![0, 1, 2],
            skipped: Vec::new(),
            failure: None,
        };
        let mean = lessons.mean(&manifest);
        // Half of (1/2, 1/2) and of (-1, 0).
        assert_eq!(mean, [-0.25, 0.25]);
        lessons.subtract(&mean);
        assert_eq!(lessons.vectors[0], [[1.25, -0.25], [0.25, 0.75]]);
        assert_eq!(lessons.vectors[2], [[-0.75, -0.25], [0.25, -1.25]]);
    }
}
