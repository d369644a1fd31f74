//! What one writes down about a network: the encoder, its pooling over time, and the head.

use serde::{Deserialize, Serialize};

use crate::ModelError;

/// A network: encoder (recordings to embeddings) and head (embeddings to a distribution).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Bins of a feature frame.
    pub num_bins: usize,
    /// Which layer's output is the embedding.
    #[serde(default)]
    pub embedding: EmbeddingLayer,
    /// Features to pooled states.
    pub encoder: EncoderConfig,
    /// Pooled states to logits.
    pub head: HeadConfig,
}

/// Which layer's output is the embedding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmbeddingLayer {
    /// The encoder's pooled states (L3 of the paper).
    #[default]
    Pooled,
    /// The head's first dense layer, before its activation (L4 of the paper, which found both alike). A batch
    /// normalisation before it takes its statistics from training recordings.
    FirstDense,
}

/// Number format of the operands of the recurrent layers' matrix products on the fused CPU path. Sums, gates, states and
/// weights are 32 bits wide in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arithmetic {
    /// 32-bit floats.
    #[default]
    F32,
    /// bfloat16: faster where the processor has instructions for it.
    Bf16,
}

/// Which ways a recurrent layer reads its input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the first frame on and from the last frame back, each with weights of its own.
    #[default]
    Bidirectional,
    /// From the first frame on.
    Forward,
}

impl Direction {
    pub(crate) fn count(self) -> usize {
        match self {
            Self::Bidirectional => 2,
            Self::Forward => 1,
        }
    }
}

/// A stack of LSTM layers and how its output becomes one vector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderConfig {
    /// Number of LSTM layers.
    pub num_layers: usize,
    /// Which ways each of them reads.
    #[serde(default)]
    pub direction: Direction,
    /// Units per direction of each layer.
    pub hidden: usize,
    /// Dropout probability between two layers, elementwise, in training only.
    pub dropout: f64,
    /// How the last layer's sequence becomes the embedding.
    pub pooling: Pooling,
    /// What every feature is multiplied with before the first layer: natural-log features spread over
    /// several units, which would saturate the gates from the first step.
    #[serde(default = "one")]
    pub input_scale: f64,
    /// Whether each recording's own mean over the valid frames is subtracted before the first layer, so that the
    /// recurrent layers hear how a voice moves and not through which microphone.
    #[serde(default)]
    pub centre_input: bool,
    /// Number of cepstral coefficients of the features' own mean and deviation over the valid frames that are appended
    /// to the pooled states; 0 for none. They are the long-term spectrum, which a recurrent layer passes on but
    /// poorly. As cepstra (a cosine transform over the bands) they are nearly uncorrelated, without which the loss takes
    /// too many steps to learn which of them tell speakers apart.
    #[serde(default)]
    pub input_cepstra: usize,
    /// Whether those coefficients are brought to mean 0 and the identity as covariance by a fixed linear map, which
    /// training recordings give before the first step. No labels are needed for it.
    #[serde(default)]
    pub whiten_cepstra: bool,
    /// A dense layer behind the pooling, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dense: Option<DenseConfig>,
}

/// A dense layer that ends an encoder. Its output is brought to unit length, segment by segment, so that a recording's
/// embedding is the mean of directions (Wan et al. 2018, *Generalized end-to-end loss for speaker verification*).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DenseConfig {
    /// Width of the layer.
    pub width: usize,
    /// What follows it, before the length becomes 1.
    pub activation: Activation,
}

fn one() -> f64 {
    1.0
}

/// How a sequence `[frames, batch, features]` becomes one vector an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// Forward state after the last frame, beside the backward state after the first where there is one (the paper's).
    LastState,
    /// Mean over the valid frames.
    Mean,
    /// Mean and standard deviation over the valid frames, concatenated.
    MeanDeviation,
}

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

/// What follows a dense layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// Nothing: the head of the paper's code is linear.
    Linear,
    /// max(x, 0).
    Relu,
    /// One learned slope a unit below zero, starting at 0 as in Keras.
    Prelu,
}

impl EncoderConfig {
    /// Features of a frame behind a recurrent layer.
    pub(crate) fn layer_width(&self) -> usize {
        self.direction.count() * self.hidden
    }

    /// Dimensions of the pooled states and what stands beside them.
    pub(crate) fn statistics_dim(&self) -> usize {
        let pooled = match self.pooling {
            Pooling::LastState | Pooling::Mean => self.layer_width(),
            Pooling::MeanDeviation => 2 * self.layer_width(),
        };
        pooled + 2 * self.input_cepstra
    }
}

