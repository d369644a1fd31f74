//! From frames to one row: means, deviations, attentive statistics.

use pulp::{Simd as Lanes, WithSimd};
use register_tiles::{Simd, exp};

use crate::epilogue::{LANES, load};
use crate::{ConvError, Grid, View, ViewMut};

/// Frames whose sum is made in f32, before it goes to one of f64.
const RUN: usize = 128;

/// How a deviation keeps away from the root of zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Eps {
    /// Not at all.
    None,
    /// `sqrt(variance + eps)`: WeSpeaker's TSTP and the context of its ASTP, 1e-7.
    Inside(f32),
    /// `sqrt(max(variance, eps))`: the attentive poolings of WeSpeaker (1e-7) and SpeechBrain (1e-12).
    Floor(f32),
    /// `sqrt(variance) + eps`: SpeechBrain's `StatisticsPooling`, 1e-5.
    Outside(f32),
}

/// What a deviation is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Deviation {
    /// Whether the squares are divided by one less than the frames, as PyTorch's `var` and `std` do unless told otherwise.
    pub unbiased: bool,
    /// How it keeps away from the root of zero.
    pub eps: Eps,
}

impl Deviation {
    fn of(self, variance: f64) -> f64 {
        match self.eps {
            Eps::None => variance.sqrt(),
            Eps::Inside(eps) => (variance + f64::from(eps)).sqrt(),
            // `max` would make a number of NaN.
            Eps::Floor(eps) if variance < f64::from(eps) => f64::from(eps).sqrt(),
            Eps::Floor(_) => variance.sqrt(),
            Eps::Outside(eps) => variance.sqrt() + f64::from(eps),
        }
    }

    /// What squares are divided by.
    fn divisor(self, frames: usize) -> Result<f64, ConvError> {
        if self.unbiased && frames < 2 {
            return Err(ConvError::TooShort {
                of: "frames",
                found: frames,
                needed: 2,
            });
        }
        Ok((frames - usize::from(self.unbiased)) as f64)
    }
}

/// The mean over rows, `[1, channels]`.
///
/// # Errors
/// An output of another size, or instructions that the processor lacks.
pub fn mean(x: View<'_>, mut out: ViewMut<'_>) -> Result<(), ConvError> {
    check_row("the mean", x, &out)?;
    fill(out.row(0), &means(x)?);
    Ok(())
}

/// Mean and deviation over rows, each `[1, channels]`.
///
/// # Errors
/// Outputs of other sizes, one row where two are needed ([`Deviation::unbiased`]), or instructions that the processor lacks.
pub fn mean_deviation(
    x: View<'_>,
    deviation: Deviation,
    mut mean: ViewMut<'_>,
    mut out: ViewMut<'_>,
) -> Result<(), ConvError> {
    check_row("the mean", x, &mean)?;
    check_row("the deviation", x, &out)?;
    let divisor = deviation.divisor(x.rows())?;
    let means = means(x)?;
    let squares = sum(x, &means, Term::Square)?;
    fill(mean.row(0), &means);
    for (out, square) in out.row(0).iter_mut().zip(squares) {
        *out = deviation.of(square / divisor) as f32;
    }
    Ok(())
}

/// [`mean_deviation`] over the frames of each bin, `[1, channels * bins]` each, in the order of [`crate::from_grid`]:
/// the pooling of the ResNets.
///
/// # Errors
/// As [`mean_deviation`].
pub fn grid_mean_deviation(
    x: View<'_>,
    grid: Grid,
    deviation: Deviation,
    mut mean: ViewMut<'_>,
    mut out: ViewMut<'_>,
) -> Result<(), ConvError> {
    ConvError::size("rows of the input", x.rows(), grid.rows())?;
    let channels = ConvError::product("channels", &[x.channels(), grid.bins])?;
    for (what, view) in [
        ("channels of the mean", &mean),
        ("channels of the deviation", &out),
    ] {
        ConvError::size(what, view.channels(), channels)?;
        ConvError::size("rows of the output", view.rows(), 1)?;
    }
    let divisor = deviation.divisor(grid.frames)?;
    for bin in 0..grid.bins {
        let x = x.row_range(bin * grid.frames..(bin + 1) * grid.frames)?;
        let means = means(x)?;
        let squares = sum(x, &means, Term::Square)?;
        for (channel, (value, square)) in means.iter().zip(squares).enumerate() {
            let at = channel * grid.bins + bin;
            mean.row(0)[at] = *value as f32;
            out.row(0)[at] = deviation.of(square / divisor) as f32;
        }
    }
    Ok(())
}

