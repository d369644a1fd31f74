//! A residual time-delay network: the frames of an x-vector network (Snyder et al. 2018) in blocks as He et al. 2016 have them
//! (<https://arxiv.org/abs/1512.03385>).

mod prepared;

use burn::module::Module;
use fused_conv::Activation;
use onnx_graph::write::Builder;
use serde::{Deserialize, Serialize};

use super::tdnn::check_kernel;
use super::{PreparedTrunk, Trunk};
use crate::ModelError;
use crate::choices::{Example, PartConfig, check_count, check_size};
use crate::layers::{
    AfterConvolution, FrameConv, FrameConvShape, FramePadding, Initialiser, Pass, Sequence,
    WrittenSequence,
};

/// A convolution over frames, blocks that look ever further around, and a layer of one frame at a time. Batch norm follows
/// every convolution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResidualTdnnConfig {
    /// Channels of the first layer and of the blocks.
    pub channels: usize,
    /// Channels of the last layer.
    pub output: usize,
    /// Frames that the first layer sees, an odd number.
    pub entry_kernel: usize,
    /// Frames from one output of the first layer to the next.
    pub stride: usize,
    /// Frames that a block sees, an odd number.
    pub kernel: usize,
    /// Frames from one of these to the next, a number for each block.
    pub dilations: Vec<usize>,
}

impl PartConfig for ResidualTdnnConfig {
    type Part = ResidualTdnn;

    fn validate(&self) -> Result<(), ModelError> {
        check_size("encoder.trunk.channels", self.channels)?;
        check_size("encoder.trunk.output", self.output)?;
        check_kernel("encoder.trunk.entry_kernel", self.entry_kernel)?;
        check_count("encoder.trunk.stride", self.stride)?;
        check_kernel("encoder.trunk.kernel", self.kernel)?;
        check_count("encoder.trunk.dilations", self.dilations.len())?;
        let mut dilations = self.dilations.iter();
        dilations.try_for_each(|&dilation| check_count("encoder.trunk.dilations", dilation))
    }

    fn output_width(&self, _: usize) -> usize {
        self.output
    }

    fn build(
        &self,
        input: usize,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<ResidualTdnn, ModelError> {
        let layer = |input, output, after| FrameConvShape {
            has_bias: false,
            ..FrameConvShape::pointwise(input, output, after)
        };
        let entry = FrameConvShape {
            kernel: self.entry_kernel,
            stride: self.stride,
            ..layer(input, self.channels, AfterConvolution::NormRelu)
        };
        let entry = FrameConv::new("encoder.residual.entry", entry, initialiser)?;
        let blocks = self.dilations.iter().enumerate().map(|(index, &dilation)| {
            let name = format!("encoder.residual.{index}");
            let around = FrameConvShape {
                kernel: self.kernel,
                dilation,
                padding: FramePadding::Zeros,
                ..layer(self.channels, self.channels, AfterConvolution::NormRelu)
            };
            let mix = layer(self.channels, self.channels, AfterConvolution::Norm);
            Ok(Block {
                around: FrameConv::new(&format!("{name}.around"), around, initialiser)?,
                mix: FrameConv::new(&format!("{name}.mix"), mix, initialiser)?,
            })
        });
        let blocks = blocks.collect::<Result<_, ModelError>>()?;
        let output = layer(self.channels, self.output, AfterConvolution::NormRelu);
        Ok(ResidualTdnn {
            entry,
            blocks,
            output: FrameConv::new("encoder.residual.output", output, initialiser)?,
        })
    }
}

impl Example for ResidualTdnnConfig {
    fn example() -> Self {
        Self {
            channels: 4,
            output: 3,
            entry_kernel: 3,
            stride: 2,
            kernel: 3,
            dilations: vec![1, 2],
        }
    }
}

/// A residual time-delay network.
#[derive(Module, Debug)]
pub(crate) struct ResidualTdnn {
    entry: FrameConv,
    blocks: Vec<Block>,
    output: FrameConv,
}

/// What is around a frame, mixed, and added to what came in.
#[derive(Module, Debug)]
struct Block {
    around: FrameConv,
    mix: FrameConv,
}

impl Trunk for ResidualTdnn {
    fn forward(&self, sequence: Sequence, pass: &mut Pass<'_>) -> Result<Sequence, ModelError> {
        sequence.convolved(pass, |x, pass| {
            let mut x = self.entry.forward(x, pass)?;
            for block in &self.blocks {
                let around = block.around.forward(x.clone(), pass)?;
                x = block.mix.forward_beside(around, x, pass)?;
            }
            self.output.forward(x, pass)
        })
    }

    fn write(
        &self,
        builder: &mut Builder,
        sequence: WrittenSequence,
    ) -> Result<WrittenSequence, ModelError> {
        let channels = sequence.channels(builder);
        let mut x = self.entry.write(builder, &channels)?;
        for block in &self.blocks {
            let around = block.around.write(builder, &x)?;
            let mixed = block.mix.write(builder, &around)?;
            let sum = builder.add(&mixed, &x);
            x = builder.relu(&sum);
        }
        let x = self.output.write(builder, &x)?;
        Ok(WrittenSequence::of_channels(x, self.output.output()))
    }

    fn prepared(&self) -> Result<Option<Box<dyn PreparedTrunk>>, ModelError> {
        let blocks = self.blocks.iter().map(|block| {
            Ok(prepared::PreparedBlock {
                around: block.around.prepared(Activation::None)?,
                mix: block.mix.prepared(Activation::Relu)?,
            })
        });
        Ok(Some(Box::new(prepared::PreparedResidualTdnn {
            entry: self.entry.prepared(Activation::None)?,
            blocks: blocks.collect::<Result<_, ModelError>>()?,
            output: self.output.prepared(Activation::None)?,
        })))
    }
}
