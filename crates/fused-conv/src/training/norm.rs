//! Batch norm by the statistics of the batch (Ioffe & Szegedy 2015), with max(0, ..) before or behind it, and its gradients.

use std::ops::Range;

use pulp::{Simd as Lanes, WithSimd};
use rayon::prelude::*;
use register_tiles::Simd;

use super::vectors::{relu_of, store_vector, vector_of, where_positive};
use crate::pass::same_size;
use crate::{ConvError, View, ViewMut};

/// Rows whose sums are made in f32, before they go to one of f64.
const RUN: usize = 128;
/// Elements of a task, about.
const TASK: usize = 1 << 16;

/// Mean and variance of every channel over the rows of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchStatistics {
    /// One element a channel.
    pub mean: Vec<f64>,
    /// Squares divided by the number of rows.
    pub variance: Vec<f64>,
    /// How many rows.
    pub rows: usize,
}

impl BatchStatistics {
    /// Of all rows: in f32 over 128 rows about their own mean, then in f64.
    ///
    /// # Errors
    /// Instructions that the processor lacks.
    pub fn of(x: View<'_>) -> Result<Self, ConvError> {
        let arch = Simd::chosen()?.resolve()?;
        let channels = x.channels();
        let parts: Vec<Self> = tasks(x.rows(), channels)
            .map(|rows| {
                let mut total = Self {
                    mean: vec![0.0; channels],
                    variance: vec![0.0; channels],
                    rows: 0,
                };
                let mut sums = vec![0f32; 2 * channels];
                for first in rows.clone().step_by(RUN) {
                    let rows = first..rows.end.min(first + RUN);
                    let (means, squares) = sums.split_at_mut(channels);
                    arch.dispatch(Moments {
                        x,
                        rows: rows.clone(),
                        means,
                        squares,
                    });
                    total.add(rows.len(), means, squares);
                }
                total
            })
            .collect();
        let mut parts = parts.into_iter();
        let mut total = parts.next().unwrap_or(Self {
            mean: vec![0.0; channels],
            variance: vec![0.0; channels],
            rows: 0,
        });
        parts.for_each(|part| total.add(part.rows, &part.mean, &part.variance));
        for variance in &mut total.variance {
            *variance /= total.rows as f64;
        }
        Ok(total)
    }

    /// Adds rows by their mean and their sum of squares about it (Chan et al. 1979); `variance` holds such a sum here.
    fn add<T: Copy + Into<f64>>(&mut self, rows: usize, means: &[T], squares: &[T]) {
        let all = (self.rows + rows) as f64;
        let (share, weight) = (rows as f64 / all, self.rows as f64 * rows as f64 / all);
        let own = self.mean.iter_mut().zip(&mut self.variance);
        for ((mean, variance), (&of, &square)) in own.zip(means.iter().zip(squares)) {
            let away = of.into() - *mean;
            *mean += away * share;
            *variance += square.into() + away * away * weight;
        }
        self.rows += rows;
    }

    /// Moves running statistics towards these: `running = (1 - momentum) * running + momentum * these`, where the variance is
    /// divided by one row less, as PyTorch does (and by the rows where there is one only).
    ///
    /// # Errors
    /// Slices of other lengths.
    pub fn update(
        &self,
        momentum: f64,
        mean: &mut [f32],
        variance: &mut [f32],
    ) -> Result<(), ConvError> {
        let channels = self.mean.len();
        ConvError::size("elements of the running mean", mean.len(), channels)?;
        ConvError::size("elements of the running variance", variance.len(), channels)?;
        let unbiased = self.rows as f64 / self.rows.saturating_sub(1).max(1) as f64;
        let step = |running: &mut f32, of: f64| {
            *running = (f64::from(*running) * (1.0 - momentum) + momentum * of) as f32;
        };
        for (running, of) in mean.iter_mut().zip(&self.mean) {
            step(running, *of);
        }
        for (running, of) in variance.iter_mut().zip(&self.variance) {
            step(running, of * unbiased);
        }
        Ok(())
    }
}

/// Rows of a task: whole runs.
fn task_rows(channels: usize) -> usize {
    (TASK / channels).next_multiple_of(RUN).max(RUN)
}