/// Attentive statistics (Okabe et al., 2018): the softmax over rows of each channel's `scores` weighs mean and deviation,
/// each `[1, channels]`. `scores` has the size of `x`, or one channel for all.
///
/// # Errors
/// Views of other sizes, or instructions that the processor lacks. A deviation by weights is never unbiased.
pub fn attentive_statistics(
    x: View<'_>,
    scores: View<'_>,
    eps: Eps,
    mut mean: ViewMut<'_>,
    mut out: ViewMut<'_>,
) -> Result<(), ConvError> {
    check_row("the mean", x, &mean)?;
    check_row("the deviation", x, &out)?;
    ConvError::size("rows of the scores", scores.rows(), x.rows())?;
    if scores.channels() != 1 {
        ConvError::size("channels of the scores", scores.channels(), x.channels())?;
    }
    let deviation = Deviation {
        unbiased: false,
        eps,
    };
    let pooled = Simd::chosen()?.resolve()?.dispatch(Attend { x, scores });
    for (channel, (value, variance)) in pooled.into_iter().enumerate() {
        mean.row(0)[channel] = value as f32;
        out.row(0)[channel] = deviation.of(variance) as f32;
    }
    Ok(())
}

/// Rows of [`segment_means`].
pub fn num_segments(rows: usize, segment: usize) -> usize {
    rows.div_ceil(segment.max(1))
}

/// The mean of every `segment` rows, `[num_segments, channels]`, the last of what is left: PyTorch's `avg_pool1d` with
/// `ceil_mode=True`, as in CAM++ (100 frames).
///
/// # Errors
/// An output of another size, a segment of zero, or instructions that the processor lacks.
pub fn segment_means(x: View<'_>, segment: usize, mut out: ViewMut<'_>) -> Result<(), ConvError> {
    ConvError::not_zero("segment", segment)?;
    ConvError::size("channels of the output", out.channels(), x.channels())?;
    ConvError::size(
        "rows of the output",
        out.rows(),
        num_segments(x.rows(), segment),
    )?;
    for row in 0..out.rows() {
        let begin = row * segment;
        let part = x.row_range(begin..x.rows().min(begin.saturating_add(segment)))?;
        fill(out.row(row), &means(part)?);
    }
    Ok(())
}

fn check_row(what: &'static str, x: View<'_>, out: &ViewMut<'_>) -> Result<(), ConvError> {
    ConvError::size(
        what,
        out.rows().saturating_mul(out.channels()),
        x.channels(),
    )
}

fn fill(out: &mut [f32], values: &[f64]) {
    for (out, value) in out.iter_mut().zip(values) {
        *out = *value as f32;
    }
}

fn means(x: View<'_>) -> Result<Vec<f64>, ConvError> {
    let mut sums = sum(x, &[], Term::Plain)?;
    for sum in &mut sums {
        *sum /= x.rows() as f64;
    }
    Ok(sums)
}

/// What is summed up.
#[derive(Clone, Copy)]
enum Term {
    Plain,
    /// The square of the distance from the centre.
    Square,
}

fn sum(x: View<'_>, centres: &[f64], term: Term) -> Result<Vec<f64>, ConvError> {
    let centres = centres.iter().map(|&centre| centre as f32).collect();
    Ok(Simd::chosen()?
        .resolve()?
        .dispatch(Sum { x, centres, term }))
}

struct Sum<'a> {
    x: View<'a>,
    centres: Vec<f32>,
    term: Term,
}

