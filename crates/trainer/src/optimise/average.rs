//! The mean of a network's weights over the steps of a training.

use std::collections::{HashMap, VecDeque};

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;

use super::adam::numbers;
use crate::config::AverageConfig;

/// Elements that one task updates.
const TASK: usize = 1 << 15;

/// Numbers of parameters.
type Numbers = HashMap<ParamId, Vec<f32>>;

/// The mean that is evaluated and kept while the weights themselves go on being trained.
pub(crate) enum Average<M: Module> {
    /// None: the weights are those that are evaluated.
    Off,
    /// Exponential over the steps, in one pass over the numbers after each.
    Exponential { decay: f64, mean: Numbers },
    /// Of the networks at the last evaluations, the oldest first. They share their tensors with the one in training until it
    /// moves on.
    Last { count: usize, kept: VecDeque<M> },
}

impl<M: Module> Average<M> {
    /// Of a training that begins with `network`.
    pub(crate) fn new(config: Option<AverageConfig>, network: &M) -> Self {
        match config {
            None => Self::Off,
            Some(AverageConfig::Decay(decay)) => Self::Exponential {
                decay,
                mean: numbers_of(network),
            },
            Some(AverageConfig::Last(count)) => Self::Last {
                count,
                kept: VecDeque::new(),
            },
        }
    }

    /// Takes in `network` as the step `step` (from 0) left it, and gives it back.
    pub(crate) fn step(&mut self, network: M, step: u64) -> M {
        let Self::Exponential { decay, mean } = self else {
            return network;
        };
        let rate = (1.0 - AverageConfig::share_kept(*decay, step)) as f32;
        network.map(&mut Exponential { mean, rate })
    }

    /// Takes in `network` as it is evaluated.
    pub(crate) fn evaluated(&mut self, network: &M) {
        if let Self::Last { count, kept } = self {
            kept.push_back(network.clone());
            while kept.len() > *count {
                kept.pop_front();
            }
        }
    }

    /// `network` with the mean as its weights: as it is where there is no mean.
    pub(crate) fn of(&self, network: &M) -> M {
        let mean = match self {
            Self::Off => return network.clone(),
            Self::Exponential { mean, .. } => mean,
            Self::Last { kept, .. } if kept.is_empty() => return network.clone(),
            Self::Last { kept, .. } => &mean_of(kept),
        };
        network.clone().map(&mut Put(mean))
    }

    /// What a checkpoint has to keep of it, as networks like `network`; [`Self::restored`] takes them.
    pub(crate) fn parts(&self, network: &M) -> Vec<M> {
        match self {
            Self::Off => Vec::new(),
            Self::Exponential { .. } => vec![self.of(network)],
            Self::Last { kept, .. } => kept.iter().cloned().collect(),
        }
    }

    /// As it was when it had these parts.
    pub(crate) fn restored(config: Option<AverageConfig>, network: &M, parts: Vec<M>) -> Self {
        let begun = Self::new(config, parts.last().unwrap_or(network));
        match begun {
            Self::Last { count, .. } => Self::Last {
                count,
                kept: parts.into(),
            },
            other => other,
        }
    }
}

/// Every number of `network`.
fn numbers_of(network: &impl Module) -> Numbers {
    struct Collect(Numbers);
    impl ModuleVisitor for Collect {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let data = param.val().into_data();
            self.0.insert(param.id, numbers(&data).to_vec());
        }
    }
    let mut collect = Collect(Numbers::new());
    network.visit(&mut collect);
    collect.0
}

