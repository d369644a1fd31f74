//! Winograd's transforms of tiles and kernels for `F(4 x 4, 3 x 3)` (Lavin and Gray, 2016): a tile of 4 x 4 outputs is made of
//! 36 products where their sums as they stand take 144.
//!
//! A kernel and a tile of the input are read as polynomials and evaluated at six points, multiplied point by point, and the
//! outputs interpolated. The points are 0, ±√½, ±√2 and infinity: with the usual 0, ±1, ±2 and infinity rounding errors are
//! larger, since 8 is the largest factor there and √8 here.

use pulp::{Simd as Lanes, WithSimd};

use crate::epilogue::{After, LANES, Residual, with_activation};
use crate::{Grid, View, ViewMut};

/// Outputs of a tile along an axis.
pub(crate) const TILE: usize = 4;
/// Inputs of a tile along an axis.
const REACH: usize = TILE + 2;
/// Products of a tile.
pub(crate) const POINTS: usize = REACH * REACH;

/// The two points that are taken with both signs.
const A: f64 = std::f64::consts::FRAC_1_SQRT_2;
const B: f64 = std::f64::consts::SQRT_2;

/// A kernel of 3 x 3 at all pairs of points.
pub(crate) fn kernel_at_points(kernel: [[f64; 3]; 3]) -> [[f64; REACH]; REACH] {
    let (aa, bb) = (A * A, B * B);
    let at = |[x, y, z]: [f64; 3]| {
        let with = |point: f64, rest: f64| (x + point * y + point * point * z) / rest;
        let (rest_a, rest_b) = (2.0 * aa * (aa - bb), 2.0 * bb * (bb - aa));
        [
            x / (aa * bb),
            with(A, rest_a),
            with(-A, rest_a),
            with(B, rest_b),
            with(-B, rest_b),
            z,
        ]
    };
    let along = kernel.map(at);
    let across: [[f64; REACH]; REACH] =
        std::array::from_fn(|point| at(std::array::from_fn(|row| along[row][point])));
    std::array::from_fn(|row| std::array::from_fn(|column| across[column][row]))
}

/// `factor * x + sum`.
#[inline(always)]
fn fma<S: Lanes>(simd: S, factor: f64, x: S::f32s, sum: S::f32s) -> S::f32s {
    simd.mul_add_e_f32s(simd.splat_f32s(factor as f32), x, sum)
}

/// Inputs of a tile along an axis, at all points.
#[inline(always)]
fn input_at_points<S: Lanes>(simd: S, x: [S::f32s; REACH]) -> [S::f32s; REACH] {
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

/// Outputs of a tile along an axis, from its products at all points.
#[inline(always)]
fn outputs<S: Lanes>(simd: S, m: [S::f32s; REACH]) -> [S::f32s; TILE] {
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

/// Where a tile goes beyond the plane.
const NOWHERE: usize = usize::MAX;

/// The tiles of a plane of outputs. With a stride of 2 along an axis, a tile makes every output of stride 1 and half of
/// them are left out.
#[derive(Clone, Copy)]
pub(crate) struct Tiles {
    pub(crate) from: Grid,
    pub(crate) to: Grid,
    /// 1 or 2.
    pub(crate) stride: [usize; 2],
    /// Rows and columns of zeros before the plane of inputs.
    pub(crate) padding: [usize; 2],
}

impl Tiles {
    fn across(self) -> usize {
        self.to.frames.div_ceil(TILE / self.stride[1])
    }

    pub(crate) fn count(self) -> usize {
        self.to.bins.div_ceil(TILE / self.stride[0]) * self.across()
    }

    /// First output of stride 1 over bins and over frames.
    fn begin(self, tile: usize) -> [usize; 2] {
        [tile / self.across() * TILE, tile % self.across() * TILE]
    }

    /// Rows of the inputs, zeros where there is padding.
    #[inline(always)]
    fn inputs<'a>(self, tile: usize, x: View<'a>, zeros: &'a [f32]) -> [[&'a [f32]; REACH]; REACH] {
        let [bin, frame] = self.begin(tile);
        let mut rows = [[zeros; REACH]; REACH];
        for (i, rows) in rows.iter_mut().enumerate() {
            let bin = (bin + i).wrapping_sub(self.padding[0]);
            if bin >= self.from.bins {
                continue;
            }
            for (j, row) in rows.iter_mut().enumerate() {
                let frame = (frame + j).wrapping_sub(self.padding[1]);
                if frame < self.from.frames {
                    *row = x.row(bin * self.from.frames + frame);
                }
            }
        }
        rows
    }

    /// Rows of the outputs, [`NOWHERE`] behind the ends and between strides.
    #[inline(always)]
    fn outputs(self, tile: usize) -> [[usize; TILE]; TILE] {
        let [bin, frame] = self.begin(tile);
        let mut rows = [[NOWHERE; TILE]; TILE];
        let [over_bins, over_frames] = self.stride;
        for (i, rows) in rows.iter_mut().step_by(over_bins).enumerate() {
            let bin = bin / over_bins + i;
            for (j, row) in rows.iter_mut().step_by(over_frames).enumerate() {
                let frame = frame / over_frames + j;
                if bin < self.to.bins && frame < self.to.frames {
                    *row = bin * self.to.frames + frame;
                }
            }
        }
        rows
    }
}

