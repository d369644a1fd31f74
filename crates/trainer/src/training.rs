//! The training loop.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use audio_features::augment::Augmenter;
use audio_features::{Features, FrontEnd};
use burn::module::Module;
use burn::tensor::Device;
use diagnosis::Run;
use diagnosis::journal::{EndReason, Evaluation, Event, Journal, JournalWriter, Start};
use pair_sampler::BatchSampler;
use rayon::prelude::*;
use speaker_model::{Bundle, Embedder, LossChoice, Origin, SpeakerNetwork};
use speech_data::Manifest;

use crate::TrainError;
use crate::batch::{BatchMaker, with_batches};
use crate::checkpoint::{Progress, RunDirectory};
use crate::config::TrainConfig;
use crate::coverage::Coverage;
use crate::data::FeatureBank;
use crate::evaluate::{DevSet, mean_eer};
use crate::facts::facts;
use crate::judging::{OnCollapse, Told};
use crate::optimise::{Optimiser, weight_norm};
use crate::run::{Notice, Outcome, RunOptions};
use crate::soundings::Soundings;
use crate::summary::StepMeans;

/// Steps between two lines of the journal.
const LOG_EVERY: u64 = 10;

/// Training recordings whose statistics a bundle uses.
const SAMPLE_RECORDINGS: usize = 500;

/// Training recordings that the input treatment is fitted to.
const FITTED_RECORDINGS: usize = 5_000;

/// Everything that stays the same over a run.
pub(crate) struct Training<'a, C: LossChoice> {
    pub(crate) config: &'a TrainConfig<C>,
    pub(crate) options: &'a RunOptions<'a>,
    pub(crate) run: RunDirectory,
    pub(crate) dev: DevSet,
    pub(crate) soundings: Soundings,
    pub(crate) origin: Origin,
    pub(crate) manifest: &'a Manifest,
    pub(crate) sampler: &'a BatchSampler,
    pub(crate) bank: &'a FeatureBank,
    pub(crate) front_end: &'a FrontEnd,
    pub(crate) augmenter: Option<&'a Augmenter>,
    pub(crate) notify: &'a (dyn Fn(Notice<'_>) + Sync),
}

/// What changes from step to step.
pub(crate) struct State<C: LossChoice> {
    pub(crate) network: SpeakerNetwork<C::Loss>,
    pub(crate) optimiser: Optimiser,
    pub(crate) progress: Progress,
    pub(crate) coverage: Coverage,
    pub(crate) journal: JournalWriter,
    pub(crate) history: Run,
    pub(crate) told: Told,
    pub(crate) collapsed: bool,
}

