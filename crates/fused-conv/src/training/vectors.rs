//! Rows vector by vector: loops over arrays become calls of functions too often.

use pulp::Simd as Lanes;

/// A vector of a row, with zeros behind the end.
#[inline(always)]
pub(crate) fn vector_of<S: Lanes>(simd: S, row: &[f32], vector: usize) -> S::f32s {
    let part = row.get(vector * S::F32_LANES..).unwrap_or(&[]);
    match S::as_simd_f32s(part).0.first() {
        Some(whole) => *whole,
        None => simd.partial_load_f32s(part),
    }
}

/// Writes a vector of a row, as much of it as there is room for.
#[inline(always)]
pub(crate) fn store_vector<S: Lanes>(simd: S, row: &mut [f32], vector: usize, values: S::f32s) {
    let part = row.get_mut(vector * S::F32_LANES..).unwrap_or(&mut []);
    match S::as_mut_simd_f32s(part).0.first_mut() {
        Some(whole) => *whole = values,
        None => simd.partial_store_f32s(part, values),
    }
}

/// `max(0, x)`; NaN stays NaN.
#[inline(always)]
pub(crate) fn relu_of<S: Lanes>(simd: S, x: S::f32s) -> S::f32s {
    let zero = simd.splat_f32s(0.0);
    simd.select_f32s(simd.less_than_f32s(x, zero), zero, x)
}

/// `values` where `y` is larger than 0, else 0.
#[inline(always)]
pub(crate) fn where_positive<S: Lanes>(simd: S, values: S::f32s, y: S::f32s) -> S::f32s {
    let zero = simd.splat_f32s(0.0);
    simd.select_f32s(simd.less_than_f32s(zero, y), values, zero)
}
