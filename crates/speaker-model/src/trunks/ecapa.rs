//! ECAPA-TDNN (Desplanques, Thienpondt & Demuynck 2020, <https://arxiv.org/abs/2005.07143>).

mod onnx;
mod prepared;

use burn::module::Module;
use burn::tensor::{Tensor, activation};
use fused_conv::Activation;
use onnx_graph::write::Builder;
use serde::{Deserialize, Serialize};

use super::tdnn::check_kernel;
use super::{PreparedTrunk, Trunk};
use crate::ModelError;
use crate::choices::{Example, PartConfig};
use crate::choices::{check_count, check_size};
use crate::layers::{
    AfterConvolution, FrameConv, FrameConvShape, FramePadding, Initialiser, Pass, Sequence,
    WrittenSequence,
};

/// A convolution, blocks that look at ever longer stretches in groups of channels and weigh their channels, and a layer on
/// the outputs of all blocks. Two implementations that differ in details are both described by it: WeSpeaker's and
/// SpeechBrain's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EcapaConfig {
    /// Channels of the first layer and of the blocks; a multiple of `scale`.
    pub channels: usize,
    /// Channels of the last layer.
    pub output: usize,
    /// Frames that the first layer sees.
    pub entry_kernel: usize,
    /// Frames that a block's convolutions see.
    pub kernel: usize,
    /// Frames from one of these to the next, a number for each block.
    pub dilations: Vec<usize>,
    /// Groups of channels of a block.
    pub scale: usize,
    /// Width of the layer that weighs channels.
    pub squeezed: usize,
    /// Which group of channels goes through a block as it is.
    pub kept: KeptGroup,
    /// What lies beyond the first and the last frame.
    #[serde(default)]
    pub padding: FramePadding,
    /// Whether batch norm ends the last layer.
    #[serde(default)]
    pub output_norm: bool,
}

/// Which of a block's groups of channels no convolution changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeptGroup {
    /// The first, as in Res2Net and SpeechBrain.
    First,
    /// The last, as in WeSpeaker.
    Last,
}

impl PartConfig for EcapaConfig {
    type Part = Ecapa;

    fn validate(&self) -> Result<(), ModelError> {
        check_size("encoder.trunk.channels", self.channels)?;
        check_size("encoder.trunk.output", self.output)?;
        check_size("encoder.trunk.squeezed", self.squeezed)?;
        check_kernel("encoder.trunk.entry_kernel", self.entry_kernel)?;
        check_kernel("encoder.trunk.kernel", self.kernel)?;
        check_count("encoder.trunk.dilations", self.dilations.len())?;
        for &dilation in &self.dilations {
            check_count("encoder.trunk.dilations", dilation)?;
        }
        if self.scale < 2 || !self.channels.is_multiple_of(self.scale) {
            return Err(ModelError::Config {
                field: "encoder.trunk.scale",
                found: self.scale.to_string(),
                expected: "at least 2, and a divisor of `channels`",
            });
        }
        // What comes out of a block is added to what came in.
        if self.padding == FramePadding::None {
            return Err(ModelError::Config {
                field: "encoder.trunk.padding",
                found: "none".to_owned(),
                expected: "zeros or reflect",
            });
        }
        Ok(())
    }

    fn output_width(&self, _: usize) -> usize {
        self.output
    }

    fn build(&self, input: usize, initialiser: &mut Initialiser<'_>) -> Result<Ecapa, ModelError> {
        let entry = FrameConvShape {
            kernel: self.entry_kernel,
            padding: self.padding,
            ..FrameConvShape::pointwise(input, self.channels, AfterConvolution::ReluNorm)
        };
        let joined = self.channels * self.dilations.len();
        let last = match self.output_norm {
            true => AfterConvolution::ReluNorm,
            false => AfterConvolution::Relu,
        };
        let blocks = self.dilations.iter().enumerate().map(|(index, &dilation)| {
            Block::new(
                &format!("encoder.ecapa.{index}"),
                self,
                dilation,
                initialiser,
            )
        });
        let blocks = blocks.collect::<Result<_, _>>()?;
        Ok(Ecapa {
            entry: FrameConv::new("encoder.ecapa.entry", entry, initialiser)?,
            blocks,
            output: FrameConv::new(
                "encoder.ecapa.output",
                FrameConvShape::pointwise(joined, self.output, last),
                initialiser,
            )?,
        })
    }
}

impl Example for EcapaConfig {
    fn example() -> Self {
        Self {
            channels: 4,
            output: 3,
            entry_kernel: 3,
            kernel: 3,
            dilations: vec![1, 2],
            scale: 2,
            squeezed: 2,
            kept: KeptGroup::First,
            padding: FramePadding::Zeros,
            output_norm: true,
        }
    }
}