/// A tile between its two passes. Registers that are stored and loaded again must not cross a line of the cache.
#[repr(align(64))]
struct Tile([[f32; LANES]; POINTS]);

impl Tile {
    #[inline(always)]
    fn get<S: Lanes>(&self, _: S, at: usize) -> S::f32s {
        S::as_simd_f32s(&self.0[at]).0[0]
    }

    #[inline(always)]
    fn set<S: Lanes>(&mut self, _: S, at: usize, value: S::f32s) {
        S::as_mut_simd_f32s(&mut self.0[at]).0[0] = value;
    }
}

/// Tiles of the input at all points.
pub(crate) struct Forward<'a> {
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

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(self, simd: S) {
        let whole = self.x.channels() / S::F32_LANES;
        let mut tile = Tile([[0.0; LANES]; POINTS]);
        for offset in 0..self.count {
            let rows = self.tiles.inputs(self.first + offset, self.x, self.zeros);
            let out = &mut self.at_points[offset * self.inner..];
            for vector in 0..self.inner / S::F32_LANES {
                let at = vector * S::F32_LANES;
                if vector < whole {
                    let load = |row: &[f32]| S::as_simd_f32s(&row[at..][..S::F32_LANES]).0[0];
                    along_bins(simd, &rows, load, &mut tile);
                } else {
                    let load = |row: &[f32]| simd.partial_load_f32s(row.get(at..).unwrap_or(&[]));
                    along_bins(simd, &rows, load, &mut tile);
                }
                for i in 0..REACH {
                    let mut row = [simd.splat_f32s(0.0); REACH];
                    for (j, value) in row.iter_mut().enumerate() {
                        *value = tile.get(simd, i * REACH + j);
                    }
                    let row = input_at_points(simd, row);
                    for (j, value) in row.into_iter().enumerate() {
                        let out = &mut out[(i * REACH + j) * self.stride + at..][..S::F32_LANES];
                        S::as_mut_simd_f32s(out).0[0] = value;
                    }
                }
            }
        }
    }
}

/// The first pass of a tile of the input.
#[inline(always)]
fn along_bins<S: Lanes>(
    simd: S,
    rows: &[[&[f32]; REACH]; REACH],
    load: impl Fn(&[f32]) -> S::f32s,
    tile: &mut Tile,
) {
    for j in 0..REACH {
        let mut column = [simd.splat_f32s(0.0); REACH];
        for (value, rows) in column.iter_mut().zip(rows) {
            *value = load(rows[j]);
        }
        let column = input_at_points(simd, column);
        for (i, value) in column.into_iter().enumerate() {
            tile.set(simd, i * REACH + j, value);
        }
    }
}

/// A panel's products at all points become tiles of the output, with what follows.
pub(crate) struct Backward<'a, 'b> {
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

impl WithSimd for Backward<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(self, simd: S) {
        with_activation!(S, self.after.activation, |activation| self
            .run(simd, activation));
    }
}

impl Backward<'_, '_> {
    #[inline(always)]
    fn run<S: Lanes>(self, simd: S, activation: impl Fn(f32) -> f32 + Copy) {
        let channels = self.out.channels().min(self.first_channel + self.width);
        let mut tile = Tile([[0.0; LANES]; POINTS]);
        for offset in 0..self.count {
            let rows = self.tiles.outputs(self.first + offset);
            let products = &self.products[offset * self.width..];
            for at in (0..channels - self.first_channel).step_by(S::F32_LANES) {
                for j in 0..REACH {
                    let mut column = [simd.splat_f32s(0.0); REACH];
                    for (i, value) in column.iter_mut().enumerate() {
                        let begin = (i * REACH + j) * self.stride + at;
                        *value = S::as_simd_f32s(&products[begin..][..S::F32_LANES]).0[0];
                    }
                    let column = outputs(simd, column);
                    for (i, value) in column.into_iter().enumerate() {
                        tile.set(simd, i * REACH + j, value);
                    }
                }
                for (i, rows) in rows.iter().enumerate() {
                    if rows[0] == NOWHERE {
                        continue;
                    }
                    let mut row = [simd.splat_f32s(0.0); REACH];
                    for (j, value) in row.iter_mut().enumerate() {
                        *value = tile.get(simd, i * REACH + j);
                    }
                    let row = outputs(simd, row);
                    for (j, value) in row.into_iter().enumerate() {
                        tile.set(simd, i * REACH + j, value);
                    }
                }
                let channel = self.first_channel + at;
                let finish = self.after.finish(simd, channel, self.residual);
                for (i, rows) in rows.iter().enumerate() {
                    for (j, &row) in rows.iter().enumerate() {
                        if row != NOWHERE {
                            let sum = tile.get(simd, i * REACH + j);
                            finish.write(simd, sum, activation, row, self.out);
                        }
                    }
                }
            }
        }
    }
}
