//! The training loop.

mod checkpoint;
mod choice;
mod lock;
mod measure;
mod plan;
mod recorder;
mod seal;
mod state;
mod step;
mod summary;

use std::time::Instant;

use burn::module::Module;
use diagnosis::journal::{Choice, EndReason, Event, Start, StartData, StartTeacher};
use diagnosis::{Name, Severity, Verdict};
use speaker_model::{Bundle, FittedOn, LossChoice, Origin, TeacherOrigin};
use speaker_scoring::{Centre, Thresholds};

use self::checkpoint::Saved;
pub use self::checkpoint::{Progress, RunDirectory};
use self::choice::choice;
pub(crate) use self::lock::RunLock;

use self::measure::measure;
use self::plan::jumps;
use self::recorder::Recorder;
use self::state::State;
use self::step::step;
use self::summary::StepMeans;
use crate::TrainError;
use crate::data::{Teacher, with_batches};
use crate::evaluate::{CHANGED, Fitted, mean_eer};
use crate::facts::facts;
use crate::initial::{Initial, InitialOrigin};
use crate::material::Material;
use crate::optimise::weight_norm;
use crate::options::{Notice, Notify, OnCollapse, RunOptions};
use crate::preflight::preflight_event;

/// Steps between two lines of the journal.
const LOG_EVERY: u64 = 10;

/// How a training ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Why.
    pub reason: EndReason,
    /// Steps taken, best EER and the untrained network's.
    pub progress: Progress,
    /// What the run amounts to.
    pub verdict: Verdict,
    /// Which model to use, where development trials tell, and the run has not been interrupted.
    pub choice: Option<Choice>,
}

/// A training that begins, or goes on.
pub(crate) struct Training<'a, C: LossChoice> {
    pub(crate) material: &'a Material<'a, C>,
    pub(crate) options: &'a RunOptions<'a>,
    pub(crate) run: RunDirectory,
    pub(crate) origin: Origin,
    pub(crate) teacher: Option<&'a Teacher>,
    /// The model whose weights it begins with.
    pub(crate) initial: Option<&'a Initial>,
    /// Whether it goes on from the last checkpoint.
    pub(crate) resumes: bool,
    /// Steps that it was to have until now, where it goes on.
    pub(crate) planned_steps: Option<u64>,
    /// When this part of the run began, before anything was prepared.
    pub(crate) began: Instant,
    pub(crate) notify: Notify<'a>,
}

