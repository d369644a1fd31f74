//! Weighted statistics over frames as an operation of Burn's CPU backend, with its own backward.

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::{
    Autodiff, Dispatch, Flex, TensorMetadata, backend_extension, tensor::FloatTensor,
};
use burn::tensor::Tensor;
use fused_conv::training::{Attended, attend, copy};
use fused_conv::{Activations, ConvError, View};

use super::{rows, view_mut, write};
use crate::layers::flex::{FlexTensor, contiguous, slice, tensor};

/// How statistics are taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AttendOptions {
    /// Whether frames have scores; else that tensor is not looked at, and all weigh the same.
    pub(crate) has_scores: bool,
    /// The least variance.
    pub(crate) floor: f32,
}

#[backend_extension(Flex, Autodiff)]
pub(crate) trait FusedAttend: burn::backend::Backend {
    /// `x` and `scores` `[batch, frames, channels]` to `[batch, 2 * channels]`.
    fn fused_attend(
        x: FloatTensor<Self>,
        scores: FloatTensor<Self>,
        options: AttendOptions,
    ) -> FloatTensor<Self>;
}

/// Means and deviations over the frames of `x` `[batch, frames, channels]`, side by side: `[batch, 2 * channels]`. Frames are
/// weighed by the softmax of `scores`, of the same size.
pub(crate) fn fused_attend(x: Tensor<3>, scores: Option<Tensor<3>>, floor: f32) -> Tensor<2> {
    let options = AttendOptions {
        has_scores: scores.is_some(),
        floor,
    };
    let scores = scores.unwrap_or_else(|| Tensor::zeros([1; 3], &x.device()));
    Tensor::from_dispatch(Dispatch::fused_attend(
        x.into_dispatch(),
        scores.into_dispatch(),
        options,
    ))
}

/// The operation's tensors: input and scores.
#[derive(Debug)]
struct Inputs([FlexTensor; 2]);

impl Inputs {
    fn new(tensors: [FlexTensor; 2]) -> Self {
        Self(tensors.map(contiguous))
    }

    fn scores(&self, options: AttendOptions) -> Option<View<'_>> {
        options.has_scores.then(|| rows(&self.0[1]))
    }

    fn forward(&self, options: AttendOptions) -> (FlexTensor, Attended) {
        let x = &self.0[0];
        let [batch, frames, channels] = x.shape().dims();
        let mut kept = None;
        let y = write([batch, 2 * channels].into(), |mut y| {
            let mut mean = Activations::new(batch, channels)?;
            let mut deviation = Activations::new(batch, channels)?;
            kept = Some(attend(
                rows(x),
                self.scores(options),
                frames,
                options.floor,
                mean.view_mut(),
                deviation.view_mut(),
            )?);
            copy(mean.view(), y.reborrow().channel_range(0..channels)?)?;
            copy(deviation.view(), y.channel_range(channels..2 * channels)?)
        });
        let Some(kept) = kept else {
            unreachable!("a fault ends the pass before");
        };
        (y, kept)
    }
}

/// What the backward pass needs.
#[derive(Clone, Debug)]
struct State {
    inputs: Arc<Inputs>,
    options: AttendOptions,
    kept: Arc<Attended>,
}

#[derive(Debug)]
struct AttendBackward;

impl Backward<Flex, 2> for AttendBackward {
    type State = State;

    fn backward(self, ops: Ops<State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let State {
            inputs,
            options,
            kept,
        } = ops.state;
        let dy = contiguous(grads.consume::<Flex>(&ops.node));
        let x = &inputs.0[0];
        let [_, frames, channels] = x.shape().dims();
        let scores = inputs.scores(options);
        let mut of_scores = vec![0.0; scores.map_or(0, |_| slice(x).len())];
        let dx = write(x.shape(), |dx| -> Result<(), ConvError> {
            let dy = rows(&dy);
            kept.backward(
                rows(x),
                scores,
                frames,
                dy.channel_range(0..channels)?,
                dy.channel_range(channels..2 * channels)?,
                dx,
                scores.map(|_| view_mut(&mut of_scores, channels)),
            )
        });
        let [node, node_of_scores] = ops.parents;
        if let Some(node) = node {
            grads.register::<Flex>(node.id, dx);
        }
        if let Some(node) = node_of_scores.filter(|_| options.has_scores) {
            grads.register::<Flex>(node.id, tensor(of_scores, x.shape()));
        }
    }
}

impl FusedAttend for Flex {
    fn fused_attend(x: FlexTensor, scores: FlexTensor, options: AttendOptions) -> FlexTensor {
        Inputs::new([x, scores]).forward(options).0
    }
}

impl<C: CheckpointStrategy> FusedAttend for Autodiff<Flex, C> {
    fn fused_attend(
        x: FloatTensor<Self>,
        scores: FloatTensor<Self>,
        options: AttendOptions,
    ) -> FloatTensor<Self> {
        let tensors = [x, scores];
        let nodes = tensors.each_ref().map(|tensor| tensor.node());
        let inputs = Inputs::new(tensors.map(|tensor| tensor.into_primitive()));
        let (y, kept) = inputs.forward(options);
        match AttendBackward
            .prepare::<C>(nodes)
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prepared) => {
                let state = State {
                    inputs: Arc::new(inputs),
                    options,
                    kept: Arc::new(kept),
                };
                prepared.finish(state, y)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(y),
        }
    }
}
