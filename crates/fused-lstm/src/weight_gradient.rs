//! Gradients of weights: products whose inner dimension is all rows of the batch.

use rayon::prelude::*;

use crate::direction::{Order, Sizes, Trace};
use crate::layout::{COLUMNS, separate};
use crate::pool::{Buffer, take};
use crate::precision::{Operands, Plan};
use crate::rows::TALLEST;
use crate::tile::WIDTH;
use crate::transposed::LeftOperand;
use crate::{Shape, WeightGradients};

/// Rows of the batch that are added up at once: their part of a panel of gates fits the first-level cache.
const INNER: usize = 128;
/// The same for pairs, whose products are so fast that the sums' way to the cache and back counts.
const INNER_OF_PAIRS: usize = 256;
/// Panels of one task, for which the inputs are copied once. Their part of the sums stays in the second-level cache.
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
    let inputs = Inputs::new(shape, order, x, &trace.outputs);
    let (total, width) = (shape.rows(), inputs.width());
    let height = width.next_multiple_of(TALLEST);
    let mut sums = Buffer::new(Sizes::new(shape).columns * height);
    sums.par_chunks_mut(PANELS * height * COLUMNS)
        .zip(trace.gates.par_chunks(PANELS * total * COLUMNS))
        .for_each(|(sums, gates)| add_up(plan, inputs, height, sums, gates));
    let hidden = shape.hidden;
    let gradient = |sums: &[f32], height, first, rows| {
        let mut gradient = take(rows * 4 * hidden);
        separate(sums, height, first, hidden, &mut gradient);
        gradient
    };
    WeightGradients {
        input: gradient(&sums, height, 0, shape.input),
        recurrent: gradient(&sums, height, shape.input, hidden),
        bias: gradient(d_bias, 1, 0, 1),
    }
}

/// `sums` `[panels, height, 64]` become the transposed inputs times `gates` `[panels, rows, 64]`.
fn add_up(plan: Plan, inputs: Inputs<'_>, height: usize, sums: &mut [f32], gates: &[f32]) {
    let total = inputs.rows;
    let inner = match plan.operands {
        Operands::Whole | Operands::Rounded => INNER,
        Operands::Pairs(_) => INNER_OF_PAIRS,
    };
    let mut left = LeftOperand::new(plan, height, inner);
    let mut right = Buffer::new(plan.elements(inner) * WIDTH);
    for begin in (0..total).step_by(inner) {
        let count = inner.min(total - begin);
        left.copy(plan, inputs, begin, count);
        let panels = sums.chunks_exact_mut(height * COLUMNS);
        for (out, gates) in panels.zip(gates.chunks_exact(total * COLUMNS)) {
            let gates = &gates[begin * COLUMNS..][..count * COLUMNS];
            let panel = plan.panel(gates, &mut right);
            let out = out.as_chunks_mut().0;
            left.multiply(plan, panel, out, begin > 0);
        }
    }
}

/// What the weights were multiplied with: for every row of the gates, the input and the output of the step before.
#[derive(Clone, Copy)]
pub(crate) struct Inputs<'a> {
    pub(crate) rows: usize,
    /// `[rows, input]`.
    x: &'a [f32],
    input: usize,
    /// `[rows, units]`.
    outputs: &'a [f32],
    units: usize,
    batch: usize,
    order: Order,
}

impl<'a> Inputs<'a> {
    pub(crate) fn new(shape: Shape, order: Order, x: &'a [f32], outputs: &'a [f32]) -> Self {
        Self {
            rows: shape.rows(),
            x,
            input: shape.input,
            outputs,
            units: Sizes::new(shape).units,
            batch: shape.batch,
            order,
        }
    }

    pub(crate) fn width(self) -> usize {
        self.input + self.units
    }

    /// Writes one row `[width]`. The first step saw no output: zeros.
    pub(crate) fn row(self, row: usize, to: &mut [f32]) {
        let (x, h) = to.split_at_mut(self.input);
        x.copy_from_slice(&self.x[row * self.input..][..self.input]);
        let before = match self.order {
            Order::Forward => row.checked_sub(self.batch),
            Order::Backward => Some(row + self.batch).filter(|&row| row < self.rows),
        };
        match before {
            Some(before) => h.copy_from_slice(&self.outputs[before * self.units..][..self.units]),
            None => h.fill(0.0),
        }
    }
}
