//! The norm as a node of an ONNX graph.

use onnx_graph::write::{self, Builder, Handle};

use super::BatchNorm;
use crate::ModelError;
use crate::layers::VARIANCE_EPSILON;
use crate::layers::written::numbers;

impl BatchNorm {
    /// `[items, channels, ...]`.
    pub(crate) fn write(&self, builder: &mut Builder, x: &Handle) -> Result<Handle, ModelError> {
        let norm = write::BatchNorm {
            scale: &numbers(&self.scale),
            bias: &numbers(&self.shift),
            mean: &numbers(&self.mean),
            variance: &numbers(&self.variance),
            epsilon: VARIANCE_EPSILON as f32,
        };
        Ok(builder.batch_norm(x, norm)?)
    }
}