fn tasks(rows: usize, channels: usize) -> impl IndexedParallelIterator<Item = Range<usize>> {
    let each = task_rows(channels);
    let tasks = (0..rows.div_ceil(each)).into_par_iter();
    tasks.map(move |task| task * each..rows.min((task + 1) * each))
}

/// Where max(0, ..) stands.
#[derive(Clone, Copy, Debug)]
pub enum Relu<'a> {
    /// Nowhere.
    None,
    /// Before the norm, whose input is what came out of it: TDNN, ECAPA.
    Before,
    /// Behind the norm (and the residual): ResNet. With what came out, to know where gradients end.
    Behind(View<'a>),
}

/// A batch norm in training.
#[derive(Clone, Copy, Debug)]
pub struct BatchNorm<'a> {
    /// Gamma, one element a channel.
    pub weight: &'a [f32],
    /// Beta.
    pub bias: &'a [f32],
    /// What is added to the variance: 1e-5 in PyTorch.
    pub eps: f64,
}

/// Gradients of a batch norm's parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchNormGradients {
    /// Of gamma.
    pub weight: Vec<f32>,
    /// Of beta.
    pub bias: Vec<f32>,
}

impl BatchNorm<'_> {
    fn check(&self, x: View<'_>, statistics: &BatchStatistics) -> Result<(), ConvError> {
        let channels = x.channels();
        for (what, found) in [
            ("elements of the norm's weight", self.weight.len()),
            ("elements of the norm's bias", self.bias.len()),
            ("elements of the norm's mean", statistics.mean.len()),
            ("elements of the norm's variance", statistics.variance.len()),
        ] {
            ConvError::size(what, found, channels)?;
        }
        ConvError::size("rows of the statistics", statistics.rows, x.rows())
    }

    /// `1 / sqrt(variance + eps)`.
    fn inverse(&self, statistics: &BatchStatistics) -> Vec<f64> {
        let variances = statistics.variance.iter();
        variances
            .map(|variance| (variance + self.eps).sqrt().recip())
            .collect()
    }

    /// `out` = the norm of `x`, plus the residual, and max(0, ..) of that with `relu`.
    ///
    /// # Errors
    /// Arguments that do not fit, or instructions that the processor lacks.
    pub fn forward(
        &self,
        x: View<'_>,
        statistics: &BatchStatistics,
        residual: Option<View<'_>>,
        relu: bool,
        out: ViewMut<'_>,
    ) -> Result<(), ConvError> {
        self.check(x, statistics)?;
        same_size(x, &out)?;
        if let Some(residual) = residual {
            same_size(residual, &out)?;
        }
        let arch = Simd::chosen()?.resolve()?;
        let factors = self.inverse(statistics);
        let factors: Vec<f64> = factors
            .iter()
            .zip(self.weight)
            .map(|(factor, &weight)| factor * f64::from(weight))
            .collect();
        let shifts = self.bias.iter().zip(&statistics.mean).zip(&factors);
        let shifts: Vec<f64> = shifts
            .map(|((&bias, mean), factor)| f64::from(bias) - mean * factor)
            .collect();
        let (factors, shifts) = (to_f32(&factors), to_f32(&shifts));
        let rows = task_rows(x.channels());
        out.parts(rows).enumerate().for_each(|(task, mut out)| {
            arch.dispatch(Affine {
                x,
                first: task * rows,
                factors: &factors,
                shifts: &shifts,
                residual,
                relu,
                out: &mut out,
            });
        });
        Ok(())
    }

    /// Gradients from `dy`, that of the output: of the input (through max(0, ..) before the norm too), of the parameters, and
    /// that of the residual into `of_residual` where there was one: what max(0, ..) behind leaves of `dy`.
    ///
    /// # Errors
    /// Arguments that do not fit, or instructions that the processor lacks.
    pub fn backward(
        &self,
        x: View<'_>,
        statistics: &BatchStatistics,
        relu: Relu<'_>,
        dy: View<'_>,
        mut of_residual: Option<ViewMut<'_>>,
        dx: ViewMut<'_>,
    ) -> Result<BatchNormGradients, ConvError> {
        self.check(x, statistics)?;
        same_size(x, &dx)?;
        same_size(dy, &dx)?;
        let mask = match relu {
            Relu::Behind(out) => Some(out),
            _ => None,
        };
        if let Some(mask) = mask {
            same_size(mask, &dx)?;
        }
        if let Some(of_residual) = &of_residual {
            same_size(dy, of_residual)?;
        }
        let arch = Simd::chosen()?.resolve()?;
        let channels = x.channels();
        let means = to_f32(&statistics.mean);
        let sum = |rows: Range<usize>, mut kept: Option<ViewMut<'_>>| {
            let mut sums = vec![0f64; 2 * channels];
            arch.dispatch(Reduce {
                x,
                dy,
                mask,
                rows,
                means: &means,
                kept: kept.as_mut(),
                sums: &mut sums,
            });
            sums
        };
        let each = task_rows(channels);
        let parts: Vec<Vec<f64>> = match &mut of_residual {
            None => tasks(x.rows(), channels)
                .map(|rows| sum(rows, None))
                .collect(),
            Some(of_residual) => of_residual
                .reborrow()
                .parts(each)
                .zip(tasks(x.rows(), channels))
                .map(|(kept, rows)| sum(rows, Some(kept)))
                .collect(),
        };
        let mut sums = vec![0f64; 2 * channels];
        for part in parts {
            for (sum, part) in sums.iter_mut().zip(part) {
                *sum += part;
            }
        }
        let (of_bias, products) = sums.split_at(channels);
        let inverse = self.inverse(statistics);
        let rows = x.rows() as f64;
        let factors: Vec<f64> = inverse
            .iter()
            .zip(self.weight)
            .map(|(inverse, &weight)| inverse * f64::from(weight))
            .collect();
        let by_x: Vec<f64> = (0..channels)
            .map(|c| -factors[c] * inverse[c] * inverse[c] * products[c] / rows)
            .collect();
        let shifts: Vec<f64> = (0..channels)
            .map(|c| -factors[c] * of_bias[c] / rows)
            .collect();
        let [factors, by_x, shifts] = [factors, by_x, shifts].map(|values| to_f32(&values));
        // What was kept is `dy` behind its mask.
        let kept = of_residual.as_ref().map(ViewMut::view);
        let (dy, mask) = match kept {
            Some(kept) => (kept, None),
            None => (dy, mask),
        };
        dx.parts(each).enumerate().for_each(|(task, mut out)| {
            arch.dispatch(Spread {
                x,
                dy,
                mask,
                before: matches!(relu, Relu::Before),
                first: task * each,
                means: &means,
                factors: &factors,
                by_x: &by_x,
                shifts: &shifts,
                out: &mut out,
            });
        });
        let weight: Vec<f64> = products.iter().zip(&inverse).map(|(p, i)| p * i).collect();
        Ok(BatchNormGradients {
            weight: to_f32(&weight),
            bias: to_f32(of_bias),
        })
    }
}

