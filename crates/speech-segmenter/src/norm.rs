//! What stands between the convolutions: the largest of three values, each channel of a window brought to mean 0 and
//! deviation 1, leaky ReLU.

use fused_conv::View;

use crate::SegmentError;
use crate::frames::POOL;
use crate::tensors::{Tensor, Tensors};

/// PyTorch's.
pub(crate) const EPS: f64 = 1e-5;
/// What leaky ReLU leaves of what lies below 0.
const LEAK: f32 = 0.01;
/// Rows whose sums are f32.
const ROWS: usize = 64;

/// A norm of a window's channels over its own frames.
#[derive(Debug)]
pub(crate) struct InstanceNorm {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl InstanceNorm {
    pub(crate) fn load<'a>(
        tensors: &Tensors<impl Fn(&str) -> Option<Tensor<'a>>>,
        name: &str,
        channels: usize,
    ) -> Result<Self, SegmentError> {
        let get = |part| tensors.get(&format!("{name}.{part}"), &[channels]);
        Ok(Self {
            weight: get("weight")?.to_vec(),
            bias: get("bias")?.to_vec(),
        })
    }

    /// The norm and a leaky ReLU of `x` `[frames, channels]`, in place.
    pub(crate) fn rectify(&self, x: &mut [f32]) {
        let channels = self.weight.len();
        let frames = (x.len() / channels) as f64;
        let means: Vec<f64> = sums(x, channels, |sums, row| {
            for (sum, x) in sums.iter_mut().zip(row) {
                *sum += x;
            }
        });
        let means: Vec<f32> = means.iter().map(|sum| (sum / frames) as f32).collect();
        let squares = sums(x, channels, |sums, row| {
            for ((sum, x), mean) in sums.iter_mut().zip(row).zip(&means) {
                *sum += (x - mean) * (x - mean);
            }
        });
        let of_channel = self.weight.iter().zip(&squares);
        let factors: Vec<f32> = of_channel
            .map(|(&weight, squares)| (f64::from(weight) / (squares / frames + EPS).sqrt()) as f32)
            .collect();
        for row in x.chunks_exact_mut(channels) {
            let of_channel = means.iter().zip(&factors).zip(&self.bias);
            for (x, ((mean, factor), bias)) in row.iter_mut().zip(of_channel) {
                let y = (*x - mean) * factor + bias;
                *x = if y < 0.0 { LEAK * y } else { y };
            }
        }
    }
}

/// Sums over frames for each channel: a few rows in f32 and those in f64.
fn sums(x: &[f32], channels: usize, add: impl Fn(&mut [f32], &[f32])) -> Vec<f64> {
    let mut whole = vec![0.0; channels];
    let mut few = vec![0.0; channels];
    for rows in x.chunks(ROWS * channels) {
        few.fill(0.0);
        for row in rows.chunks_exact(channels) {
            add(&mut few, row);
        }
        for (sum, few) in whole.iter_mut().zip(&few) {
            *sum += f64::from(*few);
        }
    }
    whole
}

/// The largest of every three frames of `x` `[frames, channels]`; one or two that are left over are dropped.
pub(crate) fn largest_of_three(x: View<'_>) -> Vec<f32> {
    let mut out = Vec::with_capacity(x.rows() / POOL * x.channels());
    for first in (0..x.rows() / POOL).map(|frame| frame * POOL) {
        let [first, second, third] = [first, first + 1, first + 2].map(|row| x.row(row));
        let rows = first.iter().zip(second).zip(third);
        out.extend(rows.map(|((a, b), c)| larger(larger(*a, *b), *c)));
    }
    out
}

/// The larger of two; what is not a number stays.
#[inline(always)]
pub(crate) fn larger(a: f32, b: f32) -> f32 {
    if a < b { b } else { a }
}
