//! What an evaluation says about the run so far.

use std::collections::BTreeMap;
use std::time::Instant;

use diagnosis::journal::{EndReason, Event, PairFacts};
use diagnosis::{Finding, Measurements, Name, Run, Severity, TwoHistograms, Verdict, judge};
use speaker_model::{Bundle, Loss, LossChoice, SpeakerNetwork};

use crate::TrainError;
use crate::batch::BatchMaker;
use crate::probe::Probe;
use crate::statistics::Statistics;
use crate::training::{State, Training};

/// What a run does where its outputs have become alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnCollapse {
    /// Says so, and goes on.
    #[default]
    Warn,
    /// Says so, saves and ends.
    Stop,
}

/// Which findings have been told, and how grave they were then.
#[derive(Debug, Default)]
pub(crate) struct Told(BTreeMap<Name, Severity>);

impl Told {
    /// What has been told of a run that goes on.
    pub(crate) fn of(history: &Run) -> Self {
        let mut told = Self::default();
        let _ = told.news(&judge(history).findings);
        told
    }

    /// Those of `findings` that are new, or graver than when they were told.
    fn news(&mut self, findings: &[Finding]) -> Vec<Finding> {
        let mut news = Vec::new();
        for finding in findings {
            let told = self.0.insert(finding.name, finding.severity);
            if told.is_none_or(|told| finding.severity > told) {
                news.push(finding.clone());
            }
            if let Some(told) = told {
                self.0.insert(finding.name, told.max(finding.severity));
            }
        }
        news
    }
}

impl<C: LossChoice> Training<'_, C> {
    /// Checks everything before the first step, and journals it.
    pub(crate) fn preflight(
        &self,
        state: &mut State<C>,
        maker: &BatchMaker<'_>,
    ) -> Result<(), TrainError> {
        let event = self.preflight_event(&state.network, state.progress.step, maker)?;
        self.emit(state, &event)?;
        let findings = judge(&state.history).findings;
        // The checks themselves have been shown.
        let _ = state.told.news(&findings);
        Ok(())
    }

    /// The checks as a line of the journal.
    pub(crate) fn preflight_event(
        &self,
        network: &SpeakerNetwork<C::Loss>,
        step: u64,
        maker: &BatchMaker<'_>,
    ) -> Result<Event, TrainError> {
        let begin = Instant::now();
        let statistics = Statistics::measure(
            self.manifest,
            self.bank,
            &self.dev,
            &self.options.device.clone().inner(),
        );
        let checks = self.checks(network, maker, &statistics)?;
        Ok(Event::Preflight {
            step,
            checks,
            statistics_eer: statistics.dev_eer,
            whitened_statistics_eer: statistics.whitened_eer,
            seconds: begin.elapsed().as_secs_f64(),
        })
    }

    /// Measures the run as it stands after the evaluation that gave `embeddings`, judges it, and journals both.
    pub(crate) fn judge(
        &self,
        state: &mut State<C>,
        maker: &BatchMaker<'_>,
        bundle: &Bundle,
        embeddings: &[Vec<f32>],
    ) -> Result<(), TrainError> {
        let begin = Instant::now();
        let progress = &state.progress;
        let step = progress.step;
        let mut measurements = self.soundings.measure(
            bundle.embedder(),
            &self.dev,
            embeddings,
            &progress.last,
            &progress.untrained,
        )?;
        measurements.step = step;
        self.probe(state, maker, &mut measurements)?;
        state.history.measured(measurements.clone());
        let diagnosis = judge(&state.history);
        state.collapsed = diagnosis
            .find(Name::Collapse)
            .is_some_and(|finding| finding.severity == Severity::Broken);
        let event = Event::Diagnosis {
            step,
            measurements: Box::new(measurements),
            findings: state.told.news(&diagnosis.findings),
            seconds: begin.elapsed().as_secs_f64(),
        };
        self.emit(state, &event)
    }

    /// Looks closely at the batch of the next step.
    fn probe(
        &self,
        state: &State<C>,
        maker: &BatchMaker<'_>,
        measurements: &mut Measurements,
    ) -> Result<(), TrainError> {
        let step = state.progress.step;
        let batch = maker.batch(step)?;
        let device = self.options.device.clone().autodiff();
        let probe = Probe::of(&state.network, &batch, self.config.seed, step, &device)?;
        let loss = state.network.loss();
        let pairs = loss.pair_distances(&probe.outputs, &batch.labels());
        let directed = pairs
            .iter()
            .flat_map(|pair| pair.distances.iter().map(|&distance| (distance, pair.same)));
        let different: Vec<f64> = directed
            .clone()
            .filter(|(_, same)| !same)
            .map(|(distance, _)| distance)
            .collect();
        let pairwise = self.config.loss.pairwise();
        let [num_same, num_different] = probe.num_pairs.unwrap_or_default();
        let optimiser = &self.config.optimiser;
        measurements.loss = Some(probe.loss);
        measurements.when_alike = probe.when_alike;
        let [same_term, different_term] = pairwise.map_or([None; 2], |pairwise| {
            [Some(pairwise.same_term), Some(pairwise.different_term)]
        });
        let is_known = |name: &str| match Some(name) {
            name if name == same_term => num_same > 0,
            name if name == different_term => num_different > 0,
            _ => true,
        };
        let terms = probe.terms.clone().where_known(is_known);
        let [same_distance, different_distance] = terms.distances(pairwise);
        measurements.terms = terms.into_journal();
        measurements.pairs = pairwise.map(|pairwise| PairFacts {
            same_distance,
            different_distance,
            active_share: pairwise
                .margin
                .filter(|_| !different.is_empty())
                .map(|margin| {
                    let active = different.iter().filter(|&&distance| distance < margin);
                    active.count() as f64 / different.len() as f64
                }),
            distances: TwoHistograms::of(directed),
        });
        measurements.learning_rate = Some(
            optimiser.learning_rate
                * optimiser
                    .schedule
                    .factor(step.saturating_sub(1), self.config.max_steps),
        );
        measurements.gradient_norm = Some(probe.gradient_norm());
        measurements.gradients = probe.gradients;
        measurements.units = probe.units;
        measurements.speakers_visited = Some(state.coverage.num_speakers());
        Ok(())
    }

    /// Journals the end of the run and what it amounts to.
    pub(crate) fn end_run(
        &self,
        state: &mut State<C>,
        reason: EndReason,
    ) -> Result<Verdict, TrainError> {
        let step = state.progress.step;
        self.emit(state, &Event::End { step, reason })?;
        let diagnosis = judge(&state.history);
        let findings = state.told.news(&diagnosis.findings);
        let verdict = diagnosis.verdict;
        self.emit(
            state,
            &Event::Verdict {
                step,
                verdict,
                findings,
            },
        )?;
        Ok(verdict)
    }
}
