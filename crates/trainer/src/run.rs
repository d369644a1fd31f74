//! A training from configuration and recordings to its end: what is prepared before the first step.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use audio_features::augment::Augmenter;
use audio_features::{FrontEnd, Normalisation};
use burn::tensor::Device;
use diagnosis::Verdict;
use diagnosis::journal::{EndReason, Event};
use pair_sampler::BatchSampler;
use speaker_model::{LossChoice, LossConfig, Origin};
use speech_data::{Manifest, Root, TrialList};

use crate::TrainError;
use crate::checkpoint::{Progress, RunDirectory};
use crate::config::{TrainConfig, is_of_0_1};
use crate::data::{FeatureBank, Skipped};
use crate::evaluate::DevSet;
use crate::judging::OnCollapse;
use crate::soundings::Soundings;
use crate::training::Training;

/// The recordings of a training.
#[derive(Clone, Debug)]
pub struct TrainData {
    /// Training utterances.
    pub train: Manifest,
    /// Development trials, over recordings below `dev_root`; may be empty.
    pub dev: Vec<TrialList>,
    /// Speakers and sessions of the development recordings, where they are known: their names are the trials'.
    pub dev_manifest: Option<Manifest>,
    /// What the trials' names are relative to.
    pub dev_root: PathBuf,
    /// The data in words, for the bundle.
    pub description: String,
}

/// Where and how a training runs: what does not belong to its recipe. Steps compute the same whatever is here, but for
/// the device; how many are taken also depends on `resume`, `on_collapse` and `interrupted`.
#[derive(Debug)]
pub struct RunOptions<'a> {
    /// The run's directory.
    pub out: PathBuf,
    /// Where features are cached.
    pub cache: PathBuf,
    /// What computes.
    pub device: Device,
    /// Threads that make batches ahead.
    pub num_workers: usize,
    /// Whether to go on from the last checkpoint in `out`.
    pub resume: bool,
    /// What to do where all outputs have become alike.
    pub on_collapse: OnCollapse,
    /// Set from outside to stop after the step at hand.
    pub interrupted: &'a AtomicBool,
    /// Commit of the program, for journal and bundle.
    pub commit: String,
}

/// What a training tells whoever watches.
#[derive(Debug)]
pub enum Notice<'a> {
    /// So many of so many recordings have their features.
    Preparing {
        /// Recordings done.
        done: usize,
        /// Recordings in all.
        total: usize,
    },
    /// Recordings that cannot be used.
    Skipped(&'a [Skipped]),
    /// A line of the journal.
    Event(&'a Event),
}

/// How a training ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Why.
    pub reason: EndReason,
    /// Steps taken, best EER and the untrained network's.
    pub progress: Progress,
    /// What the run amounts to.
    pub verdict: Verdict,
}

