//! A folder of recordings to a Parquet file of embeddings, and back.
//! `cargo run --release -p siamang --example embed_folder [FOLDER] [FILE.parquet]`
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example prints what it found"
)]

use std::path::PathBuf;

use siamang::{
    Centre, DEFAULT_MEMORY_MB, Embedded, EmbeddingJob, Error, Input, Model, Progress,
    SpeechDetector, gather, read_embeddings,
};

/// Prints what cannot be used while the work goes on.
struct Watch;

impl Progress for Watch {
    fn recording(&self, _: &Input, outcome: &Result<Embedded, Error>) {
        if let Err(error) = outcome {
            println!("skipped: {error}");
        }
    }
}

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let folder = arguments
        .next()
        .unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/voices/v01").into());
    let out = arguments
        .next()
        .unwrap_or_else(|| std::env::temp_dir().join("siamang-example.parquet"));

    let model = Model::builtin()?;
    let recordings = gather(&[folder])?;
    let job = EmbeddingJob {
        out: &out,
        stream: None,
        model: &model,
        centre: Centre::Model,
        part: None,
        detector: SpeechDetector::default(),
        memory_mb: DEFAULT_MEMORY_MB,
    };
    let made = job.run(recordings.inputs, &Watch)?;
    println!(
        "{} recordings ({:.0} s) as {} numbers each: {}",
        made.num_embedded,
        made.audio_seconds,
        made.dim,
        out.display()
    );

    let set = read_embeddings(&out)?;
    println!(
        "the first one, {}: {:?} …",
        set.ids[0],
        &set.matrix.row(0)[..4]
    );
    Ok(())
}
