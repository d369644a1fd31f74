//! The product of rectified rows with panels, where zeros are left out. AVX-512 alone packs lanes by a mask quickly enough.

use pulp::x86::V4;
use pulp::{NullaryFnOnce, Simd as Lanes, bytemuck};
use register_tiles::{Arch, Buffer, LINE, WIDTH};

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
    /// Elements of a list: whole registers are written, also behind the last that is kept.
    room: usize,
    /// `[tiles, 1 + HEIGHT, room]`: the channels of a tile, counted from their block's first, as bits of integers; and the
    /// values of each row there.
    lists: Buffer,
    /// `[tiles, blocks]`: where a block's channels end in the list.
    ends: Vec<usize>,
}

impl Kept {
    fn new(tiles: usize, inputs: usize) -> Self {
        let room = inputs.next_multiple_of(LANES) + LINE;
        let blocks = inputs.div_ceil(BLOCK);
        Self {
            tiles,
            blocks,
            room,
            lists: Buffer::new(tiles * (1 + HEIGHT) * room),
            ends: vec![0; tiles * blocks],
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
        let lanes: [u32; LANES] = std::array::from_fn(|lane| lane as u32);
        let lanes: pulp::u32x16 = pulp::cast(lanes);
        let (factors, shifts) = self.norm.affine();
        let lists = kept.lists.chunks_exact_mut((1 + HEIGHT) * kept.room);
        let ends = kept.ends.chunks_exact_mut(kept.blocks);
        for (tile, (lists, ends)) in lists.zip(ends).take(kept.tiles).enumerate() {
            let (channels, values) = lists.split_at_mut(kept.room);
            let channels: &mut [u32] = bytemuck::cast_slice_mut(channels);
            let row = |offset: usize| {
                // Behind the last row stands that once more.
                x.row((self.first + tile * HEIGHT + offset).min(x.rows() - 1))
            };
            let rows: [&[f32]; HEIGHT] = std::array::from_fn(row);
            let mut len = 0;
            for (block, end) in ends.iter_mut().enumerate() {
                let registers = (BLOCK / LANES).min(factors.len() - block * BLOCK / LANES);
                for register in 0..registers {
                    let lane = block * BLOCK / LANES + register;
                    let factor: pulp::f32x16 = pulp::cast(factors[lane]);
                    let shift: pulp::f32x16 = pulp::cast(shifts[lane]);
                    let mut mask = 0;
                    let mut taken = [zero; HEIGHT];
                    for (taken, row) in taken.iter_mut().zip(rows) {
                        let x = crate::transform::register(simd, row, lane * LANES);
                        let value = simd.mul_add_e_f32s(x, factor, shift);
                        // NaN is kept, as the second operand is where one is NaN.
                        let value: pulp::f32x16 =
                            pulp::cast(avx._mm512_max_ps(pulp::cast(zero), pulp::cast(value)));
                        mask |= avx
                            ._mm512_cmp_ps_mask::<NOT_EQUAL>(pulp::cast(value), pulp::cast(zero));
                        *taken = value;
                    }
                    let at = simd.add_u32s(lanes, simd.splat_u32s((register * LANES) as u32));
                    let at: [u32; LANES] =
                        pulp::cast(avx._mm512_maskz_compress_epi32(mask, pulp::cast(at)));
                    channels[len..][..LANES].copy_from_slice(&at);
                    for (number, value) in taken.into_iter().enumerate() {
                        let value: [f32; LANES] =
                            pulp::cast(avx._mm512_maskz_compress_ps(mask, pulp::cast(value)));
                        values[number * kept.room + len..][..LANES].copy_from_slice(&value);
                    }
                    len += mask.count_ones() as usize;
                }
                *end = len;
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
        for (block, panel) in panel.iter().enumerate().take(kept.blocks) {
            let lists = kept.lists.chunks_exact((1 + HEIGHT) * kept.room);
            let ends = kept.ends.chunks_exact(kept.blocks);
            for (out, (lists, ends)) in sums.iter_mut().zip(lists.zip(ends)) {
                let range = if block > 0 { ends[block - 1] } else { 0 }..ends[block];
                let (channels, values) = lists.split_at(kept.room);
                let channels: &[u32] = bytemuck::cast_slice(&channels[range.clone()]);
                let values: [&[f32]; HEIGHT] = std::array::from_fn(|number| {
                    &values[number * kept.room..][range.clone()][..channels.len()]
                });
                let mut tile = [[simd.splat_f32s(0.0); VECTORS]; HEIGHT];
                if block > 0 {
                    for (tile, out) in tile.iter_mut().zip(&*out) {
                        tile.copy_from_slice(&V4::as_simd_f32s(out).0[..VECTORS]);
                    }
                }
                for (at, &channel) in channels.iter().enumerate() {
                    let columns = &V4::as_simd_f32s(&panel[channel as usize % BLOCK]).0[..VECTORS];
                    for (sums, values) in tile.iter_mut().zip(values) {
                        let value = simd.splat_f32s(values[at]);
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
