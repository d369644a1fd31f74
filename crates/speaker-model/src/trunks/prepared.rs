//! Trunks on slices, for inference.

use fused_conv::{Activations, View};

use crate::ModelError;
use crate::layers::Image;

/// A trunk whose weights are packed for our own kernels. One item a call, on one thread.
pub(crate) trait PreparedTrunk: Send + Sync {
    /// The states of features `[frames, input]`.
    ///
    /// # Errors
    /// As the trunk that it was made of.
    fn states(&self, x: View<'_>) -> Result<States, ModelError>;
}

/// What a trunk makes of one item.
pub(crate) enum States {
    /// `[frames, width]`.
    Frames(Activations),
    /// An image, whose bands of all channels are a frame's states.
    Image(Image),
}

impl States {
    /// Those of no layer: the features themselves.
    ///
    /// # Errors
    /// [`ModelError::Kernel`] where they do not fit in memory.
    pub(crate) fn copied(x: View<'_>) -> Result<Self, ModelError> {
        let mut frames = Activations::new(x.rows(), x.channels())?;
        fused_conv::copy(x, frames.view_mut())?;
        Ok(Self::Frames(frames))
    }

    /// `[frames, width]`.
    ///
    /// # Errors
    /// [`ModelError::Kernel`] where they do not fit in memory.
    pub(crate) fn into_frames(self) -> Result<Activations, ModelError> {
        match self {
            Self::Frames(frames) => Ok(frames),
            Self::Image(image) => image.frames(),
        }
    }
}
