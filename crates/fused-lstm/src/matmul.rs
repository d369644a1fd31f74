//! The one door to the `gemm` crate, whose interface is raw pointers and strides.

#![allow(unsafe_code)]

use gemm::Parallelism;

/// A strided view of a matrix; every element lies inside `data`, which construction checks.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    data: &'a [f32],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<'a> Matrix<'a> {
    /// Row-major, `row_stride` elements from one row to the next.
    ///
    /// # Panics
    /// When the last element lies outside `data`.
    pub(crate) fn new(data: &'a [f32], rows: usize, cols: usize, row_stride: usize) -> Self {
        assert_inside(data.len(), rows, cols, row_stride);
        Self {
            data,
            rows,
            cols,
            row_stride,
            col_stride: 1,
        }
    }

    /// The same elements with rows and columns exchanged.
    pub(crate) fn transposed(self) -> Self {
        Self {
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
            ..self
        }
    }
}

/// `out = lhs * rhs`, or `out += lhs * rhs` with `accumulate`; `out` is row-major `[lhs.rows, rhs.cols]` with
/// `out_stride` elements from row to row.
///
/// Runs on the calling thread alone: splitting the work is the caller's, so that the order of every sum is fixed.
///
/// # Panics
/// When the inner sizes differ, or the last element lies outside `out`.
pub(crate) fn multiply(
    out: &mut [f32],
    out_stride: usize,
    accumulate: bool,
    lhs: Matrix<'_>,
    rhs: Matrix<'_>,
) {
    assert_eq!(lhs.cols, rhs.rows, "inner sizes of a product differ");
    assert!(out_stride >= rhs.cols, "rows of the product overlap");
    assert_inside(out.len(), lhs.rows, rhs.cols, out_stride);
    // SAFETY: `gemm` reads `lhs[i * row_stride + k * col_stride]` for i < rows, k < cols, likewise `rhs`, and reads and
    // writes `out[i * out_stride + j]`. The largest of these offsets were checked against the slices' lengths (above
    // for `out`, in `Matrix::new` for the others; transposing keeps the set of offsets). `out` is borrowed mutably, so
    // it overlaps neither operand, and `out_stride >= cols` keeps its own rows apart. Strides are smaller than the
    // slices' lengths, so they fit `isize`.
    unsafe {
        gemm::gemm(
            lhs.rows,
            rhs.cols,
            lhs.cols,
            out.as_mut_ptr(),
            1,
            out_stride as isize,
            accumulate,
            lhs.data.as_ptr(),
            lhs.col_stride as isize,
            lhs.row_stride as isize,
            rhs.data.as_ptr(),
            rhs.col_stride as isize,
            rhs.row_stride as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

fn assert_inside(len: usize, rows: usize, cols: usize, row_stride: usize) {
    assert!(rows > 0 && cols > 0, "a matrix is empty");
    let last = (rows - 1)
        .checked_mul(row_stride)
        .and_then(|offset| offset.checked_add(cols - 1));
    assert!(
        last.is_some_and(|last| last < len),
        "a matrix ends outside its slice"
    );
}
