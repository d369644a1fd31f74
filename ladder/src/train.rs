//! One run of a rung.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use anyhow::Result;
use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::Device;
use diagnosis::journal::{EndReason, PairFacts, StepSummary};
use diagnosis::{End, Facts, LayerGradient, LayerUnits, Measurements, Metric, Run, judge};
use rand::seq::SliceRandom;

use crate::adam::{Adam, layer_norms, norm};
use crate::checks::{checks, input};
use crate::data::{Clip, Corpora};
use crate::draws::{Purpose, Sampler, stream};
use crate::evaluate::{self, Evaluation, rows};
use crate::loss::{BatchLoss, accuracy, batch_loss, plateau, same_of, share};
use crate::network::Network;
use crate::record::Record;
use crate::rung::{BATCH, EVALUATED, Layout, Rung, Settings, Shape};

/// Where a run takes place.
pub(crate) struct Place {
    pub(crate) corpora: Corpora,
    pub(crate) commit: String,
    pub(crate) machine: String,
    /// What untrained embeddings are worth, which depends on the seed and the layout alone.
    untrained: BTreeMap<(u64, bool), (Evaluation, Measurements)>,
}

impl Place {
    pub(crate) fn new(corpora: Corpora, commit: String, machine: String) -> Self {
        Self {
            corpora,
            commit,
            machine,
            untrained: BTreeMap::new(),
        }
    }
}

/// A training in progress.
struct Training<'a> {
    settings: &'a Settings,
    sampler: Sampler<'a>,
    seed: u64,
    network: Network,
    adam: Adam,
    trace: Vec<StepSummary>,
    accuracy: Vec<f64>,
    visited: BTreeSet<usize>,
    /// The batch just taken, and its gradient by layer.
    last: Option<(BatchLoss, Vec<LayerGradient>)>,
}

impl<'a> Training<'a> {
    fn new(settings: &'a Settings, clips: &'a [Clip], seed: u64) -> Result<Self> {
        Ok(Self {
            settings,
            sampler: Sampler::new(clips, settings.batches, settings.crop, seed),
            seed,
            network: Network::new(settings, seed, &Device::flex().autodiff())?,
            adam: Adam::new(),
            trace: Vec::new(),
            accuracy: Vec::new(),
            visited: BTreeSet::new(),
            last: None,
        })
    }

    /// Step number `step`, from 1.
    fn step(&mut self, step: u64) -> Result<()> {
        let batch = self.sampler.batch(step);
        let speakers = self.sampler.speakers_of(&batch);
        let mut same = same_of(&speakers, self.settings.all_pairs);
        if self.settings.random_labels {
            same.shuffle(&mut stream(self.seed, Purpose::Labels, step));
        }
        let features = input(&self.sampler, &batch, self.settings);
        let activations = self.network.forward(features, Some((self.seed, step)))?;
        let loss = batch_loss(activations.outputs, &same, self.settings);
        let gradients = GradientsParams::from_grads(loss.loss.backward(), &self.network);
        let layers = layer_norms(&self.network, &gradients);
        self.network = self
            .adam
            .step(self.network.clone(), gradients, self.settings.learning_rate);
        self.visited.extend(speakers);
        let [same_distance, different_distance] = loss.mean_divergences();
        self.trace.push(StepSummary {
            step,
            loss: loss.value(),
            when_alike: Some(plateau(&same, self.settings)),
            pairs: Some(PairFacts {
                same_distance,
                different_distance,
                ..PairFacts::default()
            }),
            gradient_norm: Some(norm(&layers)),
            speakers_visited: Some(self.visited.len()),
            ..StepSummary::default()
        });
        self.accuracy
            .push(accuracy(&loss.distances, &same, self.settings.shape));
        self.last = Some((loss, layers));
        Ok(())
    }

    /// Mean share of same-speaker pairs, from the plateaus: without such pairs they would be highest.
    fn same_share(&self) -> f64 {
        let highest = plateau(&[false], self.settings);
        let plateaus = self.trace.iter().filter_map(|point| point.when_alike);
        evaluate::mean(plateaus.map(|plateau| 1.0 - plateau / highest))
    }

    /// Adds what the training itself knows to the measurements of an evaluation.
    fn complete(&self, measurements: &mut Measurements) -> Result<()> {
        let batch = self.sampler.batch(0);
        let features = input(&self.sampler, &batch, self.settings);
        let activations = self.network.forward(features, None)?;
        measurements.units = vec![
            LayerUnits::of("blstm_2", &rows(activations.states), Some(1.0)),
            LayerUnits::of("output", &rows(activations.outputs), None),
        ];
        measurements.learning_rate = Some(self.settings.learning_rate);
        let (Some((loss, layers)), Some(point)) = (&self.last, self.trace.last()) else {
            return Ok(());
        };
        measurements.loss = Some(point.loss);
        measurements.when_alike = point.when_alike;
        measurements.gradient_norm = point.gradient_norm;
        measurements.gradients.clone_from(layers);
        measurements.speakers_visited = point.speakers_visited;
        let different = loss.divergences().into_iter().zip(&loss.same);
        let different: Vec<f64> = different
            .filter(|(_, same)| !**same)
            .map(|(d, _)| d)
            .collect();
        let active = different
            .iter()
            .filter(|&&d| d < self.settings.margin)
            .count();
        measurements.pairs = Some(PairFacts {
            same_distance: point.same_distance(),
            different_distance: point.different_distance(),
            active_share: Some(active as f64 / different.len().max(1) as f64),
            distances: None,
        });
        let p = share(&loss.same);
        measurements.metrics = vec![Metric {
            name: "accuracy".to_owned(),
            value: self.accuracy.last().copied().unwrap_or(0.0),
            reachable_max: Some(match self.settings.shape {
                Shape::Broadcast => p.max(1.0 - p),
                Shape::Kept => 1.0,
            }),
        }];
        Ok(())
    }

