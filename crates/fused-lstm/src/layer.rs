//! Both directions together.

use rayon::prelude::*;

use crate::backward::{Given, input_gradient, through_time};
use crate::direction::{Order, Trace};
use crate::layout::padded;
use crate::pool::take;
use crate::precision::Plan;
use crate::shape::check_len;
use crate::weight_gradient::weight_gradients;
use crate::{LstmError, Options, Shape, WeightGradients, Weights};

/// Rows of the output that one task puts together.
const ROWS: usize = 512;

/// What [`forward`] keeps for [`backward`]. Its buffers return to a pool, so that steady training allocates little.
#[derive(Debug)]
pub struct Saved {
    plan: Plan,
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
    forward_with(shape, x, lengths, weights, train, Options::default())
}

/// [`forward`] with a choice of precision and instructions, which [`backward`] then uses too.
///
/// # Errors
/// Those of [`forward`], and [`LstmError::Simd`] when this processor lacks the instructions.
pub fn forward_with(
    shape: Shape,
    x: &[f32],
    lengths: Option<&[usize]>,
    weights: [Weights<'_>; 2],
    train: bool,
    options: Options,
) -> Result<(Vec<f32>, Option<Saved>), LstmError> {
    let plan = options.plan()?;
    shape.check()?;
    check_len("x", x, shape.input_len())?;
    shape.check_weights(&weights)?;
    if let Some(lengths) = lengths {
        shape.check_lengths(lengths)?;
    }
    let run = |order, weights| {
        crate::forward::run(crate::forward::Given {
            plan,
            shape,
            order,
            x,
            lengths,
            weights,
            train,
        })
    };
    let (first, second) = rayon::join(
        || run(Order::Forward, weights[0]),
        || run(Order::Backward, weights[1]),
    );
    let hidden = shape.hidden;
    let mut y = take(shape.output_len());
    let units = padded(hidden);
    y.par_chunks_mut(ROWS * 2 * hidden)
        .zip(first.outputs.par_chunks(ROWS * units))
        .zip(second.outputs.par_chunks(ROWS * units))
        .for_each(|((y, first), second)| {
            let halves = first.chunks_exact(units).zip(second.chunks_exact(units));
            for (y, (first, second)) in y.chunks_exact_mut(2 * hidden).zip(halves) {
                y[..hidden].copy_from_slice(&first[..hidden]);
                y[hidden..].copy_from_slice(&second[..hidden]);
            }
        });
    let saved = train.then(|| Saved {
        plan,
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
    let Saved {
        plan,
        shape,
        lengths,
        traces: [mut first, mut second],
    } = saved;
    check_len("x", x, shape.input_len())?;
    check_len("dy", dy, shape.output_len())?;
    shape.check_weights(&weights)?;
    let given = |order, offset, weights| Given {
        plan,
        shape,
        order,
        lengths: lengths.as_deref(),
        dy,
        offset,
        weights,
    };
    let (first_bias, second_bias) = rayon::join(
        || through_time(given(Order::Forward, 0, weights[0]), &mut first),
        || {
            through_time(
                given(Order::Backward, shape.hidden, weights[1]),
                &mut second,
            )
        },
    );
    let mut dx = want_dx.then(|| take(shape.input_len()));
    let gates = [&*first.gates, &*second.gates];
    let ((), (first, second)) = rayon::join(
        || {
            if let Some(dx) = &mut dx {
                input_gradient(plan, shape, gates, weights, dx);
            }
        },
        || {
            rayon::join(
                || weight_gradients(plan, shape, Order::Forward, x, &first, &first_bias),
                || weight_gradients(plan, shape, Order::Backward, x, &second, &second_bias),
            )
        },
    );
    Ok((dx, [first, second]))
}
