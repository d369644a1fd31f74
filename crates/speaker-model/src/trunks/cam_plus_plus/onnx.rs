//! CAM++ as nodes of an ONNX graph.

use onnx_graph::write::{Attribute, Builder, Handle};

use super::{Block, CONTEXT_FRAMES, CamPlusPlus, Images, Layer};
use crate::ModelError;
use crate::layers::{BatchNorm, WrittenImage, WrittenSequence};

impl CamPlusPlus {
    pub(super) fn written(
        &self,
        builder: &mut Builder,
        sequence: &WrittenSequence,
    ) -> Result<WrittenSequence, ModelError> {
        let sequence = self.images.write(builder, sequence)?;
        let x = sequence.channels(builder);
        let (mut x, mut width) = (self.entry.write(builder, &x)?, self.entry.output());
        for block in &self.blocks {
            (x, width) = (block.write(builder, x)?, block.leave.output());
        }
        let x = rectified(builder, &self.norm, &x)?;
        Ok(WrittenSequence::of_channels(x, width))
    }
}

impl Images {
    fn write(
        &self,
        builder: &mut Builder,
        sequence: &WrittenSequence,
    ) -> Result<WrittenSequence, ModelError> {
        let image = WrittenImage::of_sequence(builder, sequence);
        let mut image = self.entry.write(builder, &image)?;
        for block in &self.blocks {
            image = block.write(builder, &image)?;
        }
        Ok(self.leave.write(builder, &image)?.flattened(builder))
    }
}

impl Block {
    fn write(&self, builder: &mut Builder, mut x: Handle) -> Result<Handle, ModelError> {
        for layer in &self.layers {
            let added = layer.write(builder, &x)?;
            x = builder.concat(&[&x, &added], 1);
        }
        let x = rectified(builder, &self.norm, &x)?;
        self.leave.write(builder, &x)
    }
}

impl Layer {
    fn write(&self, builder: &mut Builder, x: &Handle) -> Result<Handle, ModelError> {
        let x = rectified(builder, &self.norm, x)?;
        let x = self.enter.write(builder, &x)?;
        let local = self.local.write(builder, &x)?;
        let context = context(builder, &x);
        let squeezed = self.squeeze.write(builder, &context)?;
        let mask = self.excite.write(builder, &squeezed)?;
        let mask = builder.sigmoid(&mask);
        let mask = by_frame(builder, &mask, &local);
        Ok(builder.node("Mul", &[&local, &mask], &[]))
    }
}

fn rectified(builder: &mut Builder, norm: &BatchNorm, x: &Handle) -> Result<Handle, ModelError> {
    let x = norm.write(builder, x)?;
    Ok(builder.relu(&x))
}

/// As [`super::context`].
fn context(builder: &mut Builder, x: &Handle) -> Handle {
    let stretches = builder.average_pool(x, CONTEXT_FRAMES, CONTEXT_FRAMES);
    let whole = builder.mean(x, 2, true);
    builder.add(&stretches, &whole)
}

/// `[items, channels, stretches]` repeated for each of a stretch's frames, as many as `like` `[items, channels, frames]` has.
fn by_frame(builder: &mut Builder, x: &Handle, like: &Handle) -> Handle {
    let last = builder.ints(&[3]);
    let x = builder.node("Unsqueeze", &[x, &last], &[]);
    let sizes = builder.ints(&[1, 1, 1, CONTEXT_FRAMES as i64]);
    let x = builder.node("Expand", &[&x, &sizes], &[]);
    let x = builder.reshape(&x, &[0, 0, -1]);
    let sizes = builder.node("Shape", &[like], &[]);
    let time = builder.ints(&[2]);
    let frames = builder.node("Gather", &[&sizes, &time], &[("axis", Attribute::Int(0))]);
    let begin = builder.ints(&[0]);
    builder.node("Slice", &[&x, &begin, &frames, &time], &[])
}
