//! Means over the frames of each item, and gates that scale its channels (squeeze and excitation, Hu et al. 2018), with their
//! gradients.

use pulp::{Simd as Lanes, WithSimd};
use rayon::prelude::*;
use register_tiles::Simd;

use super::vectors::{store_vector, vector_of};
use crate::epilogue::{LANES, load};
use crate::pass::same_size;
use crate::{ConvError, View, ViewMut};

/// Holds that `x` has so many frames for each row of `items`, and as many channels.
pub(super) fn check_items(x: View<'_>, frames: usize, items: View<'_>) -> Result<(), ConvError> {
    ConvError::not_zero("frames", frames)?;
    ConvError::size("channels of the items", items.channels(), x.channels())?;
    let rows = ConvError::product("rows", &[items.rows(), frames])?;
    ConvError::size("rows of the batch", x.rows(), rows)
}

/// `out` `[batch, channels]` = the mean over each item's frames.
///
/// # Errors
/// Arguments that do not fit, or instructions that the processor lacks.
pub fn means(x: View<'_>, frames: usize, out: ViewMut<'_>) -> Result<(), ConvError> {
    sums(x, None, frames, 1.0 / frames.max(1) as f32, out)
}

/// The gradient of gates `[batch, channels]`: for each item the sum over its frames of `x * dy`.
///
/// # Errors
/// Arguments that do not fit, or instructions that the processor lacks.
pub fn gate_gradient(
    x: View<'_>,
    dy: View<'_>,
    frames: usize,
    out: ViewMut<'_>,
) -> Result<(), ConvError> {
    sums(x, Some(dy), frames, 1.0, out)
}

fn sums(
    x: View<'_>,
    y: Option<View<'_>>,
    frames: usize,
    factor: f32,
    out: ViewMut<'_>,
) -> Result<(), ConvError> {
    check_items(x, frames, out.view())?;
    if let Some(y) = y {
        check_items(y, frames, out.view())?;
    }
    let arch = Simd::chosen()?.resolve()?;
    out.parts(1).enumerate().for_each(|(item, mut out)| {
        arch.dispatch(Sum {
            x,
            y,
            first: item * frames,
            frames,
            factor,
            out: out.row(0),
        });
    });
    Ok(())
}

/// `out = x * gates`, plus a residual where there is one; `gates` has a row for each item.
///
/// # Errors
/// Arguments that do not fit, or instructions that the processor lacks.
pub fn scale(
    x: View<'_>,
    frames: usize,
    gates: View<'_>,
    residual: Option<View<'_>>,
    out: ViewMut<'_>,
) -> Result<(), ConvError> {
    check_items(x, frames, gates)?;
    same_size(x, &out)?;
    if let Some(residual) = residual {
        same_size(residual, &out)?;
    }
    let arch = Simd::chosen()?.resolve()?;
    out.parts(frames).enumerate().for_each(|(item, mut out)| {
        arch.dispatch(Scale {
            x,
            first: item * frames,
            gates: gates.row(item),
            shifts: &[],
            residual,
            out: &mut out,
        });
    });
    Ok(())
}

/// The gradient of what was scaled, `out = dy * gates`, and added to each frame what the mean over the item's frames gets,
/// divided by their number: `of_means` `[batch, channels]`.
///
/// # Errors
/// Arguments that do not fit, or instructions that the processor lacks.
pub fn scale_gradient(
    dy: View<'_>,
    frames: usize,
    gates: View<'_>,
    of_means: View<'_>,
    out: ViewMut<'_>,
) -> Result<(), ConvError> {
    check_items(dy, frames, gates)?;
    check_items(dy, frames, of_means)?;
    same_size(dy, &out)?;
    let arch = Simd::chosen()?.resolve()?;
    out.parts(frames).enumerate().for_each(|(item, mut out)| {
        let shifts: Vec<f32> = of_means
            .row(item)
            .iter()
            .map(|d| d / frames as f32)
            .collect();
        arch.dispatch(Scale {
            x: dy,
            first: item * frames,
            gates: gates.row(item),
            shifts: &shifts,
            residual: None,
            out: &mut out,
        });
    });
    Ok(())
}

struct Sum<'a> {
    x: View<'a>,
    y: Option<View<'a>>,
    first: usize,
    frames: usize,
    factor: f32,
    out: &'a mut [f32],
}

/// Frames whose sum is made in f32, before it goes to one of f64.
const RUN: usize = 128;

impl WithSimd for Sum<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(self, _: S) {
        let lanes = self.out.len().div_ceil(LANES);
        let mut totals = vec![[0f64; LANES]; lanes];
        let mut runs = vec![[0f32; LANES]; lanes];
        let last = self.first + self.frames;
        for first in (self.first..last).step_by(RUN) {
            for row in first..last.min(first + RUN) {
                let x = self.x.row(row);
                let y = self.y.map(|y| y.row(row));
                for (lane, run) in runs.iter_mut().enumerate() {
                    let mut values = load(x, lane);
                    if let Some(y) = y {
                        for (value, y) in values.iter_mut().zip(load(y, lane)) {
                            *value *= y;
                        }
                    }
                    for (run, value) in run.iter_mut().zip(values) {
                        *run += value;
                    }
                }
            }
            for (total, run) in totals
                .as_flattened_mut()
                .iter_mut()
                .zip(runs.as_flattened_mut())
            {
                *total += f64::from(std::mem::take(run));
            }
        }
        for (out, total) in self.out.iter_mut().zip(totals.as_flattened()) {
            *out = (total * f64::from(self.factor)) as f32;
        }
    }
}

struct Scale<'a, 'b> {
    x: View<'a>,
    first: usize,
    gates: &'a [f32],
    shifts: &'a [f32],
    residual: Option<View<'a>>,
    out: &'a mut ViewMut<'b>,
}

impl WithSimd for Scale<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(self, simd: S) {
        for row in 0..self.out.rows() {
            let (x, out) = (self.x.row(self.first + row), self.out.row(row));
            let residual = self.residual.map(|residual| residual.row(self.first + row));
            for vector in 0..x.len().div_ceil(S::F32_LANES) {
                // Behind the end of none stand zeros.
                let mut summand = vector_of(simd, self.shifts, vector);
                if let Some(residual) = residual {
                    summand = simd.add_f32s(summand, vector_of(simd, residual, vector));
                }
                let gate = vector_of(simd, self.gates, vector);
                let values = simd.mul_add_e_f32s(vector_of(simd, x, vector), gate, summand);
                store_vector(simd, out, vector, values);
            }
        }
    }
}
