//! Batch norm by the statistics of the batch as an operation of Burn's CPU backend, with its own backward.

use std::sync::{Arc, Mutex, PoisonError};

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::{
    Autodiff, Dispatch, Flex, TensorMetadata, backend_extension, tensor::FloatTensor,
};
use burn::tensor::Tensor;
use fused_conv::training::{BatchNorm, BatchStatistics, Relu};

use super::{checked, rows, view_mut, write};
use crate::layers::VARIANCE_EPSILON;
use crate::layers::flex::{FlexTensor, contiguous, slice, tensor};

/// Where max(x, 0) stands beside a norm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rectified {
    /// Nowhere.
    Not,
    /// Before it: the input is what came out of it, and the input's gradient is that of what went into it.
    Before,
    /// Behind the norm, and behind what is added to it.
    Behind,
}

/// How a batch is normalised, and where its statistics go.
#[derive(Clone, Debug)]
pub(crate) struct NormOptions {
    pub(crate) rectified: Rectified,
    /// Whether something is added to the norm; else that tensor is not looked at.
    pub(crate) has_beside: bool,
    pub(crate) statistics: Arc<Mutex<Option<BatchStatistics>>>,
}

#[backend_extension(Flex, Autodiff)]
pub(crate) trait FusedNorm: burn::backend::Backend {
    /// `x` and `beside` `[batch, .., channels]`, `scale` and `shift` `[channels]`.
    fn fused_norm(
        x: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        beside: FloatTensor<Self>,
        options: NormOptions,
    ) -> FloatTensor<Self>;
}

/// The norm of `x`, plus `beside`, by the statistics of the batch, which are handed out with it.
pub(crate) fn fused_norm<const D: usize>(
    x: Tensor<D>,
    scale: Tensor<1>,
    shift: Tensor<1>,
    beside: Option<Tensor<D>>,
    rectified: Rectified,
) -> (Tensor<D>, BatchStatistics) {
    let options = NormOptions {
        rectified,
        has_beside: beside.is_some(),
        statistics: Arc::default(),
    };
    let slot = Arc::clone(&options.statistics);
    let beside = beside.unwrap_or_else(|| Tensor::zeros([1; D], &x.device()));
    let y = Tensor::from_dispatch(Dispatch::fused_norm(
        x.into_dispatch(),
        scale.into_dispatch(),
        shift.into_dispatch(),
        beside.into_dispatch(),
        options,
    ));
    let statistics = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(statistics) = statistics else {
        unreachable!("the operation computes them");
    };
    (y, statistics)
}

/// The operation's tensors: input, scale, shift, what is added.
#[derive(Debug)]
struct Inputs([FlexTensor; 4]);

impl Inputs {
    fn new(tensors: [FlexTensor; 4]) -> Self {
        Self(tensors.map(contiguous))
    }

    fn norm(&self) -> BatchNorm<'_> {
        let [_, scale, shift, _] = &self.0;
        BatchNorm {
            weight: slice(scale),
            bias: slice(shift),
            eps: VARIANCE_EPSILON,
        }
    }

    fn forward(&self, options: &NormOptions) -> (FlexTensor, BatchStatistics) {
        let [x, _, _, beside] = &self.0;
        let statistics = checked(BatchStatistics::of(rows(x)));
        let beside = options.has_beside.then(|| rows(beside));
        let relu = options.rectified == Rectified::Behind;
        let y = write(x.shape(), |y| {
            self.norm().forward(rows(x), &statistics, beside, relu, y)
        });
        let mut slot = options.statistics.lock();
        *slot.as_deref_mut().unwrap_or(&mut None) = Some(statistics.clone());
        (y, statistics)
    }
}

/// What the backward pass needs.
#[derive(Clone, Debug)]
struct State {
    inputs: Arc<Inputs>,
    options: NormOptions,
    statistics: Arc<BatchStatistics>,
    /// What came out, where max(x, 0) is behind.
    y: Option<FlexTensor>,
}

#[derive(Debug)]
struct NormBackward;

impl Backward<Flex, 4> for NormBackward {
    type State = State;

    fn backward(self, ops: Ops<State, 4>, grads: &mut Gradients, _: &mut Checkpointer) {
        let State {
            inputs,
            options,
            statistics,
            y,
        } = ops.state;
        let dy = contiguous(grads.consume::<Flex>(&ops.node));
        let [x, scale, shift, _] = &inputs.0;
        let [of_x, of_scale, of_shift, of_beside] = ops.parents;
        let of_beside = of_beside.filter(|_| options.has_beside);
        let relu = match (options.rectified, &y) {
            (Rectified::Before, _) => Relu::Before,
            (Rectified::Behind, Some(y)) => Relu::Behind(rows(y)),
            _ => Relu::None,
        };
        let mut kept = vec![0.0; of_beside.as_ref().map_or(0, |_| slice(x).len())];
        let channels = statistics.mean.len();
        let mut gradients = None;
        let dx = write(x.shape(), |dx| {
            let kept = of_beside.as_ref().map(|_| view_mut(&mut kept, channels));
            let norm = inputs.norm();
            gradients = Some(norm.backward(rows(x), &statistics, relu, rows(&dy), kept, dx)?);
            Ok(())
        });
        if let Some(node) = of_x {
            grads.register::<Flex>(node.id, dx);
        }
        if let Some(node) = of_beside {
            grads.register::<Flex>(node.id, tensor(kept, x.shape()));
        }
        let Some(gradients) = gradients else {
            unreachable!("a fault ends the pass before");
        };
        if let Some(node) = of_scale {
            grads.register::<Flex>(node.id, tensor(gradients.weight, scale.shape()));
        }
        if let Some(node) = of_shift {
            grads.register::<Flex>(node.id, tensor(gradients.bias, shift.shape()));
        }
    }
}

impl FusedNorm for Flex {
    fn fused_norm(
        x: FlexTensor,
        scale: FlexTensor,
        shift: FlexTensor,
        beside: FlexTensor,
        options: NormOptions,
    ) -> FlexTensor {
        Inputs::new([x, scale, shift, beside]).forward(&options).0
    }
}

impl<C: CheckpointStrategy> FusedNorm for Autodiff<Flex, C> {
    fn fused_norm(
        x: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        beside: FloatTensor<Self>,
        options: NormOptions,
    ) -> FloatTensor<Self> {
        let tensors = [x, scale, shift, beside];
        let nodes = tensors.each_ref().map(|tensor| tensor.node());
        let inputs = Inputs::new(tensors.map(|tensor| tensor.into_primitive()));
        let (y, statistics) = inputs.forward(&options);
        match NormBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let is_behind = options.rectified == Rectified::Behind;
                let state = State {
                    inputs: Arc::new(inputs),
                    options,
                    statistics: Arc::new(statistics),
                    y: is_behind.then(|| y.clone()),
                };
                prepared.finish(state, y)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(y),
        }
    }
}
