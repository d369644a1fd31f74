//! One run of a rung.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use anyhow::Result;
use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::Device;
use diagnosis::{End, EndedBy, Facts, LayerUnits, Measurements, Metric, Run, TracePoint, judge};
use rand::seq::SliceRandom;

use crate::adam::{Adam, Gathered};
use crate::checks::{checks, input};
use crate::data::Corpora;
use crate::draws::{Purpose, Sampler, stream};
use crate::evaluate::{self, Evaluation, rows};
use crate::loss::{BatchLoss, accuracy, batch_loss, plateau, same_of, share};
use crate::network::Network;
use crate::record::Record;
use crate::rung::{BATCH, EQUAL_STEPS, Layout, Rung, Settings, Shape};

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
    trace: Vec<TracePoint>,
    accuracy: Vec<f64>,
    visited: BTreeSet<usize>,
    /// The batch just taken, and its gradient.
    last: Option<(BatchLoss, Gathered)>,
}

impl Training<'_> {
    /// Step number `step`, from 1.
    fn step(&mut self, step: u64) {
        let batch = self.sampler.batch(step);
        let speakers = self.sampler.speakers_of(&batch);
        let mut same = same_of(&speakers, self.settings.all_pairs);
        if self.settings.random_labels {
            same.shuffle(&mut stream(self.seed, Purpose::Labels, step));
        }
        let features = input(&self.sampler, &batch, self.settings);
        let activations = self.network.forward(features, Some((self.seed, step)));
        let loss = batch_loss(activations.outputs, &same, self.settings);
        let gradients = GradientsParams::from_grads(loss.loss.backward(), &self.network);
        let gathered = Gathered::of(&self.network, &gradients);
        self.network = self.adam.step(
            self.network.clone(),
            gradients,
            self.settings.learning_rate,
        );
        self.visited.extend(speakers);
        let [same_divergence, different_divergence] = loss.mean_divergences();
        self.trace.push(TracePoint {
            step,
            loss: loss.value(),
            plateau: Some(plateau(&same, self.settings)),
            same_divergence,
            different_divergence,
            gradient_norm: Some(gathered.norm()),
            speakers_visited: Some(self.visited.len()),
        });
        self.accuracy
            .push(accuracy(&loss.distances, &same, self.settings.shape));
        self.last = Some((loss, gathered));
    }

    /// Adds what the training itself knows to the measurements of an evaluation.
    fn complete(&self, measurements: &mut Measurements) {
        let batch = self.sampler.batch(0);
        let features = input(&self.sampler, &batch, self.settings);
        let activations = self.network.forward(features, None);
        measurements.units = vec![
            LayerUnits::of("blstm_2", &rows(activations.states), Some(1.0)),
            LayerUnits::of("output", &rows(activations.outputs), None),
        ];
        measurements.learning_rate = Some(self.settings.learning_rate);
        let (Some((loss, gathered)), Some(point)) = (&self.last, self.trace.last()) else {
            return;
        };
        measurements.loss = Some(point.loss);
        measurements.plateau = point.plateau;
        measurements.same_divergence = point.same_divergence;
        measurements.different_divergence = point.different_divergence;
        measurements.gradient_norm = point.gradient_norm;
        measurements.gradients = gathered.layers.clone();
        measurements.speakers_visited = point.speakers_visited;
        let different = loss.divergences().into_iter().zip(&loss.same);
        let different: Vec<f64> = different.filter(|(_, same)| !**same).map(|(d, _)| d).collect();
        let active = different.iter().filter(|&&d| d < self.settings.margin).count();
        measurements.active_share = Some(active as f64 / different.len().max(1) as f64);
        let p = share(&loss.same);
        measurements.metrics = vec![Metric {
            name: "accuracy".to_owned(),
            value: self.accuracy.last().copied().unwrap_or(0.0),
            reachable_max: Some(match self.settings.shape {
                Shape::Broadcast => p.max(1.0 - p),
                Shape::Kept => 1.0,
            }),
        }];
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
        self.complete(&mut measurements);
        Ok((evaluation, measurements))
    }
}

/// Trains and judges `rung` with `seed`.
pub(crate) fn run(rung: &Rung, seed: u64, place: &mut Place) -> Result<Record> {
    let began = Instant::now();
    let settings = &rung.settings;
    let corpora = &place.corpora;
    let device = Device::flex().autodiff();
    let network = Network::new(settings, seed, &device)?;
    let sampler = Sampler::new(&corpora.train, settings.batches, settings.crop, seed);
    let preflight = checks(&network, &sampler, &corpora.train, settings, seed)?;
    let mut training = Training {
        settings,
        sampler,
        seed,
        network,
        adam: Adam::new(),
        trace: Vec::new(),
        accuracy: Vec::new(),
        visited: BTreeSet::new(),
        last: None,
    };
    let key = (seed, settings.layout == Layout::Rotated);
    let known = place.untrained.get(&key).cloned();
    let (evaluation, untrained) = training.evaluate(corpora, 0, known)?;
    place
        .untrained
        .insert(key, (evaluation.clone(), untrained.clone()));
    let (mut evaluations, mut measured) = (vec![evaluation], vec![untrained]);
    for step in 1..=settings.steps {
        training.step(step);
        if step == EQUAL_STEPS || step == settings.steps {
            let (evaluation, mut measurements) = training.evaluate(corpora, step, None)?;
            let untrained = &measured[0];
            measurements.untrained_eer = untrained.dev_eer;
            for (rate, before) in measurements.dev.iter_mut().zip(&untrained.dev) {
                rate.untrained_eer = Some(before.eer);
            }
            evaluations.push(evaluation);
            measured.push(measurements);
        }
    }
    let same_shares = training.trace.iter().filter_map(|point| {
        let plateau = point.plateau?;
        let whole = plateau_of_none(settings);
        Some(1.0 - plateau / whole)
    });
    let run = Run {
        facts: Facts {
            margin: Some(settings.margin),
            max_steps: Some(settings.steps),
            num_speakers: Some(corpora.num_speakers),
            same_share: Some(evaluate::mean(same_shares)),
            batch_segments: Some(BATCH),
            ..Facts::default()
        },
        preflight,
        trace: training.trace,
        evaluations: measured,
        end: Some(End {
            step: settings.steps,
            reason: EndedBy::Limit,
        }),
    };
    Ok(Record {
        rung: rung.name.to_owned(),
        seed,
        settings: settings.clone(),
        commit: place.commit.clone(),
        machine: place.machine.clone(),
        seconds: began.elapsed().as_secs_f64(),
        accuracy: training.accuracy,
        diagnosis: judge(&run),
        run,
        evaluations,
    })
}

/// The plateau of a batch without same-speaker pairs.
fn plateau_of_none(settings: &Settings) -> f64 {
    plateau(&[false], settings)
}
