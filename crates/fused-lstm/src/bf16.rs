//! Rounding to bf16, and products of pairs of bf16 by the dot product instruction of AVX512-BF16.

use register_tiles::{Arch, Left, Product};

/// The bits of the nearest bf16, ties to even, in the upper half of a word whose lower half is zero.
#[inline(always)]
pub(crate) fn round_bits(x: f32) -> u32 {
    let bits = x.to_bits();
    let nearest = bits.wrapping_add(0x7fff + (bits >> 16 & 1));
    // A NaN would overflow into an infinity or a number: it keeps its upper bits, one of them set.
    let quiet = bits | 0x0040_0000;
    let rounded = if x.is_nan() { quiet } else { nearest };
    rounded & 0xffff_0000
}

/// The nearest bf16, as f32.
#[inline(always)]
pub(crate) fn round(x: f32) -> f32 {
    f32::from_bits(round_bits(x))
}

/// Proof that the processor has the dot products.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dot {
    #[cfg(target_arch = "x86_64")]
    simd: pulp::x86::V4,
    /// Without the instructions, none of these exists.
    #[cfg(not(target_arch = "x86_64"))]
    never: std::convert::Infallible,
}

#[cfg(target_arch = "x86_64")]
impl Dot {
    /// Together with AVX-512 alone.
    pub(crate) fn detect(arch: Arch) -> Option<Self> {
        match arch {
            Arch::Avx512(simd) if std::arch::is_x86_feature_detected!("avx512bf16") => {
                Some(Self { simd })
            }
            _ => None,
        }
    }

    /// [`Product::run`] on pairs: each multiplication adds two products to the sum.
    #[allow(unsafe_code)]
    pub(crate) fn run(self, product: Product<'_, impl Left>) {
        // SAFETY: `self` exists only where the processor was seen to have AVX-512 (as `pulp` defines V4: F, BW, CD, DQ
        // and VL) and AVX512-BF16, which are the features that the function is compiled for.
        unsafe { x86::dot_product(self.simd, product) }
    }
}

#[cfg(not(target_arch = "x86_64"))]
impl Dot {
    pub(crate) fn detect(_: Arch) -> Option<Self> {
        None
    }

    pub(crate) fn run(self, _: Product<'_, impl Left>) {
        self.never()
    }

    pub(crate) fn never(self) -> ! {
        match self.never {}
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{__m512, __m512bh, _mm512_dpbf16_ps};

    use pulp::f32x16;
    use pulp::x86::V4;

    use register_tiles::{Left, Product};

    #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512bf16")]
    pub(super) fn dot_product(simd: V4, product: Product<'_, impl Left>) {
        product.tiles::<V4, 4>(simd, |pairs, others, sum| {
            let sum = pulp::cast::<f32x16, __m512>(sum);
            pulp::cast(_mm512_dpbf16_ps(sum, bits(pairs), bits(others)))
        });
    }

    #[inline(always)]
    #[allow(unsafe_code)]
    fn bits(pairs: f32x16) -> __m512bh {
        // SAFETY: both are 64 bytes without invalid values.
        unsafe { std::mem::transmute::<f32x16, __m512bh>(pairs) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_to_the_nearest_and_to_even_between() {
        let ulp = 2f32.powi(-7);
        for (x, expected) in [
            (1.0, 1.0),
            (1.0 + ulp, 1.0 + ulp),
            (1.0 + 0.5 * ulp, 1.0),
            (1.0 + 1.5 * ulp, 1.0 + 2.0 * ulp),
            (1.0 + 0.501 * ulp, 1.0 + ulp),
            (-1.0 - 0.499 * ulp, -1.0),
            (0.0, 0.0),
            (f32::INFINITY, f32::INFINITY),
            (f32::MAX, f32::INFINITY),
        ] {
            assert_eq!(round(x), expected, "{x}");
        }
        assert!(round(f32::NAN).is_nan());
        assert!(round(f32::from_bits(0x7f80_0001)).is_nan());
    }
}
