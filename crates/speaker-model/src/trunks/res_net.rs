//! A residual network over images of bands and frames (He et al. 2016, <https://arxiv.org/abs/1512.03385>), as WeSpeaker and
//! `voxceleb_trainer` use it for voices.

mod onnx;
mod prepared;

use burn::module::Module;
use burn::tensor::Tensor;
use fused_conv::Activation;
use onnx_graph::write::Builder;
use serde::{Deserialize, Serialize};

use super::{PreparedTrunk, Trunk};
use crate::ModelError;
use crate::choices::{Example, PartConfig};
use crate::choices::{check_count, check_size};
pub(super) use prepared::PreparedImageBlock;

use crate::layers::{
    AfterConvolution, ImageConv, ImageConvShape, Initialiser, Pass, Sequence, WrittenSequence,
};

/// Stages of blocks of two convolutions each; every stage but the first halves bands and frames and doubles the channels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResNetConfig {
    /// Channels of the first stage.
    pub channels: usize,
    /// Blocks of each stage: `[3, 4, 6, 3]` is `ResNet34`.
    pub blocks: Vec<usize>,
}

/// More stages than this leave nothing of any number of bands.
const MOST_STAGES: usize = 8;

impl PartConfig for ResNetConfig {
    type Part = ResNet;

    fn validate(&self) -> Result<(), ModelError> {
        check_size("encoder.trunk.channels", self.channels)?;
        check_count("encoder.trunk.blocks", self.blocks.len())?;
        if self.blocks.len() > MOST_STAGES {
            return Err(ModelError::Config {
                field: "encoder.trunk.blocks",
                found: format!("{} stages", self.blocks.len()),
                expected: "at most 8 stages",
            });
        }
        for &count in &self.blocks {
            check_count("encoder.trunk.blocks", count)?;
        }
        check_size("encoder.trunk.channels", self.last_channels())
    }

    fn output_width(&self, input: usize) -> usize {
        let bands = (1..self.blocks.len()).fold(input, |bands, _| bands.div_ceil(2));
        self.last_channels() * bands
    }

    fn build(&self, _: usize, initialiser: &mut Initialiser<'_>) -> Result<ResNet, ModelError> {
        let entry = ImageConvShape {
            input: 1,
            output: self.channels,
            kernel: 3,
            stride: [1, 1],
            after: AfterConvolution::NormRelu,
        };
        let entry = ImageConv::new("encoder.res_net.entry", entry, initialiser)?;
        let mut blocks = Vec::new();
        let mut input = self.channels;
        for (stage, &count) in self.blocks.iter().enumerate() {
            let output = self.channels << stage;
            for index in 0..count {
                let stride = match (stage, index) {
                    (1.., 0) => [2, 2],
                    _ => [1, 1],
                };
                let name = format!("encoder.res_net.{stage}.{index}");
                blocks.push(ImageBlock::new(
                    &name,
                    [input, output],
                    stride,
                    initialiser,
                )?);
                input = output;
            }
        }
        Ok(ResNet { entry, blocks })
    }
}

impl ResNetConfig {
    fn last_channels(&self) -> usize {
        let doublings = self.blocks.len().saturating_sub(1).min(MOST_STAGES);
        self.channels << doublings
    }
}

impl Example for ResNetConfig {
    fn example() -> Self {
        Self {
            channels: 2,
            blocks: vec![1, 1],
        }
    }
}

/// A residual network up to its pooling: the bands of all channels are a frame's states.
#[derive(Module, Debug)]
pub(crate) struct ResNet {
    entry: ImageConv,
    blocks: Vec<ImageBlock>,
}

impl Trunk for ResNet {
    fn forward(&self, sequence: Sequence, pass: &mut Pass<'_>) -> Result<Sequence, ModelError> {
        sequence.convolved(pass, |x, pass| {
            let mut image = self.entry.forward(image(x), None, pass)?;
            for block in &self.blocks {
                image = block.forward(image, pass)?;
            }
            Ok(flattened(image))
        })
    }

    fn write(
        &self,
        builder: &mut Builder,
        sequence: WrittenSequence,
    ) -> Result<WrittenSequence, ModelError> {
        self.written(builder, &sequence)
    }

    fn prepared(&self) -> Result<Option<Box<dyn PreparedTrunk>>, ModelError> {
        let blocks = self.blocks.iter().map(ImageBlock::prepared);
        Ok(Some(Box::new(prepared::PreparedResNet {
            entry: self.entry.prepared(Activation::None)?,
            blocks: blocks.collect::<Result<_, _>>()?,
        })))
    }
}

/// `[batch, frames, bands]` as an image of one channel, `[batch, bands, frames, 1]`.
pub(super) fn image(x: Tensor<3>) -> Tensor<4> {
    x.swap_dims(1, 2).unsqueeze_dim(3)
}

/// `[batch, bands, frames, channels]` to `[batch, frames, channels * bands]`.
pub(super) fn flattened(image: Tensor<4>) -> Tensor<3> {
    let [batch, bands, frames, channels] = image.dims();
    image
        .permute([0, 2, 3, 1])
        .reshape([batch, frames, channels * bands])
}

/// Two convolutions, added to what came in.
#[derive(Module, Debug)]
pub(super) struct ImageBlock {
    first: ImageConv,
    second: ImageConv,
    /// Brings what came in to the size of what comes out.
    shortcut: Option<ImageConv>,
}

impl ImageBlock {
    /// A block of `[input, output]` channels.
    pub(super) fn new(
        name: &str,
        [input, output]: [usize; 2],
        stride: [usize; 2],
        initialiser: &mut Initialiser<'_>,
    ) -> Result<Self, ModelError> {
        let mut conv = |part: &str, input, kernel, stride, after| {
            let shape = ImageConvShape {
                input,
                output,
                kernel,
                stride,
                after,
            };
            ImageConv::new(&format!("{name}.{part}"), shape, initialiser)
        };
        let is_same = input == output && stride == [1, 1];
        Ok(Self {
            first: conv("first", input, 3, stride, AfterConvolution::NormRelu)?,
            second: conv("second", output, 3, [1, 1], AfterConvolution::Norm)?,
            shortcut: match is_same {
                true => None,
                false => Some(conv("shortcut", input, 1, stride, AfterConvolution::Norm)?),
            },
        })
    }

    pub(super) fn forward(
        &self,
        x: Tensor<4>,
        pass: &mut Pass<'_>,
    ) -> Result<Tensor<4>, ModelError> {
        let first = self.first.forward(x.clone(), None, pass)?;
        let beside = match &self.shortcut {
            Some(shortcut) => shortcut.forward(x, None, pass)?,
            None => x,
        };
        self.second.forward(first, Some(beside), pass)
    }

    /// The same on slices.
    pub(super) fn prepared(&self) -> Result<PreparedImageBlock, ModelError> {
        let shortcut = self.shortcut.as_ref();
        let shortcut = shortcut.map(|conv| conv.prepared(Activation::None));
        Ok(PreparedImageBlock {
            first: self.first.prepared(Activation::None)?,
            second: self.second.prepared(Activation::Relu)?,
            shortcut: shortcut.transpose()?,
        })
    }
}
