//! From samples to what the LSTM reads: filters, two convolutions, and a norm of the window before each and behind the last.

use fused_conv::{Activation, Activations, Conv1d, Conv1dShape, Epilogue, View};

use crate::SegmentError;
use crate::frames::{FILTER_STEP, KERNEL, POOL, TAPS};
use crate::norm::{EPS, InstanceNorm, larger, largest_of_three};
use crate::sinc::{FILTERS, Sinc};
use crate::tensors::{Tensor, Tensors};

/// Channels of a frame.
pub(crate) const CHANNELS: usize = 60;

/// The part of the network that hears.
#[derive(Debug)]
pub(crate) struct SincNet {
    sinc: Sinc,
    /// Weight and bias of the norm of the samples.
    wave: (f64, f64),
    norms: [InstanceNorm; 3],
    convolutions: [Conv1d; 2],
}

/// Samples, and what the filters make of them, for all windows that lie in them.
///
/// The norm of a window's samples is a factor and a shift, and what a filter makes of those is a factor and a shift too: so
/// the filters run once over all samples, whatever number of windows a sample is in.
pub(crate) struct Heard {
    /// Less their mean, so that the shift is small and little is lost by it.
    samples: Vec<f32>,
    /// `[values, 80]`.
    filtered: Vec<f32>,
}

impl SincNet {
    pub(crate) fn load<'a>(
        tensors: &Tensors<impl Fn(&str) -> Option<Tensor<'a>>>,
    ) -> Result<Self, SegmentError> {
        let number = |name| tensors.get(name, &[1]).map(|values| f64::from(values[0]));
        let norm = |index, channels| {
            InstanceNorm::load(tensors, &format!("sincnet.norm1d.{index}"), channels)
        };
        Ok(Self {
            sinc: Sinc::load(tensors)?,
            wave: (
                number("sincnet.wav_norm1d.weight")?,
                number("sincnet.wav_norm1d.bias")?,
            ),
            norms: [norm(0, FILTERS)?, norm(1, CHANNELS)?, norm(2, CHANNELS)?],
            convolutions: [
                convolution(tensors, 1, FILTERS)?,
                convolution(tensors, 2, CHANNELS)?,
            ],
        })
    }

    /// Runs the filters over samples.
    pub(crate) fn hear(&self, mut samples: Vec<f32>) -> Result<Heard, SegmentError> {
        let mean = (sum(&samples, f64::from) / samples.len().max(1) as f64) as f32;
        samples.iter_mut().for_each(|sample| *sample -= mean);
        Ok(Heard {
            filtered: self.sinc.forward(samples.clone())?,
            samples,
        })
    }

    /// `[frames, 60]` of the window of so many samples that begins at a sample, which is a multiple of ten.
    pub(crate) fn window(
        &self,
        heard: &Heard,
        start: usize,
        samples: usize,
    ) -> Result<Vec<f32>, SegmentError> {
        let mut x = self.pooled(heard, start, samples);
        for (index, convolution) in self.convolutions.iter().enumerate() {
            self.norms[index].rectify(&mut x);
            let shape = convolution.shape();
            let view = View::new(&x, shape.inputs)?;
            let mut y = Activations::new(shape.output_frames(view.rows())?, CHANNELS)?;
            convolution.forward(view, None, y.view_mut())?;
            x = largest_of_three(y.view());
        }
        self.norms[2].rectify(&mut x);
        Ok(x)
    }

    /// What the filters make of the window's samples once those have mean 0 and deviation 1 (and the norm's weight and bias):
    /// the largest of every three magnitudes, `[values / 3, 80]`.
    fn pooled(&self, heard: &Heard, start: usize, samples: usize) -> Vec<f32> {
        let window = &heard.samples[start..start + samples];
        let count = samples as f64;
        let mean = sum(window, f64::from) / count;
        let squares = sum(window, |x| (f64::from(x) - mean) * (f64::from(x) - mean));
        let factor = self.wave.0 / (squares / count + EPS).sqrt();
        let shift = self.wave.1 - factor * mean;
        let shifts = self.sinc.of_ones.iter().map(|ones| (shift * ones) as f32);
        let (factor, shifts): (f32, Vec<f32>) = (factor as f32, shifts.collect());
        let values = (samples - TAPS) / FILTER_STEP + 1;
        let filtered = &heard.filtered[start / FILTER_STEP * FILTERS..][..values * FILTERS];
        let mut out = Vec::with_capacity(values / POOL * FILTERS);
        for rows in filtered.chunks_exact(POOL * FILTERS) {
            let (first, rest) = rows.split_at(FILTERS);
            let (second, third) = rest.split_at(FILTERS);
            let others = second.iter().zip(third).zip(&shifts);
            out.extend(first.iter().zip(others).map(|(a, ((b, c), shift))| {
                let [a, b, c] = [a, b, c].map(|x| (x * factor + shift).abs());
                larger(larger(a, b), c)
            }));
        }
        out
    }
}

/// The sum of what becomes of each, in eight sums that do not wait for each other.
fn sum(x: &[f32], of: impl Fn(f32) -> f64) -> f64 {
    let mut sums = [0.0; 8];
    let (eights, rest) = x.as_chunks::<8>();
    for eight in eights {
        for (sum, x) in sums.iter_mut().zip(eight) {
            *sum += of(*x);
        }
    }
    sums.iter().sum::<f64>() + rest.iter().map(|x| of(*x)).sum::<f64>()
}

fn convolution<'a>(
    tensors: &Tensors<impl Fn(&str) -> Option<Tensor<'a>>>,
    index: usize,
    inputs: usize,
) -> Result<Conv1d, SegmentError> {
    let shape = Conv1dShape {
        kernel: KERNEL,
        ..Conv1dShape::dense(inputs, CHANNELS)
    };
    let name = format!("sincnet.conv1d.{index}");
    let weights = tensors.get(&format!("{name}.weight"), &[CHANNELS, inputs, KERNEL])?;
    let epilogue = Epilogue {
        bias: Some(tensors.get(&format!("{name}.bias"), &[CHANNELS])?),
        activation: Activation::None,
        ..Epilogue::default()
    };
    Ok(Conv1d::new(shape, weights, &epilogue)?)
}