/// Trains a network on `data` as `config` says, and leaves checkpoints, bundles and journal in `options.out`.
///
/// # Errors
/// Any [`TrainError`]; [`TrainError::NonFinite`] where the loss or its gradient is no longer a number. The last
/// checkpoint is whole whatever happens.
pub fn train(
    config: &TrainConfig,
    data: &TrainData,
    options: &RunOptions<'_>,
    notify: &(dyn Fn(Notice<'_>) + Sync),
) -> Result<Outcome, TrainError> {
    train_with::<LossConfig>(config, data, options, notify)
}

/// [`train`] with any loss, also one of one's own: it is optimised, checkpointed and resumed like those of `speaker-model`.
///
/// # Errors
/// As [`train`].
pub fn train_with<C: LossChoice>(
    config: &TrainConfig<C>,
    data: &TrainData,
    options: &RunOptions<'_>,
    notify: &(dyn Fn(Notice<'_>) + Sync),
) -> Result<Outcome, TrainError> {
    config.validate()?;
    let run = open_run(config, options)?;
    prepared(config, data, options, run, notify, |training| {
        training.run()
    })
}

/// Checks what [`train`] with the same arguments checks before its first step, and writes nothing but cached features.
///
/// # Errors
/// Any [`TrainError`].
pub fn preflight(
    config: &TrainConfig,
    data: &TrainData,
    options: &RunOptions<'_>,
    notify: &(dyn Fn(Notice<'_>) + Sync),
) -> Result<Event, TrainError> {
    preflight_with::<LossConfig>(config, data, options, notify)
}

/// [`preflight`] with any loss.
///
/// # Errors
/// Any [`TrainError`].
pub fn preflight_with<C: LossChoice>(
    config: &TrainConfig<C>,
    data: &TrainData,
    options: &RunOptions<'_>,
    notify: &(dyn Fn(Notice<'_>) + Sync),
) -> Result<Event, TrainError> {
    config.validate()?;
    let run = RunDirectory::new(&options.out);
    prepared(config, data, options, run, notify, |training| {
        training.preflight_alone()
    })
}

/// Prepares everything that a training needs, and does something with it.
fn prepared<T, C: LossChoice>(
    config: &TrainConfig<C>,
    data: &TrainData,
    options: &RunOptions<'_>,
    run: RunDirectory,
    notify: &(dyn Fn(Notice<'_>) + Sync),
    then: impl FnOnce(&Training<'_, C>) -> Result<T, TrainError>,
) -> Result<T, TrainError> {
    // The bank keeps raw log-mel features, before any normalisation.
    let mut raw = config.features.clone();
    raw.normalisation = Normalisation::None;
    let bank = FeatureBank::open(&options.cache, FrontEnd::new(raw, None)?)?;
    let total = data.train.utterances.len();
    let prepared = bank.prepare(&data.train, &|done| {
        notify(Notice::Preparing { done, total })
    });
    if !prepared.skipped.is_empty() {
        notify(Notice::Skipped(&prepared.skipped));
    }
    if prepared.manifest.utterances.is_empty() {
        return Err(TrainError::NoData {
            num_found: total,
            reason: prepared
                .skipped
                .first()
                .map_or("the manifest is empty".to_owned(), |s| s.reason.clone()),
        });
    }
    let wants_mean = config.features.normalisation == Normalisation::GlobalMean;
    let mean = wants_mean.then_some(prepared.mean_frame);
    let front_end = FrontEnd::new(config.features.clone(), mean)?;
    let sampler = BatchSampler::new(
        &prepared.manifest,
        config.sampler,
        config.crop,
        config.group_by.clone(),
        config.seed,
    )?;
    let augmenter = config
        .augment
        .as_ref()
        .map(|augment| Augmenter::new(&config.features, augment))
        .transpose()?;
    let dev_manifest = data.dev_manifest.as_ref();
    let root = Root::open(&data.dev_root)?;
    let locate = |name: &str| {
        let known = dev_manifest
            .and_then(|manifest| Some(&manifest.utterances[manifest.find(name)?].location));
        known.cloned().unwrap_or_else(|| root.locate(name))
    };
    let dev = DevSet::read(&bank, locate, &data.dev, augmenter.as_ref())?;
    let manifest = &prepared.manifest;
    let training = Training {
        config,
        options,
        run,
        soundings: Soundings::new(config, manifest, dev_manifest, &bank, &front_end, &dev)?,
        dev,
        augmenter: augmenter.as_ref(),
        origin: Origin {
            data: data.description.clone(),
            data_hash: data_hash(&prepared.manifest),
            commit: options.commit.clone(),
            seed: config.seed,
            step: 0,
        },
        manifest: &prepared.manifest,
        sampler: &sampler,
        bank: &bank,
        front_end: &front_end,
        notify,
    };
    then(&training)
}

/// Makes the run's directory and writes its configuration, or checks it where the run goes on.
fn open_run<C: LossChoice>(
    config: &TrainConfig<C>,
    options: &RunOptions<'_>,
) -> Result<RunDirectory, TrainError> {
    let run = RunDirectory::new(&options.out);
    std::fs::create_dir_all(run.path()).map_err(TrainError::io(run.path()))?;
    if run.has_checkpoint() && !options.resume {
        return Err(TrainError::RunExists {
            path: run.path().to_owned(),
        });
    }
    let path = run.path().join("config.toml");
    if run.has_checkpoint() {
        let text = std::fs::read_to_string(&path).map_err(TrainError::io(&path))?;
        if is_of_0_1(&text) {
            return Err(TrainError::Checkpoint {
                path,
                found: "siamang 0.1 began this run, whose networks have other names".to_owned(),
                remedy: "go on with siamang 0.1, or start another run",
            });
        }
        let place = path.display().to_string();
        check_same(&TrainConfig::parse_with_loss(&text, &place)?, config, &path)?;
    }
    let text = toml::to_string(config).map_err(|error| TrainError::Config {
        place: path.display().to_string(),
        found: error.to_string(),
        remedy: "report this as a defect",
    })?;
    durable::write(&path, text.as_bytes()).map_err(TrainError::io(&path))?;
    Ok(run)
}

/// A run goes on with the configuration that it began with, but for when it ends and how often it is looked at.
fn check_same<C: LossChoice>(
    saved: &TrainConfig<C>,
    config: &TrainConfig<C>,
    path: &Path,
) -> Result<(), TrainError> {
    let with_ends_of_config = TrainConfig {
        max_steps: config.max_steps,
        max_minutes: config.max_minutes,
        eval_every: config.eval_every,
        patience: config.patience,
        ..saved.clone()
    };
    if with_ends_of_config == *config {
        return Ok(());
    }
    Err(TrainError::OtherConfiguration {
        path: path.to_owned(),
    })
}

/// BLAKE3 of the training utterances' ids and speakers: says which data without holding it.
fn data_hash(manifest: &Manifest) -> String {
    let mut hasher = blake3::Hasher::new();
    for utterance in &manifest.utterances {
        for text in [&utterance.id, &utterance.speaker] {
            hasher.update(text.as_bytes());
            hasher.update(&[0]);
        }
    }
    hasher.finalize().to_hex().to_string()
}
