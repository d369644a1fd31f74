//! One direction forward.

use pulp::Arch;
use rayon::prelude::*;

use crate::direction::{Order, Sizes, Trace, row_parts};
use crate::gates::{Ended, ForwardStep};
use crate::layout::{COLUMNS, UNITS, interleave, recurrent_panels};
use crate::matmul::{Matrix, multiply};
use crate::pool::Buffer;
use crate::{Shape, Weights};

/// Rows of the input that one task projects: enough to pay for `gemm`'s copy of the weights.
const PROJECTED_ROWS: usize = 1024;

/// Runs one direction.
pub(crate) fn run(
    shape: Shape,
    order: Order,
    x: &[f32],
    lengths: Option<&[usize]>,
    weights: Weights<'_>,
) -> Trace {
    let Sizes {
        units,
        columns,
        state,
    } = Sizes::new(shape);
    let (frames, batch) = (shape.frames, shape.batch);
    let mut gates = Buffer::new(shape.rows() * columns);
    project(shape, x, weights, &mut gates);
    let bias = interleave(weights.bias, shape.hidden);
    let panels = recurrent_panels(weights.recurrent, shape.hidden);
    let mut cells = Buffer::new(frames * state);
    let mut outputs = Buffer::new(frames * state);
    let zeros = Buffer::zeros(state);
    let arch = Arch::new();
    for step in 0..frames {
        let (frame, earlier) = order.frame(step, frames);
        let gates = &mut gates[frame * batch * columns..][..batch * columns];
        let (cell_before, cell) = before_and_now(&mut cells, frame, earlier, state, &zeros);
        let (out_before, out) = before_and_now(&mut outputs, frame, earlier, state, &zeros);
        for (block, panel) in panels.chunks_exact(units * COLUMNS).enumerate() {
            let panel = Matrix::new(panel, units, COLUMNS, COLUMNS);
            for rows in row_parts(batch) {
                if earlier.is_some() {
                    let lhs = &out_before[rows.start * units..];
                    let lhs = Matrix::new(lhs, rows.len(), units, units);
                    let tile = &mut gates[rows.start * columns + block * COLUMNS..];
                    multiply(tile, columns, true, lhs, panel);
                }
                arch.dispatch(ForwardStep {
                    rows,
                    block,
                    blocks: units / UNITS,
                    bias: &bias,
                    ended: Ended { frame, lengths },
                    gates,
                    cell_before,
                    cell,
                    out_before,
                    out,
                });
            }
        }
    }
    Trace {
        gates,
        cells,
        outputs,
    }
}

/// The product of the input, for all frames, which needs no state. (The bias comes in a step's registers: to begin with
/// it here would write all gates once more.)
fn project(shape: Shape, x: &[f32], weights: Weights<'_>, gates: &mut [f32]) {
    let input = shape.input;
    let columns = Sizes::new(shape).columns;
    let weights = interleave(weights.input, shape.hidden);
    let weights = Matrix::new(&weights, input, columns, columns);
    gates
        .par_chunks_mut(PROJECTED_ROWS * columns)
        .zip(x.par_chunks(PROJECTED_ROWS * input))
        .for_each(|(gates, x)| {
            let x = Matrix::new(x, x.len() / input, input, input);
            multiply(gates, columns, false, x, weights);
        });
}

/// The state before a frame (zeros before the first) and the place of the frame's own.
fn before_and_now<'a>(
    states: &'a mut [f32],
    frame: usize,
    earlier: Option<usize>,
    state: usize,
    zeros: &'a [f32],
) -> (&'a [f32], &'a mut [f32]) {
    match earlier {
        None => (zeros, &mut states[frame * state..][..state]),
        Some(earlier) if earlier < frame => {
            let (before, from) = states.split_at_mut(frame * state);
            (&before[earlier * state..][..state], &mut from[..state])
        }
        Some(earlier) => {
            let (to, after) = states.split_at_mut(earlier * state);
            (&after[..state], &mut to[frame * state..][..state])
        }
    }
}
