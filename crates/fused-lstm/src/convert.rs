//! f32 to pairs of bf16 by the conversion instructions of AVX512-BF16, which round to nearest, ties to even, and take
//! denormal numbers for zeros.

use std::arch::x86_64::{
    __m256bh, __m512, __m512bh, __m512i, _mm512_cvtne2ps_pbh, _mm512_cvtneps_pbh,
    _mm512_permutexvar_epi16, _mm512_shuffle_i32x4, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64,
    _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
};

use pulp::bytemuck::cast_slice_mut;

use register_tiles::{DEPTH, Left, Rows, WIDTH};

/// Elements of a vector.
const LANES: usize = 16;

/// Pairs neighbours of each row into `to` `[rows, elements]`, zero behind the last.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
pub(crate) fn pair_rows(rows: Rows<'_>, to: &mut [f32]) {
    let elements = to.len() / rows.count();
    for (row, to) in to.chunks_exact_mut(elements).enumerate() {
        // In memory a row of pairs is a row of halves: these processors are little-endian.
        let (to, padding) = cast_slice_mut::<f32, u16>(to).split_at_mut(rows.inner());
        for (block, to) in to.chunks_mut(DEPTH).enumerate() {
            halves(rows.block(row, block), to);
        }
        padding.fill(0);
    }
}

/// Pairs the rows of a panel; the last may be alone, and zeros follow.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
pub(crate) fn pair_panel(panel: &[f32], to: &mut [f32]) {
    let (rows, _) = panel.as_chunks::<WIDTH>();
    let (to, _) = to.as_chunks_mut::<WIDTH>();
    let zeros = [0.0; WIDTH];
    for (element, to) in to.iter_mut().enumerate() {
        let first = rows.get(2 * element).unwrap_or(&zeros);
        let second = rows.get(2 * element + 1).unwrap_or(&zeros);
        let vectors = first.as_chunks().0.iter().zip(second.as_chunks().0);
        for (to, (first, second)) in to.as_chunks_mut::<LANES>().0.iter_mut().zip(vectors) {
            *to = pulp::cast(pairs(first, second));
        }
    }
}

/// Pairs neighbouring rows of `width` elements and transposes them to `[width, elements]`. `row` gives a row by its
/// number; beyond the last, zeros.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
pub(crate) fn pair_transposed<'a>(
    row: impl Fn(usize) -> &'a [f32],
    width: usize,
    elements: usize,
    to: &mut [f32],
) {
    for first in (0..elements).step_by(LANES) {
        let mut band = [&[][..]; 2 * LANES];
        for (offset, slot) in band.iter_mut().enumerate() {
            *slot = row(2 * first + offset);
        }
        let breadth = LANES.min(elements - first);
        for column in (0..width).step_by(LANES) {
            let columns = LANES.min(width - column);
            let mut square = [[0.0_f32; LANES]; LANES];
            for (to, rows) in square.iter_mut().zip(band.as_chunks::<2>().0) {
                let [upper, lower] = rows.map(|row| vector(&row[column..]));
                *to = pulp::cast(pairs(&upper, &lower));
            }
            let square = transposed(square.map(pulp::cast));
            for (offset, values) in square.into_iter().take(columns).enumerate() {
                let values: [f32; LANES] = pulp::cast(values);
                let to = &mut to[(column + offset) * elements + first..];
                match to.first_chunk_mut() {
                    Some(to) if breadth == LANES => *to = values,
                    _ => to[..breadth].copy_from_slice(&values[..breadth]),
                }
            }
        }
    }
}

/// The first elements of a slice; zeros where there are none.
#[inline(always)]
fn vector(values: &[f32]) -> [f32; LANES] {
    values.first_chunk().copied().unwrap_or_else(|| {
        let mut padded = [0.0; LANES];
        padded[..values.len()].copy_from_slice(values);
        padded
    })
}

/// The nearest bf16 of each number; the slices are of one length.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
fn halves(from: &[f32], to: &mut [u16]) {
    for (to, from) in to.chunks_mut(LANES).zip(from.chunks(LANES)) {
        let rounded = bits(_mm512_cvtneps_pbh(pulp::cast(vector(from))));
        match to.first_chunk_mut() {
            Some(to) => *to = rounded,
            None => to.copy_from_slice(&rounded[..to.len()]),
        }
    }
}

#[inline(always)]
#[allow(unsafe_code)]
fn bits(halves: __m256bh) -> [u16; LANES] {
    // SAFETY: both are 32 bytes without invalid values.
    unsafe { std::mem::transmute::<__m256bh, [u16; LANES]>(halves) }
}

/// Both numbers of each lane, rounded, the first below.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
fn pairs(first: &[f32; LANES], second: &[f32; LANES]) -> __m512i {
    const INTERLEAVED: [u16; 2 * LANES] = {
        let mut order = [0; 2 * LANES];
        let mut lane = 0;
        while lane < LANES {
            order[2 * lane] = lane as u16;
            order[2 * lane + 1] = (LANES + lane) as u16;
            lane += 1;
        }
        order
    };
    let [first, second] = [first, second].map(|values| pulp::cast::<_, __m512>(*values));
    let halves = words(_mm512_cvtne2ps_pbh(second, first));
    _mm512_permutexvar_epi16(pulp::cast(INTERLEAVED), halves)
}