impl<C: LossChoice> Training<'_, C> {
    /// Trains from the first step, or the last checkpoint, to the end.
    pub(crate) fn run(&self) -> Result<Outcome, TrainError> {
        let maker = self.maker();
        let mut state = self.start()?;
        self.begin(&mut state, &maker)?;
        match self.steps(&mut state, &maker) {
            Ok(reason) => {
                let verdict = self.end_run(&mut state, reason)?;
                Ok(Outcome {
                    reason,
                    progress: state.progress,
                    verdict,
                })
            }
            Err(error) => {
                if matches!(error, TrainError::NonFinite { .. }) {
                    self.end_run(&mut state, EndReason::NonFinite)?;
                }
                Err(error)
            }
        }
    }

    /// The checks before the first step alone.
    pub(crate) fn preflight_alone(&self) -> Result<Event, TrainError> {
        let device = self.options.device.clone().autodiff();
        let network = self.fitted(self.new_network(&device)?, &device)?;
        self.preflight_event(&network, 0, &self.maker())
    }

    /// The network before what is fitted to recordings, if anything is.
    fn new_network(&self, device: &Device) -> Result<SpeakerNetwork<C::Loss>, TrainError> {
        let config = self.config;
        let bins = config.features.num_bins;
        let network =
            SpeakerNetwork::new(bins, &config.encoder, &config.loss, config.seed, device)?;
        network.try_map_encoder(|encoder| Ok(encoder.with_compute_type(config.precision)))
    }

    fn maker(&self) -> BatchMaker<'_> {
        BatchMaker::new(
            self.config,
            self.manifest,
            self.sampler,
            self.bank,
            self.front_end,
            self.augmenter,
        )
    }

    /// Takes the steps from where `state` stands to the end, and evaluates there.
    fn steps(&self, state: &mut State<C>, maker: &BatchMaker<'_>) -> Result<EndReason, TrainError> {
        let first = state.progress.step;
        let reason = with_batches(maker, first, self.options.num_workers, |batches| {
            let begin = Instant::now();
            let pairwise = self.config.loss.pairwise();
            let mut means = StepMeans::new(pairwise, Duration::ZERO);
            loop {
                if let Some(reason) = self.end(state, begin.elapsed()) {
                    break Ok::<_, TrainError>(reason);
                }
                let batch = batches.next()?;
                let device = self.options.device.clone().autodiff();
                self.step(state, batch, &device, &mut means)?;
                let step = state.progress.step;
                if step.is_multiple_of(LOG_EVERY) || step == self.config.max_steps {
                    let summary = means.finish(
                        &state.coverage,
                        weight_norm(&state.network),
                        batches.waited(),
                    );
                    self.emit(state, &Event::Steps(summary))?;
                    means = StepMeans::new(pairwise, batches.waited());
                }
                if step.is_multiple_of(self.config.eval_every) {
                    self.evaluate_and_save(state, maker)?;
                    means.restart_clock();
                }
            }
        })?;
        // A run of no steps leaves the untrained network, which others are measured against.
        if !state.progress.step.is_multiple_of(self.config.eval_every) || !self.run.has_checkpoint()
        {
            if reason == EndReason::Interrupted {
                let bundle = self.bundle(state)?;
                self.save(state, &bundle, false)?;
            } else {
                self.evaluate_and_save(state, maker)?;
            }
        }
        Ok(reason)
    }

    /// The network and optimiser to begin with: new ones, or the last checkpoint's.
    fn start(&self) -> Result<State<C>, TrainError> {
        let device = self.options.device.clone().autodiff();
        let network = self.new_network(&device)?;
        let optimiser = Optimiser::new(&self.config.optimiser);
        let resumes = self.options.resume && self.run.has_checkpoint();
        let (network, optimiser, progress) = if resumes {
            self.run.resume(network, optimiser)?
        } else {
            let network = self.fitted(network, &device)?;
            (network, optimiser, Progress::default())
        };
        let mut coverage =
            Coverage::new(self.sampler.num_speakers(), self.manifest.utterances.len());
        coverage.replay(self.sampler, progress.step);
        let journal = JournalWriter::open(self.run.path(), resumes.then_some(progress.step))?;
        let before = Journal::read(self.run.path())?;
        let history = Run::new(facts(self.config), &before.events);
        Ok(State {
            told: Told::of(&history),
            history,
            journal,
            network,
            optimiser,
            coverage,
            progress,
            collapsed: false,
        })
    }

    /// Says what begins; checks it, and evaluates the untrained network, unless a run goes on.
    fn begin(&self, state: &mut State<C>, maker: &BatchMaker<'_>) -> Result<(), TrainError> {
        let resumes = self.options.resume && self.run.has_checkpoint();
        let start = Event::Start(Start {
            step: state.progress.step,
            max_steps: self.config.max_steps,
            num_speakers: self.sampler.num_speakers(),
            num_utterances: self.manifest.utterances.len(),
            num_parameters: state.network.num_params(),
            same_share: Some(self.sampler.expected_same_share()),
            commit: self.options.commit.clone(),
        });
        self.emit(state, &start)?;
        if resumes {
            // The journal has it from the time before.
            (self.notify)(Notice::Event(&evaluation(&state.progress, false)));
            return Ok(());
        }
        self.preflight(state, maker)?;
        let bundle = self.bundle(state)?;
        let embeddings = self.dev.embed(bundle.embedder())?;
        state.progress.untrained = self.dev.results(&embeddings, bundle.embedder().centre())?;
        state.progress.last = state.progress.untrained.clone();
        let event = evaluation(&state.progress, false);
        self.emit(state, &event)?;
        self.judge(state, maker, &bundle, &embeddings)
    }

    /// Why the run should end now, if it should.
    fn end(&self, state: &State<C>, elapsed: Duration) -> Option<EndReason> {
        let progress = &state.progress;
        let minutes = elapsed.as_secs_f64() / 60.0;
        if self.options.interrupted.load(Ordering::Relaxed) {
            Some(EndReason::Interrupted)
        } else if state.collapsed && self.options.on_collapse == OnCollapse::Stop {
            Some(EndReason::Collapse)
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

    /// The network as it stands, ready to embed.
    fn bundle(&self, state: &State<C>) -> Result<Bundle, TrainError> {
        let encoder = state.network.encoder().clone();
        let recordings = match encoder.needs_statistics() || self.config.centre {
            true => self.sample(SAMPLE_RECORDINGS, None),
            false => Vec::new(),
        };
        let embedder = Embedder::of_training(
            self.front_end.clone(),
            encoder,
            self.config.segmentation,
            self.config.centre,
            &recordings,
            &self.options.device,
        )?;
        let origin = Origin {
            step: state.progress.step,
            ..self.origin.clone()
        };
        Ok(Bundle::new(embedder, origin))
    }

    /// The untrained network with what is fitted to training recordings, if anything is: to recordings as they are and, where
    /// the training changes them, as it will hear them.
    fn fitted(
        &self,
        network: SpeakerNetwork<C::Loss>,
        device: &Device,
    ) -> Result<SpeakerNetwork<C::Loss>, TrainError> {
        if !network.encoder().needs_fitting() {
            return Ok(network);
        }
        let mut recordings = self.sample(FITTED_RECORDINGS, None);
        if self.augmenter.is_some() {
            recordings.extend(self.sample(FITTED_RECORDINGS, self.augmenter));
        }
        Ok(network.try_map_encoder(|encoder| encoder.fitted(&recordings, device))?)
    }

    /// Features of at most `count` training recordings, evenly spaced over the manifest, changed by `augmenter`.
    fn sample(&self, count: usize, augmenter: Option<&Augmenter>) -> Vec<Features> {
        let utterances = &self.manifest.utterances;
        let stride = utterances.len().div_ceil(count);
        let every = utterances.par_iter().step_by(stride).enumerate();
        every
            .filter_map(|(seed, utterance)| {
                // A recording that has vanished since its features were made cannot move a mean much.
                let features = self.bank.log_mel(&utterance.location).ok()?;
                let mut features = features.into_features();
                if let Some(augmenter) = augmenter {
                    augmenter.augment(seed as u64, &mut features);
                }
                self.front_end.finish(&mut features);
                Some(features)
            })
            .collect()
    }

    fn evaluate_and_save(
        &self,
        state: &mut State<C>,
        maker: &BatchMaker<'_>,
    ) -> Result<(), TrainError> {
        let bundle = self.bundle(state)?;
        let embeddings = self.dev.embed(bundle.embedder())?;
        state.progress.last = self.dev.results(&embeddings, bundle.embedder().centre())?;
        let eer = mean_eer(&state.progress.last);
        let best = eer.is_some_and(|eer| state.progress.best.is_none_or(|(best, _)| eer < best));
        if best {
            state.progress.best = eer.map(|eer| (eer, state.progress.step));
            state.progress.evaluations_since_best = 0;
        } else {
            state.progress.evaluations_since_best += 1;
        }
        let event = evaluation(&state.progress, best);
        self.emit(state, &event)?;
        self.judge(state, maker, &bundle, &embeddings)?;
        self.save(state, &bundle, best)
    }

    fn save(&self, state: &mut State<C>, bundle: &Bundle, best: bool) -> Result<(), TrainError> {
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

    pub(crate) fn emit(&self, state: &mut State<C>, event: &Event) -> Result<(), TrainError> {
        state.journal.write(event)?;
        state.history.add(event);
        (self.notify)(Notice::Event(event));
        Ok(())
    }
}

/// The last evaluation as an event.
fn evaluation(progress: &Progress, best: bool) -> Event {
    Event::Evaluation(Evaluation {
        step: progress.step,
        mean_eer: mean_eer(&progress.last),
        untrained_eer: mean_eer(&progress.untrained),
        lists: progress.last.clone(),
        best,
    })
}
