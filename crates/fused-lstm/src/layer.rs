//! All directions together.

use rayon::prelude::*;

use crate::backward::{self, input_gradient, recurrent_panels, through_time};
use crate::forward::{Given, Packed};
use crate::operand::Panels;
use crate::parts::{self, Part};
use crate::precision::Plan;
use crate::shape::check_len;
use crate::weight_gradient::weight_gradients;
use crate::{LstmError, Options, Output, Shape, WeightGradients, Weights};
use register_tiles::take;

/// What [`forward`] keeps for [`backward`]. Its buffers return to a pool, so that steady training allocates little.
#[derive(Debug)]
pub struct Saved {
    plan: Plan,
    output: Output,
    shape: Shape,
    lengths: Option<Vec<usize>>,
    /// Those of each direction, the forward one's first.
    parts: Vec<Part>,
}

impl Saved {
    /// The shape that [`forward`] was given.
    pub fn shape(&self) -> Shape {
        self.shape
    }
}

/// Runs the layer: returns `y` `[frames, batch, directions * hidden]`, the forward direction's units first, and with `train`
/// what [`backward`] needs.
///
/// `x` is `[frames, batch, input]`, and `weights` has those of each direction, the forward one's first. `lengths`, one
/// entry for each sequence (0 allowed), say where padding begins: over the padding a sequence's state is carried
/// unchanged, so that `y[frames - 1]` of the forward direction and `y[0]` of the backward direction are the last states
/// of each sequence, as PyTorch returns them for packed sequences. The padding's values do not matter as long as they
/// are finite.
///
/// # Errors
/// A slice that does not fit `shape`, a length beyond `frames`, a zero dimension: see [`LstmError`].
pub fn forward(
    shape: Shape,
    x: &[f32],
    lengths: Option<&[usize]>,
    weights: &[Weights<'_>],
    train: bool,
) -> Result<(Vec<f32>, Option<Saved>), LstmError> {
    forward_with(shape, x, lengths, weights, train, Options::default())
}

/// [`forward`] with a choice of output, precision and instructions, which [`backward`] then uses too.
///
/// # Errors
/// Those of [`forward`], and [`LstmError::Simd`] when this processor lacks the instructions.
pub fn forward_with(
    shape: Shape,
    x: &[f32],
    lengths: Option<&[usize]>,
    weights: &[Weights<'_>],
    train: bool,
    options: Options,
) -> Result<(Vec<f32>, Option<Saved>), LstmError> {
    let plan = options.plan()?;
    shape.check()?;
    check_len("x", x, shape.input_len())?;
    shape.check_weights(weights)?;
    if let Some(lengths) = lengths {
        shape.check_lengths(lengths)?;
    }
    let packed: Vec<Packed> = weights
        .par_iter()
        .map(|&weights| Packed::new(plan, shape, weights))
        .collect();
    let mut converted = plan.scratch(shape.rows(), shape.input);
    let x = plan.all_rows(x, shape.input, &mut converted);
    let orders = shape.direction.orders().iter();
    let given = orders.zip(&packed).map(|(&order, weights)| Given {
        plan,
        shape,
        order,
        x,
        lengths,
        weights,
        train,
        output: options.output,
    });
    let given: Vec<Given<'_>> = given.collect();
    let parts = parts::run(plan, shape, &given);
    let y = match options.output {
        Output::Sequence => parts::assemble(shape, &parts),
        Output::LastState => parts::last_states(shape, &parts),
    };
    let saved = train.then(|| Saved {
        plan,
        output: options.output,
        shape,
        lengths: lengths.map(<[usize]>::to_vec),
        parts,
    });
    Ok((y, saved))
}

/// Gradients of a loss whose gradient with respect to `y` is `dy`, which has its shape: those of `x` (if `want_dx`) and of
/// each direction's weights. `x` and `weights` are those that [`forward`] was given.
///
/// # Errors
/// A slice that does not fit the shape: see [`LstmError`].
pub fn backward(
    saved: Saved,
    x: &[f32],
    dy: &[f32],
    weights: &[Weights<'_>],
    want_dx: bool,
) -> Result<(Option<Vec<f32>>, Vec<WeightGradients>), LstmError> {
    let Saved {
        plan,
        output,
        shape,
        lengths,
        mut parts,
    } = saved;
    check_len("x", x, shape.input_len())?;
    check_len("dy", dy, shape.output_len(output))?;
    shape.check_weights(weights)?;
    let orders = shape.direction.orders();
    let recurrent: Vec<Panels> = weights
        .par_iter()
        .map(|&weights| recurrent_panels(plan, shape, weights))
        .collect();
    parts.par_iter_mut().for_each(|part| {
        let given = backward::Given {
            plan,
            shape,
            order: orders[part.direction],
            lengths: lengths.as_deref(),
            output,
            dy,
            recurrent: &recurrent[part.direction],
        };
        through_time(given, part);
    });
    let of_direction = parts.len() / orders.len();
    let mut dx = want_dx.then(|| take(shape.input_len()));
    let ((), gradients) = rayon::join(
        || {
            if let Some(dx) = &mut dx {
                input_gradient(plan, shape, &parts, weights, dx);
            }
        },
        || {
            let directions = orders.par_iter().zip(parts.par_chunks(of_direction));
            directions
                .map(|(&order, parts)| weight_gradients(plan, shape, order, x, parts))
                .collect()
        },
    );
    Ok((dx, gradients))
}
