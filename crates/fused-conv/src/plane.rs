//! Convolutions of a plane of one channel, as the first layer of a network over images is: a row of the unfolded input is
//! nothing but where it begins in lines of the plane, and is never written down.

use register_tiles::{Buffer, Left, Simd, TALLEST, WIDTH};

use crate::epilogue::{Epilogue, Residual};
use crate::kernel::{Kernel, MOST_ROWS};
use crate::{Conv2dShape, ConvError, Grid, View, ViewMut};

/// A convolution's weights, and where each tap reads.
#[derive(Debug)]
pub(crate) struct Plane {
    shape: Conv2dShape,
    kernel: Kernel,
}

impl Plane {
    /// From weights `[outputs, 1, taps over bins, taps over frames]`, as PyTorch has them.
    pub(crate) fn new(
        shape: Conv2dShape,
        weights: &[f32],
        epilogue: &Epilogue<'_>,
    ) -> Result<Self, ConvError> {
        let taps = ConvError::product("kernel", &shape.kernel)?;
        Ok(Self {
            shape,
            kernel: Kernel::new([shape.outputs, shape.inputs, taps], weights, epilogue)?,
        })
    }

    /// Computes all rows of the output, bin by bin.
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
        let ([down, along], [over_bins, over_frames]) = (shape.stride, shape.kernel);
        // A tile of rows reads as far as the last of them.
        let len = from.frames + 2 * shape.padding[1];
        let mut lines = Buffer::zeros(over_bins * len);
        let offsets: Vec<usize> = (0..over_bins * over_frames)
            .map(|tap| tap / over_frames * len + tap % over_frames)
            .collect();
        let part = to.frames.min(MOST_ROWS).next_multiple_of(TALLEST);
        let mut sums = Buffer::new(part * WIDTH);
        let (data, stride) = x.lines();
        for bin in 0..to.bins {
            for (tap, line) in lines.chunks_exact_mut(len).enumerate() {
                let line = &mut line[shape.padding[1]..][..from.frames];
                let source = (bin * down + tap).checked_sub(shape.padding[0]);
                match source.filter(|&source| source < from.bins) {
                    Some(source) => {
                        let begin = source * from.frames * stride;
                        for (to, &value) in
                            line.iter_mut().zip(data[begin..].iter().step_by(stride))
                        {
                            *to = value;
                        }
                    }
                    None => line.fill(0.0),
                }
            }
            for first in (0..to.frames).step_by(part) {
                let rows = Lines {
                    data: &lines[first * along..],
                    offsets: &offsets,
                    stride: along,
                    count: part.min(to.frames - first),
                };
                let first = bin * to.frames + first;
                self.kernel
                    .part(rows, first, &mut sums, residual, out, arch);
            }
        }
        Ok(())
    }
}

/// Rows of the unfolded input of one bin of the output.
#[derive(Clone, Copy)]
struct Lines<'a> {
    /// All lines, from what the first row reads on.
    data: &'a [f32],
    /// Where each tap reads for the first row.
    offsets: &'a [usize],
    /// Elements from a row to the next.
    stride: usize,
    count: usize,
}

impl<'a> Left for Lines<'a> {
    /// From the tile's first row on, of the block's taps.
    type Tile<const HEIGHT: usize> = Self;

    #[inline(always)]
    fn count(self) -> usize {
        self.count
    }

    #[inline(always)]
    fn inner(self) -> usize {
        self.offsets.len()
    }

    #[inline(always)]
    fn tile<const HEIGHT: usize>(self, row: usize, block: usize) -> Self {
        Self {
            data: &self.data[row * self.stride..],
            offsets: &self.offsets[block * register_tiles::DEPTH..],
            ..self
        }
    }

    #[inline(always)]
    fn element<const HEIGHT: usize>(tile: &Self, row: usize, inner: usize) -> f32 {
        tile.data[tile.offsets[inner] + row * tile.stride]
    }
}
