//! What happens between the matrix products of one time step, forward and backward, as vector loops.

use crate::activation::{sigmoid, tanh};

/// Magnitudes below this become 0. Gradients that fade over many steps would otherwise pass through the denormal
/// numbers, each of which costs a multiplication a hundred cycles; times any weight above 1e-8 this is still normal.
const SMALLEST: f32 = 1e-30;

#[inline(always)]
fn flush(x: f32) -> f32 {
    if x.abs() < SMALLEST { 0.0 } else { x }
}

/// One row of one step forward. `gates` holds the four preactivations `[4 * hidden]` and receives their activations.
#[inline(always)]
pub(crate) fn forward_row(gates: &mut [f32], before: &[f32], cell: &mut [f32], out: &mut [f32]) {
    let hidden = cell.len();
    let [input, forget, candidate, output] = quarters_mut(gates, hidden);
    let (before, out) = (&before[..hidden], &mut out[..hidden]);
    for unit in 0..hidden {
        let i = sigmoid(input[unit]);
        let f = sigmoid(forget[unit]);
        let g = tanh(candidate[unit]);
        let o = sigmoid(output[unit]);
        let c = flush(f.mul_add(before[unit], i * g));
        input[unit] = i;
        forget[unit] = f;
        candidate[unit] = g;
        output[unit] = o;
        cell[unit] = c;
        out[unit] = flush(o * tanh(c));
    }
}

/// One row of one step backward. `gates` holds the activations and receives the gradients of the preactivations;
/// `d_out` is the whole gradient of the step's output, `d_cell` that of the cell, which it leaves for the step before.
#[inline(always)]
pub(crate) fn backward_row(
    gates: &mut [f32],
    before: &[f32],
    cell: &[f32],
    d_out: &[f32],
    d_cell: &mut [f32],
) {
    let hidden = cell.len();
    let [input, forget, candidate, output] = quarters_mut(gates, hidden);
    let (before, d_out) = (&before[..hidden], &d_out[..hidden]);
    let d_cell = &mut d_cell[..hidden];
    for unit in 0..hidden {
        let (i, f, g, o) = (input[unit], forget[unit], candidate[unit], output[unit]);
        let squashed = tanh(cell[unit]);
        let dh = d_out[unit];
        let dc = (dh * o).mul_add(1.0 - squashed * squashed, d_cell[unit]);
        input[unit] = flush(dc * g * (i * (1.0 - i)));
        forget[unit] = flush(dc * before[unit] * (f * (1.0 - f)));
        candidate[unit] = flush(dc * i * (1.0 - g * g));
        output[unit] = flush(dh * squashed * (o * (1.0 - o)));
        d_cell[unit] = flush(dc * f);
    }
}

fn quarters_mut(gates: &mut [f32], hidden: usize) -> [&mut [f32]; 4] {
    let (input, rest) = gates.split_at_mut(hidden);
    let (forget, rest) = rest.split_at_mut(hidden);
    let (candidate, rest) = rest.split_at_mut(hidden);
    [input, forget, candidate, &mut rest[..hidden]]
}
