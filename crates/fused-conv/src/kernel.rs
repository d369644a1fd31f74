//! Weights in panels, and their product with the unfolded input, some rows at a time.

use register_tiles::{Arch, Buffer, DEPTH, Left, Simd, TALLEST, WIDTH};

use crate::epilogue::{After, Epilogue, Finish, Residual};
use crate::gather::{LeftOperand, piece};
use crate::panel::multiply;
use crate::{ConvError, View, ViewMut};

/// Columns of a panel where no more are left.
pub(crate) const NARROW: usize = WIDTH / 2;
/// Elements of the input that a part of the rows covers: they and the sums stay in the second-level cache.
const PART_OF_INPUT: usize = 1 << 17;
/// Most rows of a part.
pub(crate) const MOST_ROWS: usize = 40 * TALLEST;

/// Where the taps of a convolution read.
pub(crate) trait Geometry {
    /// For output rows `first..first + starts.len()`: the input row that a tap reads, or [`PADDING`](crate::gather::PADDING).
    fn sources(&self, tap: usize, first: usize, sources: &mut [usize]);
}

/// A panel of weights.
#[derive(Debug)]
pub(crate) struct Panel {
    pub(crate) first: usize,
    pub(crate) width: usize,
    /// `[inner, width]`, whole blocks of the inner dimension.
    pub(crate) weights: Buffer,
}

/// A convolution's weights and what follows their product.
#[derive(Debug)]
pub(crate) struct Kernel {
    inputs: usize,
    outputs: usize,
    taps: usize,
    panels: Vec<Panel>,
    after: After,
    zeros: Vec<f32>,
}

/// First output and width of each panel.
pub(crate) fn panels(outputs: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..outputs).step_by(WIDTH).map(move |first| {
        let is_wide = outputs - first > NARROW;
        (first, if is_wide { WIDTH } else { NARROW })
    })
}

impl Kernel {
    /// From weights `[outputs, inputs, taps]`, as PyTorch has them.
    pub(crate) fn new(
        [outputs, inputs, taps]: [usize; 3],
        weights: &[f32],
        epilogue: &Epilogue<'_>,
    ) -> Result<Self, ConvError> {
        ConvError::not_zero("outputs", outputs)?;
        ConvError::not_zero("inputs", inputs)?;
        ConvError::not_zero("kernel", taps)?;
        let all = ConvError::product("weights", &[outputs, inputs, taps])?;
        ConvError::size("elements of the weights", weights.len(), all)?;
        let (factors, after) = epilogue.build(outputs)?;
        // Where each piece of an unfolded row lies in a panel's inner dimension.
        let piece = piece(inputs);
        let inner = (taps * piece).next_multiple_of(DEPTH);
        let panels = panels(outputs).map(|(first, width)| {
            let mut panel = Buffer::zeros(inner * width);
            for output in first..outputs.min(first + width) {
                for input in 0..inputs {
                    for tap in 0..taps {
                        let weight = weights[(output * inputs + input) * taps + tap];
                        let weight = (f64::from(weight) * factors[output]) as f32;
                        panel[(tap * piece + input) * width + output - first] = weight;
                    }
                }
            }
            Panel {
                first,
                width,
                weights: panel,
            }
        });
        Ok(Self {
            inputs,
            outputs,
            taps,
            panels: panels.collect(),
            after,
            zeros: vec![0.0; inputs],
        })
    }

    pub(crate) fn panels(&self) -> &[Panel] {
        &self.panels
    }

    pub(crate) fn after(&self) -> &After {
        &self.after
    }

    /// Computes all rows of the output.
    pub(crate) fn run(
        &self,
        x: View<'_>,
        geometry: &impl Geometry,
        residual: Residual<'_>,
        out: &mut ViewMut<'_>,
    ) -> Result<(), ConvError> {
        residual.check(x, out, [self.inputs, self.outputs])?;
        let arch = Simd::chosen()?.resolve()?;
        let rows = out.rows();
        let most = (PART_OF_INPUT / self.inputs).clamp(4 * TALLEST, MOST_ROWS);
        let part = rows.div_ceil(rows.div_ceil(most)).next_multiple_of(TALLEST);
        let mut left = LeftOperand::new(self.taps, self.inputs, part);
        let (data, stride) = x.lines();
        let mut sums = Buffer::new(part * WIDTH);
        for first in (0..rows).step_by(part) {
            let count = part.min(rows - first);
            let gathered = left.gather(data, &self.zeros, count, |tap, starts| {
                geometry.sources(tap, first, starts);
                for start in starts {
                    *start = start.saturating_mul(stride);
                }
            });
            self.part(gathered, first, &mut sums, residual, out, arch);
        }
        Ok(())
    }

    /// Rows of the output from `first_row` on; `sums` are at least 64 a row.
    pub(crate) fn part(
        &self,
        rows: impl Left,
        first_row: usize,
        sums: &mut [f32],
        residual: Residual<'_>,
        out: &mut ViewMut<'_>,
        arch: Arch,
    ) {
        for panel in &self.panels {
            let sums = &mut sums[..rows.count() * panel.width];
            multiply(rows, &panel.weights, panel.width, sums, false, arch);
            arch.dispatch(Finish {
                sums,
                width: panel.width,
                first_row,
                first_channel: panel.first,
                after: &self.after,
                residual,
                out,
            });
        }
    }
}