impl<C: LossChoice> Training<'_, C> {
    /// Trains from the first step, or the last checkpoint, to the end.
    pub(crate) fn run(&self) -> Result<Outcome, TrainError> {
        let mut state = match self.resumes {
            true => State::resumed(self.material, &self.run, self.notify)?,
            false => State::new(self.material, self.initial, self.notify)?,
        };
        if !self.resumes {
            InitialOrigin::write(state.initial.as_ref(), self.run.path())?;
        }
        let mut recorder = Recorder::open(
            self.run.path(),
            facts(self.material.config),
            self.resumes.then_some(state.progress.step),
            self.notify,
        )?;
        self.begin(&mut state, &mut recorder)?;
        match self.steps(&mut state, &mut recorder) {
            Ok(reason) => {
                let yardstick = self.material.yardstick.as_ref();
                let choice = match reason {
                    EndReason::Interrupted => None,
                    _ => choice(&state.progress, state.initial.is_some(), yardstick),
                };
                Ok(Outcome {
                    reason,
                    verdict: recorder.end(self.ended(&state, reason), choice.clone())?,
                    progress: state.progress,
                    choice,
                })
            }
            Err(error) => {
                if matches!(error, TrainError::NonFinite { .. }) {
                    recorder.end(self.ended(&state, EndReason::NonFinite), None)?;
                }
                Err(error)
            }
        }
    }

    /// The end with how long it all took.
    fn ended(&self, state: &State<C>, reason: EndReason) -> Event {
        Event::End {
            step: state.progress.step,
            reason,
            seconds: Some(self.began.elapsed().as_secs_f64()),
            training_seconds: Some(state.progress.training_s),
        }
    }

    /// Says what begins; checks it, and evaluates the untrained network, unless a run goes on.
    fn begin(&self, state: &mut State<C>, recorder: &mut Recorder<'_>) -> Result<(), TrainError> {
        let material = self.material;
        let unlabelled = material.unlabelled();
        let unlabelled = unlabelled.map(|these| (these.manifest().utterances.len(), these.share()));
        recorder.record(&Event::Start(Start {
            step: state.progress.step,
            max_steps: material.config.max_steps,
            num_speakers: material.sampler().num_speakers(),
            num_utterances: material.heard().utterances.len(),
            num_parameters: state.network.num_params(),
            same_share: Some(material.sampler().expected_same_share()),
            commit: self.options.commit.clone(),
            command: self.options.command.clone(),
            data: Some(StartData {
                description: self.origin.data.clone(),
                hash: self.origin.data_hash.clone(),
            }),
            teacher: self.teacher.map(|teacher| {
                let TeacherOrigin { name, commit, hash } = teacher.origin().clone();
                let dev = material.examined.as_ref();
                let dev = dev.map_or_else(Vec::new, |examined| examined.results.clone());
                StartTeacher {
                    name,
                    commit,
                    hash,
                    dev_eer: mean_eer(&dev),
                    dev,
                }
            }),
            initial: state.initial.as_ref().map(InitialOrigin::journaled),
            num_unlabelled: unlabelled.map_or(0, |(count, _)| count),
            unlabelled_share: unlabelled.map(|(_, share)| share),
            yardstick: material.yardstick.clone(),
        }))?;
        if self.resumes {
            if let Some(planned) = self.planned_steps {
                for words in jumps(material.config, planned, state.progress.step) {
                    (self.notify)(Notice::Warning(&words));
                }
            }
            // The journal has it from the time before.
            let last = state.evaluation(false, Fitted::default());
            recorder.show(&Event::Evaluation(last));
            return Ok(());
        }
        let checks = preflight_event(material, &state.network, state.progress.step)?;
        recorder.record_preflight(&checks)?;
        let bundle = self.bundle(state)?;
        let embeddings = material.dev.embed(bundle.embedder())?;
        let centre = bundle.embedder().centre();
        state.progress.untrained = material.dev.results(&embeddings, centre)?;
        state.progress.last = state.progress.untrained.clone();
        let evaluation = state.evaluation(false, Fitted::default());
        recorder.record(&Event::Evaluation(evaluation))?;
        self.judge(state, recorder, &bundle, &embeddings)
    }

    /// Takes the steps from where `state` stands to the end, and evaluates there.
    fn steps(
        &self,
        state: &mut State<C>,
        recorder: &mut Recorder<'_>,
    ) -> Result<EndReason, TrainError> {
        let config = self.material.config;
        let maker = self.material.batches();
        let device = self.material.device.clone().autodiff();
        let first = state.progress.step;
        let reason = with_batches(&maker, first, self.options.num_workers, |batches| {
            let pairwise = config.loss.pairwise();
            let mut means = StepMeans::new(pairwise.clone());
            loop {
                if let Some(reason) = self.end(state) {
                    break Ok::<_, TrainError>(reason);
                }
                // The clock runs for steps alone, whenever something else comes between them.
                let begin = Instant::now();
                let waited = batches.waited();
                let batch = batches.next()?;
                step(self.material, state, batch, &device, &mut means)?;
                let took = begin.elapsed();
                means.add_time(took, batches.waited().saturating_sub(waited));
                state.progress.training_s += took.as_secs_f64();
                let taken = state.progress.step;
                if taken.is_multiple_of(LOG_EVERY) || taken == config.max_steps {
                    let summary = means.finish(&state.coverage, weight_norm(&state.network));
                    recorder.record(&Event::Steps(summary))?;
                    means = StepMeans::new(pairwise.clone());
                }
                if taken.is_multiple_of(config.eval_every) {
                    self.evaluate_and_save(state, recorder)?;
                }
            }
        })?;
        // A run of no steps leaves the untrained network, which others are measured against.
        if !state.progress.step.is_multiple_of(config.eval_every) || !self.run.has_checkpoint() {
            if reason == EndReason::Interrupted {
                let bundle = self.bundle(state)?;
                self.save(state, recorder, &bundle, false)?;
            } else {
                self.evaluate_and_save(state, recorder)?;
            }
        }
        Ok(reason)
    }

    /// The network as it stands, ready to embed.
    fn bundle(&self, state: &State<C>) -> Result<Bundle, TrainError> {
        let bundle = state.bundle(self.material, &self.origin)?;
        Ok(match self.teacher {
            Some(teacher) => bundle.with_teacher(teacher.origin().clone()),
            None => bundle,
        })
    }

    /// Why the run should end now, if it should.
    fn end(&self, state: &State<C>) -> Option<EndReason> {
        let config = self.material.config;
        let progress = &state.progress;
        let limit = config.max_minutes;
        let patience = config.patience;
        if !self.options.goes_on() {
            Some(EndReason::Interrupted)
        } else if state.collapsed && self.options.on_collapse == OnCollapse::Stop {
            Some(EndReason::Collapse)
        } else if progress.step >= config.max_steps {
            Some(EndReason::MaxSteps)
        } else if limit.is_some_and(|minutes| progress.training_s >= 60.0 * minutes) {
            Some(EndReason::MaxMinutes)
        } else if patience.is_some_and(|patience| progress.evaluations_since_best >= patience) {
            Some(EndReason::EarlyStop)
        } else {
            None
        }
    }

    fn evaluate_and_save(
        &self,
        state: &mut State<C>,
        recorder: &mut Recorder<'_>,
    ) -> Result<(), TrainError> {
        state.average.evaluated(&state.network);
        let bundle = self.bundle(state)?;
        let dev = &self.material.dev;
        let embeddings = dev.embed(bundle.embedder())?;
        let progress = &mut state.progress;
        let centre = bundle.embedder().centre();
        progress.last = dev.results(&embeddings, centre)?;
        let fitted = self.material.thresholds(&embeddings, centre)?;
        let eer = mean_eer(&progress.last);
        let best = eer.is_some_and(|eer| progress.best.is_none_or(|(best, _)| eer < best));
        if best {
            progress.best = eer.map(|eer| (eer, progress.step));
            progress.evaluations_since_best = 0;
        } else {
            progress.evaluations_since_best += 1;
        }
        let bundle = calibrated(bundle, state, &fitted);
        let evaluation = state.evaluation(best, fitted);
        if best {
            state.progress.best_evaluation = Some(evaluation.clone());
        }
        recorder.record(&Event::Evaluation(evaluation))?;
        self.judge(state, recorder, &bundle, &embeddings)?;
        self.save(state, recorder, &bundle, best)
    }

    /// Measures the run as it stands after the evaluation that gave `embeddings`, judges it, and journals both.
    fn judge(
        &self,
        state: &mut State<C>,
        recorder: &mut Recorder<'_>,
        bundle: &Bundle,
        embeddings: &[Vec<f32>],
    ) -> Result<(), TrainError> {
        let begin = Instant::now();
        let measurements = measure(self.material, state, bundle, embeddings)?;
        let (diagnosis, findings) = recorder.judge(&measurements);
        state.collapsed = diagnosis
            .find(Name::Collapse)
            .is_some_and(|finding| finding.severity == Severity::Broken);
        recorder.record(&Event::Diagnosis {
            step: state.progress.step,
            measurements: Box::new(measurements),
            findings,
            seconds: begin.elapsed().as_secs_f64(),
        })
    }

    fn save(
        &self,
        state: &State<C>,
        recorder: &mut Recorder<'_>,
        bundle: &Bundle,
        best: bool,
    ) -> Result<(), TrainError> {
        let saved = Saved {
            bundle,
            network: &state.network,
            optimiser: &state.optimiser,
            average: &state.average.parts(&state.network),
            progress: &state.progress,
        };
        self.run.save(&saved, best)?;
        let step = state.progress.step;
        recorder.record(&Event::Checkpoint { step })
    }
}

/// `bundle` with the thresholds that its development trials gave, as its last evaluation has them.
fn calibrated<C: LossChoice>(bundle: Bundle, state: &State<C>, fitted: &Fitted) -> Bundle {
    let Some(found) = &fitted.thresholds else {
        return bundle;
    };
    let progress = &state.progress;
    let thresholds = Thresholds {
        verify: Some(found.verify),
        cluster: found.cluster,
        centre: Centre::Model,
        model: None,
    };
    // Thresholds are those of recordings as they are, whose lists come first.
    let lists = progress.last.iter();
    let plain = lists.filter(|list| !list.list.ends_with(CHANGED));
    let plain: Vec<_> = plain.cloned().collect();
    bundle.with_fitted_thresholds(
        thresholds,
        FittedOn {
            trials: plain.iter().map(|list| list.list.clone()).collect(),
            num_target: found.num_target,
            num_nontarget: found.num_nontarget,
            num_recordings: found.num_recordings,
            num_speakers: found.num_speakers,
            eer: mean_eer(&plain).unwrap_or(f64::NAN),
            step: progress.step,
        },
    )
}
