//! Gradients of weights: products whose inner dimension is all rows of the batch, taken in groups.

use std::ops::Range;

use pulp::{Simd as Lanes, WithSimd};
use register_tiles::{Arch, Buffer, DEPTH, Left, PART, Simd, TALLEST};

use super::packed::WIDE;
use super::reads::Reads;
use super::sums::{Part, Sums};
use super::vectors::{store_vector, vector_of};
use crate::gather::PADDING;
use crate::panel::multiply;
use crate::{ConvError, View};

/// Most rows whose products are added in one row of f32.
const MOST_ROWS: usize = 8192;
/// Elements of a strip's row: a few of the tallest tiles.
const STRIP: usize = 4 * TALLEST;
/// Inputs of this many channels are one strip: their rows do not compete for places in the first-level cache.
const ONE_STRIP: usize = 64;

/// The gradient of weights `[outputs, inputs, taps]`, and what the rows of `dy` add up to.
pub(crate) fn weight_gradient(
    reads: &Reads,
    x: View<'_>,
    dy: View<'_>,
    weights: &mut [f32],
    bias: Option<&mut [f32]>,
) -> Result<(), ConvError> {
    let arch = Simd::chosen()?.resolve()?;
    let (rows, inputs, outputs) = (dy.rows(), x.channels(), dy.channels());
    let taps = reads.num_taps();
    let strips = Strips::of(inputs);
    let groups = [rows.div_ceil(MOST_ROWS), rows.div_ceil(PART / WIDE)];
    let sums = Sums::of(
        outputs,
        taps * strips.height,
        groups,
        |[group, groups], parts| {
            let bound = |group: usize| (group * rows / groups).next_multiple_of(TALLEST).min(rows);
            let task = Task {
                reads,
                x,
                dy,
                strips,
                arch,
            };
            task.add_up(bound(group)..bound(group + 1), parts);
        },
    );
    if let Some(bias) = bias {
        sums.write_bias(bias);
    }
    sums.write_weights(weights, inputs * taps, |panel, width, to| {
        let mut line = Buffer::new(width);
        for (tap, input) in (0..taps).flat_map(|tap| (0..inputs).map(move |input| (tap, input))) {
            let at = (tap * strips.height + input) * width;
            line.fill(0.0);
            for part in sums.of_panel(panel) {
                for (sum, value) in line.iter_mut().zip(&part.sums[at..][..width]) {
                    *sum += value;
                }
            }
            let to = to[input * taps + tap..].iter_mut().step_by(inputs * taps);
            for (to, &sum) in to.zip(line.iter()) {
                *to = sum;
            }
        }
    });
    Ok(())
}

/// What all tasks have.
#[derive(Clone, Copy)]
struct Task<'a> {
    reads: &'a Reads,
    x: View<'a>,
    dy: View<'a>,
    strips: Strips,
    arch: Arch,
}

impl Task<'_> {
    fn add_up(self, rows: Range<usize>, parts: &mut [Part]) {
        let Self {
            reads,
            strips,
            arch,
            ..
        } = self;
        let taps = reads.num_taps();
        let widest = parts.iter().map(|part| part.width).max().unwrap_or(WIDE);
        let block = PART / widest;
        let mut panel = Buffer::new(block * widest);
        let mut starts = vec![PADDING; taps * block];
        let mut left = Buffer::new(0);
        for first in rows.clone().step_by(block) {
            let range = first..rows.end.min(first + block);
            let count = range.len();
            let (begin, end) = reads.range(range.start, range.end - 1);
            let len = strips.len(end - begin);
            if left.len() < len {
                left = Buffer::new(len);
            }
            arch.dispatch(CopyStrips {
                strips,
                x: self.x,
                rows: begin..end,
                to: &mut left[..len],
            });
            let starts = &mut starts[..taps * count];
            let zeros = (end - begin) * strips.width;
            for (tap, starts) in starts.chunks_exact_mut(count).enumerate() {
                reads.starts(tap, range.start, strips.width, starts);
                for start in starts {
                    let inside = start.wrapping_sub(begin * strips.width);
                    *start = if *start == PADDING { zeros } else { inside };
                }
            }
            for part in &mut *parts {
                let width = part.width;
                let panel = &mut panel[..count * width];
                arch.dispatch(CopyPanel {
                    dy: self.dy,
                    rows: range.clone(),
                    first: part.first,
                    width,
                    to: panel,
                    sums: &mut part.bias,
                });
                let sums = part.sums.chunks_exact_mut(strips.height * width);
                for (starts, sums) in starts.chunks_exact(count).zip(sums) {
                    let columns = Columns {
                        data: &left[..len],
                        starts,
                        strip: strips.strip(end - begin),
                        width: strips.width,
                        count: strips.height,
                    };
                    multiply(columns, panel, width, sums, true, arch);
                }
            }
        }
    }
}

