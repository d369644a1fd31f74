//! One optimiser step: gradients, their norms, clipping by the norm of all together, Adam(W).

mod adam;
mod average;
mod rates;

use std::path::Path;

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;

use self::adam::{Adam, numbers};
pub(crate) use self::average::Average;
pub use self::rates::Rates;
use crate::TrainError;
use crate::config::OptimiserConfig;

/// Adam behind Burn's walk over a module's parameters, which keeps and saves the moments.
#[derive(Clone)]
pub struct Optimiser {
    adam: ModuleOptimizer,
    clip_norm: Option<f64>,
    rates: Rates,
}

impl Optimiser {
    /// A new one, without moments.
    #[must_use]
    pub fn new(config: &OptimiserConfig) -> Self {
        Self {
            adam: Adam::new(config).into(),
            clip_norm: config.clip_norm,
            rates: Rates::default(),
        }
    }

    /// The same with other rates for some parameters.
    #[must_use]
    pub fn with_rates(self, rates: Rates) -> Self {
        Self { rates, ..self }
    }

    /// Moves `network` against the gradient of `loss`; gives the gradient's norm before clipping, and
    /// leaves the network as it was where that is not finite.
    pub fn step<M: Module>(
        &mut self,
        network: M,
        loss: &Tensor<1>,
        learning_rate: f64,
    ) -> (M, f64) {
        let mut gradients = GradientsParams::from_grads(loss.backward(), &network);
        let mut norm = SquaredNorm {
            gradients: &mut gradients,
            sum: 0.0,
        };
        network.visit(&mut norm);
        let norm = norm.sum.sqrt();
        if !norm.is_finite() {
            return (network, norm);
        }
        if let Some(limit) = self.clip_norm.filter(|&limit| norm > limit) {
            network.visit(&mut Scale {
                gradients: &mut gradients,
                factor: limit / norm,
            });
        }
        let rates = self.rates.at(learning_rate);
        (self.adam.step(rates, network, gradients), norm)
    }

    /// The moments, as a file that [`Self::load`] continues from bit for bit.
    pub(crate) fn save(&self, path: &Path) -> Result<(), TrainError> {
        self.adam
            .save(path)
            .map_err(|error| fault(path, &error.to_string()))
    }

    pub(crate) fn load(self, path: &Path) -> Result<Self, TrainError> {
        let adam = self
            .adam
            .load(path)
            .map_err(|error| fault(path, &error.to_string()))?;
        Ok(Self { adam, ..self })
    }
}

fn fault(path: &Path, error: &str) -> TrainError {
    TrainError::Checkpoint {
        path: path.to_owned(),
        found: error.to_owned(),
        remedy: "start another run",
    }
}

/// Sum of squares of a module's gradients, in the order of its parameters.
struct SquaredNorm<'a> {
    gradients: &'a mut GradientsParams,
    sum: f64,
}

impl ModuleVisitor for SquaredNorm<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        // Taken out and put back: reading the numbers of a tensor that is held twice would copy them.
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            let device = gradient.device();
            let data = gradient.into_data();
            self.sum += squares(&data);
            self.gradients
                .register(param.id, Tensor::<D>::from_data(data, &device));
        }
    }
}

struct Scale<'a> {
    gradients: &'a mut GradientsParams,
    factor: f64,
}

impl ModuleVisitor for Scale<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            self.gradients
                .register(param.id, gradient.mul_scalar(self.factor));
        }
    }
}

/// Euclidean norm of all weights of `module`.
pub(crate) fn weight_norm(module: &impl Module) -> f64 {
    struct Weights(f64);
    impl ModuleVisitor for Weights {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0 += squares(&param.val().into_data());
        }
    }
    let mut weights = Weights(0.0);
    module.visit(&mut weights);
    weights.0.sqrt()
}

/// Sum of the squares: short sums in 32 bits, which a processor makes many of at once, added up in 64, in a fixed order
/// whatever the number of threads.
pub(crate) fn squares(data: &TensorData) -> f64 {
    const TASK: usize = 1 << 15;
    const SHORT: usize = 256;
    const LANES: usize = 16;
    let short = |values: &[f32]| {
        let (groups, rest) = values.as_chunks::<LANES>();
        let mut sums = [0.0_f32; LANES];
        for group in groups {
            for (sum, value) in sums.iter_mut().zip(group) {
                *sum += value * value;
            }
        }
        let rest = rest.iter().map(|value| value * value);
        f64::from(sums.iter().sum::<f32>() + rest.sum::<f32>())
    };
    let tasks: Vec<f64> = numbers(data)
        .par_chunks(TASK)
        .map(|task| task.chunks(SHORT).map(short).sum())
        .collect();
    tasks.iter().sum()
}
