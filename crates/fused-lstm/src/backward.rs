//! One direction backward.

use pulp::Arch;

use crate::direction::{Order, Sizes, Trace, row_parts};
use crate::gates::{BackwardStep, Ended, SumRows};
use crate::layout::{PANEL, UNITS, interleave, separate, transposed_panels};
use crate::matmul::{Matrix, multiply};
use crate::pool::Buffer;
use crate::{Shape, WeightGradients, Weights};

/// What a direction's backward pass reads besides its trace.
#[derive(Clone, Copy)]
pub(crate) struct Given<'a> {
    pub(crate) shape: Shape,
    pub(crate) order: Order,
    /// `[frames, batch, input]`.
    pub(crate) x: &'a [f32],
    pub(crate) lengths: Option<&'a [usize]>,
    /// `[frames, batch, 2 * hidden]`, of which this direction's half begins at `offset`.
    pub(crate) dy: &'a [f32],
    pub(crate) offset: usize,
    pub(crate) weights: Weights<'a>,
}

/// Gradients of one direction's weights and, into `dx` `[frames, batch, input]` if given, of the input.
pub(crate) fn run(given: Given<'_>, mut trace: Trace, dx: Option<&mut [f32]>) -> WeightGradients {
    backward_through_time(given, &mut trace);
    let (shape, gates) = (given.shape, &trace.gates);
    let columns = Sizes::new(shape).columns;
    let (input, (recurrent, (bias, ()))) = rayon::join(
        || input_gradient(given, gates),
        || {
            rayon::join(
                || recurrent_gradient(given, gates, &trace.outputs),
                || {
                    rayon::join(
                        || {
                            let mut sum = Buffer::zeros(columns);
                            Arch::new().dispatch(SumRows {
                                rows: gates,
                                sum: &mut sum,
                            });
                            separate(&sum, shape.hidden, 1)
                        },
                        || {
                            if let Some(dx) = dx {
                                let weights = interleave(given.weights.input, shape.hidden);
                                let weights = Matrix::new(&weights, shape.input, columns, columns);
                                let gates = Matrix::new(gates, shape.rows(), columns, columns);
                                multiply(dx, shape.input, false, gates, weights.transposed());
                            }
                        },
                    )
                },
            )
        },
    );
    WeightGradients {
        input,
        recurrent,
        bias,
    }
}

/// Turns the trace's gates into the gradients of their preactivations.
fn backward_through_time(given: Given<'_>, trace: &mut Trace) {
    let Given { shape, dy, .. } = given;
    let Sizes {
        units,
        columns,
        state,
    } = Sizes::new(shape);
    let (frames, batch, hidden) = (shape.frames, shape.batch, shape.hidden);
    let panels = transposed_panels(given.weights.recurrent, hidden);
    let zeros = Buffer::zeros(state);
    let mut d_out = Buffer::zeros(state);
    let mut d_cell = Buffer::zeros(state);
    for step in (0..frames).rev() {
        let (frame, earlier) = given.order.frame(step, frames);
        let gates = &mut trace.gates[frame * batch * columns..][..batch * columns];
        let dy = &dy[frame * batch * 2 * hidden..][..batch * 2 * hidden];
        for (d_out, dy) in d_out
            .chunks_exact_mut(units)
            .zip(dy.chunks_exact(2 * hidden))
        {
            for (d_out, dy) in d_out.iter_mut().zip(&dy[given.offset..][..hidden]) {
                *d_out += dy;
            }
        }
        let cells = &trace.cells;
        Arch::new().dispatch(BackwardStep {
            blocks: units / UNITS,
            ended: Ended {
                frame,
                lengths: given.lengths,
            },
            gates,
            cell_before: earlier.map_or(&zeros, |earlier| &cells[earlier * state..][..state]),
            cell: &cells[frame * state..][..state],
            d_out: &mut d_out,
            d_cell: &mut d_cell,
        });
        if earlier.is_none() {
            continue;
        }
        for (number, panel) in panels.chunks(PANEL * columns).enumerate() {
            let width = panel.len() / columns;
            let panel = Matrix::new(panel, columns, width, width);
            for rows in row_parts(batch) {
                let lhs = Matrix::new(&gates[rows.start * columns..], rows.len(), columns, columns);
                let tile = &mut d_out[rows.start * units + number * PANEL..];
                multiply(tile, units, true, lhs, panel);
            }
        }
    }
}

fn input_gradient(given: Given<'_>, gates: &[f32]) -> Vec<f32> {
    let Given { shape, x, .. } = given;
    let columns = Sizes::new(shape).columns;
    let gates = Matrix::new(gates, shape.rows(), columns, columns);
    let x = Matrix::new(x, shape.rows(), shape.input, shape.input);
    let mut product = Buffer::new(shape.input * columns);
    multiply(&mut product, columns, false, x.transposed(), gates);
    separate(&product, shape.hidden, shape.input)
}

fn recurrent_gradient(given: Given<'_>, gates: &[f32], outputs: &[f32]) -> Vec<f32> {
    let Given { shape, order, .. } = given;
    let Sizes { units, columns, .. } = Sizes::new(shape);
    if shape.frames == 1 {
        return vec![0.0; shape.hidden * 4 * shape.hidden];
    }
    let rows = shape.rows() - shape.batch;
    let (before, after) = match order {
        Order::Forward => (0, shape.batch),
        Order::Backward => (shape.batch, 0),
    };
    let outputs = Matrix::new(&outputs[before * units..], rows, units, units);
    let gates = Matrix::new(&gates[after * columns..], rows, columns, columns);
    let mut product = Buffer::new(units * columns);
    multiply(&mut product, columns, false, outputs.transposed(), gates);
    separate(&product, shape.hidden, shape.hidden)
}
