//! CAM++ on slices.

use fused_conv::{
    Activations, Norm, RectifiedDense, View, ViewMut, add, mean, num_segments, scale, segment_means,
};

use crate::ModelError;
use crate::layers::{Image, PreparedFrameConv, PreparedImageConv};
use crate::trunks::prepared::{PreparedTrunk, States};
use crate::trunks::res_net::PreparedImageBlock;

/// All layers.
pub(super) struct PreparedCamPlusPlus {
    pub(super) images: Vec<PreparedImageStep>,
    /// Reads the image as it is.
    pub(super) entry: PreparedImageConv,
    pub(super) blocks: Vec<PreparedBlock>,
    pub(super) norm: Norm,
}

/// A step of the network over images.
pub(super) enum PreparedImageStep {
    Conv(Box<PreparedImageConv>),
    Block(Box<PreparedImageBlock>),
}

impl PreparedTrunk for PreparedCamPlusPlus {
    fn states(&self, x: View<'_>) -> Result<States, ModelError> {
        let mut image = Image::new(x)?;
        for step in &self.images {
            image = match step {
                PreparedImageStep::Conv(conv) => conv.forward(&image, None)?,
                PreparedImageStep::Block(block) => block.forward(&image)?,
            };
        }
        let mut x = self.entry.forward(&image, None)?.values;
        drop(image);
        for block in &self.blocks {
            x = block.forward(x.view())?;
        }
        let mut out = Activations::new(x.rows(), x.channels())?;
        self.norm.forward(x.view(), out.view_mut())?;
        Ok(States::Frames(out))
    }
}

/// A densely connected block.
pub(super) struct PreparedBlock {
    pub(super) layers: Vec<PreparedLayer>,
    pub(super) leave: RectifiedDense,
}

impl PreparedBlock {
    fn forward(&self, x: View<'_>) -> Result<Activations, ModelError> {
        let grown = self.layers.iter().map(PreparedLayer::growth).sum::<usize>();
        // What all layers see, each up to where the outputs of those before it end.
        let mut joined = Activations::new(x.rows(), x.channels() + grown)?;
        fused_conv::copy(x, joined.view_mut().channel_range(0..x.channels())?)?;
        let mut seen = x.channels();
        for layer in &self.layers {
            let x = dense(&layer.enter, joined.view().channel_range(0..seen)?)?;
            let added = seen..seen + layer.growth();
            layer.forward(x.view(), joined.view_mut().channel_range(added)?)?;
            seen += layer.growth();
        }
        dense(&self.leave, joined.view())
    }
}

fn dense(layer: &RectifiedDense, x: View<'_>) -> Result<Activations, ModelError> {
    let mut out = Activations::new(x.rows(), layer.shape().outputs)?;
    layer.forward(x, out.view_mut())?;
    Ok(out)
}

/// A bottleneck and a convolution, whose channels are weighed frame by frame by what surrounds them.
pub(super) struct PreparedLayer {
    pub(super) enter: RectifiedDense,
    pub(super) local: PreparedFrameConv,
    pub(super) squeeze: PreparedFrameConv,
    pub(super) excite: PreparedFrameConv,
    /// Frames over which a mask's context is averaged, beside that of the whole recording.
    pub(super) context_frames: usize,
}

impl PreparedLayer {
    /// Channels that it adds.
    fn growth(&self) -> usize {
        self.local.outputs()
    }

    /// What stands behind the bottleneck.
    fn forward(&self, x: View<'_>, out: ViewMut<'_>) -> Result<(), ModelError> {
        let local = self.local.forward(x)?;
        let context = self.squeeze.forward(self.context(x)?.view())?;
        let mask = self.excite.forward(context.view())?;
        let (local, mask) = (local.view(), mask.view());
        Ok(scale(local, mask, self.context_frames, None, out)?)
    }

    /// The mean over all frames plus that over each stretch, `[stretches, channels]`.
    fn context(&self, x: View<'_>) -> Result<Activations, ModelError> {
        let stretches = num_segments(x.rows(), self.context_frames);
        let mut means = Activations::new(stretches, x.channels())?;
        let mut all = Activations::new(1, x.channels())?;
        let mut context = Activations::new(stretches, x.channels())?;
        segment_means(x, self.context_frames, means.view_mut())?;
        mean(x, all.view_mut())?;
        add(means.view(), all.view(), context.view_mut())?;
        Ok(context)
    }
}
