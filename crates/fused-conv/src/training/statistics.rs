//! Statistics pooling over the frames of each item, plain (Snyder et al. 2018) and with a weight for each frame and channel
//! (attentive: Okabe, Koshinaka & Shinoda 2018), with their gradients.

use pulp::{Simd as Lanes, WithSimd};
use rayon::prelude::*;
use register_tiles::{Buffer, Simd, exp};

use super::gate::check_items;
use crate::epilogue::{LANES, load, store};
use crate::pass::same_size;
use crate::{ConvError, View, ViewMut};

/// What attentive statistics keep for their gradients, `[batch, channels]` each.
#[derive(Debug)]
pub struct Attended {
    /// The largest score.
    highest: Buffer,
    /// One by the sum of the weights before they are divided by it.
    inverse: Buffer,
    mean: Buffer,
    variance: Buffer,
    /// Least variance.
    floor: f32,
    /// Whether every frame has the same weight.
    plain: bool,
}

/// Weighted means and deviations `[batch, channels]` over each item's frames: weights are the softmax of `scores` over the
/// frames, deviations `sqrt(max(variance, floor))`. Without scores all frames weigh the same, and the variance is divided by
/// the number of frames.
///
/// # Errors
/// Arguments that do not fit, or instructions that the processor lacks.
pub fn attend(
    x: View<'_>,
    scores: Option<View<'_>>,
    frames: usize,
    floor: f32,
    mean: ViewMut<'_>,
    deviation: ViewMut<'_>,
) -> Result<Attended, ConvError> {
    check_items(x, frames, mean.view())?;
    check_items(x, frames, deviation.view())?;
    if let Some(scores) = scores {
        check_items(scores, frames, mean.view())?;
    }
    let arch = Simd::chosen()?.resolve()?;
    let (batch, channels) = (mean.rows(), x.channels());
    let [mut highest, mut inverse, mut means, mut variance] =
        std::array::from_fn(|_| Buffer::new(batch * channels));
    let kept = highest
        .par_chunks_mut(channels)
        .zip(inverse.par_chunks_mut(channels))
        .zip(means.par_chunks_mut(channels))
        .zip(variance.par_chunks_mut(channels));
    mean.parts(1)
        .zip(deviation.parts(1))
        .zip(kept)
        .enumerate()
        .for_each(|(item, ((mut mean, mut deviation), kept))| {
            let (((highest, inverse), means), variance) = kept;
            arch.dispatch(Attend {
                x,
                scores,
                first: item * frames,
                frames,
                highest,
                inverse,
                means,
                variance,
            });
            mean.row(0).copy_from_slice(means);
            for (deviation, &variance) in deviation.row(0).iter_mut().zip(&*variance) {
                *deviation = at_least(variance, floor).sqrt();
            }
        });
    Ok(Attended {
        highest,
        inverse,
        mean: means,
        variance,
        floor,
        plain: scores.is_none(),
    })
}

/// The larger, and NaN of NaN.
fn at_least(value: f32, floor: f32) -> f32 {
    if value < floor { floor } else { value }
}

impl Attended {
    /// Gradients of `x` and of the scores, from those of mean and deviation, `[batch, channels]` each.
    ///
    /// # Errors
    /// Arguments that do not fit, or instructions that the processor lacks.
    #[allow(
        clippy::too_many_arguments,
        reason = "two gradients come in, two go out"
    )]
    pub fn backward(
        &self,
        x: View<'_>,
        scores: Option<View<'_>>,
        frames: usize,
        of_mean: View<'_>,
        of_deviation: View<'_>,
        dx: ViewMut<'_>,
        of_scores: Option<ViewMut<'_>>,
    ) -> Result<(), ConvError> {
        check_items(x, frames, of_mean)?;
        check_items(x, frames, of_deviation)?;
        same_size(x, &dx)?;
        let channels = x.channels();
        ConvError::size(
            "rows of what was kept",
            self.mean.len(),
            of_mean.rows() * channels,
        )?;
        let scored = usize::from(!self.plain);
        ConvError::size("scores", usize::from(scores.is_some()), scored)?;
        ConvError::size(
            "gradients of scores",
            usize::from(of_scores.is_some()),
            scored,
        )?;
        if let Some(scores) = scores {
            same_size(scores, &dx)?;
        }
        if let Some(of_scores) = &of_scores {
            same_size(x, of_scores)?;
        }
        let arch = Simd::chosen()?.resolve()?;
        let each = |item: usize, mut dx: ViewMut<'_>, mut of_scores: Option<ViewMut<'_>>| {
            let kept =
                |buffer: &'_ Buffer| -> Vec<f32> { buffer[item * channels..][..channels].to_vec() };
            let variance = kept(&self.variance);
            let of_variance: Vec<f32> = variance
                .iter()
                .zip(of_deviation.row(item))
                .map(|(&variance, &of_deviation)| match variance > self.floor {
                    true => of_deviation / (2.0 * variance.sqrt()),
                    false => 0.0,
                })
                .collect();
            arch.dispatch(Back {
                x,
                scores,
                first: item * frames,
                highest: &kept(&self.highest),
                inverse: &kept(&self.inverse),
                mean: &kept(&self.mean),
                variance: &variance,
                of_mean: of_mean.row(item),
                of_variance: &of_variance,
                dx: &mut dx,
                of_scores: of_scores.as_mut(),
            });
        };
        match of_scores {
            None => dx
                .parts(frames)
                .enumerate()
                .for_each(|(item, dx)| each(item, dx, None)),
            Some(of_scores) => dx
                .parts(frames)
                .zip(of_scores.parts(frames))
                .enumerate()
                .for_each(|(item, (dx, of_scores))| each(item, dx, Some(of_scores))),
        }
        Ok(())
    }
}

