//! One batch looked at closely: its pairs one by one, its gradient by layer, its units.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use diagnosis::preflight::{LossAndGradient, Pair, kl_divergence};
use diagnosis::{LayerGradient, LayerUnits};
use speaker_model::{DropoutStream, KlHingeConfig, SpeakerNetwork};

use crate::TrainError;
use crate::batch::Batch;
use crate::config::TrainConfig;
use crate::loss::{labels, loss};
use crate::optimise::squares;
use crate::units::{rows, units};

/// The batch's features on `device`, `[frames, segments, bins]`.
pub(crate) fn features(batch: &Batch, device: &Device) -> Tensor<3> {
    Tensor::from_data(TensorData::new(batch.features.clone(), batch.shape), device)
}

/// A network's answer to a batch, with the dropout of one step.
pub(crate) struct Probe {
    /// Logits by segment.
    pub(crate) logits: Vec<Vec<f32>>,
    pub(crate) loss: f64,
    pub(crate) same_divergence: f64,
    pub(crate) different_divergence: f64,
    pub(crate) num_same: usize,
    pub(crate) num_different: usize,
    pub(crate) gradients: Vec<LayerGradient>,
    pub(crate) units: Vec<LayerUnits>,
}

impl Probe {
    /// Passes `batch` forward and backward, with the dropout of `step` of a run of `config`.
    pub(crate) fn of(
        network: &SpeakerNetwork,
        batch: &Batch,
        config: &TrainConfig,
        step: u64,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let mut dropout = DropoutStream::new(config.seed, step);
        let mut layers = Vec::new();
        let logits = network.logits_seen(
            features(batch, device),
            batch.lengths.as_deref(),
            &mut dropout,
            &mut |seen| layers.push(units(&config.model, &seen)),
        );
        let pair_loss = loss(logits.clone(), batch, &labels(batch), &config.loss)?;
        let scalar = |tensor: &Tensor<1>| f64::from(tensor.clone().into_scalar::<f32>());
        let gradients = GradientsParams::from_grads(pair_loss.loss.backward(), network);
        Ok(Self {
            logits: rows(&logits, 1),
            loss: scalar(&pair_loss.loss),
            same_divergence: scalar(&pair_loss.same_divergence),
            different_divergence: scalar(&pair_loss.different_divergence),
            num_same: pair_loss.num_same,
            num_different: pair_loss.num_different,
            gradients: by_layer(network, &gradients),
            units: layers,
        })
    }

    /// Norm of the gradient over all layers.
    pub(crate) fn gradient_norm(&self) -> f64 {
        let squares = self.gradients.iter().map(|layer| layer.norm * layer.norm);
        squares.sum::<f64>().sqrt()
    }

    /// The outputs' distributions in 64 bits, `[segments][outputs]`.
    pub(crate) fn distributions(&self) -> Vec<Vec<f64>> {
        let softmax = |row: &Vec<f32>| {
            let highest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let powers: Vec<f64> = row.iter().map(|&v| f64::from(v - highest).exp()).collect();
            let sum: f64 = powers.iter().sum();
            powers.into_iter().map(|p| p / sum).collect()
        };
        self.logits.iter().map(softmax).collect()
    }

    /// Every pair of the batch, with both directions of its divergence, one by one.
    pub(crate) fn pairs(&self, batch: &Batch) -> Vec<(bool, [f64; 2])> {
        let p = self.distributions();
        let pairs = match &batch.pairs {
            Some(pairs) => pairs.clone(),
            None => {
                let num = p.len();
                (0..num)
                    .flat_map(|i| (i + 1..num).map(move |j| (i, j)))
                    .collect()
            }
        };
        let pairs = pairs.into_iter();
        pairs
            .map(|(i, j)| {
                let both = [kl_divergence(&p[i], &p[j]), kl_divergence(&p[j], &p[i])];
                (batch.speakers[i] == batch.speakers[j], both)
            })
            .collect()
    }

    /// The loss of every pair with its weight in the batch's.
    pub(crate) fn pair_losses(&self, batch: &Batch, config: &KlHingeConfig) -> Vec<Pair> {
        let weight = config.same_weight(self.num_same, self.num_different);
        let pairs = self.pairs(batch).into_iter();
        pairs
            .map(|(same, both)| {
                let one = |kl: f64| {
                    if same {
                        kl
                    } else {
                        (config.margin - kl).max(0.0)
                    }
                };
                let (share, count) = match same {
                    true => (weight, self.num_same),
                    false => (1.0 - weight, self.num_different),
                };
                Pair {
                    loss: one(both[0]) + one(both[1]),
                    weight: share / count.max(1) as f64,
                }
            })
            .collect()
    }

    /// The loss of the same outputs under other labels, and its gradient by the logits.
    pub(crate) fn relabelled(
        &self,
        batch: &Batch,
        labels: &[usize],
        config: &KlHingeConfig,
        device: &Device,
    ) -> Result<LossAndGradient, TrainError> {
        let width = self.logits.first().map_or(0, Vec::len);
        let data = TensorData::new(self.logits.concat(), [self.logits.len(), width]);
        let logits = Tensor::<2>::from_data(data, device).require_grad();
        let pair_loss = loss(logits.clone(), batch, labels, config)?;
        let gradients = pair_loss.loss.backward();
        let gradient = logits.grad(&gradients);
        Ok(LossAndGradient {
            loss: f64::from(pair_loss.loss.into_scalar::<f32>()),
            gradient: gradient.map_or_else(Vec::new, |g| g.into_data().iter::<f32>().collect()),
        })
    }
}

/// Root mean square of the weight matrices.
pub(crate) fn weight_rms(network: &SpeakerNetwork) -> f64 {
    #[derive(Default)]
    struct Weights {
        path: Vec<String>,
        sum: f64,
        count: usize,
    }
    impl ModuleVisitor for Weights {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.push(name.to_owned());
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.pop();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if D == 2 && !is_whitening(&self.path) {
                let data = param.val().into_data();
                self.sum += squares(&data);
                self.count += data.num_elements();
            }
        }
    }
    let mut weights = Weights::default();
    network.visit(&mut weights);
    (weights.sum / weights.count.max(1) as f64).sqrt()
}

/// A whitening is data, which has no gradient.
fn is_whitening(path: &[String]) -> bool {
    path.iter().any(|name| name == "whitening")
}

/// Gradient norms by layer, in the order of the network.
fn by_layer(network: &SpeakerNetwork, gradients: &GradientsParams) -> Vec<LayerGradient> {
    struct Layers<'a> {
        gradients: &'a GradientsParams,
        path: Vec<String>,
        squares: Vec<LayerGradient>,
    }
    impl ModuleVisitor for Layers<'_> {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.push(name.to_owned());
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.pop();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if is_whitening(&self.path) {
                return;
            }
            let layer = self.path.iter().take(3).cloned().collect::<Vec<_>>();
            let layer = layer.join(".");
            if self.squares.last().is_none_or(|last| last.layer != layer) {
                self.squares.push(LayerGradient { layer, norm: 0.0 });
            }
            let gradient = self.gradients.get::<D>(param.id);
            if let (Some(gradient), Some(last)) = (gradient, self.squares.last_mut()) {
                last.norm += squares(&gradient.into_data());
            }
        }
    }
    let mut layers = Layers {
        gradients,
        path: Vec::new(),
        squares: Vec::new(),
    };
    network.visit(&mut layers);
    layers
        .squares
        .iter_mut()
        .for_each(|layer| layer.norm = layer.norm.sqrt());
    layers.squares
}
