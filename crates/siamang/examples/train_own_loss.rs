//! An own loss: angular prototypes (Chung et al., Interspeech 2020), plugged into the training. Its scale and offset are
//! optimised, checkpointed and resumed like any other weight.
//! `cargo run --release -p siamang --example train_own_loss [RUN]`
#![allow(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "an example prints what it found, and batches are small"
)]

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use burn::module::{Module, Param};
use burn::tensor::{Tensor, TensorData, activation};
use serde::{Deserialize, Serialize};
use siamang::{Model, shipped};
use speaker_model::{
    Batches, Initialiser, Loss, LossBatch, LossChoice, LossInput, LossOutput, ModelError, Term,
};
use speech_data::{Manifest, TrialList};
use trainer::{OnCollapse, RunOptions, TrainConfig, TrainData, train_with};

/// What one writes under `[loss]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AngularConfig {
    /// Factor of the cosines at the beginning.
    scale: f32,
}

/// Each speaker's last segment has to be nearer to the mean of that speaker's other segments than to those of the others:
/// cross entropy over `scale * cosine + offset`.
#[derive(Module, Debug)]
struct AngularPrototypes {
    scale: Param<Tensor<1>>,
    offset: Param<Tensor<1>>,
}

impl LossChoice for AngularConfig {
    type Loss = AngularPrototypes;

    fn validate(&self) -> Result<(), ModelError> {
        match self.scale > 0.0 && self.scale.is_finite() {
            true => Ok(()),
            false => Err(ModelError::Config {
                field: "loss.scale",
                found: self.scale.to_string(),
                expected: "a positive number",
            }),
        }
    }

    fn build(
        &self,
        _: LossInput,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<AngularPrototypes, ModelError> {
        Ok(AngularPrototypes {
            scale: initialiser.constant(1, self.scale)?,
            offset: initialiser.constant(1, -5.0)?,
        })
    }

    fn wants(&self) -> Batches {
        Batches::Grouped(2)
    }
}

impl Loss for AngularPrototypes {
    fn loss(&self, outputs: Tensor<2>, batch: &LossBatch<'_>) -> Result<LossOutput, ModelError> {
        let device = outputs.device();
        let speakers = groups(batch.labels);
        let (num_speakers, num_segments) = (speakers.len(), batch.labels.len());
        // Rows that pick each speaker's query, and take the mean of its other segments.
        let (mut query, mut mean) = (
            vec![0.0_f32; num_speakers * num_segments],
            vec![0.0_f32; num_speakers * num_segments],
        );
        for (row, segments) in speakers.iter().enumerate() {
            let Some((last, others)) = segments.split_last().filter(|(_, rest)| !rest.is_empty())
            else {
                return Err(ModelError::Shape {
                    what: "segments of a speaker in a batch",
                    found: "1".to_owned(),
                    expected: "at least 2".to_owned(),
                });
            };
            query[row * num_segments + last] = 1.0;
            for other in others {
                mean[row * num_segments + other] = 1.0 / others.len() as f32;
            }
        }
        let shape = [num_speakers, num_segments];
        let matrix = |values| Tensor::<2>::from_data(TensorData::new(values, shape), &device);
        let queries = unit_length(matrix(query).matmul(outputs.clone()));
        let prototypes = unit_length(matrix(mean).matmul(outputs));
        let cosines = queries.matmul(prototypes.transpose());
        let logits = cosines.clone() * self.scale.val().unsqueeze() + self.offset.val().unsqueeze();
        let own = Tensor::<2>::eye(num_speakers, &device);
        let mean_of_own = |values: Tensor<2>| (values * own.clone()).sum() / num_speakers as f32;
        let value = mean_of_own(activation::log_softmax(logits, 1)).neg();
        Ok(LossOutput {
            terms: vec![Term::new("own_cosine", "", mean_of_own(cosines))],
            value,
            // Where all outputs are alike, every speaker is as likely.
            when_alike: Some((num_speakers as f64).ln()),
            num_pairs: None,
        })
    }
}

/// The segments of each speaker, in order.
fn groups(labels: &[usize]) -> Vec<Vec<usize>> {
    let mut groups = std::collections::BTreeMap::<usize, Vec<usize>>::new();
    for (segment, &speaker) in labels.iter().enumerate() {
        groups.entry(speaker).or_default().push(segment);
    }
    groups.into_values().collect()
}

/// Rows `[rows, width]` of length 1.
fn unit_length(rows: Tensor<2>) -> Tensor<2> {
    let squares = rows.clone() * rows.clone();
    rows / (squares.sum_dim(1) + 1e-12).sqrt()
}

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
    let mut config = TrainConfig::parse(recipe, "voices")?.with_loss(AngularConfig { scale: 10.0 });
    config.max_steps = 30;
    config.eval_every = 30;
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
    let outcome = train_with(&config, &data, &options, &|_| {})?;
    let untrained = trainer::mean_eer(&outcome.progress.untrained).unwrap_or(f64::NAN);
    let trained = outcome.progress.best.map_or(f64::NAN, |(eer, _)| eer);
    println!(
        "{} steps: dev EER {:.1} %, untrained {:.1} %",
        outcome.progress.step,
        100.0 * trained,
        100.0 * untrained
    );
    println!(
        "{} has embeddings of {} dimensions",
        run.display(),
        Model::of_run(&run)?.dim()
    );
    Ok(())
}
