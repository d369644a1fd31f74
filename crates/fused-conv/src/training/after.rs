//! What follows a convolution.

use pulp::Simd as Lanes;
use register_tiles::{sigmoid, tanh};

use super::vectors::relu_of;
use crate::View;
use crate::epilogue::{Activation, leaky_relu};

/// What is done to each sum.
#[derive(Clone, Copy, Default)]
pub(crate) struct Finish<'a> {
    pub(crate) after: After<'a>,
    /// Whether the result is added to what is there.
    pub(crate) accumulate: bool,
}

/// What follows a convolution, in this order.
#[derive(Clone, Copy, Debug, Default)]
pub struct After<'a> {
    /// One element an output channel.
    pub bias: Option<&'a [f32]>,
    /// One row an item, `[batch, outputs]`, that is added to all of its rows: what a layer makes of a context that all frames
    /// share, as ECAPA's attention does.
    pub context: Option<View<'a>>,
    /// A function of each element.
    pub activation: Activation,
}

/// What writes sums to where they belong.
pub(super) trait Activated {
    /// Applies `activation` to vectors, and `each` to the elements that came out of it.
    fn run<S: Lanes>(
        self,
        simd: S,
        activation: impl Fn(S::f32s) -> S::f32s + Copy,
        each: impl Fn(&mut f32) + Copy,
    );
}

/// Lets `write` run with an activation.
#[inline(always)]
pub(super) fn activated<S: Lanes>(simd: S, activation: Activation, write: impl Activated) {
    match (S::IS_SCALAR, activation) {
        (_, Activation::None) => write.run(simd, |x| x, |_| ()),
        (_, Activation::Relu) => write.run(simd, |x| relu_of(simd, x), |_| ()),
        (_, Activation::LeakyRelu) => write.run(simd, |x| x, |x| *x = leaky_relu(*x)),
        (true, Activation::Tanh) => write.run(simd, |x| x, |x| *x = tanh::<false>(*x)),
        (false, Activation::Tanh) => write.run(simd, |x| x, |x| *x = tanh::<true>(*x)),
        (true, Activation::Sigmoid) => write.run(simd, |x| x, |x| *x = sigmoid::<false>(*x)),
        (false, Activation::Sigmoid) => write.run(simd, |x| x, |x| *x = sigmoid::<true>(*x)),
    }
}
