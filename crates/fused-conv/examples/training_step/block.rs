//! Convolutions and dense layers with their parameters, gradients, and what their backward pass needs.

use fused_conv::training::{
    After, BatchNorm, BatchStatistics, Convolution, Relu, activation_gradient,
};
use fused_conv::{
    Activation, Activations, Conv1dShape, Conv2dShape, ConvError, Grid, View, ViewMut,
};

/// Numbers between -1 and 1 that look random.
pub(crate) fn random(seed: usize, len: usize) -> Vec<f32> {
    let mut state = (seed as u32).wrapping_mul(2_654_435_761) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..len).map(|_| next()).collect()
}

fn weights(inputs: usize, outputs: usize, taps: usize) -> Vec<f32> {
    let scale = (inputs as f32 * taps as f32).sqrt().recip();
    let mut weights = random(inputs + outputs + taps, inputs * outputs * taps);
    weights.iter_mut().for_each(|weight| *weight *= scale);
    weights
}

/// What follows a convolution.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Order {
    ReluNorm,
    NormRelu,
    Norm,
}

/// A convolution with norm and activation.
pub(crate) struct Block {
    conv: Convolution,
    order: Order,
    outputs: usize,
    /// Weights, bias, gamma, beta, and their gradients.
    parameters: [Vec<f32>; 4],
    gradients: [Vec<f32>; 4],
    running: [Vec<f32>; 2],
    saved: Option<(Activations, BatchStatistics)>,
}

impl Block {
    fn new(conv: Convolution, order: Order, inputs: usize, outputs: usize, taps: usize) -> Self {
        let bias = if order == Order::ReluNorm { outputs } else { 0 };
        let parameters = [
            weights(inputs, outputs, taps),
            random(1, bias),
            vec![1.0; outputs],
            vec![0.0; outputs],
        ];
        Self {
            conv,
            order,
            outputs,
            gradients: parameters.clone(),
            parameters,
            running: [vec![0.0; outputs], vec![1.0; outputs]],
            saved: None,
        }
    }

    /// Over items of so many frames: ReLU, then norm.
    pub(crate) fn frames(
        inputs: usize,
        outputs: usize,
        kernel: usize,
        dilation: usize,
        frames: usize,
    ) -> Result<Self, ConvError> {
        let shape = Conv1dShape::same(inputs, outputs, kernel, dilation);
        let conv = Convolution::over_frames(shape, frames)?;
        Ok(Self::new(conv, Order::ReluNorm, inputs, outputs, kernel))
    }

    /// Over planes; without a bias.
    pub(crate) fn planes(
        shape: Conv2dShape,
        grid: Grid,
        order: Order,
    ) -> Result<(Self, Grid), ConvError> {
        let conv = Convolution::over_planes(shape, grid)?;
        let taps = shape.kernel[0] * shape.kernel[1];
        let block = Self::new(conv, order, shape.inputs, shape.outputs, taps);
        Ok((block, conv.output_grid()))
    }

    pub(crate) fn forward(
        &mut self,
        x: View<'_>,
        residual: Option<View<'_>>,
        out: ViewMut<'_>,
    ) -> Result<(), ConvError> {
        let mut h = Activations::new(out.rows(), self.outputs)?;
        let [weights, bias, gamma, beta] = &self.parameters;
        let after = match self.order {
            Order::ReluNorm => After {
                bias: Some(bias),
                activation: Activation::Relu,
                ..After::default()
            },
            Order::NormRelu | Order::Norm => After::default(),
        };
        self.conv.forward(x, weights, after, h.view_mut())?;
        let statistics = BatchStatistics::of(h.view())?;
        let [mean, variance] = &mut self.running;
        statistics.update(0.1, mean, variance)?;
        let norm = BatchNorm {
            weight: gamma,
            bias: beta,
            eps: 1e-5,
        };
        let relu = self.order == Order::NormRelu;
        norm.forward(h.view(), &statistics, residual, relu, out)?;
        self.saved = Some((h, statistics));
        Ok(())
    }

