//! All rows of a convolution's output, or of its input's gradient, some rows at a time.

use std::ops::Range;

use pulp::{Simd as Lanes, WithSimd};
use rayon::prelude::*;
use register_tiles::{Arch, Buffer, Simd, TALLEST, sigmoid, tanh};

use super::packed::{Packed, WIDE};
use super::reads::{PADDING, Reads};
use super::vectors::{relu_of, store_vector, vector_of};
use crate::epilogue::{Activation, leaky_relu};
use crate::gather::Gathered;
use crate::{ConvError, View, ViewMut};

/// Elements of the input that a block of rows covers: they and the sums stay in the second-level cache.
const BLOCK: usize = 1 << 17;
/// Most rows of a block.
const MOST_ROWS: usize = 40 * TALLEST;
/// Multiplications of a task, about: with fewer, handing it out would show.
const TASK: usize = 1 << 23;

/// What is done to each sum.
#[derive(Clone, Copy, Default)]
pub(crate) struct Finish<'a> {
    pub(crate) after: After<'a>,
    /// Whether the result is added to what is there.
    pub(crate) accumulate: bool,
}

/// What follows a convolution, in this order.
#[derive(Clone, Copy, Debug, Default)]
pub struct After<'a> {
    /// One element an output channel.
    pub bias: Option<&'a [f32]>,
    /// One row an item, `[batch, outputs]`, that is added to all of its rows: what a layer makes of a context that all frames
    /// share, as ECAPA's attention does.
    pub context: Option<View<'a>>,
    /// A function of each element.
    pub activation: Activation,
}

/// Rows of a block.
pub(crate) fn block_rows(inputs: usize) -> usize {
    (BLOCK / inputs / TALLEST * TALLEST).clamp(4 * TALLEST, MOST_ROWS)
}

/// Blocks of a task, where a row takes so many multiplications.
pub(crate) fn task_rows(block: usize, multiplications: usize) -> usize {
    TASK.div_ceil(multiplications * block) * block
}

/// Writes the target rows of `reads`, those of an item one behind the other in `out`.
pub(crate) fn run(
    x: View<'_>,
    reads: &[(Reads, Packed)],
    finish: Finish<'_>,
    out: ViewMut<'_>,
) -> Result<(), ConvError> {
    let arch = Simd::chosen()?.resolve()?;
    let Some((first, _)) = reads.first() else {
        return Ok(());
    };
    if let [(whole, packed)] = reads
        && whole.is_whole()
    {
        let block = block_rows(packed.inputs);
        let rows = task_rows(block, packed.taps * packed.inputs * packed.outputs);
        out.parts(rows).enumerate().for_each(|(task, mut out)| {
            let first = task * rows;
            let range = first..first + out.rows();
            let target = |row: usize| row - first;
            rows_of(x, whole, packed, finish, range, arch, target, &mut out);
        });
        return Ok(());
    }
    let of_item = out.rows() / first.batch;
    out.parts(of_item).enumerate().for_each(|(item, mut out)| {
        for (phase, packed) in reads {
            let rows = phase.rows_of_item();
            let first = item * rows;
            if packed.taps == 0 {
                if !finish.accumulate {
                    (0..rows).for_each(|row| out.row(phase.target(row)).fill(0.0));
                }
                continue;
            }
            let range = first..first + rows;
            let target = |row: usize| phase.target(row - first);
            rows_of(x, phase, packed, finish, range, arch, target, &mut out);
        }
    });
    Ok(())
}

#[allow(clippy::too_many_arguments, reason = "what both loops above have")]
fn rows_of(
    x: View<'_>,
    reads: &Reads,
    packed: &Packed,
    finish: Finish<'_>,
    rows: Range<usize>,
    arch: Arch,
    target: impl Fn(usize) -> usize,
    out: &mut ViewMut<'_>,
) {
    let most = block_rows(packed.inputs).min(rows.len());
    let mut left = LeftOperand::new(packed, most);
    let mut sums = Buffer::new(most * WIDE);
    let mut targets = vec![0; most];
    for first in rows.clone().step_by(most) {
        let range = first..rows.end.min(first + most);
        let targets = &mut targets[..range.len()];
        for (to, row) in targets.iter_mut().zip(range.clone()) {
            *to = target(row);
        }
        let gathered = left.gather(packed, x, reads, range.clone());
        for panel in &packed.panels {
            let sums = &mut sums[..range.len() * panel.width];
            panel.multiply(gathered, sums, arch);
            arch.dispatch(Write {
                sums,
                width: panel.width,
                first: panel.first,
                first_row: range.start,
                of_item: reads.rows_of_item(),
                targets,
                finish,
                out,
            });
        }
    }
}

/// The rows that a block reads: where they lie, or a copy.
struct LeftOperand {
    starts: Vec<usize>,
    copy: Option<Buffer>,
    zeros: Vec<f32>,
}

