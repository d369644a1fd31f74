//! Recordings to embeddings on all cores, in order, within bounded memory.

use std::ops::Range;
use std::sync::mpsc::sync_channel;

use anyhow::{Result, anyhow};
use audio_features::{Features, FrontEnd, Recording, decode_recording, read_recording};
use rayon::prelude::*;
use speaker_model::Embedder;

use crate::console::Console;
use crate::inputs::{Input, Source};

/// Recordings that are decoded before the encoder sees them: at most this many, and at most this many bytes
/// on disk unless one alone has more. Both bound the memory, and neither depends on the number of threads.
const CHUNK_RECORDINGS: usize = 64;
const CHUNK_BYTES: u64 = 16 << 20;

/// What became of a recording.
#[derive(Debug)]
pub(crate) struct Embedded {
    /// Of length 1, `[dim]`.
    pub(crate) embedding: Vec<f32>,
    /// Length of the recording, in s.
    pub(crate) seconds: f64,
    /// What was odd about it.
    pub(crate) warnings: Vec<String>,
}

/// Features of a recording that waits for the encoder.
struct Prepared {
    features: Features,
    seconds: f64,
    warnings: Vec<String>,
}

/// Embeds `inputs` and gives each to `each` with its place, in order; a recording that cannot be used comes
/// with the reason. One thread prepares the next recordings on all cores while the encoder works on these.
pub(crate) fn embed_each(
    embedder: &Embedder,
    inputs: &[Input],
    console: &Console,
    mut each: impl FnMut(usize, Result<Embedded, String>) -> Result<()>,
) -> Result<()> {
    console.begin("embedding", inputs.len());
    let front_end = embedder.front_end();
    let (sender, receiver) = sync_channel(1);
    let result = std::thread::scope(|scope| {
        scope.spawn(move || {
            for range in chunks(inputs) {
                let prepared: Vec<Result<Prepared, String>> = inputs[range.clone()]
                    .par_iter()
                    .map(|input| prepare(front_end, input))
                    .collect();
                // The other end is gone where the output failed: then there is nothing left to do.
                if sender.send((range, prepared)).is_err() {
                    return;
                }
            }
        });
        // The receiver must be gone before the thread is joined, or a full channel would hold it for ever.
        for (range, prepared) in receiver {
            let done = range.len();
            for (index, outcome) in range.zip(encode(embedder, prepared)?) {
                each(index, outcome)?;
            }
            console.advance(done);
        }
        Ok(())
    });
    console.end();
    result
}

/// Neighbouring inputs that are prepared together.
fn chunks(inputs: &[Input]) -> Vec<Range<usize>> {
    let bytes = |input: &Input| match &input.source {
        Source::File(path) => std::fs::metadata(path).map_or(0, |metadata| metadata.len()),
        Source::Memory(bytes) => bytes.len() as u64,
        Source::Stored { store, index } => store.entry(*index).map_or(0, |entry| entry.num_bytes),
    };
    let mut chunks = Vec::new();
    let (mut start, mut total) = (0, 0);
    for (index, input) in inputs.iter().enumerate() {
        let size = bytes(input);
        if index > start && (index - start >= CHUNK_RECORDINGS || total + size > CHUNK_BYTES) {
            chunks.push(start..index);
            (start, total) = (index, 0);
        }
        total += size;
    }
    chunks.push(start..inputs.len());
    chunks
}

/// A recording's samples at `sample_rate_hz`.
fn decode(input: &Input, sample_rate_hz: u32) -> Result<Recording, String> {
    match &input.source {
        Source::File(path) => {
            read_recording(path, sample_rate_hz).map_err(|error| error.to_string())
        }
        Source::Memory(bytes) => decode_recording(bytes.clone(), &input.id, sample_rate_hz)
            .map_err(|error| error.to_string()),
        Source::Stored { store, index } => store
            .recording(*index, sample_rate_hz)
            .map_err(|error| error.to_string()),
    }
}

fn prepare(front_end: &FrontEnd, input: &Input) -> Result<Prepared, String> {
    let recording = decode(input, front_end.config().sample_rate_hz)?;
    let features = front_end.features(&recording.waveform.samples);
    let seconds = recording.waveform.duration_s();
    if features.num_frames() == 0 {
        return Err(format!(
            "`{}` is too short: {seconds:.3} s hold no feature frame",
            input.path()
        ));
    }
    Ok(Prepared {
        features,
        seconds,
        warnings: recording.warnings.iter().map(ToString::to_string).collect(),
    })
}

/// Embeds what could be prepared, in batches over the segments of all.
fn encode(
    embedder: &Embedder,
    prepared: Vec<Result<Prepared, String>>,
) -> Result<Vec<Result<Embedded, String>>> {
    let mut features = Vec::with_capacity(prepared.len());
    let rest: Vec<Result<(f64, Vec<String>), String>> = prepared
        .into_iter()
        .map(|prepared| {
            prepared.map(|prepared| {
                features.push(prepared.features);
                (prepared.seconds, prepared.warnings)
            })
        })
        .collect();
    let mut embeddings = embedder.embed_features(&features)?.into_iter();
    rest.into_iter()
        .map(|outcome| match outcome {
            Err(reason) => Ok(Err(reason)),
            Ok((seconds, warnings)) => {
                let embedding = embeddings.next().ok_or_else(|| {
                    anyhow!(
                        "the model gave fewer embeddings than recordings; report this as a defect"
                    )
                })?;
                Ok(Ok(Embedded {
                    embedding,
                    seconds,
                    warnings,
                }))
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_size(bytes: usize) -> Input {
        Input {
            id: String::new(),
            source: Source::Memory(vec![0; bytes]),
            speaker: None,
        }
    }

    #[test]
    fn chunks_are_bounded_by_count_and_by_bytes() {
        let small: Vec<Input> = (0..130).map(|_| of_size(1)).collect();
        assert_eq!(chunks(&small), [0..64, 64..128, 128..130]);
        let large: Vec<Input> = [1, 17 << 20, 1, 1].map(of_size).into_iter().collect();
        assert_eq!(chunks(&large), [0..1, 1..2, 2..4]);
    }
}
