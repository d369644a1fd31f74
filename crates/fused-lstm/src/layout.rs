//! The inner layout of everything that has four gates.
//!
//! Units go in blocks of 16 and the columns of a block are its input, forget, candidate and output gates, 16 each: one
//! panel of 64 columns holds all that the state of 16 units needs, so the gates are applied while the product's tile is
//! still in the cache, and each of its parts is one AVX-512 register. `hidden` is rounded up to whole blocks; weights of
//! the units added are 0, and so are then their states and gradients.
//!
//! Gates are kept as panels `[blocks, rows, 64]`, which is how a product writes them and how it reads its right operand:
//! they are never copied. Weights are copied into panels `[panels, inner, 64]` once a call.

use register_tiles::{Buffer, WIDTH};

/// Units of a block.
pub(crate) const UNITS: usize = 16;
/// Columns of a block: its four gates, which fill a panel.
pub(crate) const COLUMNS: usize = 4 * UNITS;
const _: () = assert!(COLUMNS == WIDTH);

/// Rows of weights that are brought into panels together.
const BAND: usize = 16;

/// `hidden` rounded up to whole blocks.
pub(crate) fn padded(hidden: usize) -> usize {
    hidden.next_multiple_of(UNITS)
}

/// A buffer for weights; where these do not fill it (`padding`), zeros.
fn zeros_if(padding: bool, len: usize) -> Buffer {
    if padding {
        Buffer::zeros(len)
    } else {
        Buffer::new(len)
    }
}

/// Rows `[rows, 4 * hidden]` as panels `[blocks, padded_rows, 64]`, zero where nothing is.
pub(crate) fn panels(weights: &[f32], hidden: usize, padded_rows: usize) -> Buffer {
    let len = 4 * padded(hidden) * padded_rows;
    let mut panels = zeros_if(len != weights.len(), len);
    // A few rows at a time: a block of all rows would be four lines of the cache from every page of the weights.
    for (band, rows) in weights.chunks(BAND * 4 * hidden).enumerate() {
        for (block, panel) in panels.chunks_exact_mut(padded_rows * COLUMNS).enumerate() {
            let to = panel[band * BAND * COLUMNS..].chunks_exact_mut(COLUMNS);
            for (row, to) in rows.chunks_exact(4 * hidden).zip(to) {
                let (to, _) = to.as_chunks_mut::<UNITS>();
                for (gate, to) in row.chunks_exact(hidden).zip(to) {
                    let units = &gate[block * UNITS..];
                    match units.first_chunk() {
                        Some(whole) => *to = *whole,
                        None => to[..units.len()].copy_from_slice(units),
                    }
                }
            }
        }
    }
    panels
}

/// The inverse of [`panels`], into `weights` `[rows, 4 * hidden]`.
pub(crate) fn separate(panels: &[f32], hidden: usize, weights: &mut [f32]) {
    let padded_rows = panels.len() / (4 * padded(hidden));
    for (block, panel) in panels.chunks_exact(padded_rows * COLUMNS).enumerate() {
        let rows = weights.chunks_exact_mut(4 * hidden);
        for (row, from) in rows.zip(panel.chunks_exact(COLUMNS)) {
            for (gate, from) in row.chunks_exact_mut(hidden).zip(from.chunks_exact(UNITS)) {
                let units = &mut gate[block * UNITS..hidden.min((block + 1) * UNITS)];
                units.copy_from_slice(&from[..units.len()]);
            }
        }
    }
}

/// Rows `[rows, 4 * hidden]` transposed, as panels of 64 rows each, `[rows / 64 (rounded up), 4 * padded(hidden), 64]`,
/// zero where nothing is.
pub(crate) fn transposed_panels(weights: &[f32], hidden: usize) -> Buffer {
    let columns = 4 * padded(hidden);
    let rows = weights.len() / (4 * hidden);
    let len = rows.next_multiple_of(WIDTH) * columns;
    let mut panels = zeros_if(len != weights.len(), len);
    let rows = weights.chunks(4 * hidden * WIDTH);
    for (rows, panel) in rows.zip(panels.chunks_exact_mut(columns * WIDTH)) {
        // Square by square, for the cache.
        for (block, square) in panel.chunks_exact_mut(COLUMNS * WIDTH).enumerate() {
            let units = block * UNITS..hidden.min((block + 1) * UNITS);
            for (index, row) in rows.chunks_exact(4 * hidden).enumerate() {
                for (gate, row) in row.chunks_exact(hidden).enumerate() {
                    let to = square[gate * UNITS * WIDTH + index..].iter_mut();
                    for (to, &weight) in to.step_by(WIDTH).zip(&row[units.clone()]) {
                        *to = weight;
                    }
                }
            }
        }
    }
    panels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separating_undoes_the_panels() {
        for hidden in [1, 15, 16, 17, 70] {
            let rows: Vec<f32> = (0..3 * 4 * hidden).map(|k| k as f32).collect();
            let mut back = vec![0.0; rows.len()];
            separate(&panels(&rows, hidden, 5), hidden, &mut back);
            assert_eq!(back, rows);
        }
    }

    #[test]
    fn panels_hold_the_weights() {
        for (rows, hidden) in [(1, 3), (66, 16), (130, 70)] {
            let weights: Vec<f32> = (0..rows * 4 * hidden).map(|k| k as f32 + 1.0).collect();
            let columns = 4 * padded(hidden);
            let straight = panels(&weights, hidden, rows + 1);
            let transposed = transposed_panels(&weights, hidden);
            for row in 0..rows.next_multiple_of(64) {
                for column in 0..columns {
                    let (gate, place) = (column % COLUMNS / UNITS, column % UNITS);
                    let unit = column / COLUMNS * UNITS + place;
                    let inside = row < rows && unit < hidden;
                    let at = row * 4 * hidden + gate * hidden + unit;
                    let expected = if inside { weights[at] } else { 0.0 };
                    if row <= rows {
                        let panel = &straight[column / COLUMNS * (rows + 1) * COLUMNS..];
                        assert_eq!(panel[row * COLUMNS + column % COLUMNS], expected);
                    }
                    let panel = &transposed[row / WIDTH * columns * WIDTH..];
                    assert_eq!(panel[column * WIDTH + row % WIDTH], expected);
                }
            }
        }
    }
}