impl LeftOperand {
    fn new(packed: &Packed, rows: usize) -> Self {
        let pieces = packed.taps * rows;
        let copy = packed.unfolds();
        Self {
            starts: vec![PADDING; pieces],
            copy: copy.then(|| Buffer::new(pieces * packed.inputs)),
            zeros: vec![0.0; packed.inputs],
        }
    }

    fn gather<'a>(
        &'a mut self,
        packed: &Packed,
        x: View<'a>,
        reads: &Reads,
        rows: Range<usize>,
    ) -> Gathered<'a> {
        let (taps, inputs, count) = (packed.taps, packed.inputs, rows.len());
        let (data, stride) = x.lines();
        let starts = &mut self.starts[..taps * count];
        for (tap, starts) in starts.chunks_exact_mut(count).enumerate() {
            reads.starts(tap, rows.start, stride, starts);
        }
        let Some(copy) = &mut self.copy else {
            return Gathered {
                data,
                starts,
                zeros: &self.zeros,
                count,
                taps,
                inputs,
            };
        };
        for (tap, starts) in starts.chunks_exact(count).enumerate() {
            let pieces = copy.chunks_exact_mut(taps * inputs);
            for (&start, row) in starts.iter().zip(pieces) {
                let piece = &mut row[tap * inputs..][..inputs];
                match (start, &mut *piece) {
                    (PADDING, _) => piece.fill(0.0),
                    // No call for a single element.
                    (start, [one]) => *one = data[start],
                    (start, _) => piece.copy_from_slice(&data[start..][..inputs]),
                }
            }
        }
        let starts = &mut starts[..count];
        for (row, start) in starts.iter_mut().enumerate() {
            *start = row * taps * inputs;
        }
        Gathered {
            data: copy,
            starts,
            zeros: &[],
            count,
            taps: 1,
            inputs: taps * inputs,
        }
    }
}

/// Sums `[rows, width]` become channels from `first` on of the target rows.
pub(crate) struct Write<'a, 'b> {
    pub(crate) sums: &'a [f32],
    pub(crate) width: usize,
    pub(crate) first: usize,
    /// The first of the rows, and how many an item has: they tell the row of the context.
    pub(crate) first_row: usize,
    pub(crate) of_item: usize,
    pub(crate) targets: &'a [usize],
    pub(crate) finish: Finish<'a>,
    pub(crate) out: &'a mut ViewMut<'b>,
}

impl WithSimd for Write<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(self, simd: S) {
        match (S::IS_SCALAR, self.finish.after.activation) {
            (_, Activation::None) => self.run(simd, |x| x, |_| ()),
            (_, Activation::Relu) => self.run(simd, |x| relu_of(simd, x), |_| ()),
            (_, Activation::LeakyRelu) => self.run(simd, |x| x, |x| *x = leaky_relu(*x)),
            (true, Activation::Tanh) => self.run(simd, |x| x, |x| *x = tanh::<false>(*x)),
            (false, Activation::Tanh) => self.run(simd, |x| x, |x| *x = tanh::<true>(*x)),
            (true, Activation::Sigmoid) => self.run(simd, |x| x, |x| *x = sigmoid::<false>(*x)),
            (false, Activation::Sigmoid) => self.run(simd, |x| x, |x| *x = sigmoid::<true>(*x)),
        }
    }
}

impl Write<'_, '_> {
    /// `activation` of vectors, and `each` of the elements that came out of it.
    #[inline(always)]
    fn run<S: Lanes>(
        self,
        simd: S,
        activation: impl Fn(S::f32s) -> S::f32s + Copy,
        each: impl Fn(&mut f32) + Copy,
    ) {
        let Finish { after, accumulate } = self.finish;
        let channels = self.out.channels().min(self.first + self.width);
        let bias = after.bias.and_then(|bias| bias.get(self.first..channels));
        let rows = self.sums.chunks_exact(self.width).zip(self.targets);
        for (row, (sums, &target)) in rows.enumerate() {
            let context = after.context.map(|context| {
                let item = context.row((self.first_row + row) / self.of_item);
                &item[self.first..channels]
            });
            let out = &mut self.out.row(target)[self.first..channels];
            for vector in 0..out.len().div_ceil(S::F32_LANES) {
                let mut values = vector_of(simd, sums, vector);
                if let Some(bias) = bias {
                    values = simd.add_f32s(values, vector_of(simd, bias, vector));
                }
                if let Some(context) = context {
                    values = simd.add_f32s(values, vector_of(simd, context, vector));
                }
                if accumulate {
                    values = simd.add_f32s(values, vector_of(simd, out, vector));
                }
                store_vector(simd, out, vector, activation(values));
            }
            out.iter_mut().for_each(each);
        }
    }
}
