//! Maps of single vectors: of frames `[items, frames, width]` and of what a pooling gives, `[items, width]`.

use super::builder::{Attribute, Builder, Handle};
use crate::OnnxError;

impl Builder {
    /// `(x − mean) · scale`, each `[width]`: a standardisation with 1 / deviation as scale.
    ///
    /// # Errors
    /// Where the two are not of one length.
    pub fn standardise(
        &mut self,
        x: &Handle,
        mean: &[f32],
        scale: &[f32],
    ) -> Result<Handle, OnnxError> {
        let centred = self.subtract(x, mean)?;
        let scale = self.weights("standardise.scale", &[mean.len()], scale)?;
        Ok(self.node("Mul", &[&centred, &scale], &[]))
    }

    /// `x − mean`, `[width]`: a mean frame, or the centre of embeddings.
    ///
    /// # Errors
    /// None but those of the builder.
    pub fn subtract(&mut self, x: &Handle, mean: &[f32]) -> Result<Handle, OnnxError> {
        let mean = self.weights("mean", &[mean.len()], mean)?;
        Ok(self.node("Sub", &[x, &mean], &[]))
    }

    /// `(x − mean) W` with `W [width, width]`: a whitening.
    ///
    /// # Errors
    /// Where the matrix does not fit the mean.
    pub fn whiten(
        &mut self,
        x: &Handle,
        mean: &[f32],
        matrix: &[f32],
    ) -> Result<Handle, OnnxError> {
        let centred = self.subtract(x, mean)?;
        self.linear(&centred, mean.len(), mean.len(), matrix, None)
    }

    /// `x W + b` with `W [input, output]`.
    ///
    /// # Errors
    /// Where weights or bias are not of these sizes.
    pub fn linear(
        &mut self,
        x: &Handle,
        input: usize,
        output: usize,
        matrix: &[f32],
        bias: Option<&[f32]>,
    ) -> Result<Handle, OnnxError> {
        let matrix = self.weights("linear.weight", &[input, output], matrix)?;
        let product = self.node("MatMul", &[x, &matrix], &[]);
        let Some(bias) = bias else {
            return Ok(product);
        };
        let bias = self.weights("linear.bias", &[output], bias)?;
        Ok(self.node("Add", &[&product, &bias], &[]))
    }

    /// Subtracts the mean over an item's own frames of `[items, frames, width]`.
    pub fn subtract_own_mean(&mut self, x: &Handle) -> Handle {
        let axes = [
            ("axes", Attribute::Ints(&[1])),
            ("keepdims", Attribute::Int(1)),
        ];
        let mean = self.node("ReduceMean", &[x], &axes);
        self.node("Sub", &[x, &mean], &[])
    }

    /// Vectors of length 1, along the last axis: by `LpNormalization`, which gives zeros for a vector of zeros in onnxruntime.
    pub fn unit_length(&mut self, x: &Handle) -> Handle {
        self.node(
            "LpNormalization",
            &[x],
            &[("axis", Attribute::Int(-1)), ("p", Attribute::Int(2))],
        )
    }

    /// Rectified, element by element.
    pub fn relu(&mut self, x: &Handle) -> Handle {
        self.node("Relu", &[x], &[])
    }

    /// `x` where it is positive, else `slope · x`, with a slope for each number of the last axis.
    ///
    /// # Errors
    /// None but those of the builder.
    pub fn prelu(&mut self, x: &Handle, slope: &[f32]) -> Result<Handle, OnnxError> {
        let slope = self.weights("prelu.slope", &[slope.len()], slope)?;
        Ok(self.node("PRelu", &[x, &slope], &[]))
    }

    /// Hyperbolic tangent, element by element.
    pub fn tanh(&mut self, x: &Handle) -> Handle {
        self.node("Tanh", &[x], &[])
    }

    /// Logistic function, element by element.
    pub fn sigmoid(&mut self, x: &Handle) -> Handle {
        self.node("Sigmoid", &[x], &[])
    }

    /// The sum of two values of one shape.
    pub fn add(&mut self, a: &Handle, b: &Handle) -> Handle {
        self.node("Add", &[a, b], &[])
    }

    /// Values side by side along an axis.
    pub fn concat(&mut self, parts: &[&Handle], axis: i64) -> Handle {
        self.node("Concat", parts, &[("axis", Attribute::Int(axis))])
    }

    /// Axes in another order.
    pub fn transpose(&mut self, x: &Handle, order: &[i64]) -> Handle {
        self.node("Transpose", &[x], &[("perm", Attribute::Ints(order))])
    }

    /// Other sizes for the same numbers: 0 keeps an axis, −1 takes what is left.
    pub fn reshape(&mut self, x: &Handle, sizes: &[i64]) -> Handle {
        let sizes = self.ints(sizes);
        self.node("Reshape", &[x, &sizes], &[])
    }
}
