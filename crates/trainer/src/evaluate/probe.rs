//! One batch looked at closely: what its loss is made of, its gradient by layer, its units.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use diagnosis::preflight::LossAndGradient;
use diagnosis::{LayerGradient, LayerUnits};
use speaker_model::{DropoutStream, Loss, LossBatch, ModulePath, Pass, SpeakerNetwork};

use super::terms::{Terms, scalar};
use super::units::{rows, units};
use crate::TrainError;
use crate::data::Batch;
use crate::optimise::squares;

/// The batch's features on `device`, `[frames, segments, bins]`.
pub(crate) fn features(batch: &Batch, device: &Device) -> Tensor<3> {
    Tensor::from_data(TensorData::new(batch.features.clone(), batch.shape), device)
}

/// A network's answer to a batch, with the dropout of one step.
pub(crate) struct Probe {
    /// What the loss compares, by segment.
    pub(crate) outputs: Vec<Vec<f32>>,
    pub(crate) loss: f64,
    pub(crate) terms: Terms,
    pub(crate) when_alike: Option<f64>,
    pub(crate) num_pairs: Option<[usize; 2]>,
    pub(crate) gradients: Vec<LayerGradient>,
    pub(crate) units: Vec<LayerUnits>,
}

impl Probe {
    /// Passes `batch` forward and backward, with the dropout of `step` of a run with `seed`.
    pub(crate) fn of<L: Loss>(
        network: &SpeakerNetwork<L>,
        batch: &Batch,
        seed: u64,
        step: u64,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let mut dropout = DropoutStream::new(seed, step);
        let mut layers = Vec::new();
        let mut look = |seen: speaker_model::Seen<'_>| layers.push(units(&seen));
        let pass = &mut Pass::training(&mut dropout).seen_by(&mut look);
        let lengths = batch.lengths.as_deref();
        let outputs = network.outputs(features(batch, device), lengths, pass)?;
        let loss = network.loss().of_batch(outputs.clone(), &batch.labels())?;
        let gradients = GradientsParams::from_grads(loss.value.backward(), network);
        let names: Vec<&str> = layers.iter().map(|layer| layer.layer.as_str()).collect();
        Ok(Self {
            outputs: rows(&outputs, 1),
            loss: scalar(&loss.value),
            terms: Terms::of(&loss),
            when_alike: loss.when_alike,
            num_pairs: loss.num_pairs,
            gradients: by_layer(network, &names, &gradients),
            units: layers,
        })
    }

    /// Norm of the gradient over all layers.
    pub(crate) fn gradient_norm(&self) -> f64 {
        let squares = self.gradients.iter().map(|layer| layer.norm * layer.norm);
        squares.sum::<f64>().sqrt()
    }

    /// The loss of the same outputs under other labels, and its gradient by the outputs.
    pub(crate) fn relabelled(
        &self,
        loss: &impl Loss,
        batch: &Batch,
        labels: &[usize],
        device: &Device,
    ) -> Result<LossAndGradient, TrainError> {
        let width = self.outputs.first().map_or(0, Vec::len);
        let data = TensorData::new(self.outputs.concat(), [self.outputs.len(), width]);
        let outputs = Tensor::<2>::from_data(data, device).require_grad();
        let labels = LossBatch {
            labels,
            ..batch.labels()
        };
        let value = loss.of_batch(outputs.clone(), &labels)?.value;
        let gradients = value.backward();
        let gradient = outputs.grad(&gradients);
        Ok(LossAndGradient {
            loss: scalar(&value),
            gradient: gradient.map_or_else(Vec::new, |g| g.into_data().iter::<f32>().collect()),
        })
    }
}

/// Root mean square of the weight matrices that are trained.
pub(crate) fn weight_rms(network: &impl Module) -> f64 {
    #[derive(Default)]
    struct Weights {
        sum: f64,
        count: usize,
    }
    impl ModuleVisitor for Weights {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if D == 2 && param.val().is_require_grad() {
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

/// Gradient norms by layer, in the order of the network. A parameter counts to the layer of `names`, those that show their
/// outputs, whose name its own begins with; any other to the module that has it.
fn by_layer(
    network: &impl Module,
    names: &[&str],
    gradients: &GradientsParams,
) -> Vec<LayerGradient> {
    struct Layers<'a> {
        gradients: &'a GradientsParams,
        names: &'a [&'a str],
        path: ModulePath,
        squares: Vec<LayerGradient>,
    }
    impl Layers<'_> {
        fn layer(&self) -> String {
            let name = self.path.name();
            let shown = |layer: &&&str| {
                let rest = name.strip_prefix(**layer);
                rest.is_some_and(|rest| rest.starts_with('.'))
            };
            match self.names.iter().find(shown) {
                Some(layer) => (*layer).to_owned(),
                None => name
                    .rsplit_once('.')
                    .map_or(name.clone(), |(module, _)| module.to_owned()),
            }
        }
    }
    impl ModuleVisitor for Layers<'_> {
        fn enter_module(&mut self, name: &str, container: &str) {
            self.path.enter(name, container);
        }
        fn exit_module(&mut self, _: &str, container: &str) {
            self.path.exit(container);
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            // Data such as a whitening has no gradient, and is no part of what is trained.
            if !param.val().is_require_grad() {
                return;
            }
            let layer = self.layer();
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
        names,
        path: ModulePath::default(),
        squares: Vec::new(),
    };
    network.visit(&mut layers);
    layers
        .squares
        .iter_mut()
        .for_each(|layer| layer.norm = layer.norm.sqrt());
    layers.squares
}
