//! All rows of an output, or of an input's gradient, by tiles of frames.

use pulp::{Simd as Lanes, WithSimd};
use rayon::prelude::*;
use register_tiles::{Arch, Buffer, Simd, TALLEST};

use super::after::{Activated, Finish, activated};
use super::packed::{Packed, Side, WIDE, Weights};
use super::tiling::{Block, PARTS, Tiling, Transform, outputs_of, shares};
use super::vectors::{store_vector, vector_of};
use crate::epilogue::LANES;
use crate::gather::{Gathered, PADDING};
use crate::{ConvError, View, ViewMut};

/// Elements of a block's transformed input.
const BLOCK: usize = 1 << 18;
/// Most tiles whose products are made at once.
const MOST_TILES: usize = 26 * TALLEST;

/// Writes all rows of `out`.
pub(crate) fn run(
    x: View<'_>,
    tiling: &Tiling<'_>,
    weights: Weights<'_>,
    side: Side,
    finish: Finish<'_>,
    out: ViewMut<'_>,
) -> Result<(), ConvError> {
    let arch = Simd::chosen()?.resolve()?;
    let packed = packed(tiling, weights, side);
    let lanes = x.channels().div_ceil(LANES);
    let blocks = tiling.blocks(BLOCK / PARTS / (lanes * LANES));
    let line = tiling.reads.frames.count;
    let lines = |block: &Block| block.items.len() * block.bins.len();
    // Blocks follow each other as their lines do.
    let mut parts = Vec::with_capacity(blocks.len());
    let mut rest = Some(out);
    for block in &blocks {
        let Some(all) = rest.take() else { break };
        let (part, behind) = all.split(lines(block) * line);
        parts.push((block, part));
        rest = behind;
    }
    parts.into_par_iter().for_each(|(block, mut out)| {
        let task = Task {
            x,
            tiling,
            packed: &packed,
            block,
            finish,
            arch,
        };
        task.run(&mut out);
    });
    Ok(())
}

/// The weights of each part, those of the taps over bins.
fn packed(tiling: &Tiling<'_>, weights: Weights<'_>, side: Side) -> Vec<Packed> {
    let taps = tiling.reads.taps();
    let over_frames = tiling.taps;
    let plain = weights.by_tap(side, &taps);
    let (summed, columns) = match side {
        Side::Forward => (weights.inputs, weights.outputs),
        Side::Backward => (weights.outputs, weights.inputs),
    };
    let shares: Vec<[f32; PARTS]> = (0..over_frames)
        .map(|tap| shares(tap, over_frames))
        .collect();
    let of_part = |part: usize| {
        let bins = taps.len() / over_frames;
        Packed::by(summed, columns, bins, |bin, input, columns, to| {
            to.fill(0.0);
            for (tap, shares) in shares.iter().enumerate() {
                let from = plain.row(bin * over_frames + tap, input);
                for (to, from) in to.iter_mut().zip(&from[columns.clone()]) {
                    *to += shares[part] * from;
                }
            }
        })
    };
    (0..PARTS).into_par_iter().map(of_part).collect()
}

struct Task<'a> {
    x: View<'a>,
    tiling: &'a Tiling<'a>,
    packed: &'a [Packed],
    block: &'a Block,
    finish: Finish<'a>,
    arch: Arch,
}

