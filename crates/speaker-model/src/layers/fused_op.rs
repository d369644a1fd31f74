//! The fused LSTM layer of `fused-lstm` as operations of Burn's CPU backend, with their own backward.
//!
//! Burn's own LSTM spends most of a step on small matrix products, single-threaded elementwise
//! loops and copies; these operations hand the whole layer to one function instead.

use std::sync::{Arc, Mutex, PoisonError};

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::{
    Autodiff, Dispatch, Flex, TensorMetadata, backend_extension, tensor::FloatTensor,
};
use burn::tensor::Tensor;
use fused_lstm::{
    Direction, LstmError, Options, Output, Precision, Saved, WeightGradients, Weights,
};

use crate::layers::flex::{FlexTensor, contiguous, slice, tensor};
use crate::layers::lstm::{ComputeType, DirectionTensors};

/// The operations, one for each number of directions; Burn's macro writes the dispatch over devices.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait FusedLstm: burn::backend::Backend {
    /// `x` `[frames, batch, input]` to `[frames, batch, hidden]`, or to `[batch, hidden]` for the last states alone.
    fn fused_lstm(
        x: FloatTensor<Self>,
        forward_input: FloatTensor<Self>,
        forward_recurrent: FloatTensor<Self>,
        forward_bias: FloatTensor<Self>,
        lengths: Option<Vec<usize>>,
        options: Options,
    ) -> FloatTensor<Self>;

    /// `x` `[frames, batch, input]` to `[frames, batch, 2 * hidden]`, or to `[batch, 2 * hidden]`.
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
        options: Options,
    ) -> FloatTensor<Self>;
}

/// `x` `[frames, batch, input]` through one or both directions to `[frames, batch, directions * hidden]`; see
/// [`fused_lstm::forward`] for `lengths`.
pub(crate) fn fused_sequence(
    x: Tensor<3>,
    weights: LayerTensors,
    lengths: Option<&[usize]>,
    compute_type: ComputeType,
) -> Tensor<3> {
    Tensor::from_dispatch(fused_layer(
        x,
        weights,
        lengths,
        compute_type,
        Output::Sequence,
    ))
}

/// The last states alone, `[batch, directions * hidden]`: no sequence is put together, and no gradient of one is read.
pub(crate) fn fused_last_state(
    x: Tensor<3>,
    weights: LayerTensors,
    lengths: Option<&[usize]>,
    compute_type: ComputeType,
) -> Tensor<2> {
    Tensor::from_dispatch(fused_layer(
        x,
        weights,
        lengths,
        compute_type,
        Output::LastState,
    ))
}

/// The forward direction's, and the backward one's if there is one.
type LayerTensors = (DirectionTensors, Option<DirectionTensors>);

fn fused_layer(
    x: Tensor<3>,
    (forward, backward): LayerTensors,
    lengths: Option<&[usize]>,
    compute_type: ComputeType,
    output: Output,
) -> FloatTensor<Dispatch> {
    let options = Options {
        output,
        precision: match compute_type {
            ComputeType::F32 => Precision::F32,
            ComputeType::Bf16 => Precision::Bf16,
        },
        simd: None,
    };
    let lengths = lengths.map(<[usize]>::to_vec);
    let x = x.into_dispatch();
    let parts = |(input, recurrent, bias): DirectionTensors| {
        (
            input.into_dispatch(),
            recurrent.into_dispatch(),
            bias.into_dispatch(),
        )
    };
    let (input, recurrent, bias) = parts(forward);
    match backward.map(parts) {
        None => Dispatch::fused_lstm(x, input, recurrent, bias, lengths, options),
        Some(backward) => Dispatch::fused_blstm(
            x, input, recurrent, bias, backward.0, backward.1, backward.2, lengths, options,
        ),
    }
}

/// A layer's tensors, contiguous, so that slices of them can be borrowed: the input, and three weights for each direction.
struct Inputs(Vec<FlexTensor>);

impl Inputs {
    fn new(tensors: impl IntoIterator<Item = FlexTensor>) -> Self {
        Self(tensors.into_iter().map(contiguous).collect())
    }

    fn x(&self) -> &[f32] {
        slice(&self.0[0])
    }

    fn shape(&self) -> fused_lstm::Shape {
        let [frames, batch, input] = self.0[0].shape().dims::<3>();
        let [hidden, _] = self.0[2].shape().dims::<2>();
        fused_lstm::Shape {
            frames,
            batch,
            input,
            hidden,
            direction: match self.0.len() {
                4 => Direction::Forward,
                _ => Direction::Bidirectional,
            },
        }
    }

    fn weights(&self) -> Vec<Weights<'_>> {
        let directions = self.0[1..].chunks_exact(3);
        directions
            .map(|tensors| Weights {
                input: slice(&tensors[0]),
                recurrent: slice(&tensors[1]),
                bias: slice(&tensors[2]),
            })
            .collect()
    }

    fn forward(
        &self,
        lengths: Option<&[usize]>,
        train: bool,
        options: Options,
    ) -> (FlexTensor, Option<Saved>) {
        let shape = self.shape();
        let (y, saved) = checked(fused_lstm::forward_with(
            shape,
            self.x(),
            lengths,
            &self.weights(),
            train,
            options,
        ));
        let width = shape.direction.count() * shape.hidden;
        let y = match options.output {
            Output::Sequence => tensor(y, [shape.frames, shape.batch, width]),
            Output::LastState => tensor(y, [shape.batch, width]),
        };
        (y, saved)
    }
}

