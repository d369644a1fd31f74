//! One direction of the layer over the whole batch.

use pulp::Arch;

use crate::gates::{backward_row, forward_row};
use crate::matmul::{Matrix, multiply};
use crate::pool::Buffer;
use crate::{Shape, WeightGradients, Weights};

/// In which order a direction reads the frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// First frame first.
    Forward,
    /// Last frame first.
    Backward,
}

impl Order {
    /// The frame of step `step`, and the frame that was read just before it.
    fn frame(self, step: usize, frames: usize) -> (usize, Option<usize>) {
        match self {
            Self::Forward => (step, step.checked_sub(1)),
            Self::Backward => {
                let frame = frames - 1 - step;
                (frame, (step > 0).then_some(frame + 1))
            }
        }
    }
}

/// What one direction keeps of its forward pass, in the order of the frames.
#[derive(Debug)]
pub(crate) struct Trace {
    /// Activations of the gates `[frames, batch, 4 * hidden]`.
    gates: Buffer,
    /// `[frames, batch, hidden]`.
    cells: Buffer,
    /// The direction's outputs `[frames, batch, hidden]`.
    outputs: Buffer,
}

impl Trace {
    /// Runs the direction.
    pub(crate) fn forward(
        shape: Shape,
        order: Order,
        x: &[f32],
        lengths: Option<&[usize]>,
        weights: Weights<'_>,
    ) -> Self {
        let Shape {
            frames,
            batch,
            input,
            hidden,
        } = shape;
        let columns = 4 * hidden;
        let state = batch * hidden;
        let mut gates = Buffer::new(shape.rows() * columns);
        let mut cells = Buffer::new(frames * state);
        let mut outputs = Buffer::new(frames * state);
        for row in gates.chunks_exact_mut(columns) {
            row.copy_from_slice(weights.bias);
        }
        multiply(
            &mut gates,
            columns,
            true,
            Matrix::new(x, shape.rows(), input, input),
            Matrix::new(weights.input, input, columns, columns),
        );
        let recurrent = Matrix::new(weights.recurrent, hidden, columns, columns);
        let zeros = vec![0.0; state];
        for step in 0..frames {
            let (frame, earlier) = order.frame(step, frames);
            let gates = &mut gates[frame * batch * columns..][..batch * columns];
            let (cell_before, cell) = step_states(&mut cells, frame, earlier, state, &zeros);
            let (out_before, out) = step_states(&mut outputs, frame, earlier, state, &zeros);
            if earlier.is_some() {
                let out_before = Matrix::new(out_before, batch, hidden, hidden);
                multiply(gates, columns, true, out_before, recurrent);
            }
            Arch::new().dispatch(
                #[inline(always)]
                || {
                    for row in 0..batch {
                        let unit = row * hidden..(row + 1) * hidden;
                        if lengths.is_some_and(|lengths| frame >= lengths[row]) {
                            cell[unit.clone()].copy_from_slice(&cell_before[unit.clone()]);
                            out[unit.clone()].copy_from_slice(&out_before[unit]);
                        } else {
                            forward_row(
                                &mut gates[row * columns..][..columns],
                                &cell_before[unit.clone()],
                                &mut cell[unit.clone()],
                                &mut out[unit],
                            );
                        }
                    }
                },
            );
        }
        Self {
            gates,
            cells,
            outputs,
        }
    }

    /// The direction's outputs `[frames, batch, hidden]`.
    pub(crate) fn outputs(&self) -> &[f32] {
        &self.outputs
    }

    /// Gradients of the weights and, into `dx` `[frames, batch, input]` if given, of the input.
    ///
    /// `dy` is `[frames, batch, 2 * hidden]`; the direction's half begins at `offset`. The gates become their gradients.
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn backward(
        mut self,
        shape: Shape,
        order: Order,
        x: &[f32],
        lengths: Option<&[usize]>,
        dy: &[f32],
        offset: usize,
        weights: Weights<'_>,
        dx: Option<&mut [f32]>,
    ) -> WeightGradients {
        let Shape {
            frames,
            batch,
            input,
            hidden,
        } = shape;
        let columns = 4 * hidden;
        let state = batch * hidden;
        let recurrent = Matrix::new(weights.recurrent, hidden, columns, columns).transposed();
        let zeros = vec![0.0; state];
        let mut d_out = vec![0.0; state];
        let mut d_cell = vec![0.0; state];
        for step in (0..frames).rev() {
            let (frame, earlier) = order.frame(step, frames);
            let gates = &mut self.gates[frame * batch * columns..][..batch * columns];
            let cell = &self.cells[frame * state..][..state];
            let cell_before = earlier.map_or(&zeros[..], |earlier| {
                &self.cells[earlier * state..][..state]
            });
            let dy = &dy[frame * batch * 2 * hidden..][..batch * 2 * hidden];
            Arch::new().dispatch(
                #[inline(always)]
                || {
                    for row in 0..batch {
                        let unit = row * hidden..(row + 1) * hidden;
                        let d_out = &mut d_out[unit.clone()];
                        let dy = &dy[row * 2 * hidden + offset..][..hidden];
                        for (d_out, dy) in d_out.iter_mut().zip(dy) {
                            *d_out += dy;
                        }
                        let gates = &mut gates[row * columns..][..columns];
                        if lengths.is_some_and(|lengths| frame >= lengths[row]) {
                            // The state was carried: so are its gradients.
                            gates.fill(0.0);
                        } else {
                            let d_cell = &mut d_cell[unit.clone()];
                            backward_row(
                                gates,
                                &cell_before[unit.clone()],
                                &cell[unit],
                                d_out,
                                d_cell,
                            );
                            d_out.fill(0.0);
                        }
                    }
                },
            );
            if earlier.is_some() {
                let gates = Matrix::new(gates, batch, columns, columns);
                multiply(&mut d_out, hidden, true, gates, recurrent);
            }
        }
        let rows = shape.rows();
        let all = Matrix::new(&self.gates, rows, columns, columns);
        let mut gradients = WeightGradients {
            input: vec![0.0; input * columns],
            recurrent: vec![0.0; hidden * columns],
            bias: vec![0.0; columns],
        };
        let x = Matrix::new(x, rows, input, input);
        multiply(&mut gradients.input, columns, false, x.transposed(), all);
        if frames > 1 {
            let rows = rows - batch;
            let (before, after) = match order {
                Order::Forward => (0, batch),
                Order::Backward => (batch, 0),
            };
            let outputs = Matrix::new(&self.outputs[before * hidden..], rows, hidden, hidden);
            let gates = Matrix::new(&self.gates[after * columns..], rows, columns, columns);
            multiply(
                &mut gradients.recurrent,
                columns,
                false,
                outputs.transposed(),
                gates,
            );
        }
        Arch::new().dispatch(
            #[inline(always)]
            || {
                for row in self.gates.chunks_exact(columns) {
                    for (sum, value) in gradients.bias.iter_mut().zip(row) {
                        *sum += value;
                    }
                }
            },
        );
        if let Some(dx) = dx {
            let weights = Matrix::new(weights.input, input, columns, columns).transposed();
            multiply(dx, input, false, all, weights);
        }
        gradients
    }
}

/// The state before a frame (zeros before the first) and the place of the frame's own.
fn step_states<'a>(
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
