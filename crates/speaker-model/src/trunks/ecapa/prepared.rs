//! ECAPA-TDNN on slices.

use std::ops::Range;

use fused_conv::{Activations, View, ViewMut, add, copy, mean, scale};

use crate::ModelError;
use crate::layers::PreparedFrameConv;
use crate::trunks::prepared::{PreparedTrunk, States};

/// All layers.
pub(super) struct PreparedEcapa {
    pub(super) entry: PreparedFrameConv,
    pub(super) blocks: Vec<PreparedBlock>,
    pub(super) output: PreparedFrameConv,
}

impl PreparedTrunk for PreparedEcapa {
    fn states(&self, x: View<'_>) -> Result<States, ModelError> {
        let mut x = self.entry.forward(x)?;
        let channels = x.channels();
        let mut joined = Activations::new(x.rows(), self.blocks.len() * channels)?;
        for (index, block) in self.blocks.iter().enumerate() {
            let range = index * channels..(index + 1) * channels;
            if index > 0 {
                let before = index * channels - channels..index * channels;
                copy(joined.view().channel_range(before)?, x.view_mut())?;
            }
            block.forward(x.view(), joined.view_mut().channel_range(range)?)?;
        }
        Ok(States::Frames(self.output.forward(joined.view())?))
    }
}

/// A block.
pub(super) struct PreparedBlock {
    pub(super) enter: PreparedFrameConv,
    pub(super) groups: Vec<PreparedFrameConv>,
    pub(super) leave: PreparedFrameConv,
    pub(super) squeeze: PreparedFrameConv,
    pub(super) excite: PreparedFrameConv,
    /// Whether the group that no convolution changes is the first.
    pub(super) keeps_first: bool,
}

impl PreparedBlock {
    fn forward(&self, x: View<'_>, out: ViewMut<'_>) -> Result<(), ModelError> {
        let mixed = self.leave.forward(self.grouped(x)?.view())?;
        let mut means = Activations::new(1, mixed.channels())?;
        mean(mixed.view(), means.view_mut())?;
        let gates = self
            .excite
            .forward(self.squeeze.forward(means.view())?.view())?;
        Ok(scale(mixed.view(), gates.view(), x.rows(), Some(x), out)?)
    }

    fn grouped(&self, x: View<'_>) -> Result<Activations, ModelError> {
        let entered = self.enter.forward(x)?;
        let (rows, width) = (x.rows(), entered.channels() / (self.groups.len() + 1));
        let mut out = Activations::new(rows, entered.channels())?;
        let mut sum = Activations::new(rows, width)?;
        let group = |index: usize| -> Range<usize> { index * width..(index + 1) * width };
        let (kept, first) = match self.keeps_first {
            true => (0, 1),
            false => (self.groups.len(), 0),
        };
        copy(
            entered.view().channel_range(group(kept))?,
            out.view_mut().channel_range(group(kept))?,
        )?;
        for (index, conv) in self.groups.iter().enumerate() {
            let at = first + index;
            let own = entered.view().channel_range(group(at))?;
            let input = match index {
                0 => own,
                _ => {
                    let before = out.view().channel_range(group(at - 1))?;
                    add(own, before, sum.view_mut())?;
                    sum.view()
                }
            };
            conv.forward_into(input, out.view_mut().channel_range(group(at))?)?;
        }
        Ok(out)
    }
}
