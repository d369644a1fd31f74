//! Sums of products of bytes and 16-bit numbers, by the instructions that multiply pairs and add them.

/// Values that are multiplied together; rows are filled with zeros to a multiple of so many.
pub(crate) const BLOCK: usize = 32;

/// Instructions for blocks of 32 values.
pub(crate) trait Pairs: Copy {
    /// Values of a row, widened.
    type Wide: Copy;
    /// Running sums.
    type Sums: Copy;

    fn widened(self, row: &[i8; BLOCK]) -> Self::Wide;
    fn zero(self) -> Self::Sums;
    fn add(self, sums: Self::Sums, row: Self::Wide, query: &[i16; BLOCK]) -> Self::Sums;
    fn total(self, sums: Self::Sums) -> i32;
}

/// What every processor can do.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

impl Pairs for Portable {
    type Wide = [i8; BLOCK];
    type Sums = i32;

    #[inline(always)]
    fn widened(self, row: &[i8; BLOCK]) -> Self::Wide {
        *row
    }

    #[inline(always)]
    fn zero(self) -> i32 {
        0
    }

    #[inline(always)]
    fn add(self, sums: i32, row: Self::Wide, query: &[i16; BLOCK]) -> i32 {
        let pairs = row.iter().zip(query);
        sums + pairs
            .map(|(a, b)| i32::from(*a) * i32::from(*b))
            .sum::<i32>()
    }

    #[inline(always)]
    fn total(self, sums: i32) -> i32 {
        sums
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{__m128i, __m256i, __m512i};

    use pulp::x86::{V3, V4};

    use super::{BLOCK, Pairs};

    impl Pairs for V4 {
        type Wide = __m512i;
        type Sums = __m512i;

        #[inline(always)]
        fn widened(self, row: &[i8; BLOCK]) -> __m512i {
            self.avx512bw
                ._mm512_cvtepi8_epi16(pulp::cast::<_, __m256i>(*row))
        }

        #[inline(always)]
        fn zero(self) -> __m512i {
            self.avx512f._mm512_setzero_si512()
        }

        #[inline(always)]
        fn add(self, sums: __m512i, row: __m512i, query: &[i16; BLOCK]) -> __m512i {
            let products = self.avx512bw._mm512_madd_epi16(row, pulp::cast(*query));
            self.avx512f._mm512_add_epi32(sums, products)
        }

        #[inline(always)]
        fn total(self, sums: __m512i) -> i32 {
            self.avx512f._mm512_reduce_add_epi32(sums)
        }
    }

    impl Pairs for V3 {
        type Wide = [__m256i; 2];
        type Sums = __m256i;

        #[inline(always)]
        fn widened(self, row: &[i8; BLOCK]) -> [__m256i; 2] {
            let halves: [__m128i; 2] = pulp::cast(*row);
            halves.map(|half| self.avx2._mm256_cvtepi8_epi16(half))
        }

        #[inline(always)]
        fn zero(self) -> __m256i {
            self.avx._mm256_setzero_si256()
        }

        #[inline(always)]
        fn add(self, sums: __m256i, row: [__m256i; 2], query: &[i16; BLOCK]) -> __m256i {
            let query: [__m256i; 2] = pulp::cast(*query);
            let [a, b] = [0, 1].map(|half| self.avx2._mm256_madd_epi16(row[half], query[half]));
            self.avx2
                ._mm256_add_epi32(sums, self.avx2._mm256_add_epi32(a, b))
        }

        #[inline(always)]
        fn total(self, sums: __m256i) -> i32 {
            pulp::cast::<_, [i32; 8]>(sums).iter().sum()
        }
    }
}
