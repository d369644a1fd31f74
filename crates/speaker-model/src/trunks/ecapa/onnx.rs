//! ECAPA-TDNN as nodes of an ONNX graph.

use onnx_graph::write::{Attribute, Builder, Handle};

use super::{Block, Ecapa, KeptGroup};
use crate::ModelError;
use crate::layers::WrittenSequence;

impl Ecapa {
    pub(super) fn written(
        &self,
        builder: &mut Builder,
        sequence: &WrittenSequence,
    ) -> Result<WrittenSequence, ModelError> {
        let x = sequence.channels(builder);
        let mut x = self.entry.write(builder, &x)?;
        let mut outputs = Vec::with_capacity(self.blocks.len());
        for block in &self.blocks {
            x = block.write(builder, &x)?;
            outputs.push(x.clone());
        }
        let joined = builder.concat(&outputs.iter().collect::<Vec<_>>(), 1);
        let output = self.output.write(builder, &joined)?;
        Ok(WrittenSequence::of_channels(output, self.output.output()))
    }
}

impl Block {
    fn write(&self, builder: &mut Builder, x: &Handle) -> Result<Handle, ModelError> {
        let entered = self.enter.write(builder, x)?;
        let grouped = self.write_groups(builder, &entered)?;
        let mixed = self.leave.write(builder, &grouped)?;
        let mean = builder.mean(&mixed, 2, true);
        let weights = self.squeeze.write(builder, &mean)?;
        let weights = self.excite.write(builder, &weights)?;
        let weights = builder.sigmoid(&weights);
        let weighed = builder.node("Mul", &[&mixed, &weights], &[]);
        Ok(builder.add(x, &weighed))
    }

    fn write_groups(&self, builder: &mut Builder, x: &Handle) -> Result<Handle, ModelError> {
        let num_groups = self.groups.len() + 1;
        let along = [("axis", Attribute::Int(1))];
        let mut groups = builder.node_with("Split", &[x], &along, num_groups);
        let kept = groups.remove(match self.kept {
            KeptGroup::First => 0,
            KeptGroup::Last => num_groups - 1,
        });
        let mut outputs: Vec<Handle> = Vec::with_capacity(num_groups);
        for (conv, group) in self.groups.iter().zip(&groups) {
            let input = match outputs.last() {
                Some(before) => builder.add(before, group),
                None => group.clone(),
            };
            outputs.push(conv.write(builder, &input)?);
        }
        match self.kept {
            KeptGroup::First => outputs.insert(0, kept),
            KeptGroup::Last => outputs.push(kept),
        }
        Ok(builder.concat(&outputs.iter().collect::<Vec<_>>(), 1))
    }
}