/// How rows of the input are copied: `[strips, rows and one of zeros, width]`.
#[derive(Clone, Copy)]
struct Strips {
    inputs: usize,
    width: usize,
    /// Inputs, those included that only fill tiles.
    height: usize,
}

impl Strips {
    fn of(inputs: usize) -> Self {
        let (width, height) = match inputs {
            0..=ONE_STRIP => (inputs, inputs),
            _ => (STRIP, inputs.next_multiple_of(TALLEST)),
        };
        Self {
            inputs,
            width,
            height,
        }
    }

    fn strip(self, rows: usize) -> usize {
        (rows + 1) * self.width
    }

    fn len(self, rows: usize) -> usize {
        self.height.div_ceil(self.width) * self.strip(rows)
    }
}

/// Copies rows to [`Strips`].
struct CopyStrips<'a> {
    strips: Strips,
    x: View<'a>,
    rows: Range<usize>,
    to: &'a mut [f32],
}

impl WithSimd for CopyStrips<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(self, simd: S) {
        let Self {
            strips,
            x,
            rows,
            to,
        } = self;
        let len = strips.strip(rows.len());
        for (number, strip) in to.chunks_exact_mut(len).enumerate() {
            let from = number * strips.width;
            let used = strips.width.min(strips.inputs - from);
            let (lines, zeros) = strip.split_at_mut(rows.len() * strips.width);
            zeros.fill(0.0);
            if used == STRIP {
                // Copies of known length need no call.
                let (lines, _) = lines.as_chunks_mut::<STRIP>();
                for (to, row) in lines.iter_mut().zip(rows.clone()) {
                    if let Some(from) = x.row(row)[from..].first_chunk::<STRIP>() {
                        *to = *from;
                    }
                }
                continue;
            }
            for (to, row) in lines.chunks_exact_mut(strips.width).zip(rows.clone()) {
                let (to, padded) = to.split_at_mut(used);
                for vector in 0..used.div_ceil(S::F32_LANES) {
                    let values = vector_of(simd, &x.row(row)[from..from + used], vector);
                    store_vector(simd, to, vector, values);
                }
                padded.fill(0.0);
            }
        }
    }
}

/// The left operand: rows are channels, and its inner dimension is the rows that a tap reads.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a> {
    pub(super) data: &'a [f32],
    /// Where in a strip each row begins.
    pub(super) starts: &'a [usize],
    pub(super) strip: usize,
    pub(super) width: usize,
    pub(super) count: usize,
}

impl<'a> Left for Columns<'a> {
    /// A strip from the tile's first channel on, and where in it the rows begin.
    type Tile<const HEIGHT: usize> = (&'a [f32], &'a [usize]);

    #[inline(always)]
    fn count(self) -> usize {
        self.count
    }

    #[inline(always)]
    fn inner(self) -> usize {
        self.starts.len()
    }

    #[inline(always)]
    fn tile<const HEIGHT: usize>(self, row: usize, block: usize) -> Self::Tile<HEIGHT> {
        let begin = row / self.width * self.strip + row % self.width;
        let starts = &self.starts[block * DEPTH..][..self.depth(block)];
        (&self.data[begin..], starts)
    }

    #[inline(always)]
    fn element<const HEIGHT: usize>(
        (data, starts): &Self::Tile<HEIGHT>,
        row: usize,
        inner: usize,
    ) -> f32 {
        data[starts[inner] + row]
    }
}

/// Copies a panel's columns of some rows, and adds them up.
struct CopyPanel<'a> {
    dy: View<'a>,
    rows: Range<usize>,
    first: usize,
    width: usize,
    to: &'a mut [f32],
    sums: &'a mut [f64],
}

impl WithSimd for CopyPanel<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(self, simd: S) {
        let last = self.dy.channels().min(self.first + self.width);
        let vectors = self.width / S::F32_LANES;
        let mut values = [0f32; WIDE];
        let (totals, _) = S::as_mut_simd_f32s(&mut values);
        let (to, _) = S::as_mut_simd_f32s(self.to);
        for (to, row) in to.chunks_exact_mut(vectors).zip(self.rows) {
            let from = &self.dy.row(row)[self.first..last];
            for (vector, (to, total)) in to.iter_mut().zip(&mut *totals).enumerate() {
                *to = vector_of(simd, from, vector);
                *total = simd.add_f32s(*total, *to);
            }
        }
        for (sum, value) in self.sums.iter_mut().zip(values) {
            *sum += f64::from(value);
        }
    }
}