struct Attend<'a> {
    x: View<'a>,
    scores: Option<View<'a>>,
    first: usize,
    frames: usize,
    highest: &'a mut [f32],
    inverse: &'a mut [f32],
    means: &'a mut [f32],
    variance: &'a mut [f32],
}

impl WithSimd for Attend<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(self, _: S) {
        if S::IS_SCALAR {
            self.run::<false>();
        } else {
            self.run::<true>();
        }
    }
}

impl Attend<'_> {
    /// Frames whose sums are made in f32, before they go to ones of f64.
    const RUN: usize = 128;

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let last = self.first + self.frames;
        self.highest.fill(0.0);
        if let Some(scores) = self.scores {
            self.highest.fill(f32::NEG_INFINITY);
            for row in self.first..last {
                for (highest, &score) in self.highest.iter_mut().zip(scores.row(row)) {
                    *highest = if score > *highest { score } else { *highest };
                }
            }
        }
        let lanes = self.means.len().div_ceil(LANES);
        let mut runs = vec![[[0f32; LANES]; 3]; lanes];
        let mut totals = vec![[[0f64; LANES]; 3]; lanes];
        let begin = self.x.row(self.first);
        for first in (self.first..last).step_by(Self::RUN) {
            for row in first..last.min(first + Self::RUN) {
                let scores = self.scores.map(|scores| scores.row(row));
                // About the first frame: the numbers stay small.
                for (lane, [weights, values, squares]) in runs.iter_mut().enumerate() {
                    let (x, begin) = (load(self.x.row(row), lane), load(begin, lane));
                    let mut weight = [1f32; LANES];
                    if let Some(scores) = scores {
                        let (scores, highest) = (load(scores, lane), load(self.highest, lane));
                        for index in 0..LANES {
                            weight[index] = exp::<FUSED>(scores[index] - highest[index]);
                        }
                    }
                    for index in 0..LANES {
                        let away = x[index] - begin[index];
                        weights[index] += weight[index];
                        values[index] += weight[index] * away;
                        squares[index] += weight[index] * away * away;
                    }
                }
            }
            let flat = runs.as_flattened_mut().as_flattened_mut();
            let totals = totals.as_flattened_mut().as_flattened_mut();
            for (total, run) in totals.iter_mut().zip(flat) {
                *total += f64::from(std::mem::take(run));
            }
        }
        for (channel, &begin) in begin.iter().enumerate() {
            let [weights, values, squares] = &totals[channel / LANES];
            let at = channel % LANES;
            let away = values[at] / weights[at];
            self.inverse[channel] = (1.0 / weights[at]) as f32;
            self.means[channel] = (f64::from(begin) + away) as f32;
            let variance = squares[at] / weights[at] - away * away;
            self.variance[channel] = variance as f32;
        }
    }
}

/// With `w` the weights: `dx = w (dm + 2 dv (x - mean))`, `ds = w (dm (x - mean) + dv ((x - mean)^2 - variance))`.
struct Back<'a, 'b, 'c> {
    x: View<'a>,
    scores: Option<View<'a>>,
    first: usize,
    highest: &'a [f32],
    inverse: &'a [f32],
    mean: &'a [f32],
    variance: &'a [f32],
    of_mean: &'a [f32],
    of_variance: &'a [f32],
    dx: &'a mut ViewMut<'b>,
    of_scores: Option<&'a mut ViewMut<'c>>,
}

impl WithSimd for Back<'_, '_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(self, _: S) {
        if S::IS_SCALAR {
            self.run::<false>();
        } else {
            self.run::<true>();
        }
    }
}

impl Back<'_, '_, '_> {
    #[inline(always)]
    fn run<const FUSED: bool>(mut self) {
        for row in 0..self.dx.rows() {
            let x = self.x.row(self.first + row);
            let scores = self.scores.map(|scores| scores.row(self.first + row));
            let dx = self.dx.row(row);
            let mut of_scores = self.of_scores.as_mut().map(|of_scores| of_scores.row(row));
            for lane in 0..x.len().div_ceil(LANES) {
                let mut weight = load(self.inverse, lane);
                if let Some(scores) = scores {
                    let (scores, highest) = (load(scores, lane), load(self.highest, lane));
                    for index in 0..LANES {
                        weight[index] *= exp::<FUSED>(scores[index] - highest[index]);
                    }
                }
                let (x, mean) = (load(x, lane), load(self.mean, lane));
                let variance = load(self.variance, lane);
                let (of_mean, of_variance) =
                    (load(self.of_mean, lane), load(self.of_variance, lane));
                let (mut of_x, mut of_score) = ([0.0; LANES], [0.0; LANES]);
                for index in 0..LANES {
                    let away = x[index] - mean[index];
                    let by_variance = of_variance[index] * away;
                    of_x[index] = weight[index] * (of_mean[index] + 2.0 * by_variance);
                    of_score[index] = weight[index]
                        * (of_mean[index] * away + by_variance * away
                            - of_variance[index] * variance[index]);
                }
                store(dx, lane, &of_x);
                if let Some(of_scores) = &mut of_scores {
                    store(of_scores, lane, &of_score);
                }
            }
        }
    }
}