/// ECAPA-TDNN up to its pooling.
#[derive(Module, Debug)]
pub(crate) struct Ecapa {
    entry: FrameConv,
    blocks: Vec<Block>,
    output: FrameConv,
}

impl Trunk for Ecapa {
    fn forward(&self, sequence: Sequence, pass: &mut Pass<'_>) -> Result<Sequence, ModelError> {
        sequence.convolved(pass, |x, pass| {
            let mut x = self.entry.forward(x, pass)?;
            let mut outputs = Vec::with_capacity(self.blocks.len());
            for block in &self.blocks {
                x = block.forward(x, pass)?;
                outputs.push(x.clone());
            }
            self.output.forward(Tensor::cat(outputs, 2), pass)
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
        let blocks = self.blocks.iter().map(Block::prepared);
        Ok(Some(Box::new(prepared::PreparedEcapa {
            entry: self.entry.prepared(Activation::None)?,
            blocks: blocks.collect::<Result<_, _>>()?,
            output: self.output.prepared(Activation::None)?,
        })))
    }
}

/// A block: channels mixed, convolved in groups that see those before them, mixed, weighed, and added to what came in.
#[derive(Module, Debug)]
struct Block {
    enter: FrameConv,
    /// One a group, but for the one that is kept.
    groups: Vec<FrameConv>,
    leave: FrameConv,
    squeeze: FrameConv,
    excite: FrameConv,
    #[module(skip)]
    kept: KeptGroup,
}

impl Block {
    fn new(
        name: &str,
        config: &EcapaConfig,
        dilation: usize,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<Self, ModelError> {
        use AfterConvolution::{Nothing, Relu, ReluNorm};
        let channels = config.channels;
        let width = channels / config.scale;
        let mut pointwise = |part: &str, input, output, after| {
            let shape = FrameConvShape::pointwise(input, output, after);
            FrameConv::new(&format!("{name}.{part}"), shape, initialiser)
        };
        let enter = pointwise("enter", channels, channels, ReluNorm)?;
        let leave = pointwise("leave", channels, channels, ReluNorm)?;
        let squeeze = pointwise("squeeze", channels, config.squeezed, Relu)?;
        let excite = pointwise("excite", config.squeezed, channels, Nothing)?;
        let shape = FrameConvShape {
            kernel: config.kernel,
            dilation,
            padding: config.padding,
            ..FrameConvShape::pointwise(width, width, ReluNorm)
        };
        let groups = (1..config.scale)
            .map(|group| FrameConv::new(&format!("{name}.groups.{group}"), shape, initialiser));
        Ok(Self {
            enter,
            groups: groups.collect::<Result<_, _>>()?,
            leave,
            squeeze,
            excite,
            kept: config.kept,
        })
    }

    /// `[batch, frames, channels]` to the same.
    fn forward(&self, x: Tensor<3>, pass: &mut Pass<'_>) -> Result<Tensor<3>, ModelError> {
        let entered = self.enter.forward(x.clone(), pass)?;
        let grouped = self.grouped(entered, pass)?;
        let mixed = self.leave.forward(grouped, pass)?;
        let weights = self.squeeze.forward(mixed.clone().mean_dim(1), pass)?;
        let weights = activation::sigmoid(self.excite.forward(weights, pass)?);
        Ok(x + mixed * weights)
    }

    fn prepared(&self) -> Result<prepared::PreparedBlock, ModelError> {
        let groups = self.groups.iter();
        let groups = groups.map(|group| group.prepared(Activation::None));
        Ok(prepared::PreparedBlock {
            enter: self.enter.prepared(Activation::None)?,
            groups: groups.collect::<Result<_, _>>()?,
            leave: self.leave.prepared(Activation::None)?,
            squeeze: self.squeeze.prepared(Activation::None)?,
            excite: self.excite.prepared(Activation::Sigmoid)?,
            keeps_first: self.kept == KeptGroup::First,
        })
    }

    fn grouped(&self, x: Tensor<3>, pass: &mut Pass<'_>) -> Result<Tensor<3>, ModelError> {
        let groups = x.chunk(self.groups.len() + 1, 2);
        let (kept, changed) = match self.kept {
            KeptGroup::First => (&groups[..1], &groups[1..]),
            KeptGroup::Last => {
                let (changed, kept) = groups.split_at(self.groups.len());
                (kept, changed)
            }
        };
        let mut outputs: Vec<Tensor<3>> = Vec::with_capacity(groups.len());
        for (conv, group) in self.groups.iter().zip(changed) {
            let input = match outputs.last() {
                Some(before) => before.clone() + group.clone(),
                None => group.clone(),
            };
            outputs.push(conv.forward(input, pass)?);
        }
        match self.kept {
            KeptGroup::First => outputs.splice(0..0, kept.iter().cloned()).for_each(drop),
            KeptGroup::Last => outputs.extend(kept.iter().cloned()),
        }
        Ok(Tensor::cat(outputs, 2))
    }
}
