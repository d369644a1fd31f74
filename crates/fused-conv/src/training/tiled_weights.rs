//! Gradients of weights by tiles of frames: each part of the tiles is a product whose inner dimension is all tiles of the batch.
//! Blocks of tiles are taken in groups, as rows are in [`weights`](super::weights).

use std::ops::Range;

use pulp::{Simd as Lanes, WithSimd};
use register_tiles::{Arch, Buffer, PART, Simd, TALLEST};

use super::packed::WIDE;
use super::sums::{Part, Sums};
use super::tiling::{Block, PARTS, Tiling, Transform, shares};
use super::vectors::vector_of;
use super::weights::Columns;
use crate::epilogue::LANES;
use crate::gather::PADDING;
use crate::panel::multiply;
use crate::transform::gradient_at_points;
use crate::{ConvError, View};

/// Elements of a block's transformed input.
const BLOCK: usize = 1 << 18;
/// Most tiles whose products are added in one row of f32.
const MOST_TILES: usize = 4096;
/// Vectors of a strip: eight of the tallest tiles.
const STRIP: usize = 3;
/// Inputs of so many vectors are one strip: their rows do not compete for places in the first-level cache.
const ONE_STRIP: usize = 4;

/// The gradient of weights, and what the rows of `dy` add up to.
pub(crate) fn weight_gradient(
    tiling: &Tiling<'_>,
    x: View<'_>,
    dy: View<'_>,
    weights: &mut [f32],
    bias: Option<&mut [f32]>,
) -> Result<(), ConvError> {
    let arch = Simd::chosen()?.resolve()?;
    let (inputs, outputs) = (x.channels(), dy.channels());
    let lanes = inputs.div_ceil(LANES);
    let (strip, height) = match lanes {
        0..=ONE_STRIP => (lanes, inputs),
        _ => (STRIP, inputs.next_multiple_of(TALLEST)),
    };
    let bins = tiling.reads.bins.taps.len();
    let blocks = tiling.blocks(BLOCK / PARTS / (lanes * LANES));
    let tiles: usize = blocks.iter().map(|block| tiling.rows(block)).sum();
    let groups = [tiles.div_ceil(MOST_TILES), blocks.len()];
    let sums = Sums::of(
        outputs,
        PARTS * bins * height,
        groups,
        |[group, groups], parts| {
            let bound = |group: usize| group * blocks.len() / groups;
            let task = Task {
                tiling,
                x,
                dy,
                strip,
                height,
                arch,
            };
            task.add_up(&blocks[bound(group)..bound(group + 1)], parts);
        },
    );
    if let Some(bias) = bias {
        sums.write_bias(bias);
    }
    let (taps, all) = (tiling.taps, tiling.reads.taps());
    let shares: Vec<[f32; PARTS]> = (0..taps).map(|tap| shares(tap, taps)).collect();
    sums.write_weights(weights, inputs * all.len(), |panel, width, to| {
        let mut lines = Buffer::new(PARTS * width);
        let mut line = Buffer::new(width);
        for (bin, input) in (0..bins).flat_map(|bin| (0..inputs).map(move |input| (bin, input))) {
            lines.fill(0.0);
            for part in sums.of_panel(panel) {
                for (number, line) in lines.chunks_exact_mut(width).enumerate() {
                    let at = ((number * bins + bin) * height + input) * width;
                    for (sum, value) in line.iter_mut().zip(&part.sums[at..][..width]) {
                        *sum += value;
                    }
                }
            }
            for (tap, shares) in shares.iter().enumerate() {
                line.fill(0.0);
                for (share, part) in shares.iter().zip(lines.chunks_exact(width)) {
                    for (sum, value) in line.iter_mut().zip(part) {
                        *sum += share * value;
                    }
                }
                let first = input * all.len() + all[bin * taps + tap];
                let to = to[first..].iter_mut().step_by(inputs * all.len());
                for (to, &sum) in to.zip(line.iter()) {
                    *to = sum;
                }
            }
        }
    });
    Ok(())
}

/// What all tasks have.
#[derive(Clone, Copy)]
struct Task<'a> {
    tiling: &'a Tiling<'a>,
    x: View<'a>,
    dy: View<'a>,
    /// Vectors of a strip.
    strip: usize,
    /// Inputs, those included that only fill tiles.
    height: usize,
    arch: Arch,
}

