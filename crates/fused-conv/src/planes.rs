//! Tiles of planes: 4 x 4 outputs of 3 x 3 taps are made of 36 products where their sums as they stand take 144.

use pulp::Simd as Lanes;

use crate::epilogue::LANES;
use crate::transform::{
    Backward, Forward, REACH, TILE, Tiling, input_at_points, outputs, put, register, taps_at_points,
};
use crate::{Grid, View};

/// Products of a tile.
const POINTS: usize = REACH * REACH;

/// Taps of 3 x 3 at all pairs of points.
pub(crate) fn plane_at_points(taps: &[f64]) -> Vec<f64> {
    let along: Vec<[f64; REACH]> = taps.chunks(3).map(taps_at_points).collect();
    let across = |point: usize| {
        let taps: Vec<f64> = along.iter().map(|row| row[point]).collect();
        taps_at_points(&taps)
    };
    let columns: Vec<[f64; REACH]> = (0..REACH).map(across).collect();
    (0..REACH)
        .flat_map(|row| columns.iter().map(move |column| column[row]))
        .collect()
}

/// Where a tile goes beyond the plane.
const NOWHERE: usize = usize::MAX;

/// The tiles of a plane of outputs. With a stride of 2 along an axis, a tile makes every output of stride 1 and half of
/// them are left out.
#[derive(Clone, Copy)]
pub(crate) struct Planes {
    pub(crate) from: Grid,
    pub(crate) to: Grid,
    /// 1 or 2.
    pub(crate) stride: [usize; 2],
    /// Rows and columns of zeros before the plane of inputs.
    pub(crate) padding: [usize; 2],
}

impl Planes {
    fn across(self) -> usize {
        self.to.frames.div_ceil(TILE / self.stride[1])
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

impl Tiling for Planes {
    const POINTS: usize = POINTS;

    fn count(self) -> usize {
        self.to.bins.div_ceil(TILE / self.stride[0]) * self.across()
    }

    #[inline(always)]
    fn forward<S: Lanes>(simd: S, forward: Forward<'_, Self>) {
        let Forward {
            tiles,
            stride,
            inner,
            ..
        } = forward;
        let mut tile = Tile([[0.0; LANES]; POINTS]);
        for offset in 0..forward.count {
            let rows = tiles.inputs(forward.first + offset, forward.x, forward.zeros);
            let out = &mut forward.at_points[offset * inner..];
            for at in (0..inner).step_by(S::F32_LANES) {
                for j in 0..REACH {
                    let mut column = [simd.splat_f32s(0.0); REACH];
                    for (value, rows) in column.iter_mut().zip(&rows) {
                        *value = register(simd, rows[j], at);
                    }
                    let column = input_at_points(simd, column);
                    for (i, value) in column.into_iter().enumerate() {
                        tile.set(simd, i * REACH + j, value);
                    }
                }
                for i in 0..REACH {
                    let mut row = [simd.splat_f32s(0.0); REACH];
                    for (j, value) in row.iter_mut().enumerate() {
                        *value = tile.get(simd, i * REACH + j);
                    }
                    let row = input_at_points(simd, row);
                    for (j, value) in row.into_iter().enumerate() {
                        put(simd, out, (i * REACH + j) * stride + at, value);
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn backward<S: Lanes>(
        simd: S,
        backward: Backward<'_, '_, Self>,
        activation: impl Fn(f32) -> f32 + Copy,
    ) {
        let channels = backward
            .out
            .channels()
            .min(backward.first_channel + backward.width);
        let mut tile = Tile([[0.0; LANES]; POINTS]);
        for offset in 0..backward.count {
            let rows = backward.tiles.outputs(backward.first + offset);
            let products = &backward.products[offset * backward.width..];
            for at in (0..channels - backward.first_channel).step_by(S::F32_LANES) {
                for j in 0..REACH {
                    let mut column = [simd.splat_f32s(0.0); REACH];
                    for (i, value) in column.iter_mut().enumerate() {
                        *value = register(simd, products, (i * REACH + j) * backward.stride + at);
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
                let channel = backward.first_channel + at;
                let finish = backward.after.finish(simd, channel, backward.residual);
                for (i, rows) in rows.iter().enumerate() {
                    for (j, &row) in rows.iter().enumerate() {
                        if row != NOWHERE {
                            let sum = tile.get(simd, i * REACH + j);
                            finish.write(simd, sum, activation, row, backward.out);
                        }
                    }
                }
            }
        }
    }
}
