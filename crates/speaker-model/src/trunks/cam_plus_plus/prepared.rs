//! CAM++ on slices.

use fused_conv::{Activations, Norm, View, ViewMut, add, mean, num_segments, scale, segment_means};

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
    pub(super) norm: Norm,
    pub(super) leave: PreparedFrameConv,
}

impl PreparedBlock {
    fn forward(&self, x: View<'_>) -> Result<Activations, ModelError> {
        let grown = self.layers.iter().map(PreparedLayer::growth).sum::<usize>();
        let width = x.channels() + grown;
        // What all layers see, each up to where the outputs of those before it end.
        let mut joined = Activations::new(x.rows(), width)?;
        let mut normed = Activations::new(x.rows(), width)?;
        fused_conv::copy(x, joined.view_mut().channel_range(0..x.channels())?)?;
        let mut seen = x.channels();
        for layer in &self.layers {
            let mut normed = normed.view_mut().channel_range(0..seen)?;
            let x = joined.view().channel_range(0..seen)?;
            layer.norm.forward(x, normed.reborrow())?;
            let added = seen..seen + layer.growth();
            layer.forward(normed.view(), joined.view_mut().channel_range(added)?)?;
            seen += layer.growth();
        }
        self.norm.forward(joined.view(), normed.view_mut())?;
        self.leave.forward(normed.view())
    }
}

/// A bottleneck and a convolution, whose channels are weighed frame by frame by what surrounds them.
pub(super) struct PreparedLayer {
    pub(super) norm: Norm,
    pub(super) enter: PreparedFrameConv,
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

    /// What stands behind the norm.
    fn forward(&self, x: View<'_>, out: ViewMut<'_>) -> Result<(), ModelError> {
        let x = self.enter.forward(x)?;
        let local = self.local.forward(x.view())?;
        let context = self.squeeze.forward(self.context(x.view())?.view())?;
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
