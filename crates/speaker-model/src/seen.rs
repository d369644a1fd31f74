//! What passes through a network on its way, for who wants to look.

use burn::tensor::Tensor;

/// What one layer makes of a batch.
#[derive(Debug)]
pub enum Seen<'a> {
    /// States of a recurrent layer, first layer 0: `[frames, batch, directions * hidden]`, within ±1.
    States(usize, &'a Tensor<3>),
    /// The encoder's dense layer before its activation, `[batch, width]`.
    EncoderDense(&'a Tensor<2>),
    /// A layer of the head before its activation, first layer 0: `[batch, width]`; the last gives the logits.
    HeadDense(usize, &'a Tensor<2>),
}

/// Who looks at what passes.
pub(crate) type See<'a> = &'a mut dyn FnMut(Seen<'_>);
