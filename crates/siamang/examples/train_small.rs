//! A small training: twenty steps on the synthesised voices, and what came of it.
//! `cargo run --release -p siamang --example train_small [RUN]`
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example prints what it found"
)]

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use siamang::{Centre, EmbeddingSet, Model, SpeechDetector, TrialSource, evaluate, shipped};
use speaker_eval::BootstrapSettings;
use speech_data::{Manifest, ReadOptions, TrialList};
use trainer::{OnCollapse, RunOptions, TrainConfig, TrainData, train};

/// Set it, from a signal's handler say, to stop after the step at hand.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let run = match std::env::args_os().nth(1) {
        Some(run) => PathBuf::from(run),
        None => tempfile::tempdir()?.keep().join("run"),
    };
    let voices = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/voices"));
    let manifest = Manifest::read(voices, None)?;
    let part = |filter: &str| manifest.filter(&[filter.parse()?]);
    let data = TrainData {
        train: part("split=train")?,
        dev: vec![TrialList::read(&voices.join("trials/dev.txt"))?],
        dev_manifest: Some(part("split=dev")?),
        dev_root: voices.to_owned(),
        description: "synthesised voices".to_owned(),
        teacher: None,
        initial: None,
        unlabelled: None,
        yardstick: None,
        listener: None,
    };

    let recipe = shipped::config("voices").unwrap_or_default();
    let mut config = TrainConfig::parse(recipe, "voices")?;
    config.max_steps = 20;
    config.eval_every = 20;
    let options = RunOptions {
        out: run.clone(),
        cache: trainer::default_cache_directory(),
        device: speaker_model::device("flex")?,
        num_workers: 1,
        resume: false,
        on_collapse: OnCollapse::Warn,
        interrupted: &INTERRUPTED,
        commit: "an example".to_owned(),
        command: None,
    };
    let outcome = train(&config, &data, &options, &|_| {})?;
    println!("{} steps: {}", outcome.progress.step, run.display());

    // On voices that it has not heard.
    let model = Model::of_run(&run)?;
    let list = TrialList::read(&voices.join("trials/test.txt"))?;
    let source = TrialSource::open(Some(voices), None, &ReadOptions::default())?;
    let (inputs, _) = source.inputs(&list.utterances().into_iter().collect());
    let (set, _) = EmbeddingSet::embed(
        &model.embedder(Centre::Model),
        &inputs,
        SpeechDetector::default(),
        &(),
    )?;
    let settings = BootstrapSettings::default();
    let evaluation = evaluate(&list, &set, source.manifest(), None, &settings)?;
    println!("EER {:.1} %", 100.0 * evaluation.report.eer);
    Ok(())
}
