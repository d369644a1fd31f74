//! Gradients of weights: products whose inner dimension is all rows of the batch.

use rayon::prelude::*;

use crate::direction::{Order, Sizes, Trace};
use crate::layout::{COLUMNS, separate};
use crate::pool::{Buffer, take};
use crate::precision::{Operands, Plan};
use crate::tile::WIDTH;
use crate::transposed::{Inputs, LeftOperand};
use crate::{Shape, WeightGradients};

/// Rows of the batch that are added up at once: their part of a panel of gates fits the first-level cache.
const INNER: usize = 128;
/// The same for pairs, whose products are so fast that the sums' way to the cache and back counts.
const INNER_OF_PAIRS: usize = 256;
/// Panels of one task. Their part of the sums stays in the second-level cache.
const PANELS: usize = 4;

/// One direction's, from the gradients of its gates, which `trace` holds, and of its bias `[blocks, 64]`.
pub(crate) fn weight_gradients(
    plan: Plan,
    shape: Shape,
    order: Order,
    x: &[f32],
    trace: &Trace,
    d_bias: &[f32],
) -> WeightGradients {
    let Sizes { units, columns, .. } = Sizes::new(shape);
    // A frame's gates saw the output of the frame before (in reading order); the first one's saw none.
    let delay = match order {
        Order::Forward => shape.batch as isize,
        Order::Backward => -(shape.batch as isize),
    };
    let zeros = Buffer::zeros(shape.input.max(units));
    let inputs = [
        Inputs::new(x, shape.input, 0, &zeros),
        Inputs::new(&trace.outputs, units, delay, &zeros),
    ];
    let left = inputs.map(|inputs| left_operand(plan, inputs, shape.rows()));
    let heights = [shape.input, units].map(LeftOperand::height);
    let mut sums = heights.map(|height| Buffer::new(columns * height));
    let [of_input, of_recurrent] = sums.each_mut();
    let task = |height: usize| PANELS * height * COLUMNS;
    of_input
        .par_chunks_mut(task(heights[0]))
        .zip(of_recurrent.par_chunks_mut(task(heights[1])))
        .zip(trace.gates.par_chunks(task(shape.rows())))
        .for_each(|((of_input, of_recurrent), gates)| {
            let sums = &mut [of_input, of_recurrent];
            add_up(plan, shape.rows(), &left, sums, gates);
        });
    let hidden = shape.hidden;
    let gradient = |sums: &[f32], rows| {
        let mut gradient = take(rows * 4 * hidden);
        separate(sums, hidden, &mut gradient);
        gradient
    };
    WeightGradients {
        input: gradient(&sums[0], shape.input),
        recurrent: gradient(&sums[1], hidden),
        bias: gradient(d_bias, 1),
    }
}

/// Inputs for [`add_up`].
pub(crate) fn left_operand(plan: Plan, inputs: Inputs<'_>, rows: usize) -> LeftOperand {
    LeftOperand::new(plan, inputs, rows, inner(plan))
}

fn inner(plan: Plan) -> usize {
    match plan.operands {
        Operands::Whole | Operands::Rounded => INNER,
        Operands::Pairs(_) => INNER_OF_PAIRS,
    }
}

/// Each of `sums` `[panels, _, 64]` becomes its inputs, transposed, times `gates` `[panels, rows, 64]`.
pub(crate) fn add_up(
    plan: Plan,
    rows: usize,
    left: &[LeftOperand],
    sums: &mut [&mut [f32]],
    gates: &[f32],
) {
    let inner = inner(plan);
    let panels = gates.len() / (rows * COLUMNS);
    let mut right = Buffer::new(plan.elements(inner) * WIDTH);
    for (part, begin) in (0..rows).step_by(inner).enumerate() {
        let count = inner.min(rows - begin);
        for (number, gates) in gates.chunks_exact(rows * COLUMNS).enumerate() {
            let panel = plan.panel(&gates[begin * COLUMNS..][..count * COLUMNS], &mut right);
            for (left, sums) in left.iter().zip(&mut *sums) {
                let len = sums.len() / panels;
                let out = sums[number * len..][..len].as_chunks_mut().0;
                left.multiply(part, panel, out);
            }
        }
    }
}
