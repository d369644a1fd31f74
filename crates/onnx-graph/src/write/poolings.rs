//! From frames to one vector, over a dynamic time axis. "frames" are `[items, frames, width]`, "channels" `[items, width, frames]`.

use super::builder::{Attribute, Builder, Handle};
use super::convolutions::Conv1d;
use crate::OnnxError;

/// How a deviation over time is computed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Deviation {
    /// Divides by frames − 1, as PyTorch's `var` does.
    pub unbiased: bool,
    /// Added to the variance.
    pub epsilon: f32,
    /// A variance below this counts as that.
    pub floor: f32,
}

/// The two convolutions of attentive statistics (ECAPA-TDNN, arXiv 2005.07143), each of width 1.
#[derive(Clone, Copy, Debug)]
pub struct AttentiveStatistics<'a> {
    /// From `width`, or with mean and deviation beside it from `3 * width`, to the bottleneck.
    pub first: Conv1d<'a>,
    /// From the bottleneck to `width`.
    pub second: Conv1d<'a>,
    /// Whether the attention hears mean and deviation of the whole recording.
    pub global: bool,
    /// Of the mean and deviation that it hears, and of the result.
    pub deviation: Deviation,
    /// Of the result's variance: it counts as this where it is lower.
    pub floor: f32,
}

impl Builder {
    /// The mean along `axis`, which stays with size 1 where `keep`.
    pub fn mean(&mut self, x: &Handle, axis: i64, keep: bool) -> Handle {
        let attributes = [
            ("axes", Attribute::Ints(&[axis])),
            ("keepdims", Attribute::Int(i64::from(keep))),
        ];
        self.node("ReduceMean", &[x], &attributes)
    }

    /// The sum along `axis`, which stays with size 1 where `keep`.
    pub fn sum(&mut self, x: &Handle, axis: i64, keep: bool) -> Handle {
        let axes = self.ints(&[axis]);
        self.node(
            "ReduceSum",
            &[x, &axes],
            &[("keepdims", Attribute::Int(i64::from(keep)))],
        )
    }

    /// The mean of frames, `[items, width]`.
    pub fn mean_over_frames(&mut self, frames: &Handle) -> Handle {
        self.mean(frames, 1, false)
    }

    /// Mean and deviation of frames, side by side, `[items, 2 * width]`.
    pub fn mean_and_deviation_over_frames(
        &mut self,
        frames: &Handle,
        deviation: Deviation,
    ) -> Handle {
        let (mean, deviation) = self.statistics(frames, 1, deviation, false);
        self.concat(&[&mean, &deviation], -1)
    }

    /// Mean and deviation of channels, side by side, `[items, 2 * width]`.
    pub fn mean_and_deviation_over_channels(
        &mut self,
        channels: &Handle,
        deviation: Deviation,
    ) -> Handle {
        let (mean, deviation) = self.statistics(channels, 2, deviation, false);
        self.concat(&[&mean, &deviation], 1)
    }

    /// Mean and deviation along `axis`, which stays with size 1 where `keep`.
    pub fn statistics(
        &mut self,
        x: &Handle,
        axis: i64,
        deviation: Deviation,
        keep: bool,
    ) -> (Handle, Handle) {
        let mean = self.mean(x, axis, true);
        let offset = self.node("Sub", &[x, &mean], &[]);
        let square = self.node("Mul", &[&offset, &offset], &[]);
        let mut variance = self.mean(&square, axis, true);
        if deviation.unbiased {
            // frames / (frames − 1), for one frame 1.
            let shape = self.node("Shape", &[x], &[]);
            let at = self.ints(&[axis]);
            let frames = self.node("Gather", &[&shape, &at], &[("axis", Attribute::Int(0))]);
            let frames = self.node("Cast", &[&frames], &[("to", Attribute::Int(1))]);
            let one = self.float(1.0);
            let less = self.node("Sub", &[&frames, &one], &[]);
            let less = self.node("Max", &[&less, &one], &[]);
            let factor = self.node("Div", &[&frames, &less], &[]);
            variance = self.node("Mul", &[&variance, &factor], &[]);
        }
        let root = self.root(variance, deviation.epsilon, deviation.floor);
        if keep {
            return (mean, root);
        }
        let axes = self.ints(&[axis]);
        let mean = self.node("Squeeze", &[&mean, &axes], &[]);
        (mean, self.node("Squeeze", &[&root, &axes], &[]))
    }

    /// `sqrt(max(variance + epsilon, floor))`
    fn root(&mut self, mut variance: Handle, epsilon: f32, floor: f32) -> Handle {
        if epsilon != 0.0 {
            let epsilon = self.float(epsilon);
            variance = self.add(&variance, &epsilon);
        }
        if floor != 0.0 {
            let floor = self.float(floor);
            variance = self.node("Max", &[&variance, &floor], &[]);
        }
        self.node("Sqrt", &[&variance], &[])
    }

    /// Channels `[items, width, frames]` with their mean and deviation over all frames below every frame, `[items, 3 * width, frames]`.
    pub fn with_statistics(&mut self, channels: &Handle, deviation: Deviation) -> Handle {
        let (mean, deviation) = self.statistics(channels, 2, deviation, true);
        let shape = self.node("Shape", &[channels], &[]);
        let mean = self.node("Expand", &[&mean, &shape], &[]);
        let deviation = self.node("Expand", &[&deviation, &shape], &[]);
        self.concat(&[channels, &mean, &deviation], 1)
    }

    /// Attentive statistics of channels `[items, width, frames]`: weighted mean and deviation, `[items, 2 * width]`.
    ///
    /// # Errors
    /// Where the weights are not of their sizes.
    pub fn attentive_statistics(
        &mut self,
        channels: &Handle,
        settings: AttentiveStatistics<'_>,
    ) -> Result<Handle, OnnxError> {
        let heard = match settings.global {
            true => self.with_statistics(channels, settings.deviation),
            false => channels.clone(),
        };
        let hidden = self.conv1d(&heard, settings.first)?;
        let hidden = self.tanh(&hidden);
        let logits = self.conv1d(&hidden, settings.second)?;
        Ok(self.weighted_statistics(channels, &logits, settings.floor))
    }

    /// Mean and deviation of channels `[items, width, frames]` by weights, the softmax of `logits` of the same sizes over the frames:
    /// `[items, 2 * width]`. A variance below `floor` counts as that.
    pub fn weighted_statistics(
        &mut self,
        channels: &Handle,
        logits: &Handle,
        floor: f32,
    ) -> Handle {
        let weights = self.node("Softmax", &[logits], &[("axis", Attribute::Int(2))]);
        let weighted = self.node("Mul", &[&weights, channels], &[]);
        let mean = self.sum(&weighted, 2, true);
        // Weighted squares of offsets: as exact as squares less the mean's, without their cancellation.
        let offset = self.node("Sub", &[channels, &mean], &[]);
        let square = self.node("Mul", &[&offset, &offset], &[]);
        let square = self.node("Mul", &[&weights, &square], &[]);
        let variance = self.sum(&square, 2, false);
        let deviation = self.root(variance, 0.0, floor);
        let axes = self.ints(&[2]);
        let mean = self.node("Squeeze", &[&mean, &axes], &[]);
        self.concat(&[&mean, &deviation], 1)
    }
}