fn to_f32(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

/// Means of some rows, and their squares about these.
struct Moments<'a> {
    x: View<'a>,
    rows: Range<usize>,
    means: &'a mut [f32],
    squares: &'a mut [f32],
}

impl WithSimd for Moments<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(self, simd: S) {
        let Self {
            x,
            rows,
            means,
            squares,
        } = self;
        let share = 1.0 / rows.len() as f32;
        means.fill(0.0);
        squares.fill(0.0);
        let vectors = x.channels().div_ceil(S::F32_LANES);
        for row in rows.clone() {
            let x = x.row(row);
            for vector in 0..vectors {
                let sum = simd.add_f32s(vector_of(simd, means, vector), vector_of(simd, x, vector));
                store_vector(simd, means, vector, sum);
            }
        }
        means.iter_mut().for_each(|mean| *mean *= share);
        for row in rows {
            let x = x.row(row);
            for vector in 0..vectors {
                let mean = vector_of(simd, means, vector);
                let away = simd.sub_f32s(vector_of(simd, x, vector), mean);
                let sum = simd.mul_add_e_f32s(away, away, vector_of(simd, squares, vector));
                store_vector(simd, squares, vector, sum);
            }
        }
    }
}

/// `out = relu(x * factor + shift + residual)`.
struct Affine<'a, 'b> {
    x: View<'a>,
    first: usize,
    factors: &'a [f32],
    shifts: &'a [f32],
    residual: Option<View<'a>>,
    relu: bool,
    out: &'a mut ViewMut<'b>,
}

