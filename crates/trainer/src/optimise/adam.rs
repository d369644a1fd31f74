//! Adam (Kingma & Ba 2015) with decoupled weight decay (Loshchilov & Hutter 2019) in one pass over each parameter.

use burn::optim::{AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, LearningRate, Optimizer};
use burn::tensor::{Device, Tensor, TensorData};
use rayon::prelude::*;

use crate::config::OptimiserConfig;

/// Elements that one task updates.
const TASK: usize = 1 << 15;

/// On the CPU backend, whose tensors are slices, one loop reads and writes every number once; Burn's own, which makes a
/// tensor for every operation of the formula, serves the other backends.
#[derive(Clone)]
pub(crate) struct Adam {
    beta_1: f32,
    beta_2: f32,
    epsilon: f32,
    weight_decay: f32,
    composed: AdamW,
}

impl Adam {
    pub(crate) fn new(config: &OptimiserConfig) -> Self {
        let composed = AdamWConfig::new()
            .with_beta_1(config.beta_1)
            .with_beta_2(config.beta_2)
            .with_epsilon(config.epsilon)
            .with_weight_decay(config.weight_decay)
            .build();
        Self {
            beta_1: config.beta_1,
            beta_2: config.beta_2,
            epsilon: config.epsilon,
            weight_decay: config.weight_decay,
            composed,
        }
    }

    /// One step, number `time` from 1, on slices of one length.
    fn update(
        &self,
        learning_rate: f64,
        time: usize,
        [values, first, second]: [&mut [f32]; 3],
        gradient: &[f32],
    ) {
        let power = |beta: f32| f64::from(beta).powf(time as f64);
        let rate = (learning_rate / (1.0 - power(self.beta_1))) as f32;
        let correction = (1.0 / (1.0 - power(self.beta_2))) as f32;
        let keep = (1.0 - learning_rate * f64::from(self.weight_decay)) as f32;
        let (beta_1, beta_2, epsilon) = (self.beta_1, self.beta_2, self.epsilon);
        values
            .par_chunks_mut(TASK)
            .zip(first.par_chunks_mut(TASK))
            .zip(second.par_chunks_mut(TASK))
            .zip(gradient.par_chunks(TASK))
            .for_each(|(((values, first), second), gradient)| {
                let moments = first.iter_mut().zip(second);
                for ((value, (first, second)), &g) in values.iter_mut().zip(moments).zip(gradient) {
                    *first = beta_1 * *first + (1.0 - beta_1) * g;
                    *second = beta_2 * *second + (1.0 - beta_2) * g * g;
                    let root = (*second * correction).sqrt() + epsilon;
                    *value = keep * *value - rate * *first / root;
                }
            });
    }
}

impl Optimizer for Adam {
    type State<const D: usize> = AdamWState<D>;

    fn step<const D: usize>(
        &self,
        learning_rate: LearningRate,
        tensor: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<AdamWState<D>>,
    ) -> (Tensor<D>, Option<AdamWState<D>>) {
        let device = tensor.device();
        if device != Device::flex() {
            return self.composed.step(learning_rate, tensor, gradient, state);
        }
        let (time, first, second) = match state.map(|state| state.momentum) {
            Some(moments) => (moments.time, moments.moment_1, moments.moment_2),
            None => {
                let zeros = || Tensor::zeros(tensor.dims(), &device);
                (0, zeros(), zeros())
            }
        };
        let time = time + 1;
        // These move the numbers out of tensors that nothing else holds.
        let mut data = [tensor, first, second].map(Tensor::into_data);
        let gradient = gradient.into_data();
        self.update(
            learning_rate,
            time,
            data.each_mut().map(numbers_mut),
            numbers(&gradient),
        );
        let [tensor, first, second] = data.map(|data| Tensor::from_data(data, &device));
        let momentum = AdaptiveMomentumState::new(time, first, second);
        (tensor, Some(AdamWState::new(momentum)))
    }

    fn to_device<const D: usize>(state: AdamWState<D>, device: &Device) -> AdamWState<D> {
        AdamW::to_device(state, device)
    }
}

/// The numbers of a tensor of the CPU backend.
pub(crate) fn numbers(data: &TensorData) -> &[f32] {
    data.as_slice()
        .unwrap_or_else(|_| unreachable!("parameters are of 32 bits"))
}

fn numbers_mut(data: &mut TensorData) -> &mut [f32] {
    data.as_mut_slice()
        .unwrap_or_else(|_| unreachable!("parameters are of 32 bits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_those_of_burns_own_adam() {
        let device = Device::flex();
        for weight_decay in [0.0, 0.01] {
            let config = OptimiserConfig {
                weight_decay,
                ..crate::TrainConfig::question().optimiser
            };
            let adam = Adam::new(&config);
            let start: Vec<f32> = (0..5).map(|i| i as f32 - 2.0).collect();
            let mut ours = (Tensor::<1>::from_floats(start.as_slice(), &device), None);
            let mut burns = ours.clone();
            for step in 1..20 {
                let gradient = start
                    .iter()
                    .map(|x| (x * step as f32).sin())
                    .collect::<Vec<_>>();
                let gradient = Tensor::<1>::from_floats(gradient.as_slice(), &device);
                ours = adam.step(0.01, ours.0, gradient.clone(), ours.1);
                burns = adam.composed.step(0.01, burns.0, gradient, burns.1);
            }
            let pairs =
                [ours.0, burns.0].map(|values| values.into_data().try_to_vec::<f32>().unwrap());
            for (ours, burns) in pairs[0].iter().zip(&pairs[1]) {
                assert!((ours - burns).abs() < 1e-6, "{pairs:?}");
            }
        }
    }
}