impl ModelConfig {
    /// The question's network, mended: two BLSTM layers of 128 units per direction, dense
    /// 1024, 512 and 256 with `PReLU`, and a softmax of 128 instead of a fourth `PReLU`.
    #[must_use]
    pub fn question(num_bins: usize) -> Self {
        Self {
            num_bins,
            embedding: EmbeddingLayer::Pooled,
            encoder: EncoderConfig {
                num_layers: 2,
                direction: Direction::Bidirectional,
                hidden: 128,
                dropout: 0.5,
                pooling: Pooling::LastState,
                input_scale: 1.0,
                centre_input: false,
                input_cepstra: 0,
                whiten_cepstra: false,
                dense: None,
            },
            head: HeadConfig {
                hidden: vec![1024, 512, 256],
                activation: Activation::Prelu,
                dropout: 0.25,
                batch_norm: false,
                num_outputs: 128,
            },
        }
    }

    /// The network of Stadelmann et al., *Capturing suprasegmental features of a voice with RNNs for
    /// improved speaker clustering* (ANNPR 2018): two BLSTM layers of 256 units per direction, a
    /// 512-dimensional embedding, and a linear head of 10n, 5n and n units for n training speakers.
    #[must_use]
    pub fn paper(num_bins: usize, num_outputs: usize) -> Self {
        Self {
            num_bins,
            embedding: EmbeddingLayer::Pooled,
            encoder: EncoderConfig {
                num_layers: 2,
                direction: Direction::Bidirectional,
                hidden: 256,
                dropout: 0.5,
                pooling: Pooling::LastState,
                input_scale: 1.0,
                centre_input: false,
                input_cepstra: 0,
                whiten_cepstra: false,
                dense: None,
            },
            head: HeadConfig {
                hidden: vec![10 * num_outputs, 5 * num_outputs],
                activation: Activation::Linear,
                dropout: 0.25,
                batch_norm: false,
                num_outputs,
            },
        }
    }

    /// Dimensions of the embedding.
    #[must_use]
    pub fn embedding_dim(&self) -> usize {
        match (&self.embedding, self.head.hidden.first()) {
            (EmbeddingLayer::FirstDense, Some(&width)) => width,
            _ => self.pooled_dim(),
        }
    }

    /// Dimensions of the encoder's output.
    #[must_use]
    pub fn pooled_dim(&self) -> usize {
        match &self.encoder.dense {
            Some(dense) => dense.width,
            None => self.encoder.statistics_dim(),
        }
    }

    /// Refuses sizes and probabilities that no network can have.
    ///
    /// # Errors
    /// [`ModelError::Config`] with the field, its value and what it may be.
    pub fn validate(&self) -> Result<(), ModelError> {
        let sizes = [
            ("num_bins", self.num_bins),
            ("encoder.num_layers", self.encoder.num_layers),
            ("encoder.hidden", self.encoder.hidden),
            ("head.num_outputs", self.head.num_outputs),
        ];
        let dense = self.encoder.dense.iter();
        let dense = dense.map(|dense| ("encoder.dense.width", dense.width));
        let widths = self.head.hidden.iter().map(|&width| ("head.hidden", width));
        for (field, size) in sizes.into_iter().chain(dense).chain(widths) {
            if !(1..=MAX_SIZE).contains(&size) {
                return Err(ModelError::Config {
                    field,
                    found: size.to_string(),
                    expected: "a size between 1 and 65536",
                });
            }
        }
        if self.embedding == EmbeddingLayer::FirstDense && self.head.hidden.is_empty() {
            return Err(ModelError::Config {
                field: "embedding",
                found: "first_dense".to_owned(),
                expected: "pooled, or at least one layer in head.hidden",
            });
        }
        if self.encoder.input_cepstra > self.num_bins {
            return Err(ModelError::Config {
                field: "encoder.input_cepstra",
                found: self.encoder.input_cepstra.to_string(),
                expected: "at most num_bins",
            });
        }
        if self.encoder.whiten_cepstra && self.encoder.input_cepstra == 0 {
            return Err(ModelError::Config {
                field: "encoder.whiten_cepstra",
                found: "true".to_owned(),
                expected: "false where encoder.input_cepstra is 0",
            });
        }
        let scale = self.encoder.input_scale;
        if !(scale > 0.0 && scale.is_finite()) {
            return Err(ModelError::Config {
                field: "encoder.input_scale",
                found: scale.to_string(),
                expected: "a positive number",
            });
        }
        for (field, probability) in [
            ("encoder.dropout", self.encoder.dropout),
            ("head.dropout", self.head.dropout),
        ] {
            if !(0.0..1.0).contains(&probability) {
                return Err(ModelError::Config {
                    field,
                    found: probability.to_string(),
                    expected: "a probability of at least 0 and below 1",
                });
            }
        }
        Ok(())
    }
}

/// Widest layer that a configuration may ask for, so that a hostile bundle cannot exhaust memory.
const MAX_SIZE: usize = 65_536;