impl Task<'_> {
    fn run(&self, out: &mut ViewMut<'_>) {
        let Self {
            x,
            tiling,
            packed,
            block,
            finish,
            arch,
        } = *self;
        let inputs = x.channels();
        let lanes = inputs.div_ceil(LANES);
        let stride = lanes * LANES;
        let source_rows = tiling.source_rows(block);
        let mut transformed = Buffer::new(PARTS * source_rows * stride);
        arch.dispatch(Transform {
            tiling,
            block,
            x,
            strip: lanes,
            rows: source_rows,
            to: &mut transformed,
        });
        let rows = tiling.rows(block);
        let most = rows
            .div_ceil(rows.div_ceil(MOST_TILES))
            .next_multiple_of(TALLEST)
            .min(rows);
        let taps = tiling.reads.bins.taps.len();
        let mut starts = vec![PADDING; taps * most];
        let mut sums = Buffer::new(PARTS * most * WIDE);
        let zeros = vec![0.0; inputs];
        for first in (0..rows).step_by(most) {
            let count = most.min(rows - first);
            let starts = &mut starts[..taps * count];
            for (tap, starts) in starts.chunks_exact_mut(count).enumerate() {
                tiling.starts(block, tap, first, stride, starts);
            }
            for panel in 0..packed[0].panels.len() {
                let width = packed[0].panels[panel].width;
                let sums = &mut sums[..PARTS * count * width];
                for (part, sums) in sums.chunks_exact_mut(count * width).enumerate() {
                    let gathered = Gathered {
                        data: &transformed[part * source_rows * stride..],
                        starts,
                        zeros: &zeros,
                        count,
                        taps,
                        inputs,
                    };
                    packed[part].panels[panel].multiply(gathered, sums, arch);
                }
                arch.dispatch(Write {
                    tiling,
                    block,
                    first_row: first,
                    sums,
                    width,
                    first: packed[0].panels[panel].first,
                    finish,
                    out,
                });
            }
        }
    }
}

/// Sums of the parts, `[parts, rows, width]`, become outputs.
struct Write<'a, 'b> {
    tiling: &'a Tiling<'a>,
    block: &'a Block,
    first_row: usize,
    sums: &'a [f32],
    width: usize,
    first: usize,
    finish: Finish<'a>,
    out: &'a mut ViewMut<'b>,
}

impl WithSimd for Write<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(self, simd: S) {
        activated(simd, self.finish.after.activation, self);
    }
}

impl Activated for Write<'_, '_> {
    #[inline(always)]
    fn run<S: Lanes>(
        self,
        simd: S,
        activation: impl Fn(S::f32s) -> S::f32s + Copy,
        each: impl Fn(&mut f32) + Copy,
    ) {
        let Self {
            tiling,
            block,
            width,
            ..
        } = self;
        let Finish { after, accumulate } = self.finish;
        let four = tiling.outputs == 4;
        let channels = self.out.channels().min(self.first + width);
        let used = (channels - self.first).div_ceil(S::F32_LANES);
        let bias = after.bias.and_then(|bias| bias.get(self.first..channels));
        let bins = tiling.reads.bins.count;
        let (sums, _) = S::as_simd_f32s(self.sums);
        let vectors = width / S::F32_LANES;
        let count = sums.len() / vectors / PARTS;
        let line_0 = block.items.start * bins + block.bins.start;
        for row in 0..count {
            let (line, tile) = tiling.place(block, self.first_row + row);
            let context = after.context.map(|context| {
                let item = context.row(line / bins);
                &item[self.first..channels]
            });
            let targets: [Option<usize>; 4] = std::array::from_fn(|output| {
                let frame = if output < tiling.outputs {
                    tiling.frame(tile, output)
                } else {
                    None
                };
                frame.map(|frame| (line - line_0) * tiling.reads.frames.count + frame)
            });
            for vector in 0..used {
                let parts =
                    std::array::from_fn(|part| sums[(part * count + row) * vectors + vector]);
                let mut summand = None;
                if let Some(bias) = bias {
                    summand = Some(vector_of(simd, bias, vector));
                }
                if let Some(context) = context {
                    let context = vector_of(simd, context, vector);
                    summand = Some(match summand {
                        Some(bias) => simd.add_f32s(bias, context),
                        None => context,
                    });
                }
                let outputs = outputs_of(simd, parts, four);
                for (mut values, target) in outputs.into_iter().zip(targets) {
                    let Some(target) = target else { continue };
                    let out = &mut self.out.row(target)[self.first..channels];
                    if let Some(summand) = summand {
                        values = simd.add_f32s(values, summand);
                    }
                    if accumulate {
                        values = simd.add_f32s(values, vector_of(simd, out, vector));
                    }
                    let values = activation(values);
                    store_vector(simd, out, vector, values);
                    let part = &mut out[vector * S::F32_LANES..];
                    let len = part.len().min(S::F32_LANES);
                    part[..len].iter_mut().for_each(each);
                }
            }
        }
    }
}
