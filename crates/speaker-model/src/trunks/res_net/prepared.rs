//! A residual network on slices.

use fused_conv::View;

use crate::ModelError;
use crate::layers::{Image, PreparedImageConv};
use crate::trunks::prepared::{PreparedTrunk, States};

/// All layers.
pub(super) struct PreparedResNet {
    pub(super) entry: PreparedImageConv,
    pub(super) blocks: Vec<PreparedImageBlock>,
}

impl PreparedTrunk for PreparedResNet {
    fn states(&self, x: View<'_>) -> Result<States, ModelError> {
        let image = self.entry.forward(&Image::new(x)?, None)?;
        let mut blocks = self.blocks.iter();
        let image = blocks.try_fold(image, |image, block| block.forward(&image))?;
        Ok(States::Image(image))
    }
}

/// Two convolutions, the second of which adds what came in.
pub(in crate::trunks) struct PreparedImageBlock {
    pub(super) first: PreparedImageConv,
    pub(super) second: PreparedImageConv,
    pub(super) shortcut: Option<PreparedImageConv>,
}

impl PreparedImageBlock {
    pub(in crate::trunks) fn forward(&self, x: &Image) -> Result<Image, ModelError> {
        let between = self.first.forward(x, None)?;
        let shortcut = self.shortcut.as_ref();
        let beside = shortcut.map(|conv| conv.forward(x, None)).transpose()?;
        self.second
            .forward(&between, Some(beside.as_ref().unwrap_or(x)))
    }
}
