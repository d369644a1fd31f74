//! The residual time-delay network on slices.

use fused_conv::View;

use crate::ModelError;
use crate::layers::PreparedFrameConv;
use crate::trunks::prepared::{PreparedTrunk, States};

/// All layers.
pub(super) struct PreparedResidualTdnn {
    pub(super) entry: PreparedFrameConv,
    pub(super) blocks: Vec<PreparedBlock>,
    pub(super) output: PreparedFrameConv,
}

/// A block.
pub(super) struct PreparedBlock {
    pub(super) around: PreparedFrameConv,
    /// Ends in max(x, 0).
    pub(super) mix: PreparedFrameConv,
}

impl PreparedTrunk for PreparedResidualTdnn {
    fn states(&self, x: View<'_>) -> Result<States, ModelError> {
        let mut x = self.entry.forward(x)?;
        for block in &self.blocks {
            let around = block.around.forward(x.view())?;
            x = block.mix.forward_beside(around.view(), x.view())?;
        }
        Ok(States::Frames(self.output.forward(x.view())?))
    }
}
