//! A dense layer.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData, activation};

use crate::config::Activation;
use crate::init;

/// A dense layer `x W + b`, with a learned slope below zero where `PReLU` follows it.
#[derive(Module, Debug)]
pub struct Dense {
    /// `[input, output]`
    pub weight: Param<Tensor<2>>,
    /// `[output]`
    pub bias: Param<Tensor<1>>,
    /// `[output]`, the slope below zero
    pub slope: Option<Param<Tensor<1>>>,
}

impl Dense {
    pub(crate) fn new(
        name: &str,
        sizes: [usize; 2],
        activation: Activation,
        seed: Option<u64>,
        device: &Device,
    ) -> Self {
        let [_, output] = sizes;
        let weight = init::kernel(seed, &format!("{name}.weight"), sizes);
        let zeros = || Param::from_data(TensorData::zeros::<f32, _>([output]), device);
        Self {
            weight: Param::from_data(TensorData::new(weight, sizes), device),
            bias: zeros(),
            slope: (activation == Activation::Prelu).then(zeros),
        }
    }

    /// `[batch, input]` to `[batch, output]`, before any activation.
    pub(crate) fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        x.matmul(self.weight.val()) + self.bias.val().unsqueeze()
    }

    /// What follows the layer, on its output.
    pub(crate) fn activate(&self, x: Tensor<2>, activation: Activation) -> Tensor<2> {
        match activation {
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
}
