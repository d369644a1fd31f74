//! CAM++ (Wang et al. 2023, *CAM++: a fast and efficient network for speaker verification using context-aware masking*,
//! <https://arxiv.org/abs/2303.00332>), as 3D-Speaker publishes it.

mod onnx;
mod prepared;
mod thinned;

use burn::module::Module;
use burn::tensor::{Tensor, activation};
use fused_conv::Activation;
use onnx_graph::write::Builder;
use serde::{Deserialize, Serialize};

use super::res_net::{ImageBlock, flattened, image};
use super::{PreparedTrunk, Trunk};
use prepared::PreparedImageStep;

use crate::ModelError;
use crate::choices::{Example, PartConfig};
use crate::choices::{check_count, check_size};
use crate::layers::{
    AfterConvolution, BatchNorm, FrameConv, FrameConvShape, FramePadding, ImageConv,
    ImageConvShape, Initialiser, Pass, Rectified, Sequence, WrittenSequence,
};

/// Frames over which a mask's context is averaged, beside that of the whole recording.
const CONTEXT_FRAMES: usize = 100;
/// Residual blocks of a stage of images as published.
const IMAGE_BLOCKS: usize = 2;
/// Frames that the first layer over frames sees.
const ENTRY_KERNEL: usize = 5;

/// A small network over images halves the bands three times; then come densely connected blocks over frames, whose layers
/// weigh their channels by what is said around and in all of the recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CamPlusPlusConfig {
    /// Channels of the images.
    pub image_channels: usize,
    /// Residual blocks of each of the two stages of images, the first of which halves the bands: two in CAM++.
    #[serde(default = "image_blocks")]
    pub image_blocks: usize,
    /// Channels behind the first layer over frames.
    pub channels: usize,
    /// Channels that every layer adds.
    pub growth: usize,
    /// Channels between the two convolutions of a layer.
    pub bottleneck: usize,
    /// The blocks, first to last.
    pub blocks: Vec<CamBlock>,
}

impl CamPlusPlusConfig {
    /// Channels that go into a block, or behind the last one leave the trunk.
    fn entering(&self, block: usize) -> usize {
        let before = self.blocks.iter().take(block);
        before.fold(self.channels, |channels, block| {
            (channels + block.layers * self.growth) / 2
        })
    }
}

fn image_blocks() -> usize {
    IMAGE_BLOCKS
}

/// A densely connected block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CamBlock {
    /// Layers.
    pub layers: usize,
    /// Frames that a layer sees, an odd number.
    pub kernel: usize,
    /// Frames from one of these to the next.
    pub dilation: usize,
}

impl PartConfig for CamPlusPlusConfig {
    type Part = CamPlusPlus;

    fn validate(&self) -> Result<(), ModelError> {
        check_size("encoder.trunk.image_channels", self.image_channels)?;
        check_count("encoder.trunk.image_blocks", self.image_blocks)?;
        check_size("encoder.trunk.channels", self.channels)?;
        check_size("encoder.trunk.growth", self.growth)?;
        check_size("encoder.trunk.bottleneck", self.bottleneck)?;
        check_count("encoder.trunk.blocks", self.blocks.len())?;
        for block in &self.blocks {
            check_count("encoder.trunk.blocks.layers", block.layers)?;
            super::tdnn::check_kernel("encoder.trunk.blocks.kernel", block.kernel)?;
            check_count("encoder.trunk.blocks.dilation", block.dilation)?;
        }
        if self.bottleneck < 2 {
            return Err(ModelError::Config {
                field: "encoder.trunk.bottleneck",
                found: self.bottleneck.to_string(),
                expected: "at least 2",
            });
        }
        check_size("encoder.trunk.blocks", self.output_width(0))
    }

    fn output_width(&self, _: usize) -> usize {
        self.entering(self.blocks.len())
    }

