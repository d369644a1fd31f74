//! The transposed inputs as the left operand of a weight gradient.

use pulp::{Simd as Lanes, WithSimd};

use crate::bf16::pair;
use crate::operand::RoundAll;
use crate::pool::Buffer;
use crate::precision::{Operands, Plan};
use crate::rows::{Rows, Strips};
use crate::tile::{Product, WIDTH};
use crate::weight_gradient::Inputs;

/// Some rows of the inputs, transposed: `[height, elements]`, where `height` is the inputs' width, padded.
pub(crate) struct LeftOperand {
    data: Buffer,
    height: usize,
    elements: usize,
    /// One row of the inputs, or two.
    rows: Buffer,
}

impl LeftOperand {
    /// With room for `inner` rows.
    pub(crate) fn new(plan: Plan, height: usize, inner: usize) -> Self {
        let elements = plan.elements(inner);
        let len = match plan.operands {
            Operands::Whole | Operands::Rounded => Strips::len(height, elements),
            Operands::Pairs(pairs) => pairs.rows(height) * elements,
        };
        Self {
            data: Buffer::zeros(len),
            height,
            elements,
            rows: Buffer::zeros(BAND * 2 * height.next_multiple_of(Strips::WIDTH)),
        }
    }

    /// Takes the rows `begin..begin + count`.
    pub(crate) fn copy(&mut self, plan: Plan, inputs: Inputs<'_>, begin: usize, count: usize) {
        self.elements = plan.elements(count);
        match plan.operands {
            Operands::Whole | Operands::Rounded => self.copy_strips(plan, inputs, begin, count),
            Operands::Pairs(_) => self.copy_pairs(plan, inputs, begin, count),
        }
    }

    fn copy_strips(&mut self, plan: Plan, inputs: Inputs<'_>, begin: usize, count: usize) {
        let width = self.height.next_multiple_of(Strips::WIDTH);
        let (row, rounded) = self.rows.split_at_mut(width);
        for element in 0..count {
            inputs.row(begin + element, &mut row[..inputs.width()]);
            let row = match plan.operands {
                Operands::Whole => &*row,
                _ => {
                    let to = &mut rounded[..width];
                    plan.arch.dispatch(RoundAll {
                        from: row,
                        to: &mut *to,
                    });
                    &*to
                }
            };
            let strips = self.data.chunks_exact_mut(count * Strips::WIDTH);
            for (part, strip) in row.chunks_exact(Strips::WIDTH).zip(strips) {
                strip[element * Strips::WIDTH..][..Strips::WIDTH].copy_from_slice(part);
            }
        }
    }

    /// Band by band of 16 pairs of rows.
    fn copy_pairs(&mut self, plan: Plan, inputs: Inputs<'_>, begin: usize, count: usize) {
        let width = inputs.width();
        for first in (0..self.elements).step_by(BAND) {
            let rows = self.rows[..2 * BAND * width].chunks_exact_mut(width);
            for (index, row) in (2 * first..).zip(rows) {
                if index < count {
                    inputs.row(begin + index, row);
                } else {
                    row.fill(0.0);
                }
            }
            plan.arch.dispatch(TransposeBand {
                rows: &self.rows[..2 * BAND * width],
                width,
                to: &mut self.data,
                stride: self.elements,
                first,
            });
        }
    }

    /// `out` `[height, 64]` = (or +=) this times the panel.
    pub(crate) fn multiply(
        &self,
        plan: Plan,
        panel: &[f32],
        out: &mut [[f32; WIDTH]],
        accumulate: bool,
    ) {
        match plan.operands {
            Operands::Whole | Operands::Rounded => Product {
                rows: Strips::new(&self.data, self.height, self.elements),
                panel,
                out,
                accumulate,
            }
            .run(plan.arch),
            Operands::Pairs(pairs) => {
                let len = pairs.rows(self.height) * self.elements;
                pairs.product(Product {
                    rows: Rows::padded(&self.data[..len], self.height, self.elements),
                    panel,
                    out,
                    accumulate,
                });
            }
        }
    }
}

/// Pairs that are transposed at once: a cache line of each row of the result.
const BAND: usize = 16;

/// 32 rows `[32, width]` as columns `first..first + 16` of pairs of `to` `[width, stride]`.
struct TransposeBand<'a> {
    rows: &'a [f32],
    width: usize,
    to: &'a mut [f32],
    stride: usize,
    first: usize,
}

impl WithSimd for TransposeBand<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(self, _: S) {
        let band = BAND.min(self.stride - self.first);
        for column in (0..self.width).step_by(BAND) {
            let columns = BAND.min(self.width - column);
            let mut square = [[0.0; BAND]; BAND];
            for (square, rows) in square
                .iter_mut()
                .zip(self.rows.chunks_exact(2 * self.width))
            {
                let (first, second) = rows.split_at(self.width);
                let (first, second) = (&first[column..][..columns], &second[column..][..columns]);
                for ((to, &first), &second) in square.iter_mut().zip(first).zip(second) {
                    *to = pair(first, second);
                }
            }
            for offset in 0..columns {
                let to = &mut self.to[(column + offset) * self.stride + self.first..][..band];
                for (to, square) in to.iter_mut().zip(&square) {
                    *to = square[offset];
                }
            }
        }
    }
}