impl Task<'_> {
    fn add_up(self, blocks: &[Block], parts: &mut [Part]) {
        let Self {
            tiling,
            strip,
            height,
            arch,
            ..
        } = self;
        let bins = tiling.reads.bins.taps.len();
        let strips = self.x.channels().div_ceil(LANES).div_ceil(strip);
        let largest = blocks
            .iter()
            .map(|block| tiling.source_rows(block) + 1)
            .max();
        let elements = largest.unwrap_or(0) * strip * LANES * strips;
        let mut transformed = Buffer::zeros(PARTS * elements);
        let widest = parts.iter().map(|part| part.width).max().unwrap_or(WIDE);
        let most = PART / widest;
        let mut starts = vec![PADDING; bins * most];
        let mut right = Buffer::new(PARTS * most * widest);
        for block in blocks {
            // And one row of zeros.
            let source_rows = tiling.source_rows(block);
            let line = (source_rows + 1) * strip * LANES;
            let transformed = &mut transformed[..PARTS * strips * line];
            arch.dispatch(Transform {
                tiling,
                block,
                x: self.x,
                strip,
                rows: source_rows + 1,
                to: &mut *transformed,
            });
            for strips in transformed.chunks_exact_mut(line) {
                strips[source_rows * strip * LANES..].fill(0.0);
            }
            let rows = tiling.rows(block);
            for first in (0..rows).step_by(most) {
                let range = first..rows.min(first + most);
                let count = range.len();
                let starts = &mut starts[..bins * count];
                for (tap, starts) in starts.chunks_exact_mut(count).enumerate() {
                    tiling.starts(block, tap, first, strip * LANES, starts);
                    for start in starts {
                        if *start == PADDING {
                            *start = source_rows * strip * LANES;
                        }
                    }
                }
                for part in &mut *parts {
                    let width = part.width;
                    let right = &mut right[..PARTS * count * width];
                    arch.dispatch(Gradients {
                        tiling,
                        block,
                        dy: self.dy,
                        rows: range.clone(),
                        first: part.first,
                        width,
                        to: right,
                        sums: &mut part.bias,
                    });
                    let sums = part.sums.chunks_exact_mut(height * width);
                    for (number, sums) in sums.enumerate() {
                        let (number, tap) = (number / bins, number % bins);
                        let columns = Columns {
                            data: &transformed[number * strips * line..][..strips * line],
                            starts: &starts[tap * count..][..count],
                            strip: line,
                            width: strip * LANES,
                            count: height,
                        };
                        let panel = &right[number * count * width..][..count * width];
                        multiply(columns, panel, width, sums, true, arch);
                    }
                }
            }
        }
    }
}

/// The parts of some tiles' gradients, `[parts, rows, width]`, and the sums of the gradients.
struct Gradients<'a> {
    tiling: &'a Tiling<'a>,
    block: &'a Block,
    dy: View<'a>,
    rows: Range<usize>,
    first: usize,
    width: usize,
    to: &'a mut [f32],
    sums: &'a mut [f64],
}

impl WithSimd for Gradients<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(self, simd: S) {
        let Self {
            tiling,
            block,
            dy,
            rows,
            first,
            width,
            to,
            sums,
        } = self;
        let frames = tiling.reads.frames.count;
        let last = dy.channels().min(first + width);
        let all = tiling.outputs == 4;
        let vectors = width / S::F32_LANES;
        let (to, _) = S::as_mut_simd_f32s(to);
        let mut values = [0f32; WIDE];
        let (totals, _) = S::as_mut_simd_f32s(&mut values);
        let count = rows.len();
        for (row, at) in rows.enumerate() {
            let (line, tile) = tiling.place(block, at);
            let read: [&[f32]; 4] = std::array::from_fn(|output| {
                let frame = if output < tiling.outputs {
                    tiling.frame(tile, output)
                } else {
                    None
                };
                frame.map_or(&[][..], |frame| &dy.row(line * frames + frame)[first..last])
            });
            for vector in 0..vectors {
                let read = read.map(|read| vector_of(simd, read, vector));
                let [a, b, c, d] = read;
                let sum = simd.add_f32s(simd.add_f32s(a, b), simd.add_f32s(c, d));
                totals[vector] = simd.add_f32s(totals[vector], sum);
                for (part, values) in gradient_at_points(simd, read, all).into_iter().enumerate() {
                    to[(part * count + row) * vectors + vector] = values;
                }
            }
        }
        for (sum, value) in sums.iter_mut().zip(values) {
            *sum += f64::from(value);
        }
    }
}
