//! Dense layers between the embedding and what a loss compares.

use burn::module::Module;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::ModelError;
use crate::choices::{check_dropout, check_size};
use crate::layers::{Activation, Dense, Initialiser, Pass, standardised};

/// Dense layers from the embedding to the logits of the softmax.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadConfig {
    /// Widths of the layers before the last.
    pub hidden: Vec<usize>,
    /// What follows each of them.
    pub activation: Activation,
    /// Dropout probability after the first of them, in training only.
    pub dropout: f64,
    /// Whether every dimension of the embedding is brought to mean 0 and deviation 1 over the batch before the
    /// first dense layer (Ioffe & Szegedy 2015, without scale and shift). The head serves training alone, so that
    /// no running statistics are needed.
    #[serde(default)]
    pub batch_norm: bool,
    /// Number of classes of the distribution that the loss compares.
    pub num_outputs: usize,
}

impl HeadConfig {
    /// One linear layer of `num_outputs` outputs.
    #[must_use]
    pub fn linear(num_outputs: usize) -> Self {
        Self {
            hidden: Vec::new(),
            activation: Activation::Linear,
            dropout: 0.0,
            batch_norm: false,
            num_outputs,
        }
    }

    /// # Errors
    /// [`ModelError::Config`] with the field, its value and what it may be.
    pub fn validate(&self) -> Result<(), ModelError> {
        check_size("loss.head.num_outputs", self.num_outputs)?;
        for &width in &self.hidden {
            check_size("loss.head.hidden", width)?;
        }
        check_dropout("loss.head.dropout", self.dropout)
    }
}

/// Dense layers with an activation between them; the last gives the logits.
#[derive(Module, Debug)]
pub struct Head {
    /// First to last.
    layers: Vec<Dense>,
    #[module(skip)]
    config: HeadConfig,
}

impl Head {
    /// The layers for embeddings of `embedding_dim` dimensions.
    ///
    /// # Errors
    /// As [`Initialiser::kernel`].
    pub fn new(
        embedding_dim: usize,
        config: &HeadConfig,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<Self, ModelError> {
        let mut input = embedding_dim;
        let mut layers = Vec::new();
        for (layer, &output) in config
            .hidden
            .iter()
            .chain([&config.num_outputs])
            .enumerate()
        {
            let activation = match layer < config.hidden.len() {
                true => config.activation,
                false => Activation::Linear,
            };
            let name = initialiser.next_dense();
            layers.push(Dense::new(&name, [input, output], activation, initialiser)?);
            input = output;
        }
        Ok(Self {
            layers,
            config: config.clone(),
        })
    }

    /// Embeddings `[batch, embedding_dim]` to logits `[batch, num_outputs]`.
    ///
    /// # Errors
    /// [`ModelError::Shape`] for another width.
    pub fn forward(
        &self,
        embeddings: Tensor<2>,
        pass: &mut Pass<'_>,
    ) -> Result<Tensor<2>, ModelError> {
        let mut x = if self.config.batch_norm {
            standardised(embeddings)
        } else {
            embeddings
        };
        for (index, layer) in self.layers.iter().enumerate() {
            x = pass.within(&format!("layers.{index}"), |pass| layer.forward(x, pass))?;
            if index + 1 == self.layers.len() {
                break;
            }
            x = layer.activate(x);
            // The paper's head drops after its first layer only.
            if index == 0 {
                x = pass.drop_out(x, self.config.dropout);
            }
        }
        Ok(x)
    }
}
