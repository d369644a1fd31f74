//! A dense layer.

use burn::module::{Module, Param};
use burn::tensor::{Tensor, activation};
use onnx_graph::write::{Builder, Handle};
use serde::{Deserialize, Serialize};

use crate::ModelError;
use crate::layers::written::numbers;
use crate::layers::{Initialiser, Pass, SeenValues};

/// What follows a dense layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// Nothing: the head of the paper's code is linear.
    Linear,
    /// max(x, 0).
    Relu,
    /// One learned slope a unit below zero, starting at 0 as in Keras.
    Prelu,
}

/// A dense layer `x W + b`, with a learned slope below zero where `PReLU` follows it.
#[derive(Module, Debug)]
pub struct Dense {
    /// `[input, output]`
    weight: Param<Tensor<2>>,
    /// `[output]`
    bias: Param<Tensor<1>>,
    /// `[output]`, the slope below zero
    slope: Option<Param<Tensor<1>>>,
    #[module(skip)]
    activation: Activation,
}

impl Dense {
    /// A layer of `[input, output]` sizes, whose weights are drawn by its `name`.
    ///
    /// # Errors
    /// As [`Initialiser::kernel`].
    pub fn new(
        name: &str,
        sizes: [usize; 2],
        activation: Activation,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<Self, ModelError> {
        let [_, output] = sizes;
        Ok(Self {
            weight: initialiser.kernel(&format!("{name}.weight"), sizes)?,
            bias: initialiser.zeros(output)?,
            slope: match activation {
                Activation::Prelu => Some(initialiser.zeros(output)?),
                _ => None,
            },
            activation,
        })
    }

    /// `[batch, input]` to `[batch, output]`, before any activation.
    ///
    /// # Errors
    /// [`ModelError::Shape`] for another width.
    pub fn forward(&self, x: Tensor<2>, pass: &mut Pass<'_>) -> Result<Tensor<2>, ModelError> {
        let ([_, found], [expected, _]) = (x.dims(), self.weight.dims());
        if found != expected {
            return Err(ModelError::Shape {
                what: "input of a dense layer",
                found: found.to_string(),
                expected: expected.to_string(),
            });
        }
        let output = x.matmul(self.weight.val()) + self.bias.val().unsqueeze();
        pass.show(SeenValues::Vectors {
            values: &output,
            activation: self.activation,
        });
        Ok(output)
    }

    /// What follows the layer, on its output.
    #[must_use]
    pub fn activate(&self, x: Tensor<2>) -> Tensor<2> {
        match self.activation {
            Activation::Linear => x,
            Activation::Relu => activation::relu(x),
            Activation::Prelu => {
                let slope = self.slope.as_ref().map(Param::val);
                let below = activation::relu(x.clone().neg());
                match slope {
                    Some(slope) => activation::relu(x) - below * slope.unsqueeze(),
                    None => activation::relu(x),
                }
            }
        }
    }

    /// The layer as nodes of a graph, before any activation.
    pub(crate) fn write(&self, builder: &mut Builder, x: &Handle) -> Result<Handle, ModelError> {
        let [input, output] = self.weight.dims();
        let (weight, bias) = self.values();
        Ok(builder.linear(x, input, output, &weight, Some(&bias))?)
    }

    /// [`Self::activate`] as nodes of a graph.
    pub(crate) fn write_activation(
        &self,
        builder: &mut Builder,
        x: Handle,
    ) -> Result<Handle, ModelError> {
        Ok(match (self.activation, &self.slope) {
            (Activation::Linear, _) => x,
            (Activation::Prelu, Some(slope)) => builder.prelu(&x, &numbers(slope))?,
            (Activation::Relu | Activation::Prelu, _) => builder.relu(&x),
        })
    }

    /// `[input, output]`, row-major, and the bias `[output]`.
    pub(crate) fn values(&self) -> (Vec<f32>, Vec<f32>) {
        let weight = self.weight.val().into_data();
        let bias = self.bias.val().into_data();
        (weight.iter::<f32>().collect(), bias.iter::<f32>().collect())
    }

    /// The same layer with other numbers of the same sizes.
    pub(crate) fn with_values(self, weight: Vec<f32>, bias: Vec<f32>) -> Self {
        use burn::tensor::TensorData;
        let (shape, width) = (self.weight.dims(), self.bias.dims());
        Self {
            weight: self
                .weight
                .map(|old| Tensor::from_data(TensorData::new(weight, shape), &old.device())),
            bias: self
                .bias
                .map(|old| Tensor::from_data(TensorData::new(bias, width), &old.device())),
            ..self
        }
    }
}
