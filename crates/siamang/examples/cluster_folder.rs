//! Who speaks where: a folder of recordings, grouped by speaker.
//! `cargo run --release -p siamang --example cluster_folder [FOLDER]`
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example prints what it found"
)]

use std::path::PathBuf;

use siamang::{ClusterOptions, Error, Model, cluster, gather, numbered};

fn main() -> Result<(), Error> {
    let folders: Vec<PathBuf> = match std::env::args_os().nth(1) {
        Some(folder) => vec![folder.into()],
        None => ["v01", "v02", "v03"]
            .map(|voice| {
                PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/voices")).join(voice)
            })
            .into(),
    };
    let model = Model::builtin()?;
    let recordings = gather(&folders)?;
    let (embeddings, _) = model.embed(&recordings.inputs, &())?;

    // The folders name the speakers, so that the groups can be measured.
    let names: Option<Vec<&str>> = embeddings.speakers.iter().map(Option::as_deref).collect();
    let speakers = names.map(numbered);
    let groups = cluster(
        &embeddings.matrix,
        speakers.as_deref(),
        &ClusterOptions::of(&model),
    )?;
    for (name, group) in embeddings.ids.iter().zip(&groups.labels) {
        println!("speaker {group}: {name}");
    }
    if let Some(scores) = &groups.scores {
        println!("misclassification rate {:.3}", scores.mr_hungarian);
    }
    Ok(())
}
