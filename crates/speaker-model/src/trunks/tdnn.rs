//! A time-delay network (Snyder et al. 2018, *X-vectors: robust DNN embeddings for speaker recognition*).

mod prepared;

use burn::module::Module;
use fused_conv::Activation;
use onnx_graph::write::Builder;
use serde::{Deserialize, Serialize};

use super::{PreparedTrunk, Trunk};
use crate::ModelError;
use crate::choices::{Example, PartConfig};
use crate::choices::{check_count, check_size};
use crate::layers::{
    AfterConvolution, FrameConv, FrameConvShape, FramePadding, Initialiser, Pass, Sequence,
    WrittenSequence,
};

/// Convolutions over frames, one behind another, each followed by a rectifier and batch norm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TdnnConfig {
    /// First to last.
    pub layers: Vec<TdnnLayer>,
    /// What lies beyond the first and the last frame.
    #[serde(default)]
    pub padding: FramePadding,
    /// What follows each convolution, before batch norm.
    #[serde(default, skip_serializing_if = "Rectifier::is_plain")]
    pub rectifier: Rectifier,
}

/// What is left of what lies below 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rectifier {
    /// Nothing: max(x, 0).
    #[default]
    Plain,
    /// A hundredth: max(x, 0.01 x), PyTorch's `LeakyReLU`.
    Leaky,
}

impl Rectifier {
    fn is_plain(&self) -> bool {
        *self == Self::Plain
    }
}

/// A layer of a time-delay network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TdnnLayer {
    /// Channels that it gives.
    pub channels: usize,
    /// Frames that it sees, an odd number.
    pub kernel: usize,
    /// Frames from one of these to the next.
    #[serde(default = "one")]
    pub dilation: usize,
}

fn one() -> usize {
    1
}

impl PartConfig for TdnnConfig {
    type Part = Tdnn;

    fn validate(&self) -> Result<(), ModelError> {
        check_count("encoder.trunk.layers", self.layers.len())?;
        self.layers.iter().try_for_each(|layer| {
            check_size("encoder.trunk.layers.channels", layer.channels)?;
            check_kernel("encoder.trunk.layers.kernel", layer.kernel)?;
            check_count("encoder.trunk.layers.dilation", layer.dilation)
        })
    }

    fn output_width(&self, input: usize) -> usize {
        self.layers.last().map_or(input, |layer| layer.channels)
    }

    fn build(&self, input: usize, initialiser: &mut Initialiser<'_>) -> Result<Tdnn, ModelError> {
        let mut width = input;
        let layers = self.layers.iter().enumerate().map(|(index, layer)| {
            let shape = FrameConvShape {
                input: std::mem::replace(&mut width, layer.channels),
                output: layer.channels,
                kernel: layer.kernel,
                dilation: layer.dilation,
                stride: 1,
                padding: self.padding,
                has_bias: true,
                after: match self.rectifier {
                    Rectifier::Plain => AfterConvolution::ReluNorm,
                    Rectifier::Leaky => AfterConvolution::LeakyReluNorm,
                },
            };
            FrameConv::new(&format!("encoder.tdnn.{index}"), shape, initialiser)
        });
        Ok(Tdnn {
            layers: layers.collect::<Result<_, _>>()?,
        })
    }
}

/// Refuses a kernel that has no middle frame.
pub(super) fn check_kernel(field: &'static str, kernel: usize) -> Result<(), ModelError> {
    check_count(field, kernel)?;
    match kernel % 2 {
        1 => Ok(()),
        _ => Err(ModelError::Config {
            field,
            found: kernel.to_string(),
            expected: "an odd number",
        }),
    }
}

impl Example for TdnnConfig {
    fn example() -> Self {
        let layer = |channels, kernel, dilation| TdnnLayer {
            channels,
            kernel,
            dilation,
        };
        Self {
            layers: vec![layer(4, 3, 1), layer(3, 3, 2)],
            padding: FramePadding::Zeros,
            rectifier: Rectifier::Plain,
        }
    }
}

/// A time-delay network.
#[derive(Module, Debug)]
pub(crate) struct Tdnn {
    layers: Vec<FrameConv>,
}

impl Trunk for Tdnn {
    fn forward(&self, sequence: Sequence, pass: &mut Pass<'_>) -> Result<Sequence, ModelError> {
        sequence.convolved(pass, |x, pass| {
            let mut layers = self.layers.iter();
            layers.try_fold(x, |x, layer| layer.forward(x, pass))
        })
    }

    fn write(
        &self,
        builder: &mut Builder,
        sequence: WrittenSequence,
    ) -> Result<WrittenSequence, ModelError> {
        let (mut x, mut width) = (sequence.channels(builder), sequence.width());
        for layer in &self.layers {
            (x, width) = (layer.write(builder, &x)?, layer.output());
        }
        Ok(WrittenSequence::of_channels(x, width))
    }

    fn prepared(&self) -> Result<Option<Box<dyn PreparedTrunk>>, ModelError> {
        let mut layers = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            layers.push(layer.prepared(Activation::None)?);
        }
        Ok(Some(Box::new(prepared::PreparedTdnn { layers })))
    }
}
