//! Convolutions over channels `[items, width, frames]` and planes `[items, width, bins, frames]`, in PyTorch's order of weights.

use super::builder::{Attribute, Builder, Handle};
use crate::OnnxError;

/// A convolution over time.
#[derive(Clone, Copy, Debug)]
pub struct Conv1d<'a> {
    /// `[output, input / groups, kernel]`, row-major.
    pub weight: &'a [f32],
    /// `[output]`
    pub bias: Option<&'a [f32]>,
    /// Channels that go in.
    pub input: usize,
    /// Channels that come out.
    pub output: usize,
    /// Frames that it sees.
    pub kernel: usize,
    /// Frames from one window to the next.
    pub stride: usize,
    /// Frames between those that it sees.
    pub dilation: usize,
    /// Frames of zeros on either side.
    pub padding: usize,
    /// Groups that do not see each other.
    pub groups: usize,
}

/// A convolution over bins and time; pairs are of bins and frames.
#[derive(Clone, Copy, Debug)]
pub struct Conv2d<'a> {
    /// `[output, input / groups, kernel.0, kernel.1]`, row-major.
    pub weight: &'a [f32],
    /// `[output]`
    pub bias: Option<&'a [f32]>,
    /// Channels that go in.
    pub input: usize,
    /// Channels that come out.
    pub output: usize,
    /// What it sees.
    pub kernel: [usize; 2],
    /// From one window to the next.
    pub stride: [usize; 2],
    /// Between those that it sees.
    pub dilation: [usize; 2],
    /// Zeros on either side.
    pub padding: [usize; 2],
    /// Groups that do not see each other.
    pub groups: usize,
}

/// A batch norm with fixed statistics, each `[width]`.
#[derive(Clone, Copy, Debug)]
pub struct BatchNorm<'a> {
    /// Factor after the standardisation.
    pub scale: &'a [f32],
    /// Added last.
    pub bias: &'a [f32],
    /// Mean.
    pub mean: &'a [f32],
    /// Variance.
    pub variance: &'a [f32],
    /// Added to the variance.
    pub epsilon: f32,
}

impl Builder {
    /// A convolution of `[items, input, frames]`.
    ///
    /// # Errors
    /// Where weights or bias are not of their sizes.
    pub fn conv1d(&mut self, x: &Handle, conv: Conv1d<'_>) -> Result<Handle, OnnxError> {
        let sizes = [conv.output, conv.input / conv.groups.max(1), conv.kernel];
        let ends = [conv.padding; 2];
        let weights = (conv.weight, conv.bias);
        self.conv(
            x,
            &sizes,
            weights,
            (&[conv.stride], &[conv.dilation], &ends),
            conv.groups,
        )
    }

    /// A convolution of `[items, input, bins, frames]`.
    ///
    /// # Errors
    /// Where weights or bias are not of their sizes.
    pub fn conv2d(&mut self, x: &Handle, conv: Conv2d<'_>) -> Result<Handle, OnnxError> {
        let [bins, frames] = conv.kernel;
        let sizes = [conv.output, conv.input / conv.groups.max(1), bins, frames];
        let [over, along] = conv.padding;
        let ends = [over, along, over, along];
        let weights = (conv.weight, conv.bias);
        self.conv(
            x,
            &sizes,
            weights,
            (&conv.stride, &conv.dilation, &ends),
            conv.groups,
        )
    }

    fn conv(
        &mut self,
        x: &Handle,
        sizes: &[usize],
        (weight, bias): (&[f32], Option<&[f32]>),
        (stride, dilation, ends): (&[usize], &[usize], &[usize]),
        groups: usize,
    ) -> Result<Handle, OnnxError> {
        let list =
            |values: &[usize]| -> Vec<i64> { values.iter().map(|&value| value as i64).collect() };
        let (kernel, stride, dilation, ends) =
            (list(&sizes[2..]), list(stride), list(dilation), list(ends));
        let weight = self.weights("conv.weight", sizes, weight)?;
        let bias = bias
            .map(|bias| self.weights("conv.bias", &sizes[..1], bias))
            .transpose()?;
        let mut inputs = vec![x, &weight];
        inputs.extend(&bias);
        let attributes = [
            ("kernel_shape", Attribute::Ints(&kernel)),
            ("strides", Attribute::Ints(&stride)),
            ("dilations", Attribute::Ints(&dilation)),
            ("pads", Attribute::Ints(&ends)),
            ("group", Attribute::Int(groups as i64)),
        ];
        Ok(self.node("Conv", &inputs, &attributes))
    }

    /// Batch norm of the second axis.
    ///
    /// # Errors
    /// Where its parts are not of one length.
    pub fn batch_norm(&mut self, x: &Handle, norm: BatchNorm<'_>) -> Result<Handle, OnnxError> {
        let width = [norm.scale.len()];
        let scale = self.weights("batch_norm.scale", &width, norm.scale)?;
        let bias = self.weights("batch_norm.bias", &width, norm.bias)?;
        let mean = self.weights("batch_norm.mean", &width, norm.mean)?;
        let variance = self.weights("batch_norm.variance", &width, norm.variance)?;
        let epsilon = [("epsilon", Attribute::Float(norm.epsilon))];
        Ok(self.node(
            "BatchNormalization",
            &[x, &scale, &bias, &mean, &variance],
            &epsilon,
        ))
    }

    /// Means of windows over channels `[items, width, frames]`; the last, which may reach beyond the end, is the mean of what it covers
    /// (`ceil_mode`), as CAM++ has it.
    pub fn average_pool(&mut self, x: &Handle, kernel: usize, stride: usize) -> Handle {
        let attributes = [
            ("kernel_shape", Attribute::Ints(&[kernel as i64])),
            ("strides", Attribute::Ints(&[stride as i64])),
            ("ceil_mode", Attribute::Int(1)),
        ];
        self.node("AveragePool", &[x], &attributes)
    }
}
