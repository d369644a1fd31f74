//! A stack of LSTM layers (Hochreiter & Schmidhuber 1997; Graves & Schmidhuber 2005).

use burn::module::Module;
use burn::tensor::Tensor;
use onnx_graph::write::{Builder, Handle};
use serde::{Deserialize, Serialize};

use super::Trunk;
use crate::ModelError;
use crate::choices::{Example, PartConfig};
use crate::choices::{check_dropout, check_size};
use crate::layers::{
    ComputeType, Direction, Initialiser, LstmLayer, Pass, SeenValues, Sequence, WrittenSequence,
};

/// LSTM layers on top of each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LstmConfig {
    /// Number of layers.
    pub num_layers: usize,
    /// Which ways each of them reads.
    #[serde(default)]
    pub direction: Direction,
    /// Units per direction of each layer.
    pub hidden: usize,
    /// Dropout probability between two layers, elementwise, in training only.
    pub dropout: f64,
}

impl PartConfig for LstmConfig {
    type Part = Lstm;

    fn validate(&self) -> Result<(), ModelError> {
        check_size("encoder.trunk.num_layers", self.num_layers)?;
        check_size("encoder.trunk.hidden", self.hidden)?;
        check_dropout("encoder.trunk.dropout", self.dropout)
    }

    fn output_width(&self, _: usize) -> usize {
        self.direction.count() * self.hidden
    }

    fn build(&self, input: usize, initialiser: &mut Initialiser<'_>) -> Result<Lstm, ModelError> {
        let mut layers = Vec::new();
        for layer in 0..self.num_layers {
            let input = match layer {
                0 => input,
                _ => self.output_width(input),
            };
            layers.push(LstmLayer::new(
                &format!("encoder.layers.{layer}"),
                [input, self.hidden],
                self.direction,
                initialiser,
            )?);
        }
        Ok(Lstm {
            layers,
            dropout: self.dropout,
        })
    }
}

impl Example for LstmConfig {
    fn example() -> Self {
        Self {
            num_layers: 2,
            direction: Direction::Bidirectional,
            hidden: 3,
            dropout: 0.0,
        }
    }
}

/// A stack of LSTM layers.
#[derive(Module, Debug)]
pub(crate) struct Lstm {
    /// First to last.
    layers: Vec<LstmLayer>,
    #[module(skip)]
    dropout: f64,
}

impl Lstm {
    /// The sequence through the first `count` layers, with dropout before each but the first.
    fn through(
        &self,
        count: usize,
        mut sequence: Sequence,
        pass: &mut Pass<'_>,
    ) -> Result<Sequence, ModelError> {
        for (index, layer) in self.layers.iter().enumerate().take(count) {
            sequence = self.dropped(index, sequence, pass);
            let states = layer.forward(&sequence)?;
            pass.within(&format!("layers.{index}"), |pass| {
                pass.show(SeenValues::Sequence {
                    values: &states,
                    limit: Some(1.0),
                });
            });
            sequence = sequence.map(|_| states);
        }
        Ok(sequence)
    }

    fn dropped(&self, index: usize, sequence: Sequence, pass: &mut Pass<'_>) -> Sequence {
        match index {
            0 => sequence,
            _ => sequence.map(|values| pass.drop_out(values, self.dropout)),
        }
    }
}

impl Trunk for Lstm {
    fn forward(&self, sequence: Sequence, pass: &mut Pass<'_>) -> Result<Sequence, ModelError> {
        self.through(self.layers.len(), sequence, pass)
    }

    /// The forward state after the last frame, beside the backward state after the first where there is one: no sequence of
    /// the last layer is put together, unless somebody looks.
    fn last_state(&self, sequence: Sequence, pass: &mut Pass<'_>) -> Result<Tensor<2>, ModelError> {
        let Some((last, rest)) = self.layers.split_last() else {
            return Ok(sequence.last_frames());
        };
        if pass.is_seen() {
            let states = self.through(self.layers.len(), sequence, pass)?;
            return Ok(last.last_state(states.values().clone()));
        }
        let sequence = self.through(rest.len(), sequence, pass)?;
        let sequence = self.dropped(rest.len(), sequence, pass);
        last.forward_last(&sequence)
    }

    fn set_compute_type(&mut self, compute_type: ComputeType) {
        for layer in &mut self.layers {
            layer.set_compute_type(compute_type);
        }
    }

    fn write(
        &self,
        builder: &mut Builder,
        mut sequence: WrittenSequence,
    ) -> Result<WrittenSequence, ModelError> {
        for layer in &self.layers {
            (sequence, _) = layer.write(builder, &sequence)?;
        }
        Ok(sequence)
    }

    fn write_last(
        &self,
        builder: &mut Builder,
        mut sequence: WrittenSequence,
    ) -> Result<Handle, ModelError> {
        let mut last = None;
        for layer in &self.layers {
            let (states, of_layer) = layer.write(builder, &sequence)?;
            (sequence, last) = (states, Some(of_layer.last));
        }
        Ok(match last {
            Some(last) => last,
            None => sequence.last_frame(builder),
        })
    }
}
