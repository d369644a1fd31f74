//! The convolutions of `fused-conv` as an operation of Burn's CPU backend, with their own backward.

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::{
    Autodiff, Dispatch, Flex, TensorMetadata, backend_extension, tensor::FloatTensor,
};
use burn::tensor::{Shape, Tensor};
use fused_conv::training::{After, Convolution, activation_gradient, means};
use fused_conv::{Activation, View};

use super::{checked, rows, write};
use crate::layers::flex::{FlexTensor, contiguous, slice, tensor};

/// What is convolved how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConvOptions {
    pub(crate) convolution: Convolution,
    /// Whether there is a bias; else that tensor is not looked at.
    pub(crate) has_bias: bool,
    /// Whether there is a context; else that tensor is not looked at.
    pub(crate) has_context: bool,
    /// What follows bias and context.
    pub(crate) activation: Activation,
    /// Whether what follows gives the gradient of what came before the activation.
    pub(crate) is_undone: bool,
}

#[backend_extension(Flex, Autodiff)]
pub(crate) trait FusedConv: burn::backend::Backend {
    /// `x` `[batch, .., input]` to `[batch, .., output]`; `weight` as PyTorch has it, `bias` `[output]`, `context`
    /// `[batch, output]` is added to all of an item's rows.
    fn fused_conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        context: FloatTensor<Self>,
        options: ConvOptions,
    ) -> FloatTensor<Self>;
}

/// The operation; see [`FusedConv::fused_conv`].
pub(crate) fn fused_conv<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<D>,
    bias: Option<Tensor<1>>,
    context: Option<Tensor<2>>,
    options: ConvOptions,
) -> Tensor<D> {
    let device = x.device();
    let bias = bias.unwrap_or_else(|| Tensor::zeros([1], &device));
    let context = context.unwrap_or_else(|| Tensor::zeros([1, 1], &device));
    Tensor::from_dispatch(Dispatch::fused_conv(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        context.into_dispatch(),
        options,
    ))
}

/// The operation's tensors: input, weight, bias, context.
#[derive(Debug)]
struct Inputs([FlexTensor; 4]);

impl Inputs {
    fn new(tensors: [FlexTensor; 4]) -> Self {
        Self(tensors.map(contiguous))
    }

    fn x(&self) -> View<'_> {
        rows(&self.0[0])
    }

    fn forward(&self, options: &ConvOptions) -> FlexTensor {
        let convolution = &options.convolution;
        let [_, weight, bias, context] = &self.0;
        let after = After {
            bias: options.has_bias.then(|| slice(bias)),
            context: options.has_context.then(|| rows(context)),
            activation: options.activation,
        };
        let (to, outputs) = (convolution.output_grid(), convolution.outputs());
        let shape = self.0[0].shape();
        let batch = self.x().rows() / convolution.input_grid().rows();
        let shape = match shape.num_dims() {
            3 => Shape::from([batch, to.frames, outputs]),
            _ => Shape::from([batch, to.bins, to.frames, outputs]),
        };
        write(shape, |y| {
            convolution.forward(self.x(), slice(weight), after, y)
        })
    }
}

/// What the backward pass needs.
#[derive(Clone, Debug)]
struct State {
    inputs: Arc<Inputs>,
    options: ConvOptions,
    /// What came out, where the activation's gradient is found by it.
    y: Option<FlexTensor>,
}

#[derive(Debug)]
struct ConvBackward;

impl Backward<Flex, 4> for ConvBackward {
    type State = State;

    fn backward(self, ops: Ops<State, 4>, grads: &mut Gradients, _: &mut Checkpointer) {
        let State { inputs, options, y } = ops.state;
        let convolution = &options.convolution;
        let mut dy = contiguous(grads.consume::<Flex>(&ops.node));
        if let Some(y) = y {
            dy = write(dy.shape(), |dx| {
                activation_gradient(options.activation, rows(&y), rows(&dy), dx)
            });
        }
        let [x, weight, bias, context] = &inputs.0;
        let [of_x, of_weight, of_bias, of_context] = ops.parents;
        if let Some(node) = of_context.filter(|_| options.has_context) {
            let frames = convolution.output_grid().rows();
            let sums = write(context.shape(), |to| means(rows(&dy), frames, to));
            let sums = slice(&sums).iter().map(|mean| mean * frames as f32);
            grads.register::<Flex>(node.id, tensor(sums.collect(), context.shape()));
        }
        let of_bias = of_bias.filter(|_| options.has_bias);
        if of_weight.is_some() || of_bias.is_some() {
            let mut weights = vec![0.0; slice(weight).len()];
            let mut biases = vec![0.0; slice(bias).len()];
            let to_bias = options.has_bias.then_some(&mut biases[..]);
            checked(convolution.weight_gradient(inputs.x(), rows(&dy), &mut weights, to_bias));
            if let Some(node) = of_weight {
                grads.register::<Flex>(node.id, tensor(weights, weight.shape()));
            }
            if let Some(node) = of_bias {
                grads.register::<Flex>(node.id, tensor(biases, bias.shape()));
            }
        }
        if let Some(node) = of_x {
            let dx = write(x.shape(), |dx| {
                convolution.input_gradient(rows(&dy), slice(weight), false, dx)
            });
            grads.register::<Flex>(node.id, dx);
        }
    }
}

impl FusedConv for Flex {
    fn fused_conv(
        x: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        context: FlexTensor,
        options: ConvOptions,
    ) -> FlexTensor {
        Inputs::new([x, weight, bias, context]).forward(&options)
    }
}

impl<C: CheckpointStrategy> FusedConv for Autodiff<Flex, C> {
    fn fused_conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        context: FloatTensor<Self>,
        options: ConvOptions,
    ) -> FloatTensor<Self> {
        let tensors = [x, weight, bias, context];
        let nodes = tensors.each_ref().map(|tensor| tensor.node());
        let inputs = Inputs::new(tensors.map(|tensor| tensor.into_primitive()));
        let y = inputs.forward(&options);
        match ConvBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let is_linear = options.activation == Activation::None;
                let state = State {
                    inputs: Arc::new(inputs),
                    options,
                    y: (!is_linear && !options.is_undone).then(|| y.clone()),
                };
                prepared.finish(state, y)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(y),
        }
    }
}
