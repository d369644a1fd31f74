//! Trains with a loss that Siamang does not have: `cargo run --release -p trainer --example own_loss -- data/voices RUN`.

#[allow(
    unreachable_pub,
    reason = "in a library of one's own it would be public"
)]
mod loss;

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use loss::MarginSoftmaxConfig;
use speech_data::Manifest;
use trainer::{Notice, OnCollapse, RunOptions, TrainConfig, TrainData, train_with};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(root), Some(out)) = (arguments.next(), arguments.next()) else {
        return Err("give a folder of recordings by speaker and a directory for the run".into());
    };
    let all = Manifest::read(&root, None)?;
    let data = TrainData {
        dev: Vec::new(),
        dev_manifest: None,
        dev_root: root,
        description: "an example".to_owned(),
        train: all,
    };
    let mut config =
        TrainConfig::read("configs/voices.toml".as_ref())?.with_loss(MarginSoftmaxConfig {
            num_speakers: data.train.speakers().len(),
            margin: 0.2,
            scale: 16.0,
        });
    config.max_steps = 100;
    let interrupted = AtomicBool::new(false);
    let options = RunOptions {
        cache: out.join("cache"),
        device: speaker_model::device("flex")?,
        num_workers: 1,
        resume: false,
        on_collapse: OnCollapse::Warn,
        interrupted: &interrupted,
        commit: String::new(),
        out,
    };
    let outcome = train_with(&config, &data, &options, &|notice| {
        if let Notice::Event(event) = notice {
            println!("{event:?}");
        }
    })?;
    println!("{:?} after {} steps", outcome.reason, outcome.progress.step);
    Ok(())
}
