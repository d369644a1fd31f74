//! One direction backward: through time, which gives the gradients of the gates, and from those the input's.

use rayon::prelude::*;

use crate::direction::{Order, Sizes, Trace};
use crate::gates::{BackwardStep, Ended};
use crate::layout::{COLUMNS, UNITS, transposed_panels};
use crate::pool::Buffer;
use crate::precision::Plan;
use crate::rows::Rows;
use crate::tile::{Product, WIDTH};
use crate::{Shape, Weights};

/// Rows of the input's gradient that one task makes.
const ROWS: usize = 96;

/// What a direction's backward pass reads besides its trace.
#[derive(Clone, Copy)]
pub(crate) struct Given<'a> {
    pub(crate) plan: Plan,
    pub(crate) shape: Shape,
    pub(crate) order: Order,
    pub(crate) lengths: Option<&'a [usize]>,
    /// `[frames, batch, directions * hidden]`, of which this direction's part begins at `offset`.
    pub(crate) dy: &'a [f32],
    pub(crate) offset: usize,
    pub(crate) weights: Weights<'a>,
}

/// Turns the trace's gates into the gradients of their preactivations; returns their sums `[blocks, 64]`, the gradient of
/// the bias.
pub(crate) fn through_time(given: Given<'_>, trace: &mut Trace) -> Buffer {
    let Given {
        plan,
        shape,
        dy,
        lengths,
        ..
    } = given;
    let Sizes {
        units,
        columns,
        state,
        ..
    } = Sizes::new(shape);
    let (frames, batch, hidden) = (shape.frames, shape.batch, shape.hidden);
    let width_of_dy = shape.width();
    let recurrent = transposed_panels(given.weights.recurrent, hidden);
    let recurrent = plan.panels(recurrent, columns);
    let zeros = Buffer::zeros(state);
    let mut d_out = Buffer::zeros(units.next_multiple_of(WIDTH) * batch);
    let mut d_cell = Buffer::zeros(state);
    let mut d_bias = Buffer::zeros(columns);
    let mut scratch = plan.scratch(batch, columns);
    for step in (0..frames).rev() {
        let (frame, earlier) = given.order.frame(step, frames);
        let dy = &dy[frame * batch * width_of_dy..][..batch * width_of_dy];
        for (number, panel) in d_out.chunks_exact_mut(batch * WIDTH).enumerate() {
            let width = WIDTH.min(hidden - number * WIDTH);
            let rows = dy.chunks_exact(width_of_dy);
            for (d_out, dy) in panel.chunks_exact_mut(WIDTH).zip(rows) {
                let dy = &dy[given.offset + number * WIDTH..][..width];
                for (d_out, dy) in d_out.iter_mut().zip(dy) {
                    *d_out += dy;
                }
            }
        }
        let cells = &trace.cells;
        let panels = trace.gates.chunks_exact_mut(shape.rows() * COLUMNS);
        for (block, gates) in panels.enumerate() {
            let (gates, _) = gates[frame * batch * COLUMNS..].as_chunks_mut();
            let of_block = block * batch * UNITS..(block + 1) * batch * UNITS;
            let cell_before = earlier.map_or(&zeros[..], |earlier| &cells[earlier * state..]);
            plan.arch.dispatch(BackwardStep {
                block,
                ended: Ended { frame, lengths },
                gates: &mut gates[..batch],
                cell_before: &cell_before[of_block.clone()],
                cell: &cells[frame * state..][of_block.clone()],
                d_out: &mut d_out[block / 4 * batch * WIDTH..][..batch * WIDTH],
                d_cell: &mut d_cell[of_block],
                d_bias: &mut d_bias[block * COLUMNS..],
            });
        }
        if earlier.is_none() {
            continue;
        }
        let rows = Rows::panels(&trace.gates, shape.rows(), frame * batch, batch);
        let rows = plan.rows(rows, &mut scratch);
        let panels = recurrent.iter().zip(d_out.chunks_exact_mut(batch * WIDTH));
        for (panel, out) in panels {
            plan.product(Product {
                rows,
                panel,
                out: out.as_chunks_mut().0,
                accumulate: true,
            });
        }
    }
    d_bias
}

/// The gradient of the input, `dx` `[frames, batch, input]`, from the gradients of all directions' gates.
pub(crate) fn input_gradient(
    plan: Plan,
    shape: Shape,
    traces: &[Trace],
    weights: &[Weights<'_>],
    dx: &mut [f32],
) {
    let columns = Sizes::new(shape).columns;
    let panels = weights.iter().map(|weights| {
        let panels = transposed_panels(weights.input, shape.hidden);
        plan.panels(panels, columns)
    });
    let panels: Vec<_> = panels.collect();
    dx.par_chunks_mut(ROWS * shape.input)
        .enumerate()
        .for_each(|(task, dx)| {
            let count = dx.len() / shape.input;
            let mut scratch: Vec<_> = traces
                .iter()
                .map(|_| plan.scratch(count, columns))
                .collect();
            let rows = traces.iter().zip(&mut scratch).map(|(trace, scratch)| {
                let rows = Rows::panels(&trace.gates, shape.rows(), task * ROWS, count);
                plan.rows(rows, scratch)
            });
            let rows: Vec<_> = rows.collect();
            let mut out = Buffer::new(count * WIDTH);
            let (out, _) = out.as_chunks_mut::<WIDTH>();
            for number in 0..shape.input.div_ceil(WIDTH) {
                for (direction, (&rows, panels)) in rows.iter().zip(&panels).enumerate() {
                    plan.product(Product {
                        rows,
                        panel: panels.get(number),
                        out: &mut *out,
                        accumulate: direction > 0,
                    });
                }
                let width = WIDTH.min(shape.input - number * WIDTH);
                for (dx, out) in dx.chunks_exact_mut(shape.input).zip(&*out) {
                    dx[number * WIDTH..][..width].copy_from_slice(&out[..width]);
                }
            }
        });
}