    /// `y` is what forward gave; `dx` comes with whether it is added to.
    pub(crate) fn backward(
        &mut self,
        x: View<'_>,
        y: View<'_>,
        dy: View<'_>,
        of_residual: Option<ViewMut<'_>>,
        dx: Option<(ViewMut<'_>, bool)>,
    ) -> Result<(), ConvError> {
        let Some((h, statistics)) = self.saved.take() else {
            return Ok(());
        };
        let [weights, _, gamma, beta] = &self.parameters;
        let norm = BatchNorm {
            weight: gamma,
            bias: beta,
            eps: 1e-5,
        };
        let relu = match self.order {
            Order::ReluNorm => Relu::Before,
            Order::NormRelu => Relu::Behind(y),
            Order::Norm => Relu::None,
        };
        let mut dh = Activations::new(h.rows(), self.outputs)?;
        let of_norm = norm.backward(h.view(), &statistics, relu, dy, of_residual, dh.view_mut())?;
        drop(h);
        let dh = dh.view();
        let [of_weights, of_bias, of_gamma, of_beta] = &mut self.gradients;
        (*of_gamma, *of_beta) = (of_norm.weight, of_norm.bias);
        let of_bias = (!of_bias.is_empty()).then_some(&mut of_bias[..]);
        self.conv.weight_gradient(x, dh, of_weights, of_bias)?;
        if let Some((dx, accumulate)) = dx {
            self.conv.input_gradient(dh, weights, accumulate, dx)?;
        }
        Ok(())
    }
}

/// A dense layer and its activation.
pub(crate) struct Dense {
    conv: Convolution,
    activation: Activation,
    weights: Vec<f32>,
    bias: Vec<f32>,
    gradients: [Vec<f32>; 2],
}

impl Dense {
    pub(crate) fn new(
        inputs: usize,
        outputs: usize,
        frames: usize,
        activation: Activation,
    ) -> Result<Self, ConvError> {
        let (weights, bias) = (weights(inputs, outputs, 1), random(2, outputs));
        Ok(Self {
            conv: Convolution::over_frames(Conv1dShape::dense(inputs, outputs), frames)?,
            activation,
            gradients: [weights.clone(), bias.clone()],
            weights,
            bias,
        })
    }

    pub(crate) fn forward(
        &self,
        x: View<'_>,
        context: Option<View<'_>>,
        out: ViewMut<'_>,
    ) -> Result<(), ConvError> {
        let after = After {
            bias: Some(&self.bias),
            context,
            activation: self.activation,
        };
        self.conv.forward(x, &self.weights, after, out)
    }

    /// Gives the gradient before the activation too.
    pub(crate) fn backward(
        &mut self,
        x: View<'_>,
        y: View<'_>,
        dy: View<'_>,
        dx: ViewMut<'_>,
        accumulate: bool,
    ) -> Result<Activations, ConvError> {
        let mut dh = Activations::new(y.rows(), y.channels())?;
        activation_gradient(self.activation, y, dy, dh.view_mut())?;
        let [of_weights, of_bias] = &mut self.gradients;
        self.conv
            .weight_gradient(x, dh.view(), of_weights, Some(of_bias))?;
        self.conv
            .input_gradient(dh.view(), &self.weights, accumulate, dx)?;
        Ok(dh)
    }
}

/// The end of all networks: `pooled` to embeddings, and back from a gradient of them; gives the embeddings' sum.
pub(crate) fn embed(
    dense: &mut Dense,
    pooled: View<'_>,
    of_pooled: ViewMut<'_>,
    of_embeddings: &[f32],
) -> Result<f32, ConvError> {
    let mut embeddings = vec![0.0; of_embeddings.len()];
    dense.forward(
        pooled,
        None,
        ViewMut::new(&mut embeddings, crate::EMBEDDING)?,
    )?;
    let y = View::new(&embeddings, crate::EMBEDDING)?;
    let dy = View::new(of_embeddings, crate::EMBEDDING)?;
    dense.backward(pooled, y, dy, of_pooled, false)?;
    Ok(embeddings.iter().sum())
}
