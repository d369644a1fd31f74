//! The residual network as nodes of an ONNX graph.

use onnx_graph::write::Builder;

use super::{ImageBlock, ResNet};
use crate::ModelError;
use crate::layers::{WrittenImage, WrittenSequence};

impl ResNet {
    pub(super) fn written(
        &self,
        builder: &mut Builder,
        sequence: &WrittenSequence,
    ) -> Result<WrittenSequence, ModelError> {
        let image = WrittenImage::of_sequence(builder, sequence);
        let mut image = self.entry.write(builder, &image)?;
        for block in &self.blocks {
            image = block.write(builder, &image)?;
        }
        Ok(image.flattened(builder))
    }
}

impl ImageBlock {
    pub(in crate::trunks) fn write(
        &self,
        builder: &mut Builder,
        image: &WrittenImage,
    ) -> Result<WrittenImage, ModelError> {
        let first = self.first.write(builder, image)?;
        let second = self.second.write(builder, &first)?;
        let beside = match &self.shortcut {
            Some(shortcut) => shortcut.write(builder, image)?,
            None => image.clone(),
        };
        let sum = builder.add(&second.value, &beside.value);
        Ok(WrittenImage {
            value: builder.relu(&sum),
            ..second
        })
    }
}
