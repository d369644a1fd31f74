//! One direction backward, for some sequences: through time, which gives the gradients of the gates. And from those of all
//! directions and sequences, the input's.

use rayon::prelude::*;

use crate::direction::{Order, Sizes};
use crate::gates::{BackwardStep, Ended};
use crate::layout::{COLUMNS, UNITS, transposed_panels};
use crate::operand::Panels;
use crate::parts::Part;
use crate::precision::Plan;
use crate::{Output, Shape, Weights};
use register_tiles::{Buffer, Product, Rows, WIDTH};

/// Rows of the input's gradient that one task makes.
const ROWS: usize = 96;

/// What a direction's backward pass reads besides the traces.
#[derive(Clone, Copy)]
pub(crate) struct Given<'a> {
    pub(crate) plan: Plan,
    pub(crate) shape: Shape,
    pub(crate) order: Order,
    pub(crate) lengths: Option<&'a [usize]>,
    pub(crate) output: Output,
    /// As `output` says, `[frames, batch, directions * hidden]` or `[batch, directions * hidden]`.
    pub(crate) dy: &'a [f32],
    /// The recurrent weights: see [`recurrent_panels`].
    pub(crate) recurrent: &'a Panels,
}

/// Recurrent weights as the backward passes of all sequences read them.
pub(crate) fn recurrent_panels(plan: Plan, shape: Shape, weights: Weights<'_>) -> Panels {
    let panels = transposed_panels(weights.recurrent, shape.hidden);
    plan.panels(panels, Sizes::new(shape).columns)
}

/// Turns the part's gates into the gradients of their preactivations.
pub(crate) fn through_time(given: Given<'_>, part: &mut Part) {
    let Given { plan, dy, .. } = given;
    let trace = &mut part.trace;
    let lengths = given
        .lengths
        .map(|lengths| &lengths[part.sequences.clone()]);
    let shape = Shape {
        batch: part.sequences.len(),
        ..given.shape
    };
    let Sizes {
        units,
        columns,
        state,
        ..
    } = Sizes::new(shape);
    let (frames, batch, hidden) = (shape.frames, shape.batch, shape.hidden);
    let width_of_dy = shape.width();
    let zeros = Buffer::zeros(state);
    let mut d_out = Buffer::zeros(units.next_multiple_of(WIDTH) * batch);
    let mut d_cell = Buffer::zeros(state);
    let mut scratch = plan.scratch(batch, columns);
    for step in (0..frames).rev() {
        let (frame, earlier) = given.order.frame(step, frames);
        let first = match given.output {
            Output::Sequence => Some(frame * given.shape.batch),
            Output::LastState => (step == frames - 1).then_some(0),
        };
        let dy = first.map_or(&[][..], |first| {
            &dy[(first + part.sequences.start) * width_of_dy..][..batch * width_of_dy]
        });
        for (number, panel) in d_out.chunks_exact_mut(batch * WIDTH).enumerate() {
            let width = WIDTH.min(hidden - number * WIDTH);
            let rows = dy.chunks_exact(width_of_dy);
            for (d_out, dy) in panel.chunks_exact_mut(WIDTH).zip(rows) {
                let dy = &dy[part.direction * hidden + number * WIDTH..][..width];
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
            });
        }
        if earlier.is_none() {
            continue;
        }
        let rows = Rows::panels(&trace.gates, shape.rows(), frame * batch, batch);
        let rows = plan.rows(rows, &mut scratch);
        let panels = given
            .recurrent
            .iter()
            .zip(d_out.chunks_exact_mut(batch * WIDTH));
        for (panel, out) in panels {
            plan.product(Product {
                rows,
                panel,
                out: out.as_chunks_mut().0,
                accumulate: true,
            });
        }
    }
}

/// The gradient of the input, `dx` `[frames, batch, input]`, from the gradients of all parts' gates.
pub(crate) fn input_gradient(
    plan: Plan,
    shape: Shape,
    parts: &[Part],
    weights: &[Weights<'_>],
    dx: &mut [f32],
) {
    let columns = Sizes::new(shape).columns;
    let panels = weights.iter().map(|weights| {
        let panels = transposed_panels(weights.input, shape.hidden);
        plan.panels(panels, columns)
    });
    let panels: Vec<Panels> = panels.collect();
    // A direction's parts follow each other, and each direction has as many.
    let of_direction = parts.len() / panels.len();
    let longest = parts.iter().map(|part| part.sequences.len()).max();
    let together = ROWS.div_ceil(longest.unwrap_or(1)).min(shape.frames);
    dx.par_chunks_mut(together * shape.batch * shape.input)
        .enumerate()
        .for_each(|(task, dx)| {
            let frames = dx.len() / (shape.batch * shape.input);
            for (number, part) in parts[..of_direction].iter().enumerate() {
                let sequences = &part.sequences;
                let parts = || parts[number..].iter().step_by(of_direction);
                let count = frames * sequences.len();
                let mut scratch: Vec<Buffer> =
                    parts().map(|_| plan.scratch(count, columns)).collect();
                let rows = parts().zip(&mut scratch).map(|(part, scratch)| {
                    let rows = shape.frames * sequences.len();
                    let first = task * together * sequences.len();
                    let rows = Rows::panels(&part.trace.gates, rows, first, count);
                    plan.rows(rows, scratch)
                });
                let rows: Vec<Rows<'_>> = rows.collect();
                let mut out = Buffer::new(count * WIDTH);
                let (out, _) = out.as_chunks_mut::<WIDTH>();
                for number in 0..shape.input.div_ceil(WIDTH) {
                    for (&rows, part) in rows.iter().zip(parts()) {
                        plan.product(Product {
                            rows,
                            panel: panels[part.direction].get(number),
                            out: &mut *out,
                            accumulate: part.direction > 0,
                        });
                    }
                    let width = WIDTH.min(shape.input - number * WIDTH);
                    let frames = dx.chunks_exact_mut(shape.batch * shape.input);
                    for (dx, out) in frames.zip(out.chunks_exact(sequences.len())) {
                        let rows = dx.chunks_exact_mut(shape.input);
                        for (dx, out) in rows.skip(sequences.start).zip(out) {
                            dx[number * WIDTH..][..width].copy_from_slice(&out[..width]);
                        }
                    }
                }
            }
        });
}
