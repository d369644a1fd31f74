//! What a training step does besides its recurrent layers, part by part.

use anyhow::Result;
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Distribution, Tensor};
use speaker_model::{DropoutStream, Loss, Pass};
use trainer::{Optimiser, TrainConfig};

use crate::step::{features, labels, network, speakers};
use crate::{HIDDEN, Repetition, SPEAKERS, Size};

#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum Part {
    /// The batch becomes a tensor.
    Data,
    /// Dropout after the first recurrent layer and its backward pass.
    Dropout,
    /// Dense layers and loss, forward and backward.
    HeadAndLoss,
    /// Norms of gradients, Adam. The loss is the sum of all parameters, whose own cost is in it.
    Optimiser,
}

pub(crate) fn part(part: Part, size: Size, device: Device) -> Result<Repetition> {
    let device = device.autodiff();
    let mut network = network(size, &device)?;
    let features = features(size);
    let speakers = speakers(size);
    let normal = Distribution::Default;
    Ok(match part {
        Part::Data => Box::new(move || {
            let batch = Tensor::<3>::from_data(features.clone(), &device);
            Ok(batch.dims()[0] as f64)
        }),
        Part::Dropout => {
            let states =
                Tensor::<3>::random([size.frames, size.batch, 2 * HIDDEN], normal, &device);
            Box::new(move || {
                let states = states.clone().require_grad();
                let dropped = DropoutStream::new(1, 1).apply(states, 0.5);
                let _ = dropped.sum().backward();
                Ok(0.0)
            })
        }
        Part::HeadAndLoss => {
            let embeddings = Tensor::<2>::random([size.batch, 2 * HIDDEN], normal, &device);
            Box::new(move || {
                let embeddings = embeddings.clone().require_grad();
                let mut dropout = DropoutStream::new(1, 1);
                let loss = network.loss();
                let logits = loss.outputs(embeddings, &mut Pass::training(&mut dropout))?;
                let loss = loss.loss(logits, &labels(&speakers))?.value;
                let _ = loss.backward();
                Ok(f64::from(loss.into_scalar::<f32>()))
            })
        }
        Part::Optimiser => {
            let config = TrainConfig::paper(SPEAKERS);
            let mut optimiser = Optimiser::new(&config.optimiser);
            Box::new(move || {
                let loss = sum_of_parameters(&network, &device);
                let (moved, norm) = optimiser.step(network.clone(), &loss, 1e-3);
                network = moved;
                Ok(norm)
            })
        }
    })
}

fn sum_of_parameters(network: &impl Module, device: &Device) -> Tensor<1> {
    struct Sum(Tensor<1>);
    impl ModuleVisitor for Sum {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0 = self.0.clone() + param.val().sum();
        }
    }
    let mut sum = Sum(Tensor::zeros([1], device));
    network.visit(&mut sum);
    sum.0
}