/// The mean of several networks, added up in 64 bits from the first to the last.
fn mean_of<M: Module>(networks: &VecDeque<M>) -> Numbers {
    struct Add(HashMap<ParamId, Vec<f64>>);
    impl ModuleVisitor for Add {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let data = param.val().into_data();
            let values = numbers(&data);
            let sums = self.0.entry(param.id);
            let sums = sums.or_insert_with(|| vec![0.0; values.len()]);
            for (sum, &value) in sums.iter_mut().zip(values) {
                *sum += f64::from(value);
            }
        }
    }
    let mut add = Add(HashMap::new());
    networks.iter().for_each(|network| network.visit(&mut add));
    let count = networks.len() as f64;
    let means = add.0.into_iter().map(|(id, sums)| {
        let means = sums.into_iter().map(|sum| (sum / count) as f32);
        (id, means.collect())
    });
    means.collect()
}

/// Moves the mean towards the network that it passes: by `rate` of what lies between them.
struct Exponential<'a> {
    mean: &'a mut Numbers,
    rate: f32,
}

impl ModuleMapper for Exponential<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let mean = self.mean.entry(param.id);
        let rate = self.rate;
        param.map(|tensor| {
            // This moves the numbers out of a tensor that nothing else holds, and back into one.
            with_data(tensor, |data| {
                let values = numbers(&data);
                let mean = mean.or_insert_with(|| values.to_vec());
                let tasks = mean.par_chunks_mut(TASK).zip(values.par_chunks(TASK));
                tasks.for_each(|(mean, values)| {
                    for (mean, value) in mean.iter_mut().zip(values) {
                        // What does not change stays what it is to the last bit.
                        *mean += rate * (value - *mean);
                    }
                });
                data
            })
        })
    }
}

/// Puts these numbers into the parameters that have them.
struct Put<'a>(&'a Numbers);

impl ModuleMapper for Put<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        match self.0.get(&param.id) {
            Some(values) => param.map(|tensor| {
                let data = TensorData::new(values.clone(), tensor.shape());
                with_data(tensor, |_| data)
            }),
            None => param,
        }
    }
}

