//! Weights in panels, and their product with the unfolded input, some rows at a time.

use std::ops::Range;

use register_tiles::{Buffer, DEPTH, Product, Simd, TALLEST, WIDTH};

use crate::epilogue::{After, Epilogue, Finish, Residual};
use crate::gather::{Gathered, PADDING};
use crate::{ConvError, View, ViewMut};

/// Columns of a panel where no more are left.
pub(crate) const NARROW: usize = WIDTH / 2;
/// Fewer inputs than this are unfolded: pieces so short would cost more than their copies.
const SHORT: usize = 16;
/// Elements of the input that a part of the rows covers: they and the sums stay in the second-level cache.
const PART_OF_INPUT: usize = 1 << 17;
/// Most rows of a part.
const MOST_ROWS: usize = 40 * TALLEST;

/// Where the taps of a convolution read.
pub(crate) trait Geometry {
    /// For output rows `first..first + starts.len()`: the input row that a tap reads, or [`PADDING`].
    fn sources(&self, tap: usize, first: usize, sources: &mut [usize]);
}

/// A panel of weights.
#[derive(Debug)]
struct Panel {
    first: usize,
    width: usize,
    /// `[inner, width]`.
    weights: Buffer,
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
        let unfolds = inputs < SHORT;
        let piece = if unfolds {
            inputs
        } else {
            inputs.next_multiple_of(DEPTH)
        };
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

    fn unfolds(&self) -> bool {
        self.inputs < SHORT
    }

    /// Computes all rows of the output.
    pub(crate) fn run(
        &self,
        x: View<'_>,
        geometry: &impl Geometry,
        residual: Residual<'_>,
        out: &mut ViewMut<'_>,
    ) -> Result<(), ConvError> {
        ConvError::size("channels of the input", x.channels(), self.inputs)?;
        ConvError::size("channels of the output", out.channels(), self.outputs)?;
        residual.check(out.rows(), self.outputs)?;
        let arch = Simd::chosen()?.resolve()?;
        let rows = out.rows();
        let most = (PART_OF_INPUT / self.inputs).clamp(4 * TALLEST, MOST_ROWS);
        let part = rows.div_ceil(rows.div_ceil(most)).next_multiple_of(TALLEST);
        let mut left = LeftOperand::new(self, part);
        let mut sums = Buffer::new(part * WIDTH);
        for first in (0..rows).step_by(part) {
            let range = first..rows.min(first + part);
            let gathered = left.gather(self, x, geometry, range.clone());
            for panel in &self.panels {
                let sums = &mut sums[..range.len() * panel.width];
                multiply(gathered, panel, sums, arch);
                arch.dispatch(Finish {
                    sums,
                    width: panel.width,
                    first_row: first,
                    first_channel: panel.first,
                    after: &self.after,
                    residual,
                    out,
                });
            }
        }
        Ok(())
    }
}

fn multiply(rows: Gathered<'_>, panel: &Panel, sums: &mut [f32], arch: register_tiles::Arch) {
    if panel.width == WIDTH {
        let product = Product::<_, WIDTH> {
            rows,
            panel: &panel.weights,
            out: sums.as_chunks_mut().0,
            accumulate: false,
        };
        product.run(arch);
    } else {
        let product = Product::<_, NARROW> {
            rows,
            panel: &panel.weights,
            out: sums.as_chunks_mut().0,
            accumulate: false,
        };
        product.run(arch);
    }
}

/// The unfolded input of a part of the rows: where it lies, or a copy.
struct LeftOperand {
    starts: Vec<usize>,
    copy: Option<Buffer>,
}

impl LeftOperand {
    fn new(kernel: &Kernel, rows: usize) -> Self {
        let pieces = kernel.taps * rows;
        Self {
            starts: vec![PADDING; pieces],
            copy: kernel
                .unfolds()
                .then(|| Buffer::new(pieces * kernel.inputs)),
        }
    }

    fn gather<'a>(
        &'a mut self,
        kernel: &'a Kernel,
        x: View<'a>,
        geometry: &impl Geometry,
        rows: Range<usize>,
    ) -> Gathered<'a> {
        let (taps, inputs, count) = (kernel.taps, kernel.inputs, rows.len());
        let (data, stride) = x.lines();
        let starts = &mut self.starts[..taps * count];
        for (tap, starts) in starts.chunks_exact_mut(count).enumerate() {
            geometry.sources(tap, rows.start, starts);
            for start in starts {
                *start = start.saturating_mul(stride);
            }
        }
        let Some(copy) = &mut self.copy else {
            return Gathered {
                data,
                starts,
                zeros: &kernel.zeros,
                count,
                taps,
                inputs,
            };
        };
        if inputs == 1 {
            // The first layer of a plane: a copy of one element is nothing but its address.
            for (row, unfolded) in copy.chunks_exact_mut(taps).take(count).enumerate() {
                for (tap, to) in unfolded.iter_mut().enumerate() {
                    *to = data.get(starts[tap * count + row]).copied().unwrap_or(0.0);
                }
            }
        } else {
            for row in 0..count {
                for tap in 0..taps {
                    let piece = &mut copy[(row * taps + tap) * inputs..][..inputs];
                    match starts[tap * count + row] {
                        PADDING => piece.fill(0.0),
                        start => piece.copy_from_slice(&data[start..][..inputs]),
                    }
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
