//! Vectors in one byte a value, and how far their products may be from the exact ones.

use bytemuck::{Pod, Zeroable};

use pulp::{Simd as Lanes, WithSimd};
use register_tiles::Arch;

use crate::kernels::{BLOCK, Pairs, Portable};

/// Queries that pass over a row together, so that its bytes are read and widened once.
const TOGETHER: usize = 8;

/// What rounding in 32 bits may add to a product of two vectors of length 1, at most.
const ROUNDING: f32 = 1e-5;

/// What the values of a row are multiplied by, and how much is missing then.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct Scale {
    /// One step of the bytes.
    pub(crate) step: f32,
    /// Length of the difference between the vector and its bytes times the step, rounded up.
    pub(crate) error: f32,
}

/// Values of a row of `dim` values with what fills it.
pub(crate) fn padded(dim: usize) -> usize {
    dim.next_multiple_of(BLOCK)
}

/// Writes `vector` as bytes to `row`, which is at least as long.
pub(crate) fn quantise(vector: &[f32], row: &mut [i8]) -> Scale {
    let largest = vector
        .iter()
        .fold(0.0_f32, |most, value| most.max(value.abs()));
    let step = match largest > 0.0 {
        true => largest / 127.0,
        false => 1.0,
    };
    row.fill(0);
    let mut square = 0.0_f64;
    for (byte, &value) in row.iter_mut().zip(vector) {
        *byte = (value / step).round().clamp(-127.0, 127.0) as i8;
        let missing = f64::from(value) - f64::from(step) * f64::from(*byte);
        square += missing * missing;
    }
    Scale {
        step,
        error: (square.sqrt() * (1.0 + 1e-6)) as f32,
    }
}

/// A query in 16 bits a value.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    values: Vec<i16>,
    step: f32,
    /// Length of what the steps miss.
    error: f32,
    /// Length of the query.
    length: f32,
}

impl Query {
    /// Steps as fine as sums of 32 bits allow.
    pub(crate) fn new(vector: &[f32]) -> Self {
        let room = (i64::from(i32::MAX) / (127 * padded(vector.len()) as i64)).min(32_767);
        let largest = vector
            .iter()
            .fold(0.0_f32, |most, value| most.max(value.abs()));
        let step = match largest > 0.0 {
            true => largest / room as f32,
            false => 1.0,
        };
        let mut values = vec![0; padded(vector.len())];
        let (mut missing_square, mut square) = (0.0_f64, 0.0_f64);
        for (short, &value) in values.iter_mut().zip(vector) {
            *short = (value / step).round().clamp(-(room as f32), room as f32) as i16;
            let missing = f64::from(value) - f64::from(step) * f64::from(*short);
            missing_square += missing * missing;
            square += f64::from(value) * f64::from(value);
        }
        Self {
            values,
            step,
            error: (missing_square.sqrt() * (1.0 + 1e-6)) as f32,
            length: (square.sqrt() * (1.0 + 1e-6)) as f32,
        }
    }

    /// From the sum of products of a row with this query: about what the vectors' product is, and how far off that may be.
    ///
    /// With the row `r = s q + d` and the query `x = t y + e`: `r·x - s t (q·y) = d·x + s q·e`, which is at most `|d| |x| + |s q| |e|`, and
    /// `|s q|` is at most `1 + |d|` for rows of length 1.
    #[inline(always)]
    pub(crate) fn bounds(&self, sum: i32, scale: Scale) -> (f32, f32) {
        let about = sum as f32 * (scale.step * self.step);
        let off = scale.error * self.length + (1.01 + scale.error) * self.error + ROUNDING;
        (about, off)
    }
}

/// Rows of a block.
pub(crate) const ROWS: usize = 64;

/// What a block of rows gives for one query.
#[derive(Clone, Debug)]
pub(crate) struct Sums {
    /// Sums of products of bytes, of each row.
    pub(crate) sums: [i32; ROWS],
    /// The most that any of the vectors' products can be.
    pub(crate) most: f32,
}

impl Sums {
    pub(crate) const ZERO: Self = Self {
        sums: [0; ROWS],
        most: f32::NEG_INFINITY,
    };
}

/// Products of a block of up to 64 rows with each query.
pub(crate) struct Block<'a> {
    /// The rows, `stride` bytes apart, from the first one's values on.
    pub(crate) rows: &'a [u8],
    pub(crate) stride: usize,
    /// One a row.
    pub(crate) scales: &'a [Scale],
    pub(crate) queries: &'a [Query],
    /// One a query.
    pub(crate) out: &'a mut [Sums],
}

/// A block with the instructions that pass over it.
struct Pass<'a, P> {
    block: Block<'a>,
    pairs: P,
}

impl<P: Pairs> WithSimd for Pass<'_, P> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(self, _: S) {
        self.block.pass(self.pairs);
    }
}

