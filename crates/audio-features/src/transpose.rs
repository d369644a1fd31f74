//! Transposition of a matrix of samples or bands.

/// Writes `map(from[row][column])` to `to[column][row]`, for the first `num_columns` columns.
///
/// Rows of `from` are `from_stride` apart, and the last may be as short as `num_columns`; rows of `to`
/// are `to_stride` apart, at least the number of rows of `from`. Four rows at a time are woven into
/// quadruples, a loop that compilers turn into shuffles, and then moved a quadruple at a time; a plain
/// loop moves one value at a time and takes twice to four times as long. `quads` is working memory.
#[inline(always)]
pub(crate) fn transpose(
    from: &[f32],
    from_stride: usize,
    num_columns: usize,
    to: &mut [f32],
    to_stride: usize,
    quads: &mut Vec<[f32; 4]>,
    map: impl Fn(f32) -> f32,
) {
    quads.resize(num_columns, [0.0; 4]);
    for (index, rows) in from.chunks(4 * from_stride).enumerate() {
        let num_rows = rows.len().div_ceil(from_stride);
        // Of a group of fewer than four rows the last is read again, and not written.
        let row = |row: usize| &rows[row.min(num_rows - 1) * from_stride..][..num_columns];
        weave([row(0), row(1), row(2), row(3)], quads, &map);
        let (first, outs) = (4 * index, to.chunks_exact_mut(to_stride).zip(&*quads));
        if num_rows == 4 {
            outs.for_each(|(out, quad)| out[first..first + 4].copy_from_slice(quad));
        } else {
            for (out, quad) in outs {
                for (out, value) in out[first..].iter_mut().zip(&quad[..num_rows]) {
                    *out = *value;
                }
            }
        }
    }
}

/// `out[i] = [map(a[i]), map(b[i]), map(c[i]), map(d[i])]`.
#[inline(always)]
fn weave(rows: [&[f32]; 4], out: &mut [[f32; 4]], map: impl Fn(f32) -> f32) {
    let length = out.len();
    let [a, b, c, d] = rows.map(|row| &row[..length]);
    for i in 0..length {
        out[i] = [map(a[i]), map(b[i]), map(c[i]), map(d[i])];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_moves_to_its_place_and_no_other_changes() {
        for (rows, columns) in [(1, 1), (3, 2), (4, 5), (5, 17), (18, 8)] {
            let (from_stride, to_stride) = (columns + 1, rows + 2);
            let from: Vec<f32> = (0..rows * from_stride - 1).map(|v| v as f32).collect();
            let mut to = vec![-1.0; columns * to_stride];
            let mut quads = Vec::new();
            transpose(
                &from,
                from_stride,
                columns,
                &mut to,
                to_stride,
                &mut quads,
                |v| 2.0 * v,
            );
            for (i, value) in to.iter().enumerate() {
                let (column, row) = (i / to_stride, i % to_stride);
                let expected = match from.get(row * from_stride + column) {
                    Some(value) if row < rows => 2.0 * value,
                    _ => -1.0,
                };
                assert_eq!(
                    *value, expected,
                    "{rows} × {columns}: row {row}, column {column}"
                );
            }
        }
    }
}
