//! One training step: forward, loss, backward, update.

use burn::tensor::{Device, Int, Tensor, TensorData};
use speaker_model::{DropoutStream, PairLoss, all_pairs, explicit_pairs};

use crate::TrainError;
use crate::batch::Batch;
use crate::summary::StepMeans;
use crate::training::{State, Training};

impl Training<'_> {
    /// One training step.
    pub(crate) fn step(
        &self,
        state: &mut State,
        mut batch: Batch,
        device: &Device,
        means: &mut StepMeans,
    ) -> Result<(), TrainError> {
        let index = state.progress.step;
        let data = TensorData::new(std::mem::take(&mut batch.features), batch.shape);
        let mut dropout = DropoutStream::new(self.config.seed, index);
        let features = Tensor::from_data(data, device);
        let logits = state
            .network
            .logits(features, batch.lengths.as_deref(), &mut dropout);
        let pair_loss = self.loss(logits, &batch)?;
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
        state.coverage.visit(&batch);
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
}
