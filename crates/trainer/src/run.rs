//! The training loop.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use audio_features::{Features, FrontEnd, Normalisation};
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use pair_sampler::{BatchSampler, Manifest, TrialList};
use speaker_model::{
    Bundle, DropoutStream, Embedder, EmbeddingLayer, Origin, PairLoss, SpeakerNetwork, all_pairs,
    explicit_pairs, write_atomically,
};

use crate::TrainError;
use crate::batch::{Batch, BatchMaker, with_batches};
use crate::checkpoint::{Progress, RunDirectory};
use crate::config::TrainConfig;
use crate::coverage::Coverage;
use crate::data::{FeatureBank, Skipped};
use crate::evaluate::{DevSet, ListResult, mean_eer};
use crate::journal::{EndReason, Event, Journal};
use crate::optimise::{Optimiser, weight_norm};
use crate::summary::StepMeans;

/// The recordings of a training.
#[derive(Clone, Debug)]
pub struct TrainData {
    /// Training utterances.
    pub train: Manifest,
    /// Development trials, over recordings below `dev_root`; may be empty.
    pub dev: Vec<TrialList>,
    /// What the trials' names are relative to.
    pub dev_root: PathBuf,
    /// The data in words, for the bundle.
    pub description: String,
}

/// Where and how a training runs; nothing here changes its result.
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
    /// The last evaluation.
    pub last: Vec<ListResult>,
}

/// Steps between two lines of the journal.
const LOG_EVERY: u64 = 10;

/// Training recordings whose statistics a bundle uses.
const SAMPLE_RECORDINGS: usize = 500;

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
    config.validate()?;
    let run = open_run(config, options)?;
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
    let training = Training {
        config,
        options,
        run,
        dev: DevSet::read(&bank, &data.dev_root, &data.dev)?,
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
    training.run()
}

/// Makes the run's directory and writes its configuration, or checks it where the run goes on.
fn open_run(config: &TrainConfig, options: &RunOptions<'_>) -> Result<RunDirectory, TrainError> {
    let run = RunDirectory::new(&options.out);
    std::fs::create_dir_all(run.path()).map_err(TrainError::io(run.path()))?;
    if run.has_checkpoint() && !options.resume {
        return Err(TrainError::Checkpoint {
            path: run.path().to_owned(),
            found: "a run is there already".to_owned(),
            remedy: "go on with `--resume`, or give another `--out`",
        });
    }
    let path = run.path().join("config.toml");
    if run.has_checkpoint() {
        check_same(&TrainConfig::read(&path)?, config, &path)?;
    }
    let text = toml::to_string(config).map_err(|error| TrainError::Config {
        place: path.display().to_string(),
        found: error.to_string(),
        remedy: "report this as a defect",
    })?;
    write_atomically(&path, text.as_bytes()).map_err(TrainError::io(&path))?;
    Ok(run)
}

/// A run goes on with the configuration that it began with, but for when it ends and how often it is looked at.
fn check_same(saved: &TrainConfig, config: &TrainConfig, path: &Path) -> Result<(), TrainError> {
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
    Err(TrainError::Config {
        place: path.display().to_string(),
        found: "the run began with another configuration than the one it should go on with"
            .to_owned(),
        remedy: "resume with the options that it began with, or start another `--out`",
    })
}

/// Everything that stays the same over a run.
struct Training<'a> {
    config: &'a TrainConfig,
    options: &'a RunOptions<'a>,
    run: RunDirectory,
    dev: DevSet,
    origin: Origin,
    manifest: &'a Manifest,
    sampler: &'a BatchSampler,
    bank: &'a FeatureBank,
    front_end: &'a FrontEnd,
    notify: &'a (dyn Fn(Notice<'_>) + Sync),
}

/// What changes from step to step.
struct State {
    network: SpeakerNetwork,
    optimiser: Optimiser,
    progress: Progress,
    coverage: Coverage,
    journal: Journal,
    last: Vec<ListResult>,
}

