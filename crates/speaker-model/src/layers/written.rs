//! What goes through an ONNX graph that is written: the counterparts of [`Sequence`](super::Sequence) and of images.

use burn::module::Param;
use burn::tensor::Tensor;
use onnx_graph::write::{Attribute, Builder, Deviation, Handle};

/// Sequences of one length, any number of frames each.
#[derive(Clone, Debug)]
pub(crate) struct WrittenSequence {
    value: Handle,
    axes: Axes,
    width: usize,
}

/// Order of a sequence's axes: each layer gives what it makes as it makes it, and transposes only what it reads otherwise.
#[derive(Clone, Copy, Debug)]
enum Axes {
    /// `[items, frames, width]`
    Frames,
    /// `[items, width, frames]`
    Channels,
}

impl WrittenSequence {
    /// `value` `[items, frames, width]`.
    pub(crate) fn of_frames(value: Handle, width: usize) -> Self {
        Self {
            value,
            axes: Axes::Frames,
            width,
        }
    }

    /// `value` `[items, width, frames]`.
    pub(crate) fn of_channels(value: Handle, width: usize) -> Self {
        Self {
            value,
            axes: Axes::Channels,
            width,
        }
    }

    /// Numbers of a frame.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// `[items, frames, width]`
    pub(crate) fn frames(&self, builder: &mut Builder) -> Handle {
        match self.axes {
            Axes::Frames => self.value.clone(),
            Axes::Channels => builder.transpose(&self.value, &[0, 2, 1]),
        }
    }

    /// `[items, width, frames]`
    pub(crate) fn channels(&self, builder: &mut Builder) -> Handle {
        match self.axes {
            Axes::Channels => self.value.clone(),
            Axes::Frames => builder.transpose(&self.value, &[0, 2, 1]),
        }
    }

    fn time_axis(&self) -> i64 {
        match self.axes {
            Axes::Frames => 1,
            Axes::Channels => 2,
        }
    }

    /// The last frame, `[items, width]`.
    pub(crate) fn last_frame(&self, builder: &mut Builder) -> Handle {
        let last = builder.ints(&[-1]);
        let axis = [("axis", Attribute::Int(self.time_axis()))];
        let frame = builder.node("Gather", &[&self.value, &last], &axis);
        let axes = builder.ints(&[self.time_axis()]);
        builder.node("Squeeze", &[&frame, &axes], &[])
    }

    /// The mean over frames, `[items, width]`.
    pub(crate) fn mean(&self, builder: &mut Builder) -> Handle {
        builder.mean(&self.value, self.time_axis(), false)
    }

    /// Mean and deviation over frames, `[items, width]` each.
    pub(crate) fn statistics(
        &self,
        builder: &mut Builder,
        deviation: Deviation,
    ) -> (Handle, Handle) {
        builder.statistics(&self.value, self.time_axis(), deviation, false)
    }
}

/// Images of one size.
#[derive(Clone, Debug)]
pub(crate) struct WrittenImage {
    /// `[items, channels, bands, frames]`
    pub(crate) value: Handle,
    pub(crate) channels: usize,
    pub(crate) bands: usize,
}

impl WrittenImage {
    /// A sequence as an image of one channel, whose bands are the sequence's numbers.
    pub(crate) fn of_sequence(builder: &mut Builder, sequence: &WrittenSequence) -> Self {
        let channels = sequence.channels(builder);
        let axes = builder.ints(&[1]);
        Self {
            value: builder.node("Unsqueeze", &[&channels, &axes], &[]),
            channels: 1,
            bands: sequence.width(),
        }
    }

    /// All bands of all channels side by side.
    pub(crate) fn flattened(self, builder: &mut Builder) -> WrittenSequence {
        let width = self.channels * self.bands;
        let channels = builder.reshape(&self.value, &[0, width as i64, -1]);
        WrittenSequence::of_channels(channels, width)
    }
}

/// The numbers of a parameter, row-major.
pub(crate) fn numbers<const D: usize>(param: &Param<Tensor<D>>) -> Vec<f32> {
    param.val().into_data().iter::<f32>().collect()
}
