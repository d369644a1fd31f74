//! What an evaluation measures of a network in training.

use burn::tensor::{Device, Tensor, TensorData};
use diagnosis::journal::PairFacts;
use diagnosis::{Measurements, TeacherAgreement, TwoHistograms};
use speaker_model::{Bundle, Loss, LossChoice, Pass};
use speaker_scoring::cosine;

use super::state::State;
use crate::TrainError;
use crate::data::Batch;
use crate::evaluate::{Probe, features, rows};
use crate::material::Material;

/// Measures the run as it stands: what `embeddings` of the development recordings say, which `bundle` gave, and a close look at
/// the batch of the next step.
pub(super) fn measure<C: LossChoice>(
    material: &Material<'_, C>,
    state: &State<C>,
    bundle: &Bundle,
    embeddings: &[Vec<f32>],
) -> Result<Measurements, TrainError> {
    let (mut measurements, train) = material.soundings.measure(
        bundle.embedder(),
        &material.dev,
        embeddings,
        &state.progress.last,
        &state.progress.untrained,
    )?;
    measurements.step = state.progress.step;
    measurements.teacher = agreement(material, state, embeddings, &train)?;
    measurements.speakers_visited = Some(state.coverage.num_speakers());
    probe(material, state, &mut measurements)?;
    Ok(measurements)
}

/// How near embeddings of development and of training recordings lie to the teacher's, where there is a teacher and a loss says where
/// its vectors lie.
fn agreement<C: LossChoice>(
    material: &Material<'_, C>,
    state: &State<C>,
    dev: &[Vec<f32>],
    train: &[Vec<f32>],
) -> Result<Option<TeacherAgreement>, TrainError> {
    let Some(examined) = &material.examined else {
        return Ok(None);
    };
    let network = state.average.of(&state.network);
    let towards = |embeddings: &[Vec<f32>]| {
        if embeddings.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let width = embeddings.first().map_or(0, Vec::len);
        let data = TensorData::new(embeddings.concat(), [embeddings.len(), width]);
        let embeddings = Tensor::from_data(data, &material.device.clone().autodiff());
        let mapped = network.loss().towards_teacher(embeddings)?;
        Ok::<_, TrainError>(mapped.map(|mapped| rows(&mapped, 1)))
    };
    let names = material.dev.names();
    let both = towards(&dev[..names.len()])?.zip(towards(train)?);
    Ok(both.map(|(dev, train)| examined.agreement(&dev, &train)))
}

/// Looks closely at the batch of the next step.
fn probe<C: LossChoice>(
    material: &Material<'_, C>,
    state: &State<C>,
    measurements: &mut Measurements,
) -> Result<(), TrainError> {
    let config = material.config;
    let step = state.progress.step;
    let batch = material.batches().batch(step)?;
    let device = material.device.clone().autodiff();
    let probe = Probe::of(&state.network, &batch, config.seed, step, &device)?;
    measurements.running_agreement = running_agreement(state, &batch, &device)?;
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
    let pairwise = config.loss.pairwise();
    let [num_same, num_different] = probe.num_pairs.unwrap_or_default();
    let optimiser = &config.optimiser;
    measurements.loss = Some(probe.loss);
    measurements.when_alike = probe.when_alike;
    let is_known = |name: &str| match &pairwise {
        Some(pairwise) if name == pairwise.same_term => num_same > 0,
        Some(pairwise) if name == pairwise.different_term => num_different > 0,
        _ => true,
    };
    let terms = probe.terms.clone().where_known(is_known);
    let [same_distance, different_distance] = terms.distances(pairwise.as_ref());
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
                .factor(step.saturating_sub(1), config.max_steps),
    );
    measurements.gradient_norm = Some(probe.gradient_norm());
    measurements.gradients = probe.gradients;
    measurements.units = probe.units;
    Ok(())
}

/// How like embeddings by a batch's statistics are to those by the running ones, where batch norms have these.
fn running_agreement<C: LossChoice>(
    state: &State<C>,
    batch: &Batch,
    device: &Device,
) -> Result<Option<f64>, TrainError> {
    let embed = |mut pass: Pass<'_>| {
        let features = features(batch, device);
        let encoder = state.network.encoder();
        let embeddings = encoder.forward(features, batch.lengths.as_deref(), &mut pass)?;
        Ok::<_, TrainError>((centred(&rows(&embeddings, 1)), pass.into_running()))
    };
    let (of_batch, statistics) = embed(Pass::by_batch_statistics())?;
    if statistics.is_empty() {
        return Ok(None);
    }
    let (running, _) = embed(Pass::inference())?;
    let cosines = of_batch.iter().zip(&running).map(|(a, b)| cosine(a, b));
    Ok(Some(
        cosines.map(f64::from).sum::<f64>() / running.len() as f64,
    ))
}

/// Rows less their mean.
fn centred(rows: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let width = rows.first().map_or(0, Vec::len);
    let mean = |place: usize| {
        let sum: f64 = rows.iter().map(|row| f64::from(row[place])).sum();
        (sum / rows.len() as f64) as f32
    };
    let mean: Vec<f32> = (0..width).map(mean).collect();
    let rows = rows.iter();
    rows.map(|row| row.iter().zip(&mean).map(|(v, m)| v - m).collect())
        .collect()
}