/// The tensor of what `change` makes of the numbers of `tensor`, trained if that is.
fn with_data<const D: usize>(
    tensor: Tensor<D>,
    change: impl FnOnce(TensorData) -> TensorData,
) -> Tensor<D> {
    let (device, is_trained) = (tensor.device(), tensor.is_require_grad());
    let changed = Tensor::from_data(change(tensor.into_data()), &device);
    match is_trained {
        true => changed.require_grad(),
        false => changed,
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test that cannot prepare its data has failed"
    )]
    use burn::tensor::Device;

    use super::*;

    /// A weight that is trained, and a statistic that is not.
    #[derive(Module, Debug)]
    struct Tiny {
        weight: Param<Tensor<1>>,
        statistic: Param<Tensor<1>>,
    }

    /// After step `step` of a made training.
    fn tiny(step: f32) -> Tiny {
        let device = Device::flex().autodiff();
        let tensor = |value: f32| Tensor::<1>::from_floats([value, 0.25], &device);
        Tiny {
            weight: Param::initialized(ParamId::from(1), tensor((0.7 * step).sin()).require_grad()),
            statistic: Param::initialized(ParamId::from(2), tensor(step)),
        }
    }

    fn values(network: &Tiny) -> [Vec<f32>; 2] {
        [&network.weight, &network.statistic]
            .map(|param| param.val().into_data().try_to_vec().unwrap())
    }

    /// `a[t] = d a[t-1] + (1 - d) w[t]` unrolled: a sum over all weights that there were, in 64 bits.
    #[test]
    fn the_exponential_mean_is_its_closed_form_and_takes_statistics_in_too() {
        let (decay, last) = (0.9, 200_usize);
        let mut average = Average::new(Some(AverageConfig::Decay(decay)), &tiny(0.0));
        for step in 0..last {
            let network = average.step(tiny(step as f32 + 1.0), step as u64);
            assert!(
                network.weight.val().is_require_grad()
                    && !network.statistic.val().is_require_grad()
            );
        }
        let kept = |step: usize| decay.min((1.0 + step as f64) / (10.0 + step as f64));
        // What is left of the weights after step `from` behind the last step.
        let share = |from: usize| (from..last).map(kept).product::<f64>();
        let sum = |value: &dyn Fn(f64) -> f64| {
            let begin = share(0) * value(0.0);
            let rest = (0..last).map(|t| share(t + 1) * (1.0 - kept(t)) * value(t as f64 + 1.0));
            begin + rest.sum::<f64>()
        };
        let found = average.of(&tiny(0.0));
        assert!(found.weight.val().is_require_grad());
        let [weight, statistic] = values(&found);
        let expected = [sum(&|t| (0.7 * t).sin()), sum(&|t| t)];
        assert!(
            (f64::from(weight[0]) - expected[0]).abs() < 1e-6,
            "{weight:?} {expected:?}"
        );
        assert!(
            (f64::from(statistic[0]) / expected[1] - 1.0).abs() < 1e-6,
            "{statistic:?} {expected:?}"
        );
        // What stays the same is the same.
        assert_eq!((weight[1], statistic[1]), (0.25, 0.25));
    }

    #[test]
    fn the_first_steps_are_forgotten_early() {
        let average = |decay: f64| {
            let mut average = Average::new(Some(AverageConfig::Decay(decay)), &tiny(0.0));
            average.step(tiny(1.0), 0);
            values(&average.of(&tiny(0.0)))[1][0]
        };
        // A tenth of the beginning is left after the first step, or less where less is asked for.
        assert!((average(0.999) - 0.9).abs() < 1e-6);
        assert!((average(0.05) - 0.95).abs() < 1e-6);
    }

    #[test]
    fn the_mean_of_the_last_evaluations_has_those_and_no_others() {
        let mut average = Average::new(Some(AverageConfig::Last(3)), &tiny(0.0));
        assert_eq!(
            values(&average.of(&tiny(5.0))),
            values(&tiny(5.0)),
            "none yet"
        );
        for evaluation in [1.0, 2.0, 4.0, 9.0] {
            average.evaluated(&tiny(evaluation));
            average.step(tiny(100.0), 7);
        }
        assert_eq!(values(&average.of(&tiny(0.0)))[1], [5.0, 0.25]);
        let parts = average.parts(&tiny(0.0));
        assert_eq!(parts.len(), 3);
        let again = Average::restored(Some(AverageConfig::Last(3)), &tiny(0.0), parts);
        assert_eq!(
            values(&again.of(&tiny(0.0))),
            values(&average.of(&tiny(0.0)))
        );
    }

    /// Beside Adam's step on as many numbers.
    #[test]
    #[ignore = "prints times"]
    fn time_of_a_step() {
        use std::time::Instant;

        use burn::optim::GradientsParams;

        use crate::optimise::Adam;

        #[derive(Module, Debug)]
        struct Large {
            weight: Param<Tensor<2>>,
        }
        let device = Device::flex().autodiff();
        let weight = Tensor::<2>::ones([2_646, 2_646], &device).require_grad();
        let mut network = Large {
            weight: Param::initialized(ParamId::from(1), weight),
        };
        let config = crate::TrainConfig::question().optimiser;
        let mut adam: burn::optim::ModuleOptimizer = Adam::new(&config).into();
        let mut average = Average::new(Some(AverageConfig::Decay(0.999)), &network);
        let mut least = [f64::INFINITY; 2];
        for step in 0..20 {
            let loss = (network.weight.val() * 0.5).sum();
            let gradients = GradientsParams::from_grads(loss.backward(), &network);
            let begin = Instant::now();
            network = adam.step(1e-3, network, gradients);
            let between = Instant::now();
            network = average.step(network, step);
            let times = [between - begin, between.elapsed()].map(|took| took.as_secs_f64());
            least = [0, 1].map(|of| least[of].min(times[of]));
        }
        println!(
            "of 7 million numbers: Adam {:.1} ms, mean {:.1} ms",
            1e3 * least[0],
            1e3 * least[1]
        );
    }
}
