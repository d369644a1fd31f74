//! What happens between the matrix products of one time step, forward and backward, as vector loops.
//!
//! Two things make LLVM emit vector code here. The steps are `WithSimd` structs, not closures: `pulp` compiles
//! `with_simd` for the processor at hand and everything must be inlined into it, which the call of a large closure is
//! not. And the loops run over local arrays of one block's 16 units, which cannot overlap.

use pulp::{Simd, WithSimd};

use crate::layout::{COLUMNS, UNITS};
use register_tiles::{multiply_add, sigmoid, tanh};

/// Magnitudes below this become 0. Gradients that fade over many steps would otherwise pass through the denormal
/// numbers, each of which costs a multiplication a hundred cycles; times any weight above 1e-8 this is still normal.
const SMALLEST: f32 = 1e-30;

type Units = [f32; UNITS];

/// Which sequences are padding at a frame.
#[derive(Clone, Copy)]
pub(crate) struct Ended<'a> {
    pub(crate) frame: usize,
    pub(crate) lengths: Option<&'a [usize]>,
}

impl Ended<'_> {
    #[inline(always)]
    fn at(self, row: usize) -> bool {
        self.lengths
            .is_some_and(|lengths| self.frame >= lengths[row])
    }
}

/// One step forward of one block of units for all rows (sequences).
pub(crate) struct ForwardStep<'a> {
    pub(crate) block: usize,
    /// Blocks of a row.
    pub(crate) blocks: usize,
    /// `[64]`.
    pub(crate) bias: &'a [f32],
    pub(crate) ended: Ended<'a>,
    /// `[batch, 64]`: preactivations without the bias, which become activations.
    pub(crate) gates: &'a mut [[f32; COLUMNS]],
    /// `[batch, 16]`: the block's own, like `cell`.
    pub(crate) cell_before: &'a [f32],
    pub(crate) cell: &'a mut [f32],
    /// `[batch, blocks, 16]`, like `out`.
    pub(crate) out_before: &'a [f32],
    pub(crate) out: &'a mut [f32],
}

impl WithSimd for ForwardStep<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        if S::IS_SCALAR {
            self.run::<false>();
        } else {
            self.run::<true>();
        }
    }
}

impl ForwardStep<'_> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let (cell_before, _) = self.cell_before.as_chunks::<UNITS>();
        let (out_before, _) = self.out_before.as_chunks::<UNITS>();
        let (cell, _) = self.cell.as_chunks_mut::<UNITS>();
        let (out, _) = self.out.as_chunks_mut::<UNITS>();
        let (bias, _) = self.bias.as_chunks::<COLUMNS>();
        let bias = split(&bias[0]);
        for (row, gates) in self.gates.iter_mut().enumerate() {
            let at = row * self.blocks + self.block;
            if self.ended.at(row) {
                cell[row] = cell_before[row];
                out[at] = out_before[at];
            } else {
                (cell[row], out[at]) = forward_block::<FUSED>(gates, &bias, &cell_before[row]);
            }
        }
    }
}

/// One step backward of one block of units for all rows.
///
/// `d_out` holds the whole gradient of the step's output. What remains in it goes to the step before without passing the
/// weights: nothing, but all of it where the state was carried.
pub(crate) struct BackwardStep<'a> {
    pub(crate) block: usize,
    pub(crate) ended: Ended<'a>,
    /// `[batch, 64]`: activations, which become the gradients of the preactivations.
    pub(crate) gates: &'a mut [[f32; COLUMNS]],
    /// `[batch, 16]`: the block's own, like `cell` and `d_cell`.
    pub(crate) cell_before: &'a [f32],
    pub(crate) cell: &'a [f32],
    /// `[batch, 4, 16]`: the panel of 64 units that the block is in.
    pub(crate) d_out: &'a mut [f32],
    pub(crate) d_cell: &'a mut [f32],
}

impl WithSimd for BackwardStep<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        if S::IS_SCALAR {
            self.run::<false>();
        } else {
            self.run::<true>();
        }
    }
}

