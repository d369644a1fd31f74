//! The fused BLSTM of `fused-lstm` as an operation of Burn's CPU backend, with its own backward.
//!
//! Burn's own BLSTM spends most of a step on small matrix products, single-threaded elementwise
//! loops and copies; this operation hands the whole layer to one function instead.

use std::sync::{Arc, Mutex, PoisonError};

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::{
    Autodiff, Dispatch, Flex, TensorMetadata, backend_extension, ops::FloatTensorOps,
    tensor::FloatTensor,
};
use burn::tensor::{Shape, Tensor, TensorData};
use fused_lstm::{LstmError, Options, Precision, Saved, WeightGradients, Weights};

use crate::config::Arithmetic;

/// Number of tensors that gradients flow to: the input and both directions' three weights.
const NUM_PARENTS: usize = 7;

/// The operation; Burn's macro writes the dispatch over devices.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait FusedBlstm: burn::backend::Backend {
    /// `x` `[frames, batch, input]` to `[frames, batch, 2 * hidden]`.
    #[allow(
        clippy::too_many_arguments,
        reason = "one argument a tensor, as the macro requires"
    )]
    fn fused_blstm(
        x: FloatTensor<Self>,
        forward_input: FloatTensor<Self>,
        forward_recurrent: FloatTensor<Self>,
        forward_bias: FloatTensor<Self>,
        backward_input: FloatTensor<Self>,
        backward_recurrent: FloatTensor<Self>,
        backward_bias: FloatTensor<Self>,
        lengths: Option<Vec<usize>>,
        arithmetic: Arithmetic,
    ) -> FloatTensor<Self>;
}

/// `x` `[frames, batch, input]` through both directions, each `(input, recurrent, bias)`, to
/// `[frames, batch, 2 * hidden]`; see [`fused_lstm::forward`] for `lengths`.
pub(crate) fn fused_blstm(
    x: Tensor<3>,
    [forward, backward]: [(Tensor<2>, Tensor<2>, Tensor<1>); 2],
    lengths: Option<Vec<usize>>,
    arithmetic: Arithmetic,
) -> Tensor<3> {
    Tensor::from_dispatch(Dispatch::fused_blstm(
        x.into_dispatch(),
        forward.0.into_dispatch(),
        forward.1.into_dispatch(),
        forward.2.into_dispatch(),
        backward.0.into_dispatch(),
        backward.1.into_dispatch(),
        backward.2.into_dispatch(),
        lengths,
        arithmetic,
    ))
}

type FlexTensor = FloatTensor<Flex>;

/// A layer's tensors, contiguous, so that slices of them can be borrowed.
struct Inputs {
    x: FlexTensor,
    weights: [FlexTensor; 6],
}

impl Inputs {
    fn new(x: FlexTensor, weights: [FlexTensor; 6]) -> Self {
        Self {
            x: contiguous(x),
            weights: weights.map(contiguous),
        }
    }

    fn shape(&self) -> fused_lstm::Shape {
        let [frames, batch, input] = self.x.shape().dims::<3>();
        let [hidden, _] = self.weights[1].shape().dims::<2>();
        fused_lstm::Shape {
            frames,
            batch,
            input,
            hidden,
        }
    }

    fn weights(&self) -> [Weights<'_>; 2] {
        [0, 3].map(|first| Weights {
            input: slice(&self.weights[first]),
            recurrent: slice(&self.weights[first + 1]),
            bias: slice(&self.weights[first + 2]),
        })
    }

    fn forward(
        &self,
        lengths: Option<&[usize]>,
        train: bool,
        arithmetic: Arithmetic,
    ) -> (FlexTensor, Option<Saved>) {
        let shape = self.shape();
        let options = Options {
            precision: match arithmetic {
                Arithmetic::F32 => Precision::F32,
                Arithmetic::Bf16 => Precision::Bf16,
            },
            simd: None,
        };
        let (y, saved) = checked(fused_lstm::forward_with(
            shape,
            slice(&self.x),
            lengths,
            self.weights(),
            train,
            options,
        ));
        let y = tensor(y, [shape.frames, shape.batch, 2 * shape.hidden]);
        (y, saved)
    }
}

fn contiguous(tensor: FlexTensor) -> FlexTensor {
    if tensor.as_slice::<f32>().is_some() {
        tensor
    } else {
        tensor.to_contiguous()
    }
}

fn slice(tensor: &FlexTensor) -> &[f32] {
    tensor
        .as_slice::<f32>()
        .unwrap_or_else(|| unreachable!("inputs were made contiguous f32 tensors"))
}

fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> FlexTensor {
    <Flex as FloatTensorOps<Flex>>::float_from_data(
        TensorData::new(values, shape.into()),
        &Default::default(),
    )
}

/// Burn's operations report faults of shape by panicking; `Blstm::forward` checks them before.
fn checked<T>(result: Result<T, LstmError>) -> T {
    result.unwrap_or_else(|error| unreachable!("{error}"))
}

impl FusedBlstm for Flex {
    fn fused_blstm(
        x: FlexTensor,
        forward_input: FlexTensor,
        forward_recurrent: FlexTensor,
        forward_bias: FlexTensor,
        backward_input: FlexTensor,
        backward_recurrent: FlexTensor,
        backward_bias: FlexTensor,
        lengths: Option<Vec<usize>>,
        arithmetic: Arithmetic,
    ) -> FlexTensor {
        let weights = [
            forward_input,
            forward_recurrent,
            forward_bias,
            backward_input,
            backward_recurrent,
            backward_bias,
        ];
        Inputs::new(x, weights)
            .forward(lengths.as_deref(), false, arithmetic)
            .0
    }
}

/// What the backward pass needs: the layer's tensors and what its forward pass saved.
#[derive(Clone)]
struct BlstmState {
    inputs: Arc<Inputs>,
    saved: Arc<Mutex<Option<Saved>>>,
}

impl std::fmt::Debug for BlstmState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BlstmState")
    }
}

#[derive(Debug)]
struct BlstmBackward;

impl Backward<Flex, NUM_PARENTS> for BlstmBackward {
    type State = BlstmState;

    fn backward(
        self,
        ops: Ops<Self::State, NUM_PARENTS>,
        grads: &mut Gradients,
        _: &mut Checkpointer,
    ) {
        let dy = contiguous(grads.consume::<Flex>(&ops.node));
        let BlstmState { inputs, saved } = ops.state;
        let Some(saved) = saved.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            unreachable!("a graph is walked backward once");
        };
        let shape = inputs.shape();
        let [x, weights @ ..] = ops.parents;
        let (dx, gradients) = checked(fused_lstm::backward(
            saved,
            slice(&inputs.x),
            slice(&dy),
            inputs.weights(),
            x.is_some(),
        ));
        if let (Some(node), Some(dx)) = (x, dx) {
            let dx = tensor(dx, [shape.frames, shape.batch, shape.input]);
            grads.register::<Flex>(node.id, dx);
        }
        let columns = 4 * shape.hidden;
        let values = gradients.into_iter().flat_map(
            |WeightGradients {
                 input,
                 recurrent,
                 bias,
             }| {
                [
                    tensor(input, [shape.input, columns]),
                    tensor(recurrent, [shape.hidden, columns]),
                    tensor(bias, [columns]),
                ]
            },
        );
        for (node, gradient) in weights.into_iter().zip(values) {
            if let Some(node) = node {
                grads.register::<Flex>(node.id, gradient);
            }
        }
    }
}

impl<C: CheckpointStrategy> FusedBlstm for Autodiff<Flex, C> {
    fn fused_blstm(
        x: FloatTensor<Self>,
        forward_input: FloatTensor<Self>,
        forward_recurrent: FloatTensor<Self>,
        forward_bias: FloatTensor<Self>,
        backward_input: FloatTensor<Self>,
        backward_recurrent: FloatTensor<Self>,
        backward_bias: FloatTensor<Self>,
        lengths: Option<Vec<usize>>,
        arithmetic: Arithmetic,
    ) -> FloatTensor<Self> {
        let nodes = [
            x.node(),
            forward_input.node(),
            forward_recurrent.node(),
            forward_bias.node(),
            backward_input.node(),
            backward_recurrent.node(),
            backward_bias.node(),
        ];
        let weights = [
            forward_input.into_primitive(),
            forward_recurrent.into_primitive(),
            forward_bias.into_primitive(),
            backward_input.into_primitive(),
            backward_recurrent.into_primitive(),
            backward_bias.into_primitive(),
        ];
        let inputs = Inputs::new(x.into_primitive(), weights);
        match BlstmBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let (y, saved) = inputs.forward(lengths.as_deref(), true, arithmetic);
                let state = BlstmState {
                    inputs: Arc::new(inputs),
                    saved: Arc::new(Mutex::new(saved)),
                };
                prepared.finish(state, y)
            }
            OpsKind::UnTracked(prepared) => {
                prepared.finish(inputs.forward(lengths.as_deref(), false, arithmetic).0)
            }
        }
    }
}
