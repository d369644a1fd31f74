//! Running statistics of batch norms: what a training step leaves of the batches so far.

use std::collections::HashMap;

use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::tensor::{Tensor, TensorData};
use fused_conv::training::BatchStatistics;

/// The share of a batch's statistics in the running ones, as in PyTorch.
const MOMENTUM: f64 = 0.1;

/// New values of running means and variances, to be written into the network once the step has been taken.
#[derive(Debug, Default)]
pub struct RunningStatistics {
    values: HashMap<ParamId, Vec<f32>>,
}

impl RunningStatistics {
    /// Moves `mean` and `variance` `[channels]` towards a batch's.
    pub(crate) fn add(
        &mut self,
        batch: &BatchStatistics,
        mean: &Param<Tensor<1>>,
        variance: &Param<Tensor<1>>,
    ) {
        let numbers =
            |param: &Param<Tensor<1>>| param.val().into_data().iter::<f32>().collect::<Vec<_>>();
        let (mut new_mean, mut new_variance) = (numbers(mean), numbers(variance));
        let moved = batch.update(MOMENTUM, &mut new_mean, &mut new_variance);
        if let Err(error) = moved {
            unreachable!("a norm has as many statistics as channels: {error}");
        }
        self.values.insert(mean.id, new_mean);
        self.values.insert(variance.id, new_variance);
    }

    /// Whether there is no batch norm that has any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// `network` with them.
    #[must_use]
    pub fn written<M: Module>(mut self, network: M) -> M {
        if self.values.is_empty() {
            return network;
        }
        network.map(&mut self)
    }
}

impl ModuleMapper for RunningStatistics {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        match self.values.remove(&param.id) {
            None => param,
            Some(values) => param
                .map(|old| Tensor::from_data(TensorData::new(values, old.shape()), &old.device())),
        }
    }
}