/// Burn's operations have no way to report a fault; `LstmLayer::forward` and `Sequence` have checked all shapes before.
fn checked<T>(result: Result<T, LstmError>) -> T {
    result.unwrap_or_else(|error| unreachable!("{error}"))
}

impl FusedLstm for Flex {
    fn fused_lstm(
        x: FlexTensor,
        forward_input: FlexTensor,
        forward_recurrent: FlexTensor,
        forward_bias: FlexTensor,
        lengths: Option<Vec<usize>>,
        options: Options,
    ) -> FlexTensor {
        let inputs = [x, forward_input, forward_recurrent, forward_bias];
        Inputs::new(inputs)
            .forward(lengths.as_deref(), false, options)
            .0
    }

    fn fused_blstm(
        x: FlexTensor,
        forward_input: FlexTensor,
        forward_recurrent: FlexTensor,
        forward_bias: FlexTensor,
        backward_input: FlexTensor,
        backward_recurrent: FlexTensor,
        backward_bias: FlexTensor,
        lengths: Option<Vec<usize>>,
        options: Options,
    ) -> FlexTensor {
        let inputs = [
            x,
            forward_input,
            forward_recurrent,
            forward_bias,
            backward_input,
            backward_recurrent,
            backward_bias,
        ];
        Inputs::new(inputs)
            .forward(lengths.as_deref(), false, options)
            .0
    }
}

/// What the backward pass needs: the layer's tensors and what its forward pass saved.
#[derive(Clone)]
struct LayerState {
    inputs: Arc<Inputs>,
    saved: Arc<Mutex<Option<Saved>>>,
}

impl std::fmt::Debug for LayerState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LayerState")
    }
}

#[derive(Debug)]
struct LayerBackward;

/// `PARENTS` is the number of tensors that gradients flow to, those of [`Inputs`].
impl<const PARENTS: usize> Backward<Flex, PARENTS> for LayerBackward {
    type State = LayerState;

    fn backward(self, ops: Ops<Self::State, PARENTS>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dy = contiguous(grads.consume::<Flex>(&ops.node));
        let LayerState { inputs, saved } = ops.state;
        let Some(saved) = saved.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            unreachable!("a graph is walked backward once");
        };
        let shape = inputs.shape();
        let mut parents = ops.parents.into_iter();
        let x = parents.next().flatten();
        let (dx, gradients) = checked(fused_lstm::backward(
            saved,
            inputs.x(),
            slice(&dy),
            &inputs.weights(),
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
        for (node, gradient) in parents.zip(values) {
            if let Some(node) = node {
                grads.register::<Flex>(node.id, gradient);
            }
        }
    }
}

/// The layer with its place in the graph; `tensors` are those of [`Inputs`].
fn tracked<C: CheckpointStrategy, const PARENTS: usize>(
    tensors: [FloatTensor<Autodiff<Flex, C>>; PARENTS],
    lengths: Option<Vec<usize>>,
    options: Options,
) -> FloatTensor<Autodiff<Flex, C>> {
    let nodes = tensors.each_ref().map(|tensor| tensor.node());
    let inputs = Inputs::new(tensors.map(|tensor| tensor.into_primitive()));
    match LayerBackward.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => {
            let (y, saved) = inputs.forward(lengths.as_deref(), true, options);
            let state = LayerState {
                inputs: Arc::new(inputs),
                saved: Arc::new(Mutex::new(saved)),
            };
            prepared.finish(state, y)
        }
        OpsKind::UnTracked(prepared) => {
            prepared.finish(inputs.forward(lengths.as_deref(), false, options).0)
        }
    }
}

impl<C: CheckpointStrategy> FusedLstm for Autodiff<Flex, C> {
    fn fused_lstm(
        x: FloatTensor<Self>,
        forward_input: FloatTensor<Self>,
        forward_recurrent: FloatTensor<Self>,
        forward_bias: FloatTensor<Self>,
        lengths: Option<Vec<usize>>,
        options: Options,
    ) -> FloatTensor<Self> {
        let tensors = [x, forward_input, forward_recurrent, forward_bias];
        tracked::<C, _>(tensors, lengths, options)
    }

    fn fused_blstm(
        x: FloatTensor<Self>,
        forward_input: FloatTensor<Self>,
        forward_recurrent: FloatTensor<Self>,
        forward_bias: FloatTensor<Self>,
        backward_input: FloatTensor<Self>,
        backward_recurrent: FloatTensor<Self>,
        backward_bias: FloatTensor<Self>,
        lengths: Option<Vec<usize>>,
        options: Options,
    ) -> FloatTensor<Self> {
        let tensors = [
            x,
            forward_input,
            forward_recurrent,
            forward_bias,
            backward_input,
            backward_recurrent,
            backward_bias,
        ];
        tracked::<C, _>(tensors, lengths, options)
    }
}
