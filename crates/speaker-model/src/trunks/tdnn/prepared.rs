//! A time-delay network on slices.

use fused_conv::{Activations, View};

use crate::ModelError;
use crate::layers::PreparedFrameConv;
use crate::trunks::prepared::{PreparedTrunk, States};

/// The layers, first to last.
pub(super) struct PreparedTdnn {
    pub(super) layers: Vec<PreparedFrameConv>,
}

impl PreparedTrunk for PreparedTdnn {
    fn states(&self, x: View<'_>) -> Result<States, ModelError> {
        let mut states: Option<Activations> = None;
        for layer in &self.layers {
            let x = states.as_ref().map_or(x, Activations::view);
            states = Some(layer.forward(x)?);
        }
        match states {
            Some(states) => Ok(States::Frames(states)),
            None => Ok(States::copied(x)?),
        }
    }
}
