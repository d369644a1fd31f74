//! The product of some rows with one panel of 64 columns, tile by tile: up to 6 rows stay in registers over many
//! elements of the inner dimension, the more the wider the registers (all 64 columns with AVX-512).

use pulp::{Scalar128b, Simd as Lanes, WithSimd};

use crate::rows::{DEPTH, Left, TALLEST, WIDTH};
use crate::simd::Arch;

/// `out = rows * panel`, or `out += ..` with `accumulate`.
///
/// Each sum is made in the order of the inner dimension, whatever the number of rows and their place.
pub struct Product<'a, Rows, const WIDE: usize = WIDTH> {
    /// The left operand.
    pub rows: Rows,
    /// The right one, `[rows.inner(), 64]`, or of another width: a multiple of 16.
    pub panel: &'a [f32],
    /// `[rows.count(), 64]`.
    pub out: &'a mut [[f32; WIDE]],
    /// Whether the product is added to what `out` holds.
    pub accumulate: bool,
}

impl<Rows: Left, const WIDE: usize> Product<'_, Rows, WIDE> {
    /// Runs with the given instructions.
    pub fn run(self, arch: Arch) {
        match arch {
            Arch::Portable => self.tiles::<_, 2>(Scalar128b, |a, b, sum| {
                Scalar128b.add_f32s(Scalar128b.mul_f32s(a, b), sum)
            }),
            #[cfg(target_arch = "x86_64")]
            Arch::Avx2(simd) => Lanes::vectorize(simd, Fused::<_, 2, WIDE>(self)),
            #[cfg(target_arch = "x86_64")]
            Arch::Avx512(simd) => self.wide(simd),
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Arch::Amx(simd, _) => self.wide(simd),
            #[cfg(target_arch = "aarch64")]
            Arch::Neon(simd) => Lanes::vectorize(simd, Fused::<_, 4, WIDE>(self)),
        }
    }

    /// Four registers of columns where the panel has so many, else two or one.
    #[cfg(target_arch = "x86_64")]
    fn wide(self, simd: pulp::x86::V4) {
        if WIDE.is_multiple_of(64) {
            Lanes::vectorize(simd, Fused::<_, 4, WIDE>(self));
        } else if WIDE.is_multiple_of(32) {
            Lanes::vectorize(simd, Fused::<_, 2, WIDE>(self));
        } else {
            Lanes::vectorize(simd, Fused::<_, 1, WIDE>(self));
        }
    }

    /// [`Self::run`] by any multiplication: `VECTORS` registers of columns at a time; `multiply(a, b, sum)` returns `a * b + sum`.
    #[inline(always)]
    pub fn tiles<S: Lanes, const VECTORS: usize>(
        mut self,
        simd: S,
        multiply: impl Fn(S::f32s, S::f32s, S::f32s) -> S::f32s + Copy,
    ) {
        let (count, blocks) = (self.rows.count(), self.rows.inner().div_ceil(DEPTH));
        let at_once = self.rows.blocks_at_once(WIDE).max(1);
        for block in (0..blocks).step_by(at_once) {
            let range = block..(block + at_once).min(blocks);
            self.accumulate |= block > 0;
            let (mut row, mut left) = (0, count.div_ceil(TALLEST));
            while row < count {
                // Even heights: a short last tile would not hide the latency of its few sums.
                let height = (count - row).div_ceil(left);
                let range = range.clone();
                match height {
                    6 => self.tile::<S, VECTORS, 6>(simd, multiply, row, range),
                    5 => self.tile::<S, VECTORS, 5>(simd, multiply, row, range),
                    4 => self.tile::<S, VECTORS, 4>(simd, multiply, row, range),
                    3 => self.tile::<S, VECTORS, 3>(simd, multiply, row, range),
                    2 => self.tile::<S, VECTORS, 2>(simd, multiply, row, range),
                    _ => self.tile::<S, VECTORS, 1>(simd, multiply, row, range),
                }
                row += height;
                left -= 1;
            }
        }
    }

    #[inline(always)]
    fn tile<S: Lanes, const VECTORS: usize, const HEIGHT: usize>(
        &mut self,
        simd: S,
        multiply: impl Fn(S::f32s, S::f32s, S::f32s) -> S::f32s + Copy,
        row: usize,
        blocks: std::ops::Range<usize>,
    ) {
        let (panel, _) = self.panel.as_chunks::<WIDE>();
        let Some(out) = self.out[row..].first_chunk_mut::<HEIGHT>() else {
            return;
        };
        for from in (0..WIDE / S::F32_LANES).step_by(VECTORS) {
            let mut sums = [[simd.splat_f32s(0.0); VECTORS]; HEIGHT];
            if self.accumulate {
                for (sums, out) in sums.iter_mut().zip(&*out) {
                    sums.copy_from_slice(&S::as_simd_f32s(out).0[from..][..VECTORS]);
                }
            }
            for block in blocks.clone() {
                let depth = self.rows.depth(block);
                let rows = self.rows.tile::<HEIGHT>(row, block);
                let panel = &panel[block * DEPTH..][..depth];
                for (inner, columns) in panel.iter().enumerate() {
                    let columns = &S::as_simd_f32s(columns).0[from..][..VECTORS];
                    for (offset, sums) in sums.iter_mut().enumerate() {
                        let value = simd.splat_f32s(Rows::element(&rows, offset, inner));
                        for (sum, &columns) in sums.iter_mut().zip(columns) {
                            *sum = multiply(value, columns, *sum);
                        }
                    }
                }
            }
            for (sums, out) in sums.iter().zip(&mut *out) {
                S::as_mut_simd_f32s(out).0[from..][..VECTORS].copy_from_slice(sums);
            }
        }
    }
}

/// A product by fused multiply-add.
struct Fused<'a, Rows, const VECTORS: usize, const WIDE: usize>(Product<'a, Rows, WIDE>);

impl<Rows: Left, const VECTORS: usize, const WIDE: usize> WithSimd
    for Fused<'_, Rows, VECTORS, WIDE>
{
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(self, simd: S) {
        self.0
            .tiles::<S, VECTORS>(simd, |a, b, sum| simd.mul_add_e_f32s(a, b, sum));
    }
}