    fn build(
        &self,
        input: usize,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<CamPlusPlus, ModelError> {
        let images = Images::new(self.image_channels, self.image_blocks, initialiser)?;
        let bands = (0..3).fold(input, |bands, _| bands.div_ceil(2));
        let entry = FrameConvShape {
            kernel: ENTRY_KERNEL,
            stride: 2,
            has_bias: false,
            ..FrameConvShape::pointwise(
                bands * self.image_channels,
                self.channels,
                AfterConvolution::NormRelu,
            )
        };
        let entry = FrameConv::new("encoder.cam.entry", entry, initialiser)?;
        let mut blocks = Vec::new();
        for (index, block) in self.blocks.iter().enumerate() {
            let name = format!("encoder.cam.{index}");
            let channels = self.entering(index);
            blocks.push(Block::new(&name, self, *block, channels, initialiser)?);
        }
        Ok(CamPlusPlus {
            images,
            entry,
            blocks,
            norm: BatchNorm::new(self.output_width(input), initialiser)?,
            bands,
        })
    }
}

impl Example for CamPlusPlusConfig {
    fn example() -> Self {
        Self {
            image_channels: 2,
            image_blocks: 1,
            channels: 4,
            growth: 2,
            bottleneck: 4,
            blocks: vec![CamBlock {
                layers: 2,
                kernel: 3,
                dilation: 1,
            }],
        }
    }
}

/// CAM++ up to its pooling; half as many frames come out as go in.
#[derive(Module, Debug)]
pub(crate) struct CamPlusPlus {
    images: Images,
    entry: FrameConv,
    blocks: Vec<Block>,
    norm: BatchNorm,
    /// What the images leave of the bands.
    #[module(skip)]
    bands: usize,
}

impl Trunk for CamPlusPlus {
    fn forward(&self, sequence: Sequence, pass: &mut Pass<'_>) -> Result<Sequence, ModelError> {
        sequence.convolved(pass, |x, pass| {
            let images = self.images.forward(x, pass)?;
            let mut x = self.entry.forward(images, pass)?;
            for block in &self.blocks {
                x = block.forward(x, pass)?;
            }
            Ok(self.norm.forward(x, None, Rectified::Behind, pass))
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
        Ok(Some(Box::new(prepared::PreparedCamPlusPlus {
            images: self.images.prepared()?,
            entry: self.entry.prepared_over_bands(self.bands)?,
            blocks: blocks.collect::<Result<_, _>>()?,
            norm: self.norm.prepared(Activation::Relu)?,
        })))
    }
}

/// The network over images: every stage but the entry halves the bands.
#[derive(Module, Debug)]
struct Images {
    entry: ImageConv,
    blocks: Vec<ImageBlock>,
    leave: ImageConv,
}

impl Images {
    fn new(
        channels: usize,
        blocks: usize,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<Self, ModelError> {
        let conv = |input, stride| ImageConvShape {
            input,
            output: channels,
            kernel: 3,
            stride,
            after: AfterConvolution::NormRelu,
        };
        let blocks = (0..2 * blocks)
            .map(|index| {
                let stride = [if index % blocks == 0 { 2 } else { 1 }, 1];
                let name = format!("encoder.cam.images.{index}");
                ImageBlock::new(&name, [channels; 2], stride, initialiser)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            blocks,
            entry: ImageConv::new("encoder.cam.images.entry", conv(1, [1, 1]), initialiser)?,
            leave: ImageConv::new(
                "encoder.cam.images.leave",
                conv(channels, [2, 1]),
                initialiser,
            )?,
        })
    }

    /// `[batch, frames, bands]` to `[batch, frames, channels * bands / 8]`.
    fn forward(&self, x: Tensor<3>, pass: &mut Pass<'_>) -> Result<Tensor<3>, ModelError> {
        let mut image = self.entry.forward(image(x), None, pass)?;
        for block in &self.blocks {
            image = block.forward(image, pass)?;
        }
        Ok(flattened(self.leave.forward(image, None, pass)?))
    }

    fn prepared(&self) -> Result<Vec<PreparedImageStep>, ModelError> {
        let conv = |conv: &ImageConv| conv.prepared(Activation::None);
        let mut steps = vec![PreparedImageStep::Conv(Box::new(conv(&self.entry)?))];
        for block in &self.blocks {
            steps.push(PreparedImageStep::Block(Box::new(block.prepared()?)));
        }
        steps.push(PreparedImageStep::Conv(Box::new(conv(&self.leave)?)));
        Ok(steps)
    }
}

/// Layers that each see the outputs of all before them, and one that halves the channels.
#[derive(Module, Debug)]
struct Block {
    layers: Vec<Layer>,
    norm: BatchNorm,
    leave: FrameConv,
}

impl Block {
    fn new(
        name: &str,
        config: &CamPlusPlusConfig,
        block: CamBlock,
        channels: usize,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<Self, ModelError> {
        let layers = (0..block.layers).map(|index| {
            let input = channels + index * config.growth;
            Layer::new(
                &format!("{name}.{index}"),
                config,
                block,
                input,
                initialiser,
            )
        });
        let layers = layers.collect::<Result<_, _>>()?;
        let joined = channels + block.layers * config.growth;
        let leave = FrameConvShape {
            has_bias: false,
            ..FrameConvShape::pointwise(joined, joined / 2, AfterConvolution::Nothing)
        };
        Ok(Self {
            layers,
            norm: BatchNorm::new(joined, initialiser)?,
            leave: FrameConv::new(&format!("{name}.leave"), leave, initialiser)?,
        })
    }

    fn forward(&self, mut x: Tensor<3>, pass: &mut Pass<'_>) -> Result<Tensor<3>, ModelError> {
        for layer in &self.layers {
            let added = layer.forward(x.clone(), pass)?;
            x = Tensor::cat(vec![x, added], 2);
        }
        let x = self.norm.forward(x, None, Rectified::Behind, pass);
        self.leave.forward(x, pass)
    }

    fn prepared(&self) -> Result<prepared::PreparedBlock, ModelError> {
        let layers = self.layers.iter().map(Layer::prepared);
        Ok(prepared::PreparedBlock {
            layers: layers.collect::<Result<_, _>>()?,
            leave: self.leave.prepared_behind(&self.norm)?,
        })
    }
}

/// A bottleneck and a convolution, whose channels are weighed frame by frame by what surrounds them.
#[derive(Module, Debug)]
struct Layer {
    norm: BatchNorm,
    enter: FrameConv,
    local: FrameConv,
    squeeze: FrameConv,
    excite: FrameConv,
}

impl Layer {
    fn new(
        name: &str,
        config: &CamPlusPlusConfig,
        block: CamBlock,
        input: usize,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<Self, ModelError> {
        use AfterConvolution::{NormRelu, Nothing, Relu};
        let CamPlusPlusConfig {
            growth, bottleneck, ..
        } = *config;
        let mut conv =
            |part: &str, shape| FrameConv::new(&format!("{name}.{part}"), shape, initialiser);
        let enter = FrameConvShape {
            has_bias: false,
            ..FrameConvShape::pointwise(input, bottleneck, NormRelu)
        };
        let local = FrameConvShape {
            kernel: block.kernel,
            dilation: block.dilation,
            padding: FramePadding::Zeros,
            has_bias: false,
            ..FrameConvShape::pointwise(bottleneck, growth, Nothing)
        };
        let squeezed = bottleneck / 2;
        Ok(Self {
            enter: conv("enter", enter)?,
            local: conv("local", local)?,
            squeeze: conv(
                "squeeze",
                FrameConvShape::pointwise(bottleneck, squeezed, Relu),
            )?,
            excite: conv(
                "excite",
                FrameConvShape::pointwise(squeezed, growth, Nothing),
            )?,
            norm: BatchNorm::new(input, initialiser)?,
        })
    }

    fn forward(&self, x: Tensor<3>, pass: &mut Pass<'_>) -> Result<Tensor<3>, ModelError> {
        let x = self.norm.forward(x, None, Rectified::Behind, pass);
        let x = self.enter.forward(x, pass)?;
        let local = self.local.forward(x.clone(), pass)?;
        let context = self.squeeze.forward(context(x), pass)?;
        let [_, frames, _] = local.dims();
        let mask = activation::sigmoid(self.excite.forward(context, pass)?);
        Ok(local * by_frame(mask, frames))
    }

    fn prepared(&self) -> Result<prepared::PreparedLayer, ModelError> {
        Ok(prepared::PreparedLayer {
            enter: self.enter.prepared_behind(&self.norm)?,
            local: self.local.prepared(Activation::None)?,
            squeeze: self.squeeze.prepared(Activation::None)?,
            excite: self.excite.prepared(Activation::Sigmoid)?,
            context_frames: CONTEXT_FRAMES,
        })
    }
}

/// The mean over all frames plus that over each stretch, `[batch, stretches, channels]`.
fn context(x: Tensor<3>) -> Tensor<3> {
    let [_, frames, _] = x.dims();
    let stretches = (0..frames).step_by(CONTEXT_FRAMES).map(|begin| {
        let length = CONTEXT_FRAMES.min(frames - begin);
        x.clone().narrow(1, begin, length).mean_dim(1)
    });
    let stretches = Tensor::cat(stretches.collect(), 1);
    stretches + x.mean_dim(1)
}

/// `[batch, stretches, channels]` repeated for each of a stretch's frames.
fn by_frame(x: Tensor<3>, frames: usize) -> Tensor<3> {
    let [batch, stretches, channels] = x.dims();
    x.reshape([batch, stretches, 1, channels])
        .expand([batch, stretches, CONTEXT_FRAMES, channels])
        .reshape([batch, stretches * CONTEXT_FRAMES, channels])
        .narrow(1, 0, frames)
}