impl Block<'_> {
    /// Fills `out` by the best of the instructions that multiply pairs.
    pub(crate) fn run(self, arch: Arch) {
        let block = self;
        match arch {
            #[cfg(target_arch = "x86_64")]
            Arch::Avx2(pairs) => Lanes::vectorize(pairs, Pass { block, pairs }),
            #[cfg(target_arch = "x86_64")]
            Arch::Avx512(pairs) => Lanes::vectorize(pairs, Pass { block, pairs }),
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Arch::Amx(pairs, _) => Lanes::vectorize(pairs, Pass { block, pairs }),
            other => other.dispatch(Pass {
                block,
                pairs: Portable,
            }),
        }
    }

    #[inline(always)]
    fn pass<P: Pairs>(self, pairs: P) {
        let Some(len) = self.queries.first().map(|query| query.values.len()) else {
            return;
        };
        let (groups, rest) = self.queries.as_chunks::<TOGETHER>();
        let (out_groups, out_rest) = self.out.as_chunks_mut::<TOGETHER>();
        let rows = || {
            let rows = self.rows.chunks(self.stride).take(self.scales.len());
            rows.map(|row| bytemuck::cast_slice(&row[..len]))
                .enumerate()
        };
        for (queries, out) in groups.iter().zip(out_groups) {
            let values = queries.each_ref().map(|query| query.values.as_slice());
            for (number, row) in rows() {
                let sums = products(pairs, row, values);
                for (out, sum) in out.iter_mut().zip(sums) {
                    out.sums[number] = sum;
                }
            }
        }
        for (query, out) in rest.iter().zip(out_rest) {
            for (number, row) in rows() {
                [out.sums[number]] = products(pairs, row, [&query.values]);
            }
        }
        for (query, out) in self.queries.iter().zip(&mut *self.out) {
            let mut most = [f32::NEG_INFINITY; 16];
            let (sums, rest) = out.sums[..self.scales.len()].as_chunks::<16>();
            let (scales, rest_scales) = self.scales.as_chunks::<16>();
            for (sums, scales) in sums.iter().zip(scales) {
                for lane in 0..16 {
                    let (about, off) = query.bounds(sums[lane], scales[lane]);
                    most[lane] = most[lane].max(about + off);
                }
            }
            for (sum, scale) in rest.iter().zip(rest_scales) {
                let (about, off) = query.bounds(*sum, *scale);
                most[0] = most[0].max(about + off);
            }
            out.most = most.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        }
    }
}

/// The sums of products of a row with each query.
#[inline(always)]
fn products<P: Pairs, const N: usize>(pairs: P, row: &[i8], queries: [&[i16]; N]) -> [i32; N] {
    let (row, _) = row.as_chunks::<BLOCK>();
    let queries = queries.map(|query| &query.as_chunks::<BLOCK>().0[..row.len()]);
    let mut sums = [pairs.zero(); N];
    for (block, row) in row.iter().enumerate() {
        let row = pairs.widened(row);
        for (sums, query) in sums.iter_mut().zip(&queries) {
            *sums = pairs.add(*sums, row, &query[block]);
        }
    }
    sums.map(
        #[inline(always)]
        |sums| pairs.total(sums),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use register_tiles::Simd;

    fn unit(seed: u32, dim: usize) -> Vec<f32> {
        let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12_345);
        let mut vector: Vec<f32> = (0..dim)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / (1 << 23) as f32 - 1.0
            })
            .collect();
        let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
        vector.iter_mut().for_each(|value| *value /= length);
        vector
    }

    #[test]
    fn the_exact_product_lies_within_the_bounds_for_all_instructions() {
        for dim in [1, 31, 32, 192, 257] {
            let queries: Vec<Vec<f32>> = (0..11).map(|seed| unit(1_000 + seed, dim)).collect();
            let shorts: Vec<Query> = queries.iter().map(|query| Query::new(query)).collect();
            let rows: Vec<Vec<f32>> = (0..37).map(|seed| unit(seed, dim)).collect();
            let stride = padded(dim);
            let mut bytes = vec![0_u8; stride * rows.len()];
            let scales: Vec<Scale> = rows
                .iter()
                .zip(bytes.chunks_mut(stride))
                .map(|(row, bytes)| quantise(row, bytemuck::cast_slice_mut(bytes)))
                .collect();
            let mut results: Vec<Vec<Sums>> = Vec::new();
            for simd in Simd::available() {
                let mut out = vec![Sums::ZERO; queries.len()];
                let block = Block {
                    rows: &bytes,
                    stride,
                    scales: &scales,
                    queries: &shorts,
                    out: &mut out,
                };
                block.run(simd.resolve().unwrap());
                results.push(out);
            }
            let sums = |out: &Vec<Sums>| out.iter().map(|sums| sums.sums).collect::<Vec<_>>();
            assert!(results.windows(2).all(|two| sums(&two[0]) == sums(&two[1])));
            for (row, (vector, scale)) in rows.iter().zip(&scales).enumerate() {
                for (column, query) in queries.iter().enumerate() {
                    let exact: f64 = vector
                        .iter()
                        .zip(query)
                        .map(|(a, b)| f64::from(*a) * f64::from(*b))
                        .sum();
                    let out = &results[0][column];
                    let (about, off) = shorts[column].bounds(out.sums[row], *scale);
                    assert!(exact <= f64::from(out.most));
                    assert!((exact - f64::from(about)).abs() <= f64::from(off));
                    assert!(off < 0.02, "{off}");
                }
            }
        }
    }
}
