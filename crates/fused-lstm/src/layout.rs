//! The inner layout of everything that has four gates.
//!
//! Units go in blocks of 16 and the columns of a block are its input, forget, candidate and output gates, 16 each: one
//! tile of 64 columns holds all that the state of 16 units needs, so the gates are applied while the product's tile is
//! still in the cache, and each of its parts is one AVX-512 register. `hidden` is rounded up to whole blocks; weights of
//! the units added are 0, and so are then their states and gradients.
//!
//! Weights are copied into this layout once a call, the recurrent ones into panels of 64 columns: a step multiplies a
//! few rows by all of them, and `gemm` would copy them anew at every step.

use crate::pool::Buffer;

/// Units of a block.
pub(crate) const UNITS: usize = 16;
/// Columns of a block: its four gates.
pub(crate) const COLUMNS: usize = 4 * UNITS;
/// Width of the panels of the transposed recurrent weights, in units.
pub(crate) const PANEL: usize = 64;

/// `hidden` rounded up to whole blocks.
pub(crate) fn padded(hidden: usize) -> usize {
    hidden.next_multiple_of(UNITS)
}

/// Copies one row `[4 * hidden]`, gate by gate, into blocks `[4 * padded(hidden)]`, of which the padding stays as it is.
fn interleave_row(row: &[f32], hidden: usize, blocks: &mut [f32]) {
    for (gate, units) in row.chunks_exact(hidden).enumerate() {
        for (units, block) in units.chunks(UNITS).zip(blocks.chunks_exact_mut(COLUMNS)) {
            block[gate * UNITS..][..units.len()].copy_from_slice(units);
        }
    }
}

/// Rows `[_, 4 * hidden]` as blocks `[_, 4 * padded(hidden)]`.
pub(crate) fn interleave(rows: &[f32], hidden: usize) -> Buffer {
    let columns = 4 * padded(hidden);
    let mut blocks = Buffer::zeros(rows.len() / (4 * hidden) * columns);
    let pairs = rows.chunks_exact(4 * hidden);
    for (row, blocks) in pairs.zip(blocks.chunks_exact_mut(columns)) {
        interleave_row(row, hidden, blocks);
    }
    blocks
}

/// The inverse of [`interleave`] for the first `rows` rows.
pub(crate) fn separate(blocks: &[f32], hidden: usize, rows: usize) -> Vec<f32> {
    let mut separate = vec![0.0; rows * 4 * hidden];
    let pairs = blocks.chunks_exact(4 * padded(hidden));
    for (row, blocks) in separate.chunks_exact_mut(4 * hidden).zip(pairs) {
        for (gate, units) in row.chunks_exact_mut(hidden).enumerate() {
            for (units, block) in units.chunks_mut(UNITS).zip(blocks.chunks_exact(COLUMNS)) {
                units.copy_from_slice(&block[gate * UNITS..][..units.len()]);
            }
        }
    }
    separate
}

/// Recurrent weights `[hidden, 4 * hidden]` as one panel a block, each `[padded(hidden), 64]`.
pub(crate) fn recurrent_panels(recurrent: &[f32], hidden: usize) -> Buffer {
    let rows = padded(hidden);
    let mut panels = Buffer::zeros(rows * 4 * rows);
    let mut blocks = vec![0.0; 4 * rows];
    for (index, row) in recurrent.chunks_exact(4 * hidden).enumerate() {
        interleave_row(row, hidden, &mut blocks);
        let panels = panels.chunks_exact_mut(rows * COLUMNS);
        for (block, panel) in blocks.chunks_exact(COLUMNS).zip(panels) {
            panel[index * COLUMNS..][..COLUMNS].copy_from_slice(block);
        }
    }
    panels
}

/// The transposed recurrent weights as panels of (at most) [`PANEL`] units, each `[4 * padded(hidden), width]`, one
/// after the other: panel `n` begins at `n * PANEL * 4 * padded(hidden)`.
pub(crate) fn transposed_panels(recurrent: &[f32], hidden: usize) -> Buffer {
    let units = padded(hidden);
    let columns = 4 * units;
    let blocks = interleave(recurrent, hidden);
    let mut panels = Buffer::zeros(units * columns);
    for (number, panel) in panels.chunks_mut(PANEL * columns).enumerate() {
        let width = panel.len() / columns;
        let rows = blocks[(number * PANEL * columns).min(blocks.len())..].chunks_exact(columns);
        for (unit, row) in rows.take(width).enumerate() {
            for (&weight, to) in row.iter().zip(panel[unit..].iter_mut().step_by(width)) {
                *to = weight;
            }
        }
    }
    panels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separating_undoes_interleaving() {
        for hidden in [1, 15, 16, 17, 70] {
            let rows: Vec<f32> = (0..3 * 4 * hidden).map(|k| k as f32).collect();
            assert_eq!(separate(&interleave(&rows, hidden), hidden, 3), rows);
        }
    }

    #[test]
    fn panels_hold_the_interleaved_weights() {
        for hidden in [3, 16, 70] {
            let recurrent: Vec<f32> = (0..hidden * 4 * hidden).map(|k| k as f32).collect();
            let (rows, columns) = (padded(hidden), 4 * padded(hidden));
            let blocks = interleave(&recurrent, hidden);
            let panels = recurrent_panels(&recurrent, hidden);
            let transposed = transposed_panels(&recurrent, hidden);
            for row in 0..rows {
                for column in 0..columns {
                    let weight = blocks.get(row * columns + column).copied().unwrap_or(0.0);
                    let panel = &panels[column / COLUMNS * rows * COLUMNS..];
                    assert_eq!(panel[row * COLUMNS + column % COLUMNS], weight);
                    let width = PANEL.min(rows - row / PANEL * PANEL);
                    let panel = &transposed[row / PANEL * PANEL * columns..];
                    assert_eq!(panel[column * width + row % PANEL], weight);
                }
            }
        }
    }
}
