//! Tiles of frames: four outputs of three taps, or two of five. Frames that are a dilation apart share a tile.

use pulp::Simd as Lanes;

use crate::Conv1dShape;
use crate::transform::{
    Backward, Forward, REACH, Tiling, input_at_points, outputs, outputs_of_five, put, register,
};

/// The tiles of an output's frames; `TAPS` is 3 or 5.
#[derive(Clone, Copy)]
pub(crate) struct Frames<const TAPS: usize> {
    pub(crate) shape: Conv1dShape,
    pub(crate) from: usize,
    pub(crate) to: usize,
}

impl<const TAPS: usize> Frames<TAPS> {
    /// Outputs of a tile.
    const OUTPUTS: usize = REACH + 1 - TAPS;

    /// First output.
    fn begin(self, tile: usize) -> usize {
        let dilation = self.shape.dilation;
        tile / dilation * dilation * Self::OUTPUTS + tile % dilation
    }

    /// So many dilations behind the first.
    fn behind(self, first: usize, number: usize) -> usize {
        first.saturating_add(self.shape.dilation.saturating_mul(number))
    }
}

impl<const TAPS: usize> Tiling for Frames<TAPS> {
    const POINTS: usize = REACH;

    fn count(self) -> usize {
        let dilation = self.shape.dilation;
        let group = dilation.saturating_mul(Self::OUTPUTS);
        let (whole, rest) = (self.to / group, self.to % group);
        whole * dilation + rest.min(dilation)
    }

    #[inline(always)]
    fn forward<S: Lanes>(simd: S, forward: Forward<'_, Self>) {
        let Forward {
            x,
            tiles,
            stride,
            inner,
            ..
        } = forward;
        for offset in 0..forward.count {
            let begin = tiles.begin(forward.first + offset);
            let mut rows = [forward.zeros; REACH];
            for (number, row) in rows.iter_mut().enumerate() {
                if let Some(frame) = tiles.shape.source(tiles.behind(begin, number), tiles.from) {
                    *row = x.row(frame);
                }
            }
            let out = &mut forward.at_points[offset * inner..];
            for at in (0..inner).step_by(S::F32_LANES) {
                let mut tile = [simd.splat_f32s(0.0); REACH];
                for (value, row) in tile.iter_mut().zip(rows) {
                    *value = register(simd, row, at);
                }
                let tile = input_at_points(simd, tile);
                for (point, value) in tile.into_iter().enumerate() {
                    put(simd, out, point * stride + at, value);
                }
            }
        }
    }

    #[inline(always)]
    fn backward<S: Lanes>(
        simd: S,
        backward: Backward<'_, '_, Self>,
        activation: impl Fn(f32) -> f32 + Copy,
    ) {
        let Backward {
            tiles,
            first_channel,
            ..
        } = backward;
        let channels = backward.out.channels().min(first_channel + backward.width);
        for offset in 0..backward.count {
            let begin = tiles.begin(backward.first + offset);
            let products = &backward.products[offset * backward.width..];
            for at in (0..channels - first_channel).step_by(S::F32_LANES) {
                let mut tile = [simd.splat_f32s(0.0); REACH];
                for (point, value) in tile.iter_mut().enumerate() {
                    *value = register(simd, products, point * backward.stride + at);
                }
                let after = backward.after;
                let finish = after.finish(simd, first_channel + at, backward.residual);
                if TAPS == 3 {
                    for (number, sum) in outputs(simd, tile).into_iter().enumerate() {
                        let frame = tiles.behind(begin, number);
                        if frame < tiles.to {
                            finish.write(simd, sum, activation, frame, backward.out);
                        }
                    }
                } else {
                    for (number, sum) in outputs_of_five(simd, tile).into_iter().enumerate() {
                        let frame = tiles.behind(begin, number);
                        if frame < tiles.to {
                            finish.write(simd, sum, activation, frame, backward.out);
                        }
                    }
                }
            }
        }
    }
}