impl WithSimd for Affine<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(self, simd: S) {
        for row in 0..self.out.rows() {
            let (x, out) = (self.x.row(self.first + row), self.out.row(row));
            let residual = self.residual.map(|residual| residual.row(self.first + row));
            for vector in 0..x.len().div_ceil(S::F32_LANES) {
                let mut values = simd.mul_add_e_f32s(
                    vector_of(simd, x, vector),
                    vector_of(simd, self.factors, vector),
                    vector_of(simd, self.shifts, vector),
                );
                if let Some(residual) = residual {
                    values = simd.add_f32s(values, vector_of(simd, residual, vector));
                }
                if self.relu {
                    values = relu_of(simd, values);
                }
                store_vector(simd, out, vector, values);
            }
        }
    }
}

/// Sums of `dy` (where the mask is larger than 0) and of `dy * (x - mean)`, in f32 over a run of rows.
struct Reduce<'a, 'b> {
    x: View<'a>,
    dy: View<'a>,
    mask: Option<View<'a>>,
    rows: Range<usize>,
    means: &'a [f32],
    kept: Option<&'a mut ViewMut<'b>>,
    /// `[2, channels]`.
    sums: &'a mut [f64],
}

impl WithSimd for Reduce<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(mut self, simd: S) {
        let channels = self.x.channels();
        let mut runs = vec![0f32; 2 * channels];
        let begin = self.rows.start;
        for first in self.rows.clone().step_by(RUN) {
            let (sums, products) = runs.split_at_mut(channels);
            for row in first..self.rows.end.min(first + RUN) {
                let (x, dy) = (self.x.row(row), self.dy.row(row));
                let mask = self.mask.map(|mask| mask.row(row));
                let mut kept = self.kept.as_mut().map(|kept| kept.row(row - begin));
                for vector in 0..channels.div_ceil(S::F32_LANES) {
                    let mut dy = vector_of(simd, dy, vector);
                    if let Some(mask) = mask {
                        dy = where_positive(simd, dy, vector_of(simd, mask, vector));
                    }
                    if let Some(kept) = &mut kept {
                        store_vector(simd, kept, vector, dy);
                    }
                    let mean = vector_of(simd, self.means, vector);
                    let away = simd.sub_f32s(vector_of(simd, x, vector), mean);
                    let sum = simd.add_f32s(vector_of(simd, sums, vector), dy);
                    store_vector(simd, sums, vector, sum);
                    let product = vector_of(simd, products, vector);
                    let product = simd.mul_add_e_f32s(dy, away, product);
                    store_vector(simd, products, vector, product);
                }
            }
            for (total, run) in self.sums.iter_mut().zip(&mut runs) {
                *total += f64::from(std::mem::take(run));
            }
        }
    }
}

/// `out = dy * factor + (x - mean) * by_x + shift`, where `x` is larger than 0 if max(0, ..) stands before.
struct Spread<'a, 'b> {
    x: View<'a>,
    dy: View<'a>,
    mask: Option<View<'a>>,
    before: bool,
    first: usize,
    means: &'a [f32],
    factors: &'a [f32],
    by_x: &'a [f32],
    shifts: &'a [f32],
    out: &'a mut ViewMut<'b>,
}

impl WithSimd for Spread<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(self, simd: S) {
        for row in 0..self.out.rows() {
            let from = self.first + row;
            let (x, dy, out) = (self.x.row(from), self.dy.row(from), self.out.row(row));
            let mask = self.mask.map(|mask| mask.row(from));
            for vector in 0..x.len().div_ceil(S::F32_LANES) {
                let (x, mut dy) = (vector_of(simd, x, vector), vector_of(simd, dy, vector));
                if let Some(mask) = mask {
                    dy = where_positive(simd, dy, vector_of(simd, mask, vector));
                }
                let away = simd.sub_f32s(x, vector_of(simd, self.means, vector));
                let shift = vector_of(simd, self.shifts, vector);
                let shift = simd.mul_add_e_f32s(away, vector_of(simd, self.by_x, vector), shift);
                let factor = vector_of(simd, self.factors, vector);
                let mut values = simd.mul_add_e_f32s(dy, factor, shift);
                if self.before {
                    values = where_positive(simd, values, x);
                }
                store_vector(simd, out, vector, values);
            }
        }
    }
}
