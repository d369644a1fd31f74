//! Rounding to bf16, and the dot product instructions of AVX512-BF16.

use crate::rows::Left;
use crate::simd::Arch;
use crate::tile::Product;

/// The bits of the nearest bf16, ties to even, in the upper half of a word whose lower half is zero.
#[inline(always)]
pub(crate) fn round_bits(x: f32) -> u32 {
    let bits = x.to_bits();
    // A NaN's bits may not overflow into infinity's; one of the upper ones is kept set.
    let quiet = (bits & 0x7fff_ffff > 0x7f80_0000) as u32 * 0x0040_0000;
    let even = (bits >> 16) & 1;
    let rounded = if quiet == 0 {
        bits.wrapping_add(0x7fff + even)
    } else {
        bits | quiet
    };
    rounded & 0xffff_0000
}

/// The nearest bf16, as f32.
#[inline(always)]
pub(crate) fn round(x: f32) -> f32 {
    f32::from_bits(round_bits(x))
}

/// Two numbers rounded to bf16, in the bits of an f32.
#[inline(always)]
pub(crate) fn pair(first: f32, second: f32) -> f32 {
    f32::from_bits(round_bits(first) >> 16 | round_bits(second))
}

/// Proof that the processor has the dot products.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dot(());

impl Dot {
    pub(crate) fn detect(_arch: Arch) -> Option<Self> {
        None
    }

    pub(crate) fn run(self, _product: Product<'_, impl Left>) {}
}