    /// Everything about the network as it is; `known` is what its embeddings are worth, where that is known.
    fn evaluate(
        &self,
        corpora: &Corpora,
        step: u64,
        known: Option<(Evaluation, Measurements)>,
    ) -> Result<(Evaluation, Measurements)> {
        let network = self.network.valid();
        let layout = self.settings.layout;
        let (mut evaluation, mut measurements) = match known {
            Some(known) => known,
            None => evaluate::embeddings(&network, corpora, layout, step)?,
        };
        evaluate::distances(&network, corpora, layout, &mut evaluation)?;
        self.complete(&mut measurements)?;
        Ok((evaluation, measurements))
    }
}

/// Trains and judges `rung` with `seed`; every evaluation gives a record of what there is so far to `save`.
pub(crate) fn run(
    rung: &Rung,
    seed: u64,
    place: &mut Place,
    mut save: impl FnMut(&Record) -> Result<()>,
) -> Result<Record> {
    let began = Instant::now();
    let settings = &rung.settings;
    let corpora = &place.corpora;
    let mut training = Training::new(settings, &corpora.train, seed)?;
    let preflight = checks(
        &training.network,
        &training.sampler,
        &corpora.train,
        settings,
        seed,
    )?;
    let key = (seed, settings.layout == Layout::Rotated);
    let known = place.untrained.get(&key).cloned();
    let (evaluation, untrained) = training.evaluate(corpora, 0, known)?;
    place
        .untrained
        .insert(key, (evaluation.clone(), untrained.clone()));
    let mut record = Record {
        rung: rung.name.to_owned(),
        seed,
        settings: settings.clone(),
        commit: place.commit.clone(),
        machine: place.machine.clone(),
        seconds: 0.0,
        accuracy: Vec::new(),
        diagnosis: judge(&Run::default()),
        run: Run {
            facts: Facts {
                margin: Some(settings.margin),
                max_steps: Some(settings.steps),
                num_speakers: Some(corpora.num_speakers),
                batch_segments: Some(BATCH),
                ..Facts::default()
            },
            preflight,
            evaluations: vec![untrained],
            ..Run::default()
        },
        evaluations: vec![evaluation],
    };
    for step in 1..=settings.steps {
        training.step(step)?;
        if !EVALUATED.contains(&step) && step != settings.steps {
            continue;
        }
        let (evaluation, mut measurements) = training.evaluate(corpora, step, None)?;
        let untrained = &record.run.evaluations[0];
        measurements.untrained_eer = untrained.dev_eer;
        for (rate, before) in measurements.dev.iter_mut().zip(&untrained.dev) {
            rate.untrained_eer = Some(before.eer);
        }
        record.evaluations.push(evaluation);
        record.run.evaluations.push(measurements);
        record.run.trace = training.trace.clone();
        record.run.facts.same_share = Some(training.same_share());
        record.run.end = (step == settings.steps).then_some(End {
            step,
            reason: EndReason::MaxSteps,
        });
        record.accuracy = training.accuracy.clone();
        record.seconds = began.elapsed().as_secs_f64();
        record.diagnosis = judge(&record.run);
        save(&record)?;
    }
    Ok(record)
}

#[cfg(test)]
mod tests {
    use diagnosis::Name;

    use super::*;
    use crate::checks::tests::noise;
    use crate::rung::ladder;

    fn trained(rung: &str, steps: u64) -> (Vec<StepSummary>, Vec<f64>, diagnosis::Diagnosis) {
        let rung = ladder()
            .into_iter()
            .find(|known| known.name == rung)
            .unwrap();
        let settings = rung.settings;
        let mut training = Training::new(&settings, noise(), 1).unwrap();
        for step in 1..=steps {
            training.step(step).unwrap();
        }
        let run = Run {
            facts: Facts {
                margin: Some(settings.margin),
                ..Facts::default()
            },
            trace: training.trace.clone(),
            ..Run::default()
        };
        (training.trace, training.accuracy, judge(&run))
    }

    /// The asker's symptom: half the margin, and no accuracy above one half.
    #[test]
    fn the_question_comes_to_rest_at_one_half() {
        let (trace, accuracy, _) = trained("question-slow", 60);
        let (first, last) = (&trace[0], &trace[59]);
        assert!((first.loss - 0.5).abs() > 0.05, "{first:?}");
        assert!((last.loss - 0.5).abs() < 0.01, "{last:?}");
        assert!(accuracy.iter().all(|&accuracy| accuracy <= 0.5));
    }

    /// With the shape mended and the learning rate not, the same 0.5 is a collapse.
    #[test]
    fn a_learning_rate_of_a_tenth_collapses() {
        let (trace, _, diagnosis) = trained("kept", 60);
        assert!(
            diagnosis.find(Name::Collapse).is_some(),
            "{:?} {diagnosis:?}",
            trace.last()
        );
    }

    #[test]
    fn a_run_is_a_function_of_its_seed() {
        let losses = || {
            trained("pk", 2)
                .0
                .iter()
                .map(|point| point.loss)
                .collect::<Vec<_>>()
        };
        assert_eq!(losses(), losses());
    }
}
