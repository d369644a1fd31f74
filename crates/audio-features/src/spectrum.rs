//! Power spectra of frames of any even length.

use std::sync::Arc;

use pulp::Simd;
use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

use crate::lane_fft::LaneFft;

/// Plan of a transform: of several frames at once where the length allows it, else frame by frame.
pub(crate) enum Spectrum {
    Lanes(LaneFft),
    Single(Arc<dyn RealToComplex<f32>>),
}

/// Working memory of the transform of a single frame.
#[derive(Default)]
pub(crate) struct SpectrumScratch {
    input: Vec<f32>,
    output: Vec<Complex<f32>>,
    fft: Vec<Complex<f32>>,
}

impl Spectrum {
    /// Plans transforms of `size` samples.
    pub(crate) fn new(size: usize) -> Self {
        LaneFft::new(size).map_or_else(
            || Self::Single(RealFftPlanner::new().plan_fft_forward(size)),
            Self::Lanes,
        )
    }

    pub(crate) fn scratch(&self) -> SpectrumScratch {
        match self {
            Self::Lanes(_) => SpectrumScratch::default(),
            Self::Single(fft) => SpectrumScratch {
                input: fft.make_input_vec(),
                output: fft.make_output_vec(),
                fft: fft.make_scratch_vec(),
            },
        }
    }

    /// Power spectrum `[size / 2 + 1]` of the frames `[size]`, which are destroyed.
    #[inline(always)]
    pub(crate) fn power<S: Simd>(
        &self,
        simd: S,
        frames: &mut [S::f32s],
        scratch: &mut SpectrumScratch,
        power: &mut [S::f32s],
    ) {
        match self {
            Self::Lanes(fft) => fft.power(simd, frames, power),
            Self::Single(fft) => one_by_one(
                &**fft,
                S::F32_LANES,
                bytemuck::cast_slice(frames),
                scratch,
                bytemuck::cast_slice_mut(power),
            ),
        }
    }
}

/// The same for each lane by itself; `frames` and `power` hold `lanes` values of each sample and bin.
fn one_by_one(
    fft: &dyn RealToComplex<f32>,
    lanes: usize,
    frames: &[f32],
    scratch: &mut SpectrumScratch,
    power: &mut [f32],
) {
    for lane in 0..lanes {
        let column = frames[lane..].iter().step_by(lanes);
        for (input, value) in scratch.input.iter_mut().zip(column) {
            *input = *value;
        }
        let outcome =
            fft.process_with_scratch(&mut scratch.input, &mut scratch.output, &mut scratch.fft);
        debug_assert!(outcome.is_ok(), "buffers come from the plan");
        let column = power[lane..].iter_mut().step_by(lanes);
        for (power, bin) in column.zip(&scratch.output) {
            *power = bin.norm_sqr();
        }
    }
}