impl Training<'_> {
    fn run(&self) -> Result<Outcome, TrainError> {
        let mut state = self.start()?;
        let maker = BatchMaker::new(
            self.config,
            self.manifest,
            self.sampler,
            self.bank,
            self.front_end,
        )?;
        let first = state.progress.step;
        let reason = with_batches(&maker, first, self.options.num_workers, |batches| {
            let begin = Instant::now();
            let mut means = StepMeans::new(Duration::ZERO);
            loop {
                if let Some(reason) = self.end(&state.progress, begin.elapsed()) {
                    break Ok::<_, TrainError>(reason);
                }
                let batch = batches.next()?;
                let device = self.options.device.clone().autodiff();
                self.step(&mut state, &batch, &device, &mut means)?;
                let step = state.progress.step;
                if step % LOG_EVERY == 0 || step == self.config.max_steps {
                    let summary = means.finish(
                        &state.coverage,
                        weight_norm(&state.network),
                        batches.waited(),
                    );
                    self.emit(&mut state, &Event::Steps(summary))?;
                    means = StepMeans::new(batches.waited());
                }
                if step % self.config.eval_every == 0 {
                    self.evaluate_and_save(&mut state)?;
                    means.restart_clock();
                }
            }
        })?;
        // A run of no steps leaves the untrained network, which others are measured against.
        if state.progress.step % self.config.eval_every != 0 || !self.run.has_checkpoint() {
            if reason == EndReason::Interrupted {
                let bundle = self.bundle(&state)?;
                self.save(&mut state, &bundle, false)?;
            } else {
                self.evaluate_and_save(&mut state)?;
            }
        }
        let step = state.progress.step;
        self.emit(&mut state, &Event::End { step, reason })?;
        let State { progress, last, .. } = state;
        Ok(Outcome {
            reason,
            progress,
            last,
        })
    }

    /// The network and optimiser to begin with: new ones and their evaluation, or the last checkpoint's.
    fn start(&self) -> Result<State, TrainError> {
        let device = self.options.device.clone().autodiff();
        let network = SpeakerNetwork::new(&self.config.model, self.config.seed, &device)?;
        let optimiser = Optimiser::new(&self.config.optimiser);
        let resumes = self.options.resume && self.run.has_checkpoint();
        let (network, optimiser, progress) = if resumes {
            self.run.resume(network, optimiser)?
        } else {
            (network, optimiser, Progress::default())
        };
        let mut coverage =
            Coverage::new(self.sampler.num_speakers(), self.manifest.utterances.len());
        coverage.replay(self.sampler, progress.step);
        let mut state = State {
            journal: Journal::open(self.run.path(), resumes.then_some(progress.step))?,
            network,
            optimiser,
            coverage,
            last: Vec::new(),
            progress,
        };
        let start = Event::Start {
            step: state.progress.step,
            max_steps: self.config.max_steps,
            num_speakers: self.sampler.num_speakers(),
            num_utterances: self.manifest.utterances.len(),
            num_parameters: state.network.num_params(),
            same_share: self.sampler.expected_same_share(),
            commit: self.options.commit.clone(),
        };
        self.emit(&mut state, &start)?;
        if !resumes {
            let bundle = self.bundle(&state)?;
            state.progress.untrained = self.dev.evaluate(&bundle.embedder)?;
            state.last = state.progress.untrained.clone();
            self.emit_evaluation(&mut state, false)?;
        }
        Ok(state)
    }

    /// Why the run should end now, if it should.
    fn end(&self, progress: &Progress, elapsed: Duration) -> Option<EndReason> {
        let minutes = elapsed.as_secs_f64() / 60.0;
        if self.options.interrupted.load(Ordering::Relaxed) {
            Some(EndReason::Interrupted)
        } else if progress.step >= self.config.max_steps {
            Some(EndReason::MaxSteps)
        } else if self
            .config
            .max_minutes
            .is_some_and(|limit| minutes >= limit)
        {
            Some(EndReason::MaxMinutes)
        } else if self
            .config
            .patience
            .is_some_and(|patience| progress.evaluations_since_best >= patience)
        {
            Some(EndReason::EarlyStop)
        } else {
            None
        }
    }

    /// One training step.
    fn step(
        &self,
        state: &mut State,
        batch: &Batch,
        device: &Device,
        means: &mut StepMeans,
    ) -> Result<(), TrainError> {
        let index = state.progress.step;
        let data = TensorData::new(batch.features.clone(), batch.shape);
        let mut dropout = DropoutStream::new(self.config.seed, index);
        let features = Tensor::from_data(data, device);
        let logits = state
            .network
            .logits(features, batch.lengths.as_deref(), &mut dropout);
        let pair_loss = self.loss(logits, batch)?;
        let loss: f32 = pair_loss.loss.clone().into_scalar();
        let non_finite = |what| TrainError::NonFinite {
            step: index + 1,
            what,
            utterances: batch
                .utterances
                .iter()
                .map(|&utterance| self.manifest.utterances[utterance].id.clone())
                .collect(),
        };
        if !loss.is_finite() {
            return Err(non_finite("loss"));
        }
        let optimiser = &self.config.optimiser;
        let learning_rate =
            optimiser.learning_rate * optimiser.schedule.factor(index, self.config.max_steps);
        // Burn's modules share their tensors: this clone copies pointers.
        let (network, gradient_norm) =
            state
                .optimiser
                .step(state.network.clone(), &pair_loss.loss, learning_rate);
        if !gradient_norm.is_finite() {
            return Err(non_finite("gradient"));
        }
        state.network = network;
        state.progress.step += 1;
        state.coverage.visit(batch);
        let plateau = self
            .config
            .loss
            .plateau(pair_loss.num_same, pair_loss.num_different);
        means.add(
            state.progress.step,
            &pair_loss,
            plateau,
            gradient_norm,
            learning_rate,
            batch.shape[1],
        );
        Ok(())
    }

    fn loss(&self, logits: Tensor<2>, batch: &Batch) -> Result<PairLoss, TrainError> {
        let Some(pairs) = &batch.pairs else {
            return Ok(all_pairs(logits, &batch.speakers, &self.config.loss)?);
        };
        let rows = |side: fn(&(usize, usize)) -> usize| {
            let rows: Vec<i64> = pairs.iter().map(|pair| side(pair) as i64).collect();
            let rows =
                Tensor::<1, Int>::from_data(TensorData::from(rows.as_slice()), &logits.device());
            logits.clone().select(0, rows)
        };
        let same: Vec<bool> = pairs
            .iter()
            .map(|&(a, b)| batch.speakers[a] == batch.speakers[b])
            .collect();
        Ok(explicit_pairs(
            rows(|pair| pair.0),
            rows(|pair| pair.1),
            &same,
            &self.config.loss,
        )?)
    }

    /// The network as it stands, ready to embed.
    fn bundle(&self, state: &State) -> Result<Bundle, TrainError> {
        let mut embedder = Embedder::new(
            self.front_end.clone(),
            state.network.encoder.clone(),
            self.config.segmentation,
            None,
            &self.options.device,
        );
        let projects = self.config.model.embedding == EmbeddingLayer::FirstDense;
        if projects || self.config.centre {
            let recordings = self.sample();
            if projects {
                embedder = embedder.with_first_dense(&state.network.head, &recordings)?;
            }
            if self.config.centre {
                let centre = embedder.mean_embedding(&recordings)?;
                embedder = embedder.with_centre(Some(centre));
            }
        }
        let origin = Origin {
            step: state.progress.step,
            ..self.origin.clone()
        };
        Ok(Bundle::new(embedder, self.config.model.clone(), origin))
    }

    /// Features of training recordings evenly spaced over the manifest.
    fn sample(&self) -> Vec<Features> {
        let utterances = &self.manifest.utterances;
        let stride = utterances.len().div_ceil(SAMPLE_RECORDINGS);
        let mut recordings = Vec::new();
        for utterance in utterances.iter().step_by(stride) {
            // A recording that has vanished since its features were made cannot move a mean much.
            if let Ok(features) = self.bank.log_mel(&utterance.path) {
                let mut features = features.to_features();
                self.front_end.finish(&mut features);
                recordings.push(features);
            }
        }
        recordings
    }

    fn evaluate_and_save(&self, state: &mut State) -> Result<(), TrainError> {
        let bundle = self.bundle(state)?;
        state.last = self.dev.evaluate(&bundle.embedder)?;
        let eer = mean_eer(&state.last);
        let best = eer.is_some_and(|eer| state.progress.best.is_none_or(|(best, _)| eer < best));
        if best {
            state.progress.best = eer.map(|eer| (eer, state.progress.step));
            state.progress.evaluations_since_best = 0;
        } else {
            state.progress.evaluations_since_best += 1;
        }
        self.emit_evaluation(state, best)?;
        self.save(state, &bundle, best)
    }

    fn save(&self, state: &mut State, bundle: &Bundle, best: bool) -> Result<(), TrainError> {
        self.run.save(
            bundle,
            &state.network,
            &state.optimiser,
            &state.progress,
            best,
        )?;
        let step = state.progress.step;
        self.emit(state, &Event::Checkpoint { step })
    }

    fn emit_evaluation(&self, state: &mut State, best: bool) -> Result<(), TrainError> {
        let event = Event::Evaluation {
            step: state.progress.step,
            mean_eer: mean_eer(&state.last),
            untrained_eer: mean_eer(&state.progress.untrained),
            lists: state.last.clone(),
            best,
        };
        self.emit(state, &event)
    }

    fn emit(&self, state: &mut State, event: &Event) -> Result<(), TrainError> {
        state.journal.write(event)?;
        (self.notify)(Notice::Event(event));
        Ok(())
    }
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
