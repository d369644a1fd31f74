//! One training step: forward, loss, backward, update.

use burn::tensor::{Device, Tensor, TensorData};
use speaker_model::{DropoutStream, Loss, LossChoice, Pass};

use super::state::State;
use super::summary::StepMeans;
use crate::TrainError;
use crate::data::Batch;
use crate::material::Material;

/// Takes one step on `batch`, and adds what it computed to `means`.
///
/// # Errors
/// [`TrainError::NonFinite`] where the loss or its gradient is not finite: `state` is as it was then.
pub(super) fn step<C: LossChoice>(
    material: &Material<'_, C>,
    state: &mut State<C>,
    mut batch: Batch,
    device: &Device,
    means: &mut StepMeans,
) -> Result<(), TrainError> {
    let config = material.config;
    let index = state.progress.step;
    let data = TensorData::new(std::mem::take(&mut batch.features), batch.shape);
    let mut dropout = DropoutStream::new(config.seed, index);
    let features = Tensor::from_data(data, device);
    let lengths = batch.lengths.as_deref();
    let mut pass = Pass::training(&mut dropout);
    let outputs = state.network.outputs(features, lengths, &mut pass)?;
    let running = pass.into_running();
    let loss = state.network.loss().of_batch(outputs, &batch.labels())?;
    let value: f32 = loss.value.clone().into_scalar();
    let non_finite = |what| TrainError::NonFinite {
        step: index + 1,
        what,
        utterances: batch
            .utterances
            .iter()
            .map(|&utterance| material.name_of(utterance).to_owned())
            .collect(),
    };
    if !value.is_finite() {
        return Err(non_finite("loss"));
    }
    let optimiser = &config.optimiser;
    let learning_rate =
        optimiser.learning_rate * optimiser.schedule.factor(index, config.max_steps);
    // Burn's modules share their tensors: this clone copies pointers.
    let (network, gradient_norm) =
        state
            .optimiser
            .step(state.network.clone(), &loss.value, learning_rate);
    if !gradient_norm.is_finite() {
        return Err(non_finite("gradient"));
    }
    state.network = state.average.step(running.written(network), index);
    state.progress.step += 1;
    state.coverage.visit(&batch);
    means.add(
        state.progress.step,
        &loss,
        gradient_norm,
        learning_rate,
        batch.shape[1],
    );
    Ok(())
}
