//! Convolutions on slices, for inference: weights packed, norms folded, activations fused.

use fused_conv::{Activations, Conv1d, Conv2d, Grid, View, ViewMut};

use super::frame_shape::FrameConvShape;
use crate::ModelError;

/// A convolution over frames and what follows it, on slices.
pub(crate) struct PreparedFrameConv {
    conv: Conv1d,
    shape: FrameConvShape,
}

impl PreparedFrameConv {
    pub(super) fn new(conv: Conv1d, shape: FrameConvShape) -> Self {
        Self { conv, shape }
    }

    /// Channels that come out.
    pub(crate) fn outputs(&self) -> usize {
        self.shape.output
    }

    /// `[frames, input]` to `[frames', output]`.
    ///
    /// # Errors
    /// As the layer that it was made of, and [`ModelError::Kernel`] where the processor lacks the instructions asked for.
    pub(crate) fn forward(&self, x: View<'_>) -> Result<Activations, ModelError> {
        self.shape.check(x.rows(), x.channels())?;
        let shape = self.conv.shape();
        let mut out = Activations::new(shape.output_frames(x.rows())?, shape.outputs)?;
        self.conv.forward(x, None, out.view_mut())?;
        Ok(out)
    }

    /// max(0, the same plus `beside`).
    ///
    /// # Errors
    /// As [`Self::forward`].
    pub(crate) fn forward_beside(
        &self,
        x: View<'_>,
        beside: View<'_>,
    ) -> Result<Activations, ModelError> {
        self.shape.check(x.rows(), x.channels())?;
        let shape = self.conv.shape();
        let mut out = Activations::new(shape.output_frames(x.rows())?, shape.outputs)?;
        self.conv.forward(x, Some(beside), out.view_mut())?;
        Ok(out)
    }

    /// The same into a part of wider activations.
    ///
    /// # Errors
    /// As [`Self::forward`].
    pub(crate) fn forward_into(&self, x: View<'_>, out: ViewMut<'_>) -> Result<(), ModelError> {
        self.shape.check(x.rows(), x.channels())?;
        Ok(self.conv.forward(x, None, out)?)
    }
}

/// A convolution over an image and what follows it, on slices.
pub(crate) struct PreparedImageConv {
    conv: Conv2d,
}

impl PreparedImageConv {
    pub(super) fn new(conv: Conv2d) -> Self {
        Self { conv }
    }

    /// An image to another. `beside`, of the output's size, is added before the activation.
    ///
    /// # Errors
    /// As [`PreparedFrameConv::forward`].
    pub(crate) fn forward(&self, x: &Image, beside: Option<&Image>) -> Result<Image, ModelError> {
        let shape = self.conv.shape();
        let grid = shape.output_grid(x.grid)?;
        let mut values = Activations::new(grid.rows(), shape.outputs)?;
        let beside = beside.map(|image| image.values.view());
        self.conv
            .forward(x.values.view(), x.grid, beside, values.view_mut())?;
        Ok(Image { values, grid })
    }
}

/// Activations of bands and frames, `[bands * frames, channels]`.
pub(crate) struct Image {
    pub(crate) values: Activations,
    pub(crate) grid: Grid,
}

impl Image {
    /// Features `[frames, bands]` as an image of one channel.
    ///
    /// # Errors
    /// [`ModelError::Kernel`] where it does not fit in memory.
    pub(crate) fn new(x: View<'_>) -> Result<Self, ModelError> {
        let grid = Grid {
            bins: x.channels(),
            frames: x.rows(),
        };
        let mut values = Activations::new(grid.rows(), 1)?;
        fused_conv::to_grid(x, values.view_mut())?;
        Ok(Self { values, grid })
    }

    /// `[frames, channels * bands]`, the bands of a channel side by side.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(crate) fn frames(&self) -> Result<Activations, ModelError> {
        let width = self.values.channels() * self.grid.bins;
        let mut frames = Activations::new(self.grid.frames, width)?;
        fused_conv::from_grid(self.values.view(), self.grid, frames.view_mut())?;
        Ok(frames)
    }
}
