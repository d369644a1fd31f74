//! Recordings to embeddings on all cores, in order, within bounded memory.

use std::ops::Range;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Instant;

use audio_features::{AudioWarning, Features, Quality, QualityGauge, SpeechDetector};
use rayon::prelude::*;
use speaker_model::{Embedder, EmbeddingModel};
use speech_data::Reader;

use super::doubts::doubts;
use super::hearing::Hearing;
use crate::error::Error;
use crate::outcome::Embedded;
use crate::progress::Progress;
use crate::recordings::Input;

/// Features that recordings between decoding and embedding may take where nothing else is said, in MB: an hour of 40 bands, half an
/// hour of 80.
pub const DEFAULT_MEMORY_MB: u64 = 64;

/// Recordings that are decoded in one go: at most this many, and at most this many bytes on disk unless one alone has
/// more.
const GROUP_RECORDINGS: usize = 32;
const GROUP_BYTES: u64 = 4 << 20;

/// Features of a recording that waits for the encoder.
struct Prepared {
    features: Features,
    beside: Beside,
}

/// What is known of a recording beside its features.
struct Beside {
    quality: Quality,
    is_partly_read: bool,
    warnings: Vec<String>,
}

/// From a recording to what the encoder takes, and how it sounds.
struct Preparation<'a> {
    embedder: &'a Embedder,
    gauge: QualityGauge,
    reader: Reader,
}

impl Prepared {
    fn bytes(&self) -> u64 {
        size_of_val(self.features.data()) as u64
    }
}

/// What was prepared, in the inputs' order.
type Chunk = Vec<Result<Prepared, Error>>;

/// Embeds `inputs` and gives each to `each` with its place, in order; a recording that cannot be used comes
/// with the reason. `detector` finds the speech in each. One thread prepares the next recordings on all cores while the encoder works on these.
///
/// Features of `memory_mb` MB wait at most, but for one group of recordings. Where chunks begin depends on them alone,
/// not on threads or time.
///
/// # Errors
/// What `each` fails with, [`Error::Interrupted`], and [`Error::Model`] where the model cannot compute.
pub fn embed_each(
    embedder: &Embedder,
    inputs: &[Input],
    detector: SpeechDetector,
    memory_mb: u64,
    progress: &dyn Progress,
    mut each: impl FnMut(usize, Result<Embedded, Error>) -> Result<(), Error>,
) -> Result<(), Error> {
    progress.begin(inputs.len());
    let begin = Instant::now();
    let rate = embedder.front_end().config().sample_rate_hz;
    let preparation = Preparation {
        embedder,
        gauge: QualityGauge::new(rate, detector),
        reader: Reader::default(),
    };
    // One chunk is filled, one waits, one is embedded, and the last group of the first may be too much.
    let chunk_bytes = memory_mb.saturating_mul(1 << 20) / 4;
    let (sender, receiver) = sync_channel(1);
    let result = std::thread::scope(|scope| {
        scope.spawn(move || prepare_all(&preparation, inputs, chunk_bytes, &sender));
        let (mut index, mut audio_seconds) = (0, 0.0);
        // The receiver must be gone before the thread is joined, or a full channel would hold it for ever.
        for chunk in receiver {
            let done = chunk.len();
            for outcome in encode(embedder, chunk)? {
                if progress.is_cancelled() {
                    return Err(Error::Interrupted);
                }
                audio_seconds += outcome
                    .as_ref()
                    .map_or(0.0, |embedded| embedded.quality.seconds);
                progress.recording(&inputs[index], &outcome);
                each(index, outcome)?;
                index += 1;
            }
            progress.advance(done, audio_seconds / begin.elapsed().as_secs_f64());
        }
        Ok(())
    });
    progress.end();
    result
}

