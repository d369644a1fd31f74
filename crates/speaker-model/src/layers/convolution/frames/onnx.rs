//! The convolution as nodes of an ONNX graph.

use onnx_graph::write::{Attribute, Builder, Conv1d, Handle};

use super::{FrameConv, FramePadding};
use crate::ModelError;
use crate::layers::written::numbers;

impl FrameConv {
    /// `[items, input, frames]` to `[items, output, frames']`.
    pub(crate) fn write(&self, builder: &mut Builder, x: &Handle) -> Result<Handle, ModelError> {
        let shape = self.shape;
        let padded = shape.num_padded();
        let mirrored = (shape.padding == FramePadding::Reflect && padded > 0).then(|| {
            let ends = padded as i64;
            let ends = builder.ints(&[0, 0, ends, 0, 0, ends]);
            builder.node("Pad", &[x, &ends], &[("mode", Attribute::Text("reflect"))])
        });
        let bias = self.bias.as_ref().map(numbers);
        let conv = Conv1d {
            weight: &numbers(&self.weight),
            bias: bias.as_deref(),
            input: shape.input,
            output: shape.output,
            kernel: shape.kernel,
            stride: shape.stride,
            dilation: shape.dilation,
            padding: match shape.padding {
                FramePadding::Zeros => padded,
                FramePadding::None | FramePadding::Reflect => 0,
            },
            groups: 1,
        };
        let x = builder.conv1d(mirrored.as_ref().unwrap_or(x), conv)?;
        self.after.write(builder, x)
    }

    /// Channels that come out.
    pub(crate) fn output(&self) -> usize {
        self.shape.output
    }
}
