//! One training step: forward, loss, backward, update.

use burn::tensor::{Device, Tensor, TensorData};
use speaker_model::{DropoutStream, Loss, LossChoice, Pass};

use crate::TrainError;
use crate::batch::Batch;
use crate::summary::StepMeans;
use crate::training::{State, Training};

impl<C: LossChoice> Training<'_, C> {
    /// One training step.
    pub(crate) fn step(
        &self,
        state: &mut State<C>,
        mut batch: Batch,
        device: &Device,
        means: &mut StepMeans,
    ) -> Result<(), TrainError> {
        let index = state.progress.step;
        let data = TensorData::new(std::mem::take(&mut batch.features), batch.shape);
        let mut dropout = DropoutStream::new(self.config.seed, index);
        let features = Tensor::from_data(data, device);
        let lengths = batch.lengths.as_deref();
        let pass = &mut Pass::training(&mut dropout);
        let outputs = state.network.outputs(features, lengths, pass)?;
        let loss = state.network.loss().loss(outputs, &batch.labels())?;
        let value: f32 = loss.value.clone().into_scalar();
        let non_finite = |what| TrainError::NonFinite {
            step: index + 1,
            what,
            utterances: batch
                .utterances
                .iter()
                .map(|&utterance| self.manifest.utterances[utterance].id.clone())
                .collect(),
        };
        if !value.is_finite() {
            return Err(non_finite("loss"));
        }
        let optimiser = &self.config.optimiser;
        let learning_rate =
            optimiser.learning_rate * optimiser.schedule.factor(index, self.config.max_steps);
        // Burn's modules share their tensors: this clone copies pointers.
        let (network, gradient_norm) =
            state
                .optimiser
                .step(state.network.clone(), &loss.value, learning_rate);
        if !gradient_norm.is_finite() {
            return Err(non_finite("gradient"));
        }
        state.network = network;
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
}