/// Prepares `inputs` on all cores and sends them in chunks of about `chunk_bytes` of features.
fn prepare_all(
    preparation: &Preparation<'_>,
    inputs: &[Input],
    chunk_bytes: u64,
    sender: &SyncSender<Chunk>,
) {
    let (mut chunk, mut bytes) = (Chunk::new(), 0);
    for range in groups(inputs) {
        let prepared: Vec<Result<Prepared, Error>> = inputs[range]
            .par_iter()
            .map(|input| preparation.prepare(input))
            .collect();
        for prepared in prepared {
            bytes += prepared.as_ref().map_or(0, Prepared::bytes);
            chunk.push(prepared);
            if bytes >= chunk_bytes {
                bytes = 0;
                // The other end is gone where the output failed: then there is nothing left to do.
                if sender.send(std::mem::take(&mut chunk)).is_err() {
                    return;
                }
            }
        }
    }
    // Nobody is left to tell where this fails.
    let _ = sender.send(chunk);
}

/// Neighbouring inputs that are prepared together.
fn groups(inputs: &[Input]) -> Vec<Range<usize>> {
    let mut groups = Vec::new();
    let (mut start, mut total) = (0, 0);
    for (index, input) in inputs.iter().enumerate() {
        let size = input.location.num_bytes();
        if index > start && (index - start >= GROUP_RECORDINGS || total + size > GROUP_BYTES) {
            groups.push(start..index);
            (start, total) = (index, 0);
        }
        total += size;
    }
    groups.push(start..inputs.len());
    groups
}

impl Preparation<'_> {
    fn prepare(&self, input: &Input) -> Result<Prepared, Error> {
        let front_end = self.embedder.front_end();
        let rate = front_end.config().sample_rate_hz;
        let mut hearing = Hearing::new(front_end, &self.gauge);
        let heard = self.reader.stream(&input.location, rate, &mut hearing)?;
        let (features, quality) = hearing.finish(&heard);
        if features.num_frames() == 0 {
            return Err(Error::TooShort {
                path: input.path(),
                seconds: quality.seconds,
            });
        }
        let mut warnings: Vec<String> = heard.warnings.iter().map(ToString::to_string).collect();
        warnings.extend(doubts(&quality, self.embedder));
        Ok(Prepared {
            features,
            beside: Beside {
                quality,
                is_partly_read: heard
                    .warnings
                    .iter()
                    .any(|warning| matches!(warning, AudioWarning::PartlyReadable { .. })),
                warnings,
            },
        })
    }
}

/// Embeds what could be prepared, in batches over the segments of all.
fn encode(embedder: &Embedder, prepared: Chunk) -> Result<Vec<Result<Embedded, Error>>, Error> {
    let mut features = Vec::with_capacity(prepared.len());
    let rest: Vec<Result<Beside, Error>> = prepared
        .into_iter()
        .map(|prepared| {
            prepared.map(|prepared| {
                features.push(prepared.features);
                prepared.beside
            })
        })
        .collect();
    let mut embeddings = match embedder.embed_features(&features) {
        Ok(embeddings) => embeddings.into_iter().map(Ok).collect(),
        // Good recordings do not suffer from a bad one beside them.
        Err(_) => one_by_one(embedder, &features),
    }
    .into_iter();
    rest.into_iter()
        .map(|outcome| match outcome {
            Err(reason) => Ok(Err(reason)),
            Ok(Beside {
                quality,
                is_partly_read,
                warnings,
            }) => {
                let embedding = embeddings.next().ok_or(Error::Defect(
                    "the model gave fewer embeddings than recordings",
                ))?;
                Ok(embedding.map(|embedding| Embedded {
                    embedding,
                    quality,
                    is_partly_read,
                    warnings,
                }))
            }
        })
        .collect()
}

fn one_by_one(embedder: &Embedder, features: &[Features]) -> Vec<Result<Vec<f32>, Error>> {
    let each = features.iter().map(|features| {
        let embeddings = embedder.embed_features(std::slice::from_ref(features))?;
        let embedding = embeddings.into_iter().next();
        embedding.ok_or(Error::Defect("the model gave no embedding"))
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_size(bytes: usize) -> Input {
        Input::bytes("", vec![0; bytes])
    }

    #[test]
    fn groups_are_bounded_by_count_and_by_bytes() {
        let small: Vec<Input> = (0..70).map(|_| of_size(1)).collect();
        assert_eq!(groups(&small), [0..32, 32..64, 64..70]);
        let large: Vec<Input> = [1, 5 << 20, 1, 1].map(of_size).into_iter().collect();
        assert_eq!(groups(&large), [0..1, 1..2, 2..4]);
    }
}
