//! Transposed inputs as the left operand of a weight gradient.

use pulp::{Simd as Lanes, WithSimd};
use rayon::prelude::*;

use crate::bf16::round;
use crate::precision::{Operands, Plan};
use crate::split::Split;
use register_tiles::{Buffer, LINE, Product, Rows, Strips, TALLEST, WIDTH};

/// What some weights were multiplied with: one row for every row of the gates.
#[derive(Clone, Copy)]
pub(crate) struct Inputs<'a> {
    pub(crate) data: &'a Split<'a>,
    /// Row `n` of the inputs is row `n - delay` of the data; where there is none, zeros.
    pub(crate) delay: isize,
    /// As many as a row has elements, or more.
    pub(crate) zeros: &'a [f32],
}

impl<'a> Inputs<'a> {
    fn width(self) -> usize {
        self.data.width()
    }

    #[inline(always)]
    fn row(self, row: usize) -> &'a [f32] {
        let row = row.checked_add_signed(-self.delay);
        let from = row.and_then(|row| self.data.row(row));
        from.unwrap_or(&self.zeros[..self.width()])
    }
}

/// Inputs, transposed part by part: `[parts, height, elements]`, where `height` is their width, padded.
pub(crate) struct LeftOperand {
    plan: Plan,
    height: usize,
    rows: usize,
    /// Rows of a part; the last may have fewer.
    inner: usize,
    part_len: usize,
    data: Buffer,
}

impl LeftOperand {
    /// Rows of products for inputs of that width: whole tiles.
    pub(crate) fn height(width: usize) -> usize {
        width.next_multiple_of(TALLEST)
    }

    /// All `rows` of the inputs, in parts of `inner`.
    pub(crate) fn new(plan: Plan, inputs: Inputs<'_>, rows: usize, inner: usize) -> Self {
        let height = Self::height(inputs.width());
        let elements = plan.elements(inner);
        let part_len = match plan.operands {
            Operands::Whole | Operands::Rounded => Strips::len(height, elements),
            Operands::Pairs(_) => height * elements,
        }
        .next_multiple_of(LINE);
        let mut data = Buffer::new(rows.div_ceil(inner) * part_len);
        data.par_chunks_mut(part_len)
            .enumerate()
            .for_each(|(part, to)| {
                let begin = part * inner;
                let end = rows.min(begin + inner);
                let elements = plan.elements(end - begin);
                let copy = |to| Copy {
                    inputs,
                    rows: begin..end,
                    elements,
                    to,
                };
                match plan.operands {
                    Operands::Whole => plan.arch.dispatch(ToStrips::<false>(copy(to))),
                    Operands::Rounded => plan.arch.dispatch(ToStrips::<true>(copy(to))),
                    Operands::Pairs(pairs) => {
                        let row = |offset| match begin + offset {
                            row if row < end => inputs.row(row),
                            _ => &inputs.zeros[..inputs.width()],
                        };
                        pairs.transposed(row, inputs.width(), elements, to);
                        // What pads the columns of a product is multiplied too.
                        to[inputs.width() * elements..].fill(0.0);
                    }
                }
            });
        Self {
            plan,
            height,
            rows,
            inner,
            part_len,
            data,
        }
    }

    /// `out` `[height, 64]` = (for the first part, or +=) that part of this times the panel.
    pub(crate) fn multiply(&self, part: usize, panel: &[f32], out: &mut [[f32; WIDTH]]) {
        let count = self.inner.min(self.rows - part * self.inner);
        let elements = self.plan.elements(count);
        let data = &self.data[part * self.part_len..][..self.part_len];
        let accumulate = part > 0;
        match self.plan.operands {
            Operands::Whole | Operands::Rounded => Product {
                rows: Strips::new(data, self.height, elements),
                panel,
                out,
                accumulate,
            }
            .run(self.plan.arch),
            Operands::Pairs(pairs) => {
                pairs.product(Product {
                    rows: Rows::plain(&data[..self.height * elements], elements),
                    panel,
                    out,
                    accumulate,
                });
            }
        }
    }
}

struct Copy<'a> {
    inputs: Inputs<'a>,
    rows: std::ops::Range<usize>,
    elements: usize,
    to: &'a mut [f32],
}

/// Copies (and rounds) to [`Strips`].
struct ToStrips<'a, const ROUND: bool>(Copy<'a>);

impl<const ROUND: bool> WithSimd for ToStrips<'_, ROUND> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(self, _: S) {
        let Copy {
            inputs,
            rows,
            elements,
            to,
        } = self.0;
        let each = |value| if ROUND { round(value) } else { value };
        for (element, row) in rows.enumerate() {
            let (parts, rest) = inputs.row(row).as_chunks::<{ Strips::WIDTH }>();
            let mut strips = to.chunks_exact_mut(elements * Strips::WIDTH);
            for (part, strip) in parts.iter().zip(&mut strips) {
                strip.as_chunks_mut().0[element] = part.map(each);
            }
            if let Some(strip) = strips.next() {
                // What pads the rows is multiplied too, and other numbers could be denormal.
                let to = &mut strip[element * Strips::WIDTH..][..Strips::WIDTH];
                let padded = rest.iter().copied().chain(std::iter::repeat(0.0));
                for (to, value) in to.iter_mut().zip(padded) {
                    *to = each(value);
                }
            }
        }
    }
}
