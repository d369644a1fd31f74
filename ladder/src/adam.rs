//! Adam as Keras 2.2.4 has it: epsilon outside the bias correction.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::{
    AdamWState, AdaptiveMomentumState, GradientsParams, LearningRate, ModuleOptimizer, Optimizer,
};
use burn::tensor::{Device, Tensor, TensorData};
use diagnosis::LayerGradient;

const BETA: [f64; 2] = [0.9, 0.999];
const EPSILON: f32 = 1e-8;

/// θ ← θ − lr·√(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε)
#[derive(Clone)]
struct KerasAdam;

impl Optimizer for KerasAdam {
    type State<const D: usize> = AdamWState<D>;

    fn step<const D: usize>(
        &self,
        learning_rate: LearningRate,
        tensor: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<AdamWState<D>>,
    ) -> (Tensor<D>, Option<AdamWState<D>>) {
        let device = tensor.device();
        let (time, first, second) = match state.map(|state| state.momentum) {
            Some(moments) => (moments.time, moments.moment_1, moments.moment_2),
            None => {
                let zeros = || Tensor::zeros(tensor.dims(), &device);
                (0, zeros(), zeros())
            }
        };
        let time = time + 1;
        let mut data = [tensor, first, second].map(Tensor::into_data);
        let gradient = gradient.into_data();
        update(
            learning_rate,
            time,
            data.each_mut().map(numbers_mut),
            numbers(&gradient),
        );
        let [tensor, first, second] = data.map(|data| Tensor::from_data(data, &device));
        let momentum = AdaptiveMomentumState::new(time, first, second);
        (tensor, Some(AdamWState::new(momentum)))
    }

    fn to_device<const D: usize>(mut state: AdamWState<D>, device: &Device) -> AdamWState<D> {
        state.momentum = state.momentum.to_device(device);
        state
    }
}

/// One step, number `time` from 1, on slices of one length.
fn update(
    learning_rate: f64,
    time: usize,
    [values, first, second]: [&mut [f32]; 3],
    gradient: &[f32],
) {
    let power = |beta: f64| beta.powf(time as f64);
    let rate = (learning_rate * (1.0 - power(BETA[1])).sqrt() / (1.0 - power(BETA[0]))) as f32;
    let beta = BETA.map(|beta| beta as f32);
    let moments = first.iter_mut().zip(second);
    for ((value, (first, second)), &g) in values.iter_mut().zip(moments).zip(gradient) {
        *first = beta[0] * *first + (1.0 - beta[0]) * g;
        *second = beta[1] * *second + (1.0 - beta[1]) * g * g;
        *value -= rate * *first / (second.sqrt() + EPSILON);
    }
}

fn numbers(data: &TensorData) -> &[f32] {
    data.as_slice()
        .unwrap_or_else(|_| unreachable!("parameters are of 32 bits"))
}

fn numbers_mut(data: &mut TensorData) -> &mut [f32] {
    data.as_mut_slice()
        .unwrap_or_else(|_| unreachable!("parameters are of 32 bits"))
}

/// Adam behind Burn's walk over a network's parameters.
pub(crate) struct Adam(ModuleOptimizer);

impl Adam {
    pub(crate) fn new() -> Self {
        Self(KerasAdam.into())
    }

    /// Moves `network` against the gradients.
    pub(crate) fn step<M: Module>(
        &mut self,
        network: M,
        gradients: GradientsParams,
        learning_rate: f64,
    ) -> M {
        self.0.step(learning_rate, network, gradients)
    }
}

/// Norms of a network's gradients, by layer.
pub(crate) fn layer_norms(
    network: &impl Module,
    gradients: &GradientsParams,
) -> Vec<LayerGradient> {
    struct Layers<'a> {
        gradients: &'a GradientsParams,
        path: Vec<String>,
        layers: Vec<LayerGradient>,
    }
    impl ModuleVisitor for Layers<'_> {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.push(name.to_owned());
        }

        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.pop();
        }

        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let parts = self.path.iter().map(String::as_str);
            let parts: Vec<&str> = parts.filter(|part| *part != "layers").take(2).collect();
            let layer = parts.join(".");
            let square = self.gradients.get::<D>(param.id).map_or(0.0, |gradient| {
                let data = gradient.into_data();
                let squares = numbers(&data).iter().map(|&v| f64::from(v) * f64::from(v));
                squares.sum()
            });
            match self.layers.iter_mut().find(|known| known.layer == layer) {
                Some(known) => known.norm += square,
                None => self.layers.push(LayerGradient {
                    layer,
                    norm: square,
                }),
            }
        }
    }
    let mut visitor = Layers {
        gradients,
        path: Vec::new(),
        layers: Vec::new(),
    };
    network.visit(&mut visitor);
    for layer in &mut visitor.layers {
        layer.norm = layer.norm.sqrt();
    }
    visitor.layers
}

/// Norm over all layers.
pub(crate) fn norm(layers: &[LayerGradient]) -> f64 {
    let squares = layers.iter().map(|layer| layer.norm * layer.norm);
    squares.sum::<f64>().sqrt()
}

/// All gradients in the order of the parameters.
pub(crate) fn in_one_row(network: &impl Module, gradients: &GradientsParams) -> Vec<f32> {
    struct Row<'a>(&'a GradientsParams, Vec<f32>);
    impl ModuleVisitor for Row<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(gradient) = self.0.get::<D>(param.id) {
                self.1.extend(numbers(&gradient.into_data()));
            }
        }
    }
    let mut row = Row(gradients, Vec::new());
    network.visit(&mut row);
    row.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_is_the_learning_rate_but_for_epsilon() {
        // m / √v of a first gradient g is (1 − β₁) / √(1 − β₂) · sign g, which the correction makes ±1.
        let (mut values, mut first, mut second) = ([1.0_f32; 2], [0.0; 2], [0.0; 2]);
        update(0.1, 1, [&mut values, &mut first, &mut second], &[3.0, -0.5]);
        assert!((values[0] - 0.9).abs() < 1e-6 && (values[1] - 1.1).abs() < 1e-6);
        // A gradient far below ε·√(1000) hardly moves anything, where epsilon is outside the correction.
        let (mut values, mut first, mut second) = ([1.0_f32], [0.0], [0.0]);
        update(0.1, 1, [&mut values, &mut first, &mut second], &[1e-9]);
        let expected = 1.0 - 0.1 * (1e-9 * 0.001_f64.sqrt()) / (1e-9 * 0.001_f64.sqrt() + 1e-8);
        assert!((f64::from(values[0]) - expected).abs() < 1e-6, "{values:?}");
    }
}
