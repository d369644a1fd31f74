//! Convolutions of 3 x 3 with a quarter of the multiplications: products of tiles and kernels at points.

use register_tiles::{Buffer, LINE, Product, Rows, Simd, TALLEST, WIDTH};

use crate::epilogue::{After, Epilogue, LANES, Residual};
use crate::kernel::{NARROW, panels};
use crate::transform::{Backward, Forward, POINTS, Tiles, kernel_at_points};
use crate::{ConvError, View, ViewMut};

/// Elements of the second-level cache that the tiles of a part and their products at all points take.
const PART: usize = 160 << 10;

/// Kernels at points, of some of the outputs.
#[derive(Debug)]
struct Panel {
    first: usize,
    width: usize,
    /// `[points, inner, width]`.
    kernels: Buffer,
}

/// A convolution's kernels at points, and what follows.
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
    /// From weights `[outputs, inputs, 3, 3]`, as PyTorch has them.
    pub(crate) fn new(
        [outputs, inputs]: [usize; 2],
        weights: &[f32],
        epilogue: &Epilogue<'_>,
    ) -> Result<Self, ConvError> {
        ConvError::not_zero("outputs", outputs)?;
        ConvError::not_zero("inputs", inputs)?;
        let all = ConvError::product("weights", &[outputs, inputs, POINTS])?;
        ConvError::size("elements of the weights", weights.len(), all / POINTS * 9)?;
        let (factors, after) = epilogue.build(outputs)?;
        let inner = inputs.next_multiple_of(LANES);
        let panels = panels(outputs).map(|(first, width)| {
            let mut kernels = Buffer::zeros(POINTS * inner * width);
            for output in first..outputs.min(first + width) {
                for input in 0..inputs {
                    let kernel = &weights[(output * inputs + input) * 9..][..9];
                    let at = |row: usize, column: usize| {
                        f64::from(kernel[row * 3 + column]) * factors[output]
                    };
                    let kernel =
                        std::array::from_fn(|row| std::array::from_fn(|column| at(row, column)));
                    let values = kernel_at_points(kernel);
                    for (point, value) in values.as_flattened().iter().enumerate() {
                        kernels[(point * inner + input) * width + output - first] = *value as f32;
                    }
                }
            }
            Panel {
                first,
                width,
                kernels,
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
    pub(crate) fn run(
        &self,
        x: View<'_>,
        tiles: Tiles,
        residual: Residual<'_>,
        out: &mut ViewMut<'_>,
    ) -> Result<(), ConvError> {
        ConvError::size("channels of the input", x.channels(), self.inputs)?;
        ConvError::size("channels of the output", out.channels(), self.outputs)?;
        residual.check(out.rows(), self.outputs)?;
        let arch = Simd::chosen()?.resolve()?;
        let (inner, width) = (self.inner, self.outputs.min(WIDTH).next_multiple_of(NARROW));
        let most = (PART / POINTS / (inner + width)).max(4 * TALLEST);
        let all = tiles.count();
        let part = all
            .div_ceil(all.div_ceil(most))
            .next_multiple_of(TALLEST)
            .min(all);
        // A line more, so that the points of a tile do not all lie in the same set of the cache.
        let (stride, stride_out) = (part * inner + LINE, part * width + LINE);
        let mut at_points = Buffer::new(POINTS * stride);
        let mut products = Buffer::new(POINTS * stride_out);
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
                for point in 0..POINTS {
                    let rows = Rows::plain(&at_points[point * stride..][..count * inner], inner);
                    let kernels = &panel.kernels[point * inner * width..][..inner * width];
                    let out = &mut products[point * stride_out..][..count * width];
                    multiply(rows, kernels, width, out, arch);
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

fn multiply(
    rows: Rows<'_>,
    panel: &[f32],
    width: usize,
    out: &mut [f32],
    arch: register_tiles::Arch,
) {
    if width == WIDTH {
        let out = out.as_chunks_mut().0;
        Product::<_, WIDTH> {
            rows,
            panel,
            out,
            accumulate: false,
        }
        .run(arch);
    } else {
        let out = out.as_chunks_mut().0;
        Product::<_, NARROW> {
            rows,
            panel,
            out,
            accumulate: false,
        }
        .run(arch);
    }
}