#[inline(always)]
#[allow(unsafe_code)]
fn words(halves: __m512bh) -> __m512i {
    // SAFETY: both are 64 bytes without invalid values.
    unsafe { std::mem::transmute::<__m512bh, __m512i>(halves) }
}

/// Row `i` of the result is column `i` of the rows: squares of 2, then of 4 within the quarters of a vector, then whole
/// quarters change places.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
fn transposed(rows: [__m512i; LANES]) -> [__m512i; LANES] {
    let mut twos = rows;
    for i in (0..LANES).step_by(2) {
        twos[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
        twos[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
    }
    let mut fours = twos;
    for i in (0..LANES).step_by(4) {
        fours[i] = _mm512_unpacklo_epi64(twos[i], twos[i + 2]);
        fours[i + 1] = _mm512_unpackhi_epi64(twos[i], twos[i + 2]);
        fours[i + 2] = _mm512_unpacklo_epi64(twos[i + 1], twos[i + 3]);
        fours[i + 3] = _mm512_unpackhi_epi64(twos[i + 1], twos[i + 3]);
    }
    const EVEN: i32 = 0x88;
    const ODD: i32 = 0xdd;
    let mut columns = fours;
    for i in 0..4 {
        let [a, b, c, d] = [fours[i], fours[4 + i], fours[8 + i], fours[12 + i]];
        let upper = _mm512_shuffle_i32x4::<EVEN>(a, b);
        let lower = _mm512_shuffle_i32x4::<EVEN>(c, d);
        columns[i] = _mm512_shuffle_i32x4::<EVEN>(upper, lower);
        columns[8 + i] = _mm512_shuffle_i32x4::<ODD>(upper, lower);
        let upper = _mm512_shuffle_i32x4::<ODD>(a, b);
        let lower = _mm512_shuffle_i32x4::<ODD>(c, d);
        columns[4 + i] = _mm512_shuffle_i32x4::<EVEN>(upper, lower);
        columns[12 + i] = _mm512_shuffle_i32x4::<ODD>(upper, lower);
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bf16::round_bits;
    use crate::pairs::Pairs;
    use crate::precision::{Operands, Plan};
    use crate::{Options, Precision, Simd};

    /// Every plan of this processor that has pairs.
    fn each(check: impl Fn(Pairs)) {
        for simd in Simd::available() {
            let options = Options {
                precision: Precision::Bf16,
                simd: Some(simd),
                ..Options::default()
            };
            if let Plan {
                operands: Operands::Pairs(pairs),
                ..
            } = options.plan().unwrap()
            {
                check(pairs);
            }
        }
    }

    fn numbers(len: usize) -> Vec<f32> {
        let number = |index: usize| ((index * 7919 % 1009) as f32 - 500.0).sin() * 3.0;
        let mut numbers: Vec<f32> = (0..len).map(number).collect();
        numbers[0] = f32::INFINITY;
        numbers[len / 2] = f32::MAX;
        numbers
    }

    fn pair(first: f32, second: f32) -> u32 {
        round_bits(first) >> 16 | round_bits(second)
    }

    #[test]
    fn rows_are_paired_along_and_filled_with_zeros() {
        let data = numbers(5 * 77);
        each(|pairs| {
            let elements = pairs.elements(77);
            let mut to = vec![1.0; 5 * elements];
            pairs.rows(Rows::plain(&data, 77), &mut to);
            for (row, to) in data.chunks(77).zip(to.chunks(elements)) {
                let at = |index| row.get(index).copied().unwrap_or(0.0);
                for (element, to) in to.iter().enumerate() {
                    assert_eq!(to.to_bits(), pair(at(2 * element), at(2 * element + 1)));
                }
            }
        });
    }

    #[test]
    fn panels_are_paired_downwards() {
        let data = numbers(7 * WIDTH);
        each(|pairs| {
            let mut to = vec![1.0; pairs.elements(7) * WIDTH];
            pairs.panel(&data, &mut to);
            for (element, to) in to.chunks(WIDTH).enumerate() {
                for (column, to) in to.iter().enumerate() {
                    let at = |row| data.get(row * WIDTH + column).copied().unwrap_or(0.0);
                    assert_eq!(to.to_bits(), pair(at(2 * element), at(2 * element + 1)));
                }
            }
        });
    }

    #[test]
    fn rows_are_paired_downwards_and_transposed() {
        for (rows, width) in [(37, 16), (32, 50), (3, 5)] {
            let data = numbers(rows * width);
            let zeros = vec![0.0; width];
            let row = |row: usize| data.get(row * width..(row + 1) * width).unwrap_or(&zeros);
            each(|pairs| {
                let elements = pairs.elements(rows);
                let mut to = vec![1.0; width * elements];
                pairs.transposed(row, width, elements, &mut to);
                for (column, to) in to.chunks(elements).enumerate() {
                    for (element, to) in to.iter().enumerate() {
                        let expected = pair(row(2 * element)[column], row(2 * element + 1)[column]);
                        assert_eq!(to.to_bits(), expected, "{rows} x {width}");
                    }
                }
            });
        }
    }
}
