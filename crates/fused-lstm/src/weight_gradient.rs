//! Gradients of weights: products whose inner dimension is all rows of the batch.

use pulp::{Simd as Lanes, WithSimd};
use rayon::prelude::*;

use crate::direction::{Order, Sizes};
use crate::layout::{COLUMNS, separate};
use crate::parts::Part;
use crate::precision::{Operands, Plan};
use crate::split::Split;
use crate::transposed::{Inputs, LeftOperand};
use crate::{Shape, WeightGradients};
use register_tiles::{Buffer, WIDTH, take};

/// Rows of the batch that are added up at once: their part of a panel of gates fits the first-level cache.
const INNER: usize = 128;
/// The same for pairs, whose products are so fast that the sums' way to the cache and back counts.
const INNER_OF_PAIRS: usize = 256;
/// Panels of one task. Their part of the sums stays in the second-level cache.
const PANELS: usize = 4;

/// One direction's, from the gradients of its gates, which its `parts` hold.
pub(crate) fn weight_gradients(
    plan: Plan,
    shape: Shape,
    order: Order,
    x: &[f32],
    parts: &[Part],
) -> WeightGradients {
    let Sizes { units, columns, .. } = Sizes::new(shape);
    // A frame's gates saw the output of the frame before (in reading order); the first one's saw none.
    let delay = match order {
        Order::Forward => shape.batch as isize,
        Order::Backward => -(shape.batch as isize),
    };
    let zeros = Buffer::zeros(shape.input.max(units));
    let x = Split::new(shape.input, std::iter::once((0..shape.batch, x)));
    let outputs = parts
        .iter()
        .map(|part| (part.sequences.clone(), &part.trace.outputs[..]));
    let outputs = Split::new(units, outputs);
    let left = [(&x, 0), (&outputs, delay)].map(|(data, delay)| {
        let inputs = Inputs {
            data,
            delay,
            zeros: &zeros,
        };
        left_operand(plan, inputs, shape.rows())
    });
    let heights = [shape.input, units].map(LeftOperand::height);
    let mut sums = heights.map(|height| Buffer::new(columns * height));
    let mut bias = Buffer::zeros(columns);
    let [of_input, of_recurrent] = sums.each_mut();
    of_input
        .par_chunks_mut(PANELS * heights[0] * COLUMNS)
        .zip(of_recurrent.par_chunks_mut(PANELS * heights[1] * COLUMNS))
        .zip(bias.par_chunks_mut(PANELS * COLUMNS))
        .enumerate()
        .for_each(|(task, ((of_input, of_recurrent), bias))| {
            let (bias, _) = bias.as_chunks_mut();
            let gates: Vec<Split<'_>> = (0..bias.len())
                .map(|number| {
                    let parts = parts.iter().map(|part| {
                        let rows = shape.frames * part.sequences.len();
                        let mut panels = part.trace.gates.chunks_exact(rows * COLUMNS);
                        let panel = panels.nth(task * PANELS + number);
                        (part.sequences.clone(), panel.unwrap_or_default())
                    });
                    Split::new(COLUMNS, parts)
                })
                .collect();
            let sums = &mut [of_input, of_recurrent];
            add_up(plan, shape.rows(), &left, &gates, sums, bias);
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
        bias: gradient(&bias, 1),
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

/// Each of `sums` `[panels, _, 64]` becomes its inputs, transposed, times the panels of gates, each `[rows, 64]`; what the
/// rows of these add up to is added to `bias`.
pub(crate) fn add_up(
    plan: Plan,
    rows: usize,
    left: &[LeftOperand],
    gates: &[Split<'_>],
    sums: &mut [&mut [f32]],
    bias: &mut [[f32; COLUMNS]],
) {
    let inner = inner(plan);
    let mut together = Buffer::new(inner * WIDTH);
    let mut right = Buffer::new(plan.elements(inner) * WIDTH);
    for (part, begin) in (0..rows).step_by(inner).enumerate() {
        for (number, (panel, bias)) in gates.iter().zip(&mut *bias).enumerate() {
            let panel = panel.rows(begin..rows.min(begin + inner), &mut together);
            plan.arch.dispatch(AddRows { panel, to: bias });
            let panel = plan.panel(panel, &mut right);
            for (left, sums) in left.iter().zip(&mut *sums) {
                let len = sums.len() / gates.len();
                let out = sums[number * len..][..len].as_chunks_mut().0;
                left.multiply(part, panel, out);
            }
        }
    }
}

/// Adds the rows of a panel.
struct AddRows<'a> {
    panel: &'a [f32],
    to: &'a mut [f32; COLUMNS],
}

impl WithSimd for AddRows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(self, _: S) {
        let mut sums = *self.to;
        for row in self.panel.as_chunks::<COLUMNS>().0 {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += value;
            }
        }
        *self.to = sums;
    }
}
