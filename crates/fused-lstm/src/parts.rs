//! Inference in parts of the batch, so that one direction alone has work for all threads too.
//!
//! Sequences do not touch each other and a product's sums do not depend on how many rows stand beside them: the outputs
//! are the same bits in any number of parts.

use std::ops::Range;

use rayon::prelude::*;

use crate::Shape;
use crate::direction::Trace;
use crate::forward::{self, Given};
use crate::layout::padded;
use crate::pool::{Buffer, take};

/// Rows of the output that one task puts together, about.
const ROWS: usize = 512;

/// Fewest sequences of a part: with fewer, reading the weights costs more than the second thread brings.
const LEAST_BATCH: usize = 16;

/// What some sequences gave in one direction.
pub(crate) struct Part {
    /// Index of the direction.
    direction: usize,
    /// The sequences in the batch: all of them in training.
    sequences: Range<usize>,
    pub(crate) trace: Trace,
}

/// Runs the directions, each `given` for the whole batch, in at least as many tasks as there are threads if the batch is
/// large enough and no trace is wanted.
pub(crate) fn run(shape: Shape, given: &[Given<'_>]) -> Vec<Part> {
    let parts = if given.iter().any(|given| given.train) {
        1
    } else {
        let wanted = rayon::current_num_threads().div_ceil(given.len());
        wanted.min(shape.batch / LEAST_BATCH).max(1)
    };
    (0..given.len() * parts)
        .into_par_iter()
        .map(|task| {
            let (direction, part) = (task / parts, task % parts);
            let sequences = part * shape.batch / parts..(part + 1) * shape.batch / parts;
            Part {
                direction,
                trace: run_part(given[direction], &sequences),
                sequences,
            }
        })
        .collect()
}

/// One direction of some sequences.
fn run_part(given: Given<'_>, sequences: &Range<usize>) -> Trace {
    let shape = given.shape;
    if sequences.len() == shape.batch {
        return forward::run(given);
    }
    let row = sequences.len() * shape.input;
    let mut x = Buffer::new(shape.frames * row);
    let frames = given.x.chunks_exact(shape.batch * shape.input);
    for (to, frame) in x.chunks_exact_mut(row).zip(frames) {
        to.copy_from_slice(&frame[sequences.start * shape.input..][..row]);
    }
    forward::run(Given {
        x: &x,
        shape: Shape {
            batch: sequences.len(),
            ..shape
        },
        lengths: given.lengths.map(|lengths| &lengths[sequences.clone()]),
        ..given
    })
}

/// `y` `[frames, batch, directions * hidden]` of all parts.
pub(crate) fn assemble(shape: Shape, parts: &[Part]) -> Vec<f32> {
    let (width, hidden, units) = (shape.width(), shape.hidden, padded(shape.hidden));
    let mut y = take(shape.output_len());
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
