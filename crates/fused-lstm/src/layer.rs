//! Both directions together.

use crate::backward::Given;
use crate::direction::{Order, Trace};
use crate::layout::padded;
use crate::pool::{Buffer, take};
use crate::shape::check_len;
use crate::{LstmError, Shape, WeightGradients, Weights};

/// What [`forward`] keeps for [`backward`]. Its buffers return to a pool, so that steady training allocates little.
#[derive(Debug)]
pub struct Saved {
    shape: Shape,
    lengths: Option<Vec<usize>>,
    traces: [Trace; 2],
}

impl Saved {
    /// The shape that [`forward`] was given.
    pub fn shape(&self) -> Shape {
        self.shape
    }
}

/// Runs the layer: returns `y` `[frames, batch, 2 * hidden]`, the forward direction's units first, and with `train`
/// what [`backward`] needs.
///
/// `x` is `[frames, batch, input]`. `lengths`, one entry for each sequence (0 allowed), say where padding begins: over
/// the padding a sequence's state is carried unchanged, so that `y[frames - 1]` of the forward direction and `y[0]` of
/// the backward direction are the last states of each sequence, as PyTorch returns them for packed sequences. The
/// padding's values do not matter as long as they are finite.
///
/// # Errors
/// A slice that does not fit `shape`, a length beyond `frames`, a zero dimension: see [`LstmError`].
pub fn forward(
    shape: Shape,
    x: &[f32],
    lengths: Option<&[usize]>,
    weights: [Weights<'_>; 2],
    train: bool,
) -> Result<(Vec<f32>, Option<Saved>), LstmError> {
    shape.check()?;
    check_len("x", x, shape.input_len())?;
    shape.check_weights(&weights)?;
    if let Some(lengths) = lengths {
        shape.check_lengths(lengths)?;
    }
    let run = |order, weights| crate::forward::run(shape, order, x, lengths, weights);
    let (first, second) = rayon::join(
        || run(Order::Forward, weights[0]),
        || run(Order::Backward, weights[1]),
    );
    let hidden = shape.hidden;
    let mut y = take(shape.output_len());
    let units = padded(hidden);
    let halves = first.outputs.chunks_exact(units);
    let halves = halves.zip(second.outputs.chunks_exact(units));
    for (y, (first, second)) in y.chunks_exact_mut(2 * hidden).zip(halves) {
        y[..hidden].copy_from_slice(&first[..hidden]);
        y[hidden..].copy_from_slice(&second[..hidden]);
    }
    let saved = train.then(|| Saved {
        shape,
        lengths: lengths.map(<[usize]>::to_vec),
        traces: [first, second],
    });
    Ok((y, saved))
}

/// Gradients of a loss whose gradient with respect to `y` is `dy` `[frames, batch, 2 * hidden]`: those of `x` (if
/// `want_dx`) and of both directions' weights. `x` and `weights` are those that [`forward`] was given.
///
/// # Errors
/// A slice that does not fit the shape: see [`LstmError`].
pub fn backward(
    saved: Saved,
    x: &[f32],
    dy: &[f32],
    weights: [Weights<'_>; 2],
    want_dx: bool,
) -> Result<(Option<Vec<f32>>, [WeightGradients; 2]), LstmError> {
    let shape = saved.shape;
    check_len("x", x, shape.input_len())?;
    check_len("dy", dy, shape.output_len())?;
    shape.check_weights(&weights)?;
    let lengths = saved.lengths.as_deref();
    let [first, second] = saved.traces;
    let mut dx = want_dx.then(|| take(shape.input_len()));
    let mut dx_second = want_dx.then(|| Buffer::new(shape.input_len()));
    let given = |order, offset, weights| Given {
        shape,
        order,
        x,
        lengths,
        dy,
        offset,
        weights,
    };
    let forward = given(Order::Forward, 0, weights[0]);
    let reverse = given(Order::Backward, shape.hidden, weights[1]);
    let gradients = rayon::join(
        || crate::backward::run(forward, first, dx.as_deref_mut()),
        || crate::backward::run(reverse, second, dx_second.as_deref_mut()),
    );
    if let (Some(dx), Some(second)) = (&mut dx, &dx_second) {
        for (sum, value) in dx.iter_mut().zip(second.iter()) {
            *sum += value;
        }
    }
    Ok((dx, gradients.into()))
}
