//! All rows of a convolution's output, or of its input's gradient, some rows at a time.

use std::ops::Range;

use pulp::{Simd as Lanes, WithSimd};
use rayon::prelude::*;
use register_tiles::{Arch, Buffer, Simd, TALLEST};

use super::after::{Activated, Finish, activated};
use super::packed::{Packed, WIDE};
use super::reads::Reads;
use super::vectors::{store_vector, vector_of};
use crate::gather::LeftOperand;
use crate::{ConvError, View, ViewMut};

/// Elements of the input that a block of rows covers: they and the sums stay in the second-level cache.
const BLOCK: usize = 1 << 17;
/// Most rows of a block.
const MOST_ROWS: usize = 40 * TALLEST;
/// Multiplications of a task, about: with fewer, handing it out would show.
const TASK: usize = 1 << 23;

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
    let mut left = LeftOperand::new(packed.taps, packed.inputs, most);
    let zeros = vec![0.0; packed.inputs];
    let (data, stride) = x.lines();
    let mut sums = Buffer::new(most * WIDE);
    let mut targets = vec![0; most];
    for first in rows.clone().step_by(most) {
        let range = first..rows.end.min(first + most);
        let targets = &mut targets[..range.len()];
        for (to, row) in targets.iter_mut().zip(range.clone()) {
            *to = target(row);
        }
        let gathered = left.gather(data, &zeros, range.len(), |tap, starts| {
            reads.starts(tap, range.start, stride, starts);
        });
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