impl WithSimd for Sum<'_> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn with_simd<S: Lanes>(self, _: S) -> Vec<f64> {
        let channels = self.x.channels();
        let mut totals = vec![0.0; channels.next_multiple_of(LANES)];
        let mut runs = vec![[0f32; LANES]; channels.div_ceil(LANES)];
        for row in 0..self.x.rows() {
            let x = self.x.row(row);
            for (lane, run) in runs.iter_mut().enumerate() {
                let values = load(x, lane);
                match self.term {
                    Term::Plain => add(run, &values, |x| x),
                    Term::Square => {
                        let mut away = load(&self.centres, lane);
                        for (away, value) in away.iter_mut().zip(values) {
                            *away = value - *away;
                        }
                        add(run, &away, |x| x * x);
                    }
                }
            }
            if (row + 1) % RUN == 0 || row + 1 == self.x.rows() {
                for (total, run) in totals.iter_mut().zip(runs.as_flattened_mut()) {
                    *total += f64::from(std::mem::take(run));
                }
            }
        }
        totals.truncate(channels);
        totals
    }
}

#[inline(always)]
fn add(run: &mut [f32; LANES], values: &[f32; LANES], term: impl Fn(f32) -> f32) {
    for (run, &value) in run.iter_mut().zip(values) {
        *run += term(value);
    }
}

struct Attend<'a> {
    x: View<'a>,
    scores: View<'a>,
}

impl WithSimd for Attend<'_> {
    /// Weighted mean and variance of each channel.
    type Output = Vec<(f64, f64)>;

    #[inline(always)]
    fn with_simd<S: Lanes>(self, _: S) -> Self::Output {
        if S::IS_SCALAR {
            self.run::<false>()
        } else {
            self.run::<true>()
        }
    }
}

impl Attend<'_> {
    #[inline(always)]
    fn scores(&self, row: usize, lane: usize) -> [f32; LANES] {
        match self.scores.channels() {
            1 => [self.scores.row(row)[0]; LANES],
            _ => load(self.scores.row(row), lane),
        }
    }

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> Vec<(f64, f64)> {
        let (rows, channels) = (self.x.rows(), self.x.channels());
        let lanes = channels.div_ceil(LANES);
        let mut highest = vec![[f32::NEG_INFINITY; LANES]; lanes];
        for row in 0..rows {
            for (lane, highest) in highest.iter_mut().enumerate() {
                for (highest, score) in highest.iter_mut().zip(self.scores(row, lane)) {
                    *highest = if score > *highest { score } else { *highest };
                }
            }
        }
        // Sums of the weights, of the weighted values and of their squares, about the first row: the numbers stay small.
        let mut runs = vec![[[0f32; LANES]; 3]; lanes];
        let mut totals = vec![[[0f64; LANES]; 3]; lanes];
        for row in 0..rows {
            for (lane, [weights, values, squares]) in runs.iter_mut().enumerate() {
                let (x, scores) = (load(self.x.row(row), lane), self.scores(row, lane));
                let (first, highest) = (load(self.x.row(0), lane), &highest[lane]);
                for index in 0..LANES {
                    let weight = exp::<FUSED>(scores[index] - highest[index]);
                    let away = x[index] - first[index];
                    weights[index] += weight;
                    values[index] += weight * away;
                    squares[index] += weight * away * away;
                }
            }
            if (row + 1) % RUN == 0 || row + 1 == rows {
                let flat = runs.as_flattened_mut().as_flattened_mut();
                let totals = totals.as_flattened_mut().as_flattened_mut();
                for (total, run) in totals.iter_mut().zip(flat) {
                    *total += f64::from(std::mem::take(run));
                }
            }
        }
        let pooled = (0..channels).map(|channel| {
            let [weights, values, squares] = &totals[channel / LANES];
            let at = channel % LANES;
            let away = values[at] / weights[at];
            let mean = f64::from(self.x.row(0)[channel]) + away;
            (mean, squares[at] / weights[at] - away * away)
        });
        pooled.collect()
    }
}