impl BackwardStep<'_> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let (cell_before, _) = self.cell_before.as_chunks::<UNITS>();
        let (cell, _) = self.cell.as_chunks::<UNITS>();
        let (d_out, _) = self.d_out.as_chunks_mut::<UNITS>();
        let (d_cell, _) = self.d_cell.as_chunks_mut::<UNITS>();
        for (row, gates) in self.gates.iter_mut().enumerate() {
            if self.ended.at(row) {
                *gates = [0.0; COLUMNS];
                continue;
            }
            let (d_out, d_cell) = (&mut d_out[row * 4 + self.block % 4], &mut d_cell[row]);
            let (before, cell) = (&cell_before[row], &cell[row]);
            *d_cell = backward_block::<FUSED>(gates, before, cell, d_out, d_cell);
            *d_out = [0.0; UNITS];
        }
    }
}

/// Activates one block and returns its cell and output.
#[inline(always)]
fn forward_block<const FUSED: bool>(
    gates: &mut [f32; COLUMNS],
    bias: &[Units; 4],
    cell_before: &Units,
) -> (Units, Units) {
    let fma = multiply_add::<FUSED>;
    let mut parts = split(gates);
    for (part, bias) in parts.iter_mut().zip(bias) {
        for unit in 0..UNITS {
            part[unit] += bias[unit];
        }
    }
    let [i, f, g, o] = parts;
    let (i, f, g, o) = (
        map(i, sigmoid::<FUSED>),
        map(f, sigmoid::<FUSED>),
        map(g, tanh::<FUSED>),
        map(o, sigmoid::<FUSED>),
    );
    let mut cell = [0.0; UNITS];
    for unit in 0..UNITS {
        cell[unit] = flush(fma(f[unit], cell_before[unit], i[unit] * g[unit]));
    }
    let mut out = map(cell, tanh::<FUSED>);
    for unit in 0..UNITS {
        out[unit] = flush(o[unit] * out[unit]);
    }
    join(gates, [i, f, g, o]);
    (cell, out)
}

/// Turns one block's activations into gradients and returns the gradient of the cell before.
#[inline(always)]
fn backward_block<const FUSED: bool>(
    gates: &mut [f32; COLUMNS],
    cell_before: &Units,
    cell: &Units,
    d_out: &Units,
    d_cell: &Units,
) -> Units {
    let fma = multiply_add::<FUSED>;
    let [i, f, g, o] = split(gates);
    let squashed = map(*cell, tanh::<FUSED>);
    let mut d_gates = [[0.0; UNITS]; 4];
    let mut d_before = [0.0; UNITS];
    for unit in 0..UNITS {
        let (i, f, g, o) = (i[unit], f[unit], g[unit], o[unit]);
        let (dh, squashed) = (d_out[unit], squashed[unit]);
        let dc = fma(dh * o, 1.0 - squashed * squashed, d_cell[unit]);
        d_gates[0][unit] = flush(dc * g * (i * (1.0 - i)));
        d_gates[1][unit] = flush(dc * cell_before[unit] * (f * (1.0 - f)));
        d_gates[2][unit] = flush(dc * i * (1.0 - g * g));
        d_gates[3][unit] = flush(dh * squashed * (o * (1.0 - o)));
        d_before[unit] = flush(dc * f);
    }
    join(gates, d_gates);
    d_before
}

#[inline(always)]
fn flush(x: f32) -> f32 {
    if x.abs() < SMALLEST { 0.0 } else { x }
}

#[inline(always)]
fn map(mut units: Units, function: impl Fn(f32) -> f32) -> Units {
    for unit in &mut units {
        *unit = function(*unit);
    }
    units
}

#[inline(always)]
fn split(gates: &[f32; COLUMNS]) -> [Units; 4] {
    let mut parts = [[0.0; UNITS]; 4];
    for (part, gate) in parts.iter_mut().zip(gates.as_chunks().0) {
        *part = *gate;
    }
    parts
}

#[inline(always)]
fn join(gates: &mut [f32; COLUMNS], parts: [Units; 4]) {
    for (gate, part) in gates.as_chunks_mut().0.iter_mut().zip(parts) {
        *gate = part;
    }
}
