//! One direction forward, for some sequences.

use std::ops::Range;

use crate::direction::{Order, Sizes, Trace};
use crate::gates::{Ended, ForwardStep};
use crate::layout::{COLUMNS, UNITS, padded, panels};
use crate::operand::Panels;
use crate::precision::Plan;
use crate::{Output, Shape, Weights};
use register_tiles::{Buffer, Left, Product, Rows};

/// Rows of the input that are projected at once, if a frame has fewer: enough to pay for reading the weights, few enough
/// that their gates are still in the second-level cache when the steps come to them.
const PROJECTED_ROWS: usize = 128;

/// A direction's weights as the passes of all sequences read them.
pub(crate) struct Packed {
    input: Panels,
    recurrent: Panels,
    /// `[blocks, 64]`.
    bias: Buffer,
}

impl Packed {
    pub(crate) fn new(plan: Plan, shape: Shape, weights: Weights<'_>) -> Self {
        let (hidden, units) = (shape.hidden, padded(shape.hidden));
        let input = panels(weights.input, hidden, shape.input);
        let recurrent = panels(weights.recurrent, hidden, units);
        Self {
            input: plan.panels(input, shape.input),
            recurrent: plan.panels(recurrent, units),
            bias: panels(weights.bias, hidden, 1),
        }
    }
}

/// What a direction's forward pass reads.
#[derive(Clone, Copy)]
pub(crate) struct Given<'a> {
    pub(crate) plan: Plan,
    pub(crate) shape: Shape,
    pub(crate) order: Order,
    /// `[frames, batch, elements]`, the input as a left operand: see [`Plan::all_rows`].
    pub(crate) x: &'a [f32],
    pub(crate) lengths: Option<&'a [usize]>,
    pub(crate) weights: &'a Packed,
    /// Whether gates and cells are wanted after the pass, or only the outputs.
    pub(crate) train: bool,
    pub(crate) output: Output,
}

/// Runs one direction of some sequences.
pub(crate) fn run(given: Given<'_>, sequences: Range<usize>) -> Trace {
    let Given {
        plan,
        order,
        weights,
        ..
    } = given;
    let lengths = given.lengths.map(|lengths| &lengths[sequences.clone()]);
    let shape = Shape {
        batch: sequences.len(),
        ..given.shape
    };
    let Sizes {
        units,
        blocks,
        columns,
        state,
    } = Sizes::new(shape);
    let (frames, batch) = (shape.frames, shape.batch);
    let together = PROJECTED_ROWS.div_ceil(batch).min(frames);
    // Without training, gates live as long as a projection, and what nobody asked for lives for two frames.
    let (gate_frames, cell_frames, out_frames) = match (given.train, given.output) {
        (true, _) => (frames, frames, frames),
        (false, Output::Sequence) => (together, 2, frames),
        (false, Output::LastState) => (together, 2, 2),
    };
    let mut gates = Buffer::new(gate_frames * batch * columns);
    let mut cells = Buffer::new(cell_frames * state);
    let mut outputs = Buffer::new(out_frames * state);
    let zeros = Buffer::zeros(state);
    let mut scratch = plan.scratch(batch, units);
    let whole = batch == given.shape.batch;
    let elements = plan.elements(shape.input);
    let row = batch * elements;
    let mut gathered = Buffer::new(if whole { 0 } else { together * row });
    let panel_len = gate_frames * batch * COLUMNS;
    for begin in (0..frames).step_by(together) {
        let steps = begin..(begin + together).min(frames);
        let first = order
            .frame(begin, frames)
            .0
            .min(order.frame(steps.end - 1, frames).0);
        let origin = if given.train { 0 } else { first };
        let x = &given.x[first * given.shape.batch * elements..];
        let x = if whole {
            &x[..steps.len() * row]
        } else {
            let gathered = &mut gathered[..steps.len() * row];
            let frames = x.chunks(given.shape.batch * elements);
            for (to, frame) in gathered.chunks_exact_mut(row).zip(frames) {
                to.copy_from_slice(&frame[sequences.start * elements..][..row]);
            }
            gathered
        };
        let rows = Rows::plain(x, elements);
        for (panel, gates) in weights.input.iter().zip(gates.chunks_exact_mut(panel_len)) {
            let (out, _) = gates[(first - origin) * batch * COLUMNS..].as_chunks_mut();
            plan.product(Product {
                rows,
                panel,
                out: &mut out[..rows.count()],
                accumulate: false,
            });
        }
        for step in steps {
            let (frame, earlier) = order.frame(step, frames);
            let place = |frames| (frame % frames, earlier.map(|earlier| earlier % frames));
            let (cell_before, cell) = before_and_now(&mut cells, place(cell_frames), state, &zeros);
            let (out_before, out) = before_and_now(&mut outputs, place(out_frames), state, &zeros);
            let rows = plan.rows(Rows::plain(out_before, units), &mut scratch);
            let panels = weights
                .recurrent
                .iter()
                .zip(gates.chunks_exact_mut(panel_len));
            for (block, (panel, gates)) in panels.enumerate() {
                let (gates, _) = gates[(frame - origin) * batch * COLUMNS..].as_chunks_mut();
                let gates = &mut gates[..batch];
                if earlier.is_some() {
                    plan.product(Product {
                        rows,
                        panel,
                        out: gates,
                        accumulate: true,
                    });
                }
                let of_block = block * batch * UNITS..(block + 1) * batch * UNITS;
                plan.arch.dispatch(ForwardStep {
                    block,
                    blocks,
                    bias: &weights.bias[block * COLUMNS..],
                    ended: Ended { frame, lengths },
                    gates,
                    cell_before: &cell_before[of_block.clone()],
                    cell: &mut cell[of_block],
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
        last: order.frame(frames - 1, frames).0 % out_frames * state,
    }
}

/// The state before a frame (zeros before the first) and the place of the frame's own.
fn before_and_now<'a>(
    states: &'a mut [f32],
    (frame, earlier): (usize, Option<usize>),
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
