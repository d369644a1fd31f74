//! Weights in panels of 64, 32 or 16 columns, packed anew for every step.

use rayon::prelude::*;
use register_tiles::{Arch, Buffer, DEPTH, Left};

use crate::epilogue::LANES;
use crate::gather::piece;
use crate::panel::multiply;

/// Widest panel.
pub(crate) const WIDE: usize = 64;

/// The first column and the width of each panel.
pub(crate) fn panels(columns: usize) -> Vec<(usize, usize)> {
    let mut panels = Vec::new();
    let mut first = 0;
    while first < columns {
        let width = match columns - first {
            0..=16 => 16,
            17..=48 => 32,
            _ => WIDE,
        };
        panels.push((first, width));
        first += width;
    }
    panels
}

/// Which of a convolution's weights are summed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The input's channels.
    Forward,
    /// The output's.
    Backward,
}

/// Weights `[outputs, inputs, taps]` of a convolution.
#[derive(Clone, Copy)]
pub(crate) struct Weights<'a> {
    pub(crate) outputs: usize,
    pub(crate) inputs: usize,
    pub(crate) taps: usize,
    pub(crate) values: &'a [f32],
}

impl Weights<'_> {
    /// The weights of `taps`, whose indices are given: a row for each tap and each channel that is summed over.
    pub(crate) fn by_tap(self, side: Side, taps: &[usize]) -> ByTap {
        let Self {
            outputs,
            inputs,
            taps: all,
            values,
        } = self;
        let (summed, columns) = match side {
            Side::Forward => (inputs, outputs),
            Side::Backward => (outputs, inputs),
        };
        let mut rows = Buffer::new(taps.len() * summed * columns);
        rows.par_chunks_mut(summed * columns)
            .zip(taps)
            .for_each(|(rows, &tap)| match side {
                Side::Backward => {
                    for (to, from) in rows.iter_mut().zip(values[tap..].iter().step_by(all)) {
                        *to = *from;
                    }
                }
                Side::Forward => {
                    // Some outputs at a time: their weights stay in the first-level cache.
                    for first in (0..columns).step_by(LANES) {
                        let last = columns.min(first + LANES);
                        for (input, row) in rows.chunks_exact_mut(columns).enumerate() {
                            for (output, to) in (first..).zip(&mut row[first..last]) {
                                *to = values[(output * inputs + input) * all + tap];
                            }
                        }
                    }
                }
            });
        ByTap {
            summed,
            columns,
            rows,
        }
    }
}

/// Weights `[taps, summed, columns]`.
pub(crate) struct ByTap {
    summed: usize,
    columns: usize,
    rows: Buffer,
}

impl ByTap {
    pub(crate) fn row(&self, tap: usize, summed: usize) -> &[f32] {
        &self.rows[(tap * self.summed + summed) * self.columns..][..self.columns]
    }
}

/// A panel.
pub(crate) struct Panel {
    pub(crate) first: usize,
    pub(crate) width: usize,
    /// `[inner, width]`.
    weights: Buffer,
}

/// The right operand of a product: some taps of a convolution's weights.
pub(crate) struct Packed {
    /// Elements that a tap reads of a row.
    pub(crate) inputs: usize,
    /// Columns of the product.
    pub(crate) outputs: usize,
    pub(crate) taps: usize,
    pub(crate) panels: Vec<Panel>,
}

impl Packed {
    /// The weights of `taps`, whose indices are given, in that order.
    pub(crate) fn new(weights: Weights<'_>, side: Side, taps: &[usize]) -> Self {
        let plain = weights.by_tap(side, taps);
        Self::by(
            plain.summed,
            plain.columns,
            taps.len(),
            |tap, summed, columns, to| {
                to.copy_from_slice(&plain.row(tap, summed)[columns]);
            },
        )
    }

    /// Panels whose rows (of a tap and an input) `row` writes.
    pub(crate) fn by(
        inputs: usize,
        outputs: usize,
        taps: usize,
        row: impl Fn(usize, usize, std::ops::Range<usize>, &mut [f32]) + Sync,
    ) -> Self {
        let piece = piece(inputs);
        let inner = (taps * piece).next_multiple_of(DEPTH);
        let panel = |(first, width): (usize, usize)| {
            let mut weights = Buffer::new(inner * width);
            let columns = first..outputs.min(first + width);
            for tap in 0..taps {
                for input in 0..inputs {
                    let to = &mut weights[(tap * piece + input) * width..][..width];
                    let (to, rest) = to.split_at_mut(columns.len());
                    row(tap, input, columns.clone(), to);
                    rest.fill(0.0);
                }
            }
            Panel {
                first,
                width,
                weights,
            }
        };
        Self {
            inputs,
            outputs,
            taps,
            panels: panels(outputs).into_par_iter().map(panel).collect(),
        }
    }
}

impl Panel {
    /// `sums` `[rows, width]` = the rows times this.
    pub(crate) fn multiply(&self, rows: impl Left, sums: &mut [f32], arch: Arch) {
        multiply(rows, &self.weights, self.width, sums, false, arch);
    }
}
