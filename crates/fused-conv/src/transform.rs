//! Winograd's transforms along an axis (Winograd, 1980; Lavin and Gray, 2016, <https://arxiv.org/abs/1509.09308>): six products
//! for four outputs of three taps, which have twelve as they stand, or for two of five.
//!
//! Taps and a tile of the input are read as polynomials and evaluated at six points, multiplied point by point, and the
//! outputs interpolated. The points are 0, ±√½, ±√2 and infinity: with the usual 0, ±1, ±2 and infinity errors were measured
//! to be three times as large, since 8 is the largest factor there and √8 here.

use pulp::{Simd as Lanes, WithSimd};

use crate::epilogue::{After, Residual, with_activation};
use crate::{View, ViewMut};

/// Outputs of three taps along an axis.
pub(crate) const TILE: usize = 4;
/// Inputs of a tile along an axis, and points.
pub(crate) const REACH: usize = TILE + 2;

/// The two points that are taken with both signs.
const A: f64 = std::f64::consts::FRAC_1_SQRT_2;
const B: f64 = std::f64::consts::SQRT_2;

/// Taps at all points.
pub(crate) fn taps_at_points(taps: &[f64]) -> [f64; REACH] {
    let (aa, bb) = (A * A, B * B);
    let at = |point: f64, rest: f64| {
        let value = taps.iter().rev().fold(0.0, |sum, tap| sum * point + tap);
        value / rest
    };
    let (rest_a, rest_b) = (2.0 * aa * (aa - bb), 2.0 * bb * (bb - aa));
    [
        at(0.0, aa * bb),
        at(A, rest_a),
        at(-A, rest_a),
        at(B, rest_b),
        at(-B, rest_b),
        taps.last().copied().unwrap_or(0.0),
    ]
}

/// `factor * x + sum`.
#[inline(always)]
fn fma<S: Lanes>(simd: S, factor: f64, x: S::f32s, sum: S::f32s) -> S::f32s {
    simd.mul_add_e_f32s(simd.splat_f32s(factor as f32), x, sum)
}

/// Inputs of a tile along an axis, at all points.
#[inline(always)]
pub(crate) fn input_at_points<S: Lanes>(simd: S, x: [S::f32s; REACH]) -> [S::f32s; REACH] {
    let (aa, bb) = (A * A, B * B);
    let even_a = fma(simd, -bb, x[2], x[4]);
    let odd_a = fma(simd, -bb, x[1], x[3]);
    let even_b = fma(simd, -aa, x[2], x[4]);
    let odd_b = fma(simd, -aa, x[1], x[3]);
    [
        fma(simd, -aa - bb, x[2], fma(simd, aa * bb, x[0], x[4])),
        fma(simd, A, odd_a, even_a),
        fma(simd, -A, odd_a, even_a),
        fma(simd, B, odd_b, even_b),
        fma(simd, -B, odd_b, even_b),
        fma(simd, -aa - bb, x[3], fma(simd, aa * bb, x[1], x[5])),
    ]
}

/// Outputs of three taps along an axis, from their products at all points.
#[inline(always)]
pub(crate) fn outputs<S: Lanes>(simd: S, m: [S::f32s; REACH]) -> [S::f32s; TILE] {
    let (even_a, odd_a) = (simd.add_f32s(m[1], m[2]), simd.sub_f32s(m[1], m[2]));
    let (even_b, odd_b) = (simd.add_f32s(m[3], m[4]), simd.sub_f32s(m[3], m[4]));
    let number = |number: f64| simd.splat_f32s(number as f32);
    [
        simd.add_f32s(m[0], simd.add_f32s(even_a, even_b)),
        fma(simd, A, odd_a, simd.mul_f32s(number(B), odd_b)),
        fma(simd, A * A, even_a, simd.mul_f32s(number(B * B), even_b)),
        fma(simd, A * A * A, odd_a, fma(simd, B * B * B, odd_b, m[5])),
    ]
}

