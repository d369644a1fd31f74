//! The product of rectified rows with panels, where zeros are left out. AVX-512 alone packs lanes by a mask quickly enough.

use pulp::x86::V4;
use pulp::{NullaryFnOnce, Simd as Lanes};
use register_tiles::{Arch, Buffer, WIDTH};

use crate::epilogue::{Finish, LANES, Residual};
use crate::kernel::{Kernel, Panel};
use crate::{Norm, View, ViewMut};

/// Rows of a tile: with more of them fewer channels are zero in all, with fewer a panel's row is loaded for less.
const HEIGHT: usize = 2;
/// Channels whose part of a panel stays in the first-level cache while all tiles pass by.
const BLOCK: usize = 64;
/// Elements of the input that a part of the rows covers.
const PART_OF_INPUT: usize = 1 << 16;

/// Computes all rows of the output.
pub(super) fn run(simd: V4, norm: &Norm, kernel: &Kernel, x: View<'_>, out: &mut ViewMut<'_>) {
    let (rows, inputs) = (x.rows(), x.channels());
    let most = (PART_OF_INPUT / inputs).max(16 * HEIGHT);
    let part = rows.div_ceil(rows.div_ceil(most)).next_multiple_of(HEIGHT);
    let mut kept = Kept::new(part / HEIGHT, inputs);
    let mut sums = Buffer::new(part * WIDTH);
    for first in (0..rows).step_by(part) {
        let count = part.min(rows - first);
        kept.tiles = count.div_ceil(HEIGHT);
        simd.vectorize(Keep {
            simd,
            norm,
            x,
            first,
            kept: &mut kept,
        });
        for panel in kernel.panels() {
            let sums = &mut sums[..kept.tiles * HEIGHT * panel.width];
            match panel.width {
                64 => simd.vectorize(Multiply::<64, 4> {
                    simd,
                    kept: &kept,
                    panel,
                    sums,
                }),
                _ => simd.vectorize(Multiply::<32, 2> {
                    simd,
                    kept: &kept,
                    panel,
                    sums,
                }),
            }
            Arch::Avx512(simd).dispatch(Finish {
                sums: &sums[..count * panel.width],
                width: panel.width,
                first_row: first,
                first_channel: panel.first,
                after: kernel.after(),
                residual: Residual(None),
                out,
            });
        }
    }
}

/// What is not zero in some tiles of rows.
struct Kept {
    tiles: usize,
    blocks: usize,
    /// `[tiles, blocks, HEIGHT, BLOCK]`: what norm and rectifier make of the rows.
    values: Buffer,
    /// `[tiles, blocks]`: a bit for each channel that is not zero in all rows.
    masks: Vec<u64>,
}

impl Kept {
    fn new(tiles: usize, inputs: usize) -> Self {
        let blocks = inputs.div_ceil(BLOCK);
        Self {
            tiles,
            blocks,
            values: Buffer::new(tiles * blocks * HEIGHT * BLOCK),
            masks: vec![0; tiles * blocks],
        }
    }
}

/// Finds what is not zero behind norm and rectifier.
struct Keep<'a> {
    simd: V4,
    norm: &'a Norm,
    x: View<'a>,
    first: usize,
    kept: &'a mut Kept,
}

impl NullaryFnOnce for Keep<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { simd, x, kept, .. } = self;
        let avx = simd.avx512f;
        let zero = simd.splat_f32s(0.0);
        let (factors, shifts) = self.norm.affine();
        let registers = factors.iter().zip(shifts);
        let (values, _) = kept.values.as_chunks_mut::<BLOCK>();
        let (values, _) = values.as_chunks_mut::<HEIGHT>();
        let tiles = values.chunks_exact_mut(kept.blocks);
        let masks = kept.masks.chunks_exact_mut(kept.blocks);
        for (tile, (values, masks)) in tiles.zip(masks).take(kept.tiles).enumerate() {
            let row = |offset: usize| {
                // Behind the last row stands that once more.
                x.row((self.first + tile * HEIGHT + offset).min(x.rows() - 1))
            };
            let rows: [&[f32]; HEIGHT] = std::array::from_fn(row);
            masks.fill(0);
            for (lane, (factor, shift)) in registers.clone().enumerate() {
                let (block, at) = (lane * LANES / BLOCK, lane * LANES % BLOCK);
                let factor: pulp::f32x16 = pulp::cast(*factor);
                let shift: pulp::f32x16 = pulp::cast(*shift);
                let mut mask = 0;
                for (values, row) in values[block].iter_mut().zip(rows) {
                    let x = crate::transform::register(simd, row, lane * LANES);
                    let value = simd.mul_add_e_f32s(x, factor, shift);
                    // NaN is kept, as the second operand is where one is NaN.
                    let value: pulp::f32x16 =
                        pulp::cast(avx._mm512_max_ps(pulp::cast(zero), pulp::cast(value)));
                    mask |=
                        avx._mm512_cmp_ps_mask::<NOT_EQUAL>(pulp::cast(value), pulp::cast(zero));
                    crate::transform::put(simd, values, at, value);
                }
                masks[block] |= u64::from(mask) << at;
            }
        }
    }
}

/// `_CMP_NEQ_UQ`: true for NaN too.
const NOT_EQUAL: i32 = 4;

/// Sums of the tiles' rows with one panel.
struct Multiply<'a, const WIDE: usize, const VECTORS: usize> {
    simd: V4,
    kept: &'a Kept,
    panel: &'a Panel,
    /// `[tiles * HEIGHT, WIDE]`
    sums: &'a mut [f32],
}

impl<const WIDE: usize, const VECTORS: usize> NullaryFnOnce for Multiply<'_, WIDE, VECTORS> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { simd, kept, .. } = self;
        let (panel, _) = self.panel.weights.as_chunks::<WIDE>();
        let (panel, _) = panel.as_chunks::<BLOCK>();
        let (sums, _) = self.sums.as_chunks_mut::<WIDE>();
        let (sums, _) = sums.as_chunks_mut::<HEIGHT>();
        let (values, _) = kept.values.as_chunks::<BLOCK>();
        let (values, _) = values.as_chunks::<HEIGHT>();
        for (block, panel) in panel.iter().enumerate().take(kept.blocks) {
            let values = values.iter().skip(block).step_by(kept.blocks);
            let masks = kept.masks.iter().skip(block).step_by(kept.blocks);
            for (out, (values, &mask)) in sums.iter_mut().zip(values.zip(masks)) {
                let mut tile = [[simd.splat_f32s(0.0); VECTORS]; HEIGHT];
                if block > 0 {
                    for (tile, out) in tile.iter_mut().zip(&*out) {
                        tile.copy_from_slice(&V4::as_simd_f32s(out).0[..VECTORS]);
                    }
                }
                let mut left = mask;
                while left != 0 {
                    let channel = left.trailing_zeros() as usize % BLOCK;
                    left &= left - 1;
                    let columns = &V4::as_simd_f32s(&panel[channel]).0[..VECTORS];
                    for (sums, values) in tile.iter_mut().zip(values) {
                        let value = simd.splat_f32s(values[channel]);
                        for (sum, &columns) in sums.iter_mut().zip(columns) {
                            *sum = simd.mul_add_e_f32s(value, columns, *sum);
                        }
                    }
                }
                for (tile, out) in tile.iter().zip(out) {
                    V4::as_mut_simd_f32s(out).0[..VECTORS].copy_from_slice(tile);
                }
            }
        }
    }
}
