//! A dense layer whose output has unit length.

use burn::module::Module;
use burn::tensor::Tensor;
use onnx_graph::write::{Builder, Handle};
use serde::{Deserialize, Serialize};

use super::Projection;
use crate::ModelError;
use crate::choices::check_size;
use crate::choices::{Example, PartConfig};
use crate::layers::{Activation, Dense, Initialiser, Pass};

/// A dense layer whose output is brought to unit length, segment by segment, so that a recording's embedding is the mean of
/// directions (Wan et al. 2018, *Generalized end-to-end loss for speaker verification*).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitLengthConfig {
    /// Width of the layer.
    pub width: usize,
    /// What follows it, before the length becomes 1.
    pub activation: Activation,
}

impl PartConfig for UnitLengthConfig {
    type Part = UnitLength;

    fn validate(&self) -> Result<(), ModelError> {
        check_size("encoder.projection.width", self.width)
    }

    fn output_width(&self, _: usize) -> usize {
        self.width
    }

    fn build(
        &self,
        input: usize,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<UnitLength, ModelError> {
        let sizes = [input, self.width];
        Ok(UnitLength {
            dense: Dense::new("encoder.dense", sizes, self.activation, initialiser)?,
        })
    }
}

impl Example for UnitLengthConfig {
    fn example() -> Self {
        Self {
            width: 4,
            activation: Activation::Linear,
        }
    }
}

/// A dense layer with rows of unit length.
#[derive(Module, Debug)]
pub(crate) struct UnitLength {
    dense: Dense,
}

impl Projection for UnitLength {
    fn forward(&self, pooled: Tensor<2>, pass: &mut Pass<'_>) -> Result<Tensor<2>, ModelError> {
        let output = pass.within("dense", |pass| self.dense.forward(pooled, pass))?;
        Ok(unit_length(self.dense.activate(output)))
    }

    fn write(&self, builder: &mut Builder, pooled: Handle) -> Result<Handle, ModelError> {
        let output = self.dense.write(builder, &pooled)?;
        let x = self.dense.write_activation(builder, output)?;
        let squares = builder.node("Mul", &[&x, &x], &[]);
        let square = builder.sum(&squares, 1, true);
        let floor = builder.float(SQUARE_FLOOR as f32);
        let square = builder.node("Max", &[&square, &floor], &[]);
        let length = builder.node("Sqrt", &[&square], &[]);
        Ok(builder.node("Div", &[&x, &length], &[]))
    }
}

/// Below this a vector's squared length counts as that, so that none is divided by zero.
const SQUARE_FLOOR: f64 = 1e-12;

/// `[batch, dim]` with rows of length 1, but for rows of zeros.
fn unit_length(x: Tensor<2>) -> Tensor<2> {
    let squares = (x.clone() * x.clone()).sum_dim(1);
    x / squares.clamp_min(SQUARE_FLOOR).sqrt()
}
