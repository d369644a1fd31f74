//! Embedding to logits: the dense layers that only training uses.

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};

use crate::config::{Activation, HeadConfig};
use crate::dense::Dense;
use crate::dropout::DropoutStream;
use crate::seen::{See, Seen};

/// Dense layers with an activation between them; the last gives the logits.
#[derive(Module, Debug)]
pub struct Head {
    /// First to last.
    pub layers: Vec<Dense>,
    #[module(skip)]
    config: HeadConfig,
}

impl Head {
    pub(crate) fn new(
        embedding_dim: usize,
        config: &HeadConfig,
        seed: u64,
        device: &Device,
    ) -> Self {
        let mut input = embedding_dim;
        let widths = config.hidden.iter().chain([&config.num_outputs]);
        let layers = widths
            .enumerate()
            .map(|(layer, &output)| {
                let activation = match layer < config.hidden.len() {
                    true => config.activation,
                    false => Activation::Linear,
                };
                let name = format!("head.layers.{layer}");
                let dense = Dense::new(&name, [input, output], activation, Some(seed), device);
                input = output;
                dense
            })
            .collect();
        Self {
            layers,
            config: config.clone(),
        }
    }

    /// Embeddings `[batch, embedding_dim]` to logits `[batch, num_outputs]`.
    #[must_use]
    pub fn forward(&self, embeddings: Tensor<2>, dropout: Option<&mut DropoutStream>) -> Tensor<2> {
        self.pass(embeddings, dropout, None)
    }

    /// [`Self::forward`], which shows every layer's output to `see`.
    pub(crate) fn pass(
        &self,
        embeddings: Tensor<2>,
        mut dropout: Option<&mut DropoutStream>,
        mut see: Option<See<'_>>,
    ) -> Tensor<2> {
        let mut x = if self.config.batch_norm {
            standardised(embeddings)
        } else {
            embeddings
        };
        for (index, layer) in self.layers.iter().enumerate() {
            x = layer.forward(x);
            if let Some(see) = see.as_deref_mut() {
                see(Seen::HeadDense(index, &x));
            }
            if index + 1 == self.layers.len() {
                break;
            }
            x = layer.activate(x, self.config.activation);
            // The paper's head drops after its first layer only; `take` leaves none for the others.
            if let Some(dropout) = dropout.take() {
                x = dropout.apply(x, self.config.dropout);
            }
        }
        x
    }
}

impl Head {
    /// The first dense layer as a map on pooled states `[dim]`, with the batch normalisation before it taken at
    /// `mean` and `variance` `[dim]` of those states: what makes embeddings where they are that layer's output.
    pub(crate) fn first_dense(&self, mean: &[f64], variance: &[f64]) -> Option<Projection> {
        let layer = self.layers.first()?;
        let [input, output] = layer.weight.dims();
        let values = |data: TensorData| data.iter::<f32>().collect::<Vec<f32>>();
        let mut weight = values(layer.weight.val().into_data());
        let mut bias = values(layer.bias.val().into_data());
        if self.config.batch_norm {
            for (row, (mean, variance)) in weight
                .chunks_exact_mut(output)
                .zip(mean.iter().zip(variance))
            {
                let scale = 1.0 / (variance + VARIANCE_EPSILON).sqrt();
                for (value, bias) in row.iter_mut().zip(&mut bias) {
                    *value = (f64::from(*value) * scale) as f32;
                    *bias -= (f64::from(*value) * mean) as f32;
                }
            }
        }
        Some(Projection {
            input,
            weight,
            bias,
        })
    }
}

/// A linear map from pooled states to embeddings.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Projection {
    pub(crate) input: usize,
    /// `[input, output]`
    pub(crate) weight: Vec<f32>,
    /// `[output]`
    pub(crate) bias: Vec<f32>,
}

impl Projection {
    /// `[input]` to `[output]`
    pub(crate) fn apply(&self, pooled: &[f64]) -> Vec<f64> {
        let mut sum: Vec<f64> = self.bias.iter().map(|&b| f64::from(b)).collect();
        for (row, &value) in self.weight.chunks_exact(self.bias.len()).zip(pooled) {
            sum.iter_mut()
                .zip(row)
                .for_each(|(s, &w)| *s += value * f64::from(w));
        }
        sum
    }
}

/// Added to a variance over the batch, as in Keras and `PyTorch`.
const VARIANCE_EPSILON: f64 = 1e-5;

/// `[batch, dim]` with mean 0 and deviation 1 in every column.
fn standardised(x: Tensor<2>) -> Tensor<2> {
    let offset = x.clone() - x.mean_dim(0);
    let variance = (offset.clone() * offset.clone()).mean_dim(0);
    offset / variance.add_scalar(VARIANCE_EPSILON).sqrt()
}