/// Outputs of five taps.
#[inline(always)]
pub(crate) fn outputs_of_five<S: Lanes>(simd: S, m: [S::f32s; REACH]) -> [S::f32s; 2] {
    let (even_a, odd_a) = (simd.add_f32s(m[1], m[2]), simd.sub_f32s(m[1], m[2]));
    let (even_b, odd_b) = (simd.add_f32s(m[3], m[4]), simd.sub_f32s(m[3], m[4]));
    [
        simd.add_f32s(m[0], simd.add_f32s(even_a, even_b)),
        fma(simd, A, odd_a, fma(simd, B, odd_b, m[5])),
    ]
}

/// A tile of the outputs' gradient at all points: what [`outputs`] does the other way round. Of five taps (not `all`) a tile has
/// two outputs, and the others are zero.
#[inline(always)]
pub(crate) fn gradient_at_points<S: Lanes>(
    simd: S,
    [a, b, c, d]: [S::f32s; TILE],
    all: bool,
) -> [S::f32s; REACH] {
    let (even_a, even_b) = (fma(simd, A * A, c, a), fma(simd, B * B, c, a));
    let (odd_a, odd_b) = (fma(simd, A * A, d, b), fma(simd, B * B, d, b));
    [
        a,
        fma(simd, A, odd_a, even_a),
        fma(simd, -A, odd_a, even_a),
        fma(simd, B, odd_b, even_b),
        fma(simd, -B, odd_b, even_b),
        if all { d } else { b },
    ]
}

/// Tiles that cover an output.
pub(crate) trait Tiling: Copy {
    /// Products of a tile.
    const POINTS: usize;

    /// Tiles.
    fn count(self) -> usize;

    /// Tiles of the input at all points.
    fn forward<S: Lanes>(simd: S, forward: Forward<'_, Self>);

    /// A panel's products at all points become tiles of the output, with what follows.
    fn backward<S: Lanes>(
        simd: S,
        backward: Backward<'_, '_, Self>,
        activation: impl Fn(f32) -> f32 + Copy,
    );
}

/// Tiles of the input at all points.
pub(crate) struct Forward<'a, Tiles> {
    pub(crate) x: View<'a>,
    /// As many as there are channels.
    pub(crate) zeros: &'a [f32],
    pub(crate) tiles: Tiles,
    pub(crate) first: usize,
    pub(crate) count: usize,
    /// `[points, count, inner]`, with `stride` elements from point to point.
    pub(crate) at_points: &'a mut [f32],
    pub(crate) stride: usize,
    /// Channels, filled to whole registers.
    pub(crate) inner: usize,
}

impl<Tiles: Tiling> WithSimd for Forward<'_, Tiles> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(self, simd: S) {
        Tiles::forward(simd, self);
    }
}

/// A panel's products at all points become tiles of the output, with what follows.
pub(crate) struct Backward<'a, 'b, Tiles> {
    /// `[points, count, width]`, with `stride` elements from point to point.
    pub(crate) products: &'a [f32],
    pub(crate) stride: usize,
    pub(crate) width: usize,
    pub(crate) tiles: Tiles,
    pub(crate) first: usize,
    pub(crate) count: usize,
    pub(crate) first_channel: usize,
    pub(crate) after: &'a After,
    pub(crate) residual: Residual<'a>,
    pub(crate) out: &'a mut ViewMut<'b>,
}

impl<Tiles: Tiling> WithSimd for Backward<'_, '_, Tiles> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(self, simd: S) {
        with_activation!(S, self.after.activation, |activation| Tiles::backward(
            simd, self, activation
        ));
    }
}

/// The register of a row that begins at `at`, with zeros behind the end.
#[inline(always)]
pub(crate) fn register<S: Lanes>(simd: S, row: &[f32], at: usize) -> S::f32s {
    let part = row.get(at..).unwrap_or(&[]);
    match part.get(..S::F32_LANES) {
        Some(whole) => S::as_simd_f32s(whole).0[0],
        None => simd.partial_load_f32s(part),
    }
}

/// Writes a whole register.
#[inline(always)]
pub(crate) fn put<S: Lanes>(_: S, to: &mut [f32], at: usize, value: S::f32s) {
    S::as_mut_simd_f32s(&mut to[at..][..S::F32_LANES]).0[0] = value;
}
