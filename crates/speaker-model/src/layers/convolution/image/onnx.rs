//! The convolution as nodes of an ONNX graph.

use onnx_graph::write::{Builder, Conv2d};

use super::ImageConv;
use crate::ModelError;
use crate::layers::WrittenImage;
use crate::layers::written::numbers;

impl ImageConv {
    /// `[items, input, bands, frames]` to `[items, output, bands', frames']`.
    pub(crate) fn write(
        &self,
        builder: &mut Builder,
        image: &WrittenImage,
    ) -> Result<WrittenImage, ModelError> {
        let shape = self.shape;
        let conv = Conv2d {
            weight: &numbers(&self.weight),
            bias: None,
            input: shape.input,
            output: shape.output,
            kernel: [shape.kernel; 2],
            stride: shape.stride,
            dilation: [1, 1],
            padding: [shape.kernel / 2; 2],
            groups: 1,
        };
        let value = builder.conv2d(&image.value, conv)?;
        Ok(WrittenImage {
            value: self.after.write(builder, value)?,
            channels: shape.output,
            bands: image.bands.div_ceil(shape.stride[0]),
        })
    }
}
