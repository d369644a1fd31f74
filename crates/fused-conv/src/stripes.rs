//! Convolutions of 3 x 3 with a stride over bins: bins as they stand, frames by tiles (Winograd's form). Tiles over both would
//! make every bin and leave half of them out; so the products are as many, and the transforms a third.

use register_tiles::{Buffer, LINE, Simd, TALLEST, WIDTH};

use crate::epilogue::{After, Epilogue, LANES, Residual};
use crate::frames::Frames;
use crate::gather::{Gathered, PADDING, piece};
use crate::kernel::{NARROW, Panel, panels};
use crate::panel::multiply;
use crate::transform::{Backward, Forward, TILE, Tiling, taps_at_points};
use crate::{Conv1dShape, Conv2dShape, ConvError, Grid, View, ViewMut};

/// Taps over bins, and over frames.
const TAPS: usize = 3;
const POINTS: usize = Frames::<TAPS>::POINTS;
/// Bins of the input that are kept at all points.
const KEPT: usize = 4;
/// Elements of the second-level cache that these and the products of a bin of the output take.
const PART: usize = 160 << 10;

/// A convolution's taps at points, and what follows.
#[derive(Debug)]
pub(crate) struct Stripes {
    shape: Conv2dShape,
    /// Inputs, filled to whole registers.
    inner: usize,
    /// `[points, taps over bins * piece, width]` each.
    panels: Vec<Panel>,
    after: After,
    zeros: Vec<f32>,
}

impl Stripes {
    /// The only stride.
    pub(crate) const STRIDE: [usize; 2] = [2, 1];

    /// From weights `[outputs, inputs, taps over bins, taps over frames]`, as PyTorch has them.
    pub(crate) fn new(
        shape: Conv2dShape,
        weights: &[f32],
        epilogue: &Epilogue<'_>,
    ) -> Result<Self, ConvError> {
        let (outputs, inputs) = (shape.outputs, shape.inputs);
        ConvError::not_zero("outputs", outputs)?;
        let all = ConvError::product("weights", &[outputs, inputs, TAPS * POINTS])? / POINTS * TAPS;
        ConvError::size("elements of the weights", weights.len(), all)?;
        let (factors, after) = epilogue.build(outputs)?;
        let inner = inputs.next_multiple_of(LANES);
        let piece = piece(inner);
        let panels = panels(outputs).map(|(first, width)| {
            let mut panel = Buffer::zeros(POINTS * TAPS * piece * width);
            for output in first..outputs.min(first + width) {
                for input in 0..inputs {
                    for bin in 0..TAPS {
                        let weights = &weights[((output * inputs + input) * TAPS + bin) * TAPS..];
                        let scaled = [0, 1, 2].map(|tap| f64::from(weights[tap]) * factors[output]);
                        for (point, value) in taps_at_points(&scaled).into_iter().enumerate() {
                            let row = (point * TAPS + bin) * piece + input;
                            panel[row * width + output - first] = value as f32;
                        }
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
            shape,
            inner,
            panels: panels.collect(),
            after,
            zeros: vec![0.0; inner],
        })
    }

    /// Computes all rows of the output.
    pub(crate) fn run(
        &self,
        x: View<'_>,
        [from, to]: [Grid; 2],
        residual: Residual<'_>,
        out: &mut ViewMut<'_>,
    ) -> Result<(), ConvError> {
        let shape = self.shape;
        residual.check(x, out, [shape.inputs, shape.outputs])?;
        let arch = Simd::chosen()?.resolve()?;
        let inner = self.inner;
        let width = shape.outputs.min(WIDTH).next_multiple_of(NARROW);
        let tiles = Frames::<TAPS> {
            shape: Conv1dShape {
                padding: crate::Padding::Zeros(shape.padding[1]),
                ..Conv1dShape::same(shape.inputs, shape.outputs, TAPS, 1)
            },
            from: from.frames,
            to: to.frames,
        };
        let all = to.frames.div_ceil(TILE);
        let most = (PART / POINTS / (KEPT * inner + width)).max(4 * TALLEST);
        let part = all.div_ceil(all.div_ceil(most));
        // A line more, so that the points of a tile do not all lie in the same set of the cache.
        let (stride, stride_out) = (KEPT * part * inner + LINE, part * width + LINE);
        let mut at_points = Buffer::new(POINTS * stride);
        let mut products = Buffer::new(POINTS * stride_out);
        let mut starts = vec![PADDING; TAPS * part];
        for first in (0..all).step_by(part) {
            let count = part.min(all - first);
            let mut ready = 0;
            for bin in 0..to.bins {
                let begin = bin * Self::STRIDE[0];
                let end = (begin + TAPS - shape.padding[0].min(begin + TAPS)).min(from.bins);
                for source in ready..end {
                    arch.dispatch(Forward {
                        x: x.row_range(source * from.frames..(source + 1) * from.frames)?,
                        zeros: &self.zeros,
                        tiles,
                        first,
                        count,
                        at_points: &mut at_points[source % KEPT * part * inner..],
                        stride,
                        inner,
                    });
                }
                ready = ready.max(end);
                for (tap, starts) in starts.chunks_exact_mut(count).take(TAPS).enumerate() {
                    let source = (begin + tap).checked_sub(shape.padding[0]);
                    for (offset, start) in starts.iter_mut().enumerate() {
                        *start = match source.filter(|&source| source < from.bins) {
                            Some(source) => (source % KEPT * part + offset) * inner,
                            None => PADDING,
                        };
                    }
                }
                let rows = bin * to.frames..(bin + 1) * to.frames;
                let residual = match residual.0 {
                    Some(view) if view.rows() > 1 => Some(view.row_range(rows.clone())?),
                    row => row,
                };
                let mut out = out.reborrow().row_range(rows)?;
                for panel in &self.panels {
                    let width = panel.width;
                    let taps = panel.weights.len() / POINTS;
                    for (point, taps) in panel.weights.chunks_exact(taps).enumerate() {
                        let rows = Gathered {
                            data: &at_points[point * stride..],
                            starts: &starts[..TAPS * count],
                            zeros: &self.zeros,
                            count,
                            taps: TAPS,
                            inputs: inner,
                        };
                        let out = &mut products[point * stride_out..][..count * width];
                        multiply(rows, taps, width, out, false, arch);
                    }
                    arch.dispatch(Backward {
                        products: &products,
                        stride: stride_out,
                        width,
                        tiles,
                        first,
                        count,
                        first_channel: panel.first,
                        after: &self.after,
                        residual: Residual(residual),
                        out: &mut out,
                    });
                }
            }
        }
        Ok(())
    }
}
