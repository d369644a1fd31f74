//! Convolutions with a half or a quarter of the multiplications: products of tiles and taps at points.

use register_tiles::{Buffer, LINE, Rows, Simd, TALLEST, WIDTH};

use crate::epilogue::{After, Epilogue, LANES, Residual};
use crate::kernel::{NARROW, panels};
use crate::panel::multiply;
use crate::transform::{Backward, Forward, Tiling};
use crate::{ConvError, View, ViewMut};

/// Elements of the second-level cache that the tiles of a part and their products at all points take.
const PART: usize = 160 << 10;

/// Taps at points, of some of the outputs.
#[derive(Debug)]
struct Panel {
    first: usize,
    width: usize,
    /// `[points, inner, width]`.
    taps: Buffer,
}

/// A convolution's taps at points, and what follows.
#[derive(Debug)]
pub(crate) struct Winograd {
    inputs: usize,
    /// Inputs, filled to whole registers.
    inner: usize,
    outputs: usize,
    panels: Vec<Panel>,
    after: After,
    zeros: Vec<f32>,
}

impl Winograd {
    /// From weights `[outputs, inputs, taps]`, as PyTorch has them, and what makes the values at so many points of those of
    /// an output and an input.
    pub(crate) fn new<Values: AsRef<[f64]>>(
        [outputs, inputs, taps]: [usize; 3],
        weights: &[f32],
        epilogue: &Epilogue<'_>,
        points: usize,
        at_points: impl Fn(&[f64]) -> Values,
    ) -> Result<Self, ConvError> {
        ConvError::not_zero("outputs", outputs)?;
        ConvError::not_zero("inputs", inputs)?;
        let all = ConvError::product("weights", &[outputs, inputs, points.max(taps)])?;
        ConvError::size(
            "elements of the weights",
            weights.len(),
            all / points.max(taps) * taps,
        )?;
        let (factors, after) = epilogue.build(outputs)?;
        let inner = inputs.next_multiple_of(LANES);
        let panels = panels(outputs).map(|(first, width)| {
            let mut panel = Buffer::zeros(points * inner * width);
            let mut scaled = vec![0.0; taps];
            for output in first..outputs.min(first + width) {
                for input in 0..inputs {
                    let weights = &weights[(output * inputs + input) * taps..][..taps];
                    for (scaled, &weight) in scaled.iter_mut().zip(weights) {
                        *scaled = f64::from(weight) * factors[output];
                    }
                    for (point, value) in at_points(&scaled).as_ref().iter().enumerate() {
                        panel[(point * inner + input) * width + output - first] = *value as f32;
                    }
                }
            }
            Panel {
                first,
                width,
                taps: panel,
            }
        });
        Ok(Self {
            inputs,
            inner,
            outputs,
            panels: panels.collect(),
            after,
            zeros: vec![0.0; inputs],
        })
    }

    /// Computes all rows of the output.
    pub(crate) fn run<Tiles: Tiling>(
        &self,
        x: View<'_>,
        tiles: Tiles,
        residual: Residual<'_>,
        out: &mut ViewMut<'_>,
    ) -> Result<(), ConvError> {
        residual.check(x, out, [self.inputs, self.outputs])?;
        let arch = Simd::chosen()?.resolve()?;
        let points = Tiles::POINTS;
        let (inner, width) = (self.inner, self.outputs.min(WIDTH).next_multiple_of(NARROW));
        let most = (PART / points / (inner + width)).max(4 * TALLEST);
        let all = tiles.count();
        let part = all
            .div_ceil(all.div_ceil(most))
            .next_multiple_of(TALLEST)
            .min(all);
        // A line more, so that the points of a tile do not all lie in the same set of the cache.
        let (stride, stride_out) = (part * inner + LINE, part * width + LINE);
        let mut at_points = Buffer::new(points * stride);
        let mut products = Buffer::new(points * stride_out);
        for first in (0..all).step_by(part) {
            let count = part.min(all - first);
            arch.dispatch(Forward {
                x,
                zeros: &self.zeros,
                tiles,
                first,
                count,
                at_points: &mut at_points,
                stride,
                inner,
            });
            for panel in &self.panels {
                let width = panel.width;
                for point in 0..points {
                    let rows = Rows::plain(&at_points[point * stride..][..count * inner], inner);
                    let taps = &panel.taps[point * inner * width..][..inner * width];
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
                    residual,
                    out,
                });
            }
        }
        Ok(())
    }
}
