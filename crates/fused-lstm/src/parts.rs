//! The batch in parts, so that there is work for more threads than a layer has directions.
//!
//! Sequences do not touch each other, a product's sums do not depend on how many rows stand beside them, and what is summed
//! over all sequences (gradients of weights) is summed in the batch's order: the results are the same bits in any number of
//! parts.

use std::ops::Range;

use rayon::prelude::*;

use crate::direction::Trace;
use crate::forward::{self, Given};
use crate::layout::padded;
use crate::precision::Plan;
use crate::{Output, Shape};
use register_tiles::take;

/// Rows of the output that one task puts together, about.
const ROWS: usize = 512;
/// Fewest sequences of a part: with fewer, reading the weights costs more than the second thread brings.
const LEAST_BATCH: usize = 16;

/// What some sequences gave in one direction.
#[derive(Debug)]
pub(crate) struct Part {
    /// Index of the direction.
    pub(crate) direction: usize,
    /// The sequences in the batch.
    pub(crate) sequences: Range<usize>,
    pub(crate) trace: Trace,
}

/// The sequences of each part.
fn split(plan: Plan, shape: Shape) -> Vec<Range<usize>> {
    let wanted = rayon::current_num_threads().div_ceil(shape.direction.count());
    let parts = wanted.min(shape.batch / LEAST_BATCH).max(1);
    let height = plan.tile_rows();
    let bound = |part: usize| match part {
        part if part == parts => shape.batch,
        part => part * shape.batch / parts / height * height,
    };
    (0..parts)
        .map(|part| bound(part)..bound(part + 1))
        .collect()
}

/// Runs the directions, each `given` for the whole batch.
pub(crate) fn run(plan: Plan, shape: Shape, given: &[Given<'_>]) -> Vec<Part> {
    let split = split(plan, shape);
    (0..given.len() * split.len())
        .into_par_iter()
        .map(|task| {
            let (direction, part) = (task / split.len(), task % split.len());
            let sequences = split[part].clone();
            Part {
                direction,
                trace: forward::run(given[direction], sequences.clone()),
                sequences,
            }
        })
        .collect()
}

/// `y` `[frames, batch, directions * hidden]` of all parts.
pub(crate) fn assemble(shape: Shape, parts: &[Part]) -> Vec<f32> {
    let (width, hidden, units) = (shape.width(), shape.hidden, padded(shape.hidden));
    let mut y = take(shape.output_len(Output::Sequence));
    let together = ROWS.div_ceil(shape.batch);
    y.par_chunks_mut(together * shape.batch * width)
        .enumerate()
        .for_each(|(task, y)| {
            for (index, y) in y.chunks_exact_mut(shape.batch * width).enumerate() {
                for part in parts {
                    let row = part.sequences.len() * units;
                    let outputs = &part.trace.outputs[(task * together + index) * row..][..row];
                    let y = y[part.sequences.start * width..].chunks_exact_mut(width);
                    for (y, output) in y.zip(outputs.chunks_exact(units)) {
                        y[part.direction * hidden..][..hidden].copy_from_slice(&output[..hidden]);
                    }
                }
            }
        });
    y
}

/// `y` `[batch, directions * hidden]` of all parts: the states after the last frame that each read.
pub(crate) fn last_states(shape: Shape, parts: &[Part]) -> Vec<f32> {
    let (width, hidden, units) = (shape.width(), shape.hidden, padded(shape.hidden));
    let mut y = take(shape.output_len(Output::LastState));
    for part in parts {
        let y = y[part.sequences.start * width..].chunks_exact_mut(width);
        let outputs = part.trace.outputs[part.trace.last..].chunks_exact(units);
        for (y, output) in y.zip(outputs).take(part.sequences.len()) {
            y[part.direction * hidden..][..hidden].copy_from_slice(&output[..hidden]);
        }
    }
    y
}
