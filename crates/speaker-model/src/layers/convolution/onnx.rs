//! What follows a convolution, as nodes of an ONNX graph.

use onnx_graph::write::{Attribute, Builder, Handle};

use super::{After, AfterConvolution};
use crate::ModelError;

impl After {
    /// `[items, channels, ...]`.
    pub(super) fn write(&self, builder: &mut Builder, x: Handle) -> Result<Handle, ModelError> {
        let norm = |builder: &mut Builder, x: Handle| match &self.norm {
            Some(norm) => norm.write(builder, &x),
            None => Ok(x),
        };
        match self.order {
            AfterConvolution::Nothing => Ok(x),
            AfterConvolution::Relu => Ok(builder.relu(&x)),
            AfterConvolution::Norm => norm(builder, x),
            AfterConvolution::NormRelu => {
                let x = norm(builder, x)?;
                Ok(builder.relu(&x))
            }
            AfterConvolution::LeakyReluNorm => {
                let alpha = [("alpha", Attribute::Float(super::LEAK as f32))];
                let x = builder.node("LeakyRelu", &[&x], &alpha);
                norm(builder, x)
            }
            AfterConvolution::ReluNorm => {
                let x = builder.relu(&x);
                norm(builder, x)
            }
        }
    }
}
