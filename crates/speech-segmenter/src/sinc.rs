//! The filters: pairs of band passes, an even and an odd one for each band, of which only the edges are learnt.
//!
//! They are computed as the package asteroid-filterbanks does, frequencies times moments in f32, since their sines are taken
//! of arguments of up to 390 rad, where an f32 has errors that show in the answer.

use std::f64::consts::PI;

use fused_conv::{Conv1d, Conv1dShape, Epilogue, View, ViewMut};
use rayon::prelude::*;

use crate::SegmentError;
use crate::frames::{FILTER_STEP, SAMPLE_RATE, TAPS};
use crate::tensors::{Tensor, Tensors};

/// Filters: one even and one odd a band.
pub(crate) const FILTERS: usize = 2 * BANDS;
const BANDS: usize = 40;
/// Least lower edge and least width of a band (Hz).
const LEAST_HZ: f32 = 50.0;
/// Samples on either side of the middle one.
const HALF: usize = TAPS / 2;
/// Steps that a filter reaches over.
const STEPS: usize = TAPS.div_ceil(FILTER_STEP);
/// Values of the filters that one task computes.
const TOGETHER: usize = 800;

/// All filters.
#[derive(Debug)]
pub(crate) struct Sinc {
    /// Reads rows of ten samples: what a filter makes of ten samples on is a row further.
    layer: Conv1d,
    /// What each makes of a signal of ones.
    pub(crate) of_ones: Vec<f64>,
}

impl Sinc {
    pub(crate) fn load<'a>(
        tensors: &Tensors<impl Fn(&str) -> Option<Tensor<'a>>>,
    ) -> Result<Self, SegmentError> {
        let low = tensors.get("sincnet.conv1d.0.filterbank.low_hz_", &[BANDS, 1])?;
        let name = "sincnet.conv1d.0.filterbank.band_hz_";
        let filters = filters(low, tensors.get(name, &[BANDS, 1])?);
        let filters = filters.map_err(|band| SegmentError::Weight {
            name: "sincnet.conv1d.0.filterbank.low_hz_".to_owned(),
            index: band,
            found: low[band],
            expected: "a lower edge that leaves a band below 8000 Hz",
        })?;
        let mut weights = vec![0.0; FILTERS * FILTER_STEP * STEPS];
        for (filter, weights) in filters
            .iter()
            .zip(weights.chunks_exact_mut(FILTER_STEP * STEPS))
        {
            for (index, &weight) in filter.iter().enumerate() {
                weights[index % FILTER_STEP * STEPS + index / FILTER_STEP] = weight;
            }
        }
        let shape = Conv1dShape {
            kernel: STEPS,
            ..Conv1dShape::dense(FILTER_STEP, FILTERS)
        };
        let of_ones = filters
            .iter()
            .map(|filter| filter.iter().copied().map(f64::from).sum());
        Ok(Self {
            layer: Conv1d::new(shape, &weights, &Epilogue::default())?,
            of_ones: of_ones.collect(),
        })
    }

    /// What the filters make of samples, `[values, 80]`: a value for every tenth sample from which a whole filter fits on,
    /// and perhaps one more.
    pub(crate) fn forward(&self, mut samples: Vec<f32>) -> Result<Vec<f32>, SegmentError> {
        samples.resize(samples.len().next_multiple_of(FILTER_STEP), 0.0);
        let rows = View::new(&samples, FILTER_STEP)?;
        let values = self.layer.shape().output_frames(rows.rows())?;
        let mut out = vec![0.0; values * FILTERS];
        out.par_chunks_mut(TOGETHER * FILTERS)
            .enumerate()
            .try_for_each(|(task, out)| {
                let first = task * TOGETHER;
                let count = out.len() / FILTERS;
                let rows = rows.row_range(first..first + count + STEPS - 1)?;
                self.layer.forward(rows, None, ViewMut::new(out, FILTERS)?)
            })?;
        Ok(out)
    }
}

/// `[80][251]`: the even filters of all bands, then the odd ones. Else the first band that is empty.
#[allow(
    clippy::cast_possible_truncation,
    reason = "f32 is what the filters are in"
)]
fn filters(low_hz: &[f32], band_hz: &[f32]) -> Result<Vec<[f32; TAPS]>, usize> {
    let highest = SAMPLE_RATE as f32 / 2.0;
    let mut even = Vec::with_capacity(FILTERS);
    let mut odd = Vec::with_capacity(BANDS);
    for (band, (low, width)) in low_hz.iter().zip(band_hz).enumerate() {
        let low = LEAST_HZ + low.abs();
        let high = (low + LEAST_HZ + width.abs()).clamp(LEAST_HZ, highest);
        if high <= low {
            return Err(band);
        }
        let width = high - low;
        let (mut cosines, mut sines) = ([0.0; TAPS], [0.0; TAPS]);
        cosines[HALF] = 1.0;
        for index in 0..HALF {
            let moment = -((HALF - index) as f32) / SAMPLE_RATE as f32 * (2.0 * PI) as f32;
            let (at_low, at_high) = (f64::from(low * moment), f64::from(high * moment));
            let window = (0.54 - 0.46 * (2.0 * PI * index as f64 / (TAPS - 1) as f64).cos()) as f32;
            let scaled = |difference: f32| difference / (moment / 2.0) * window / (2.0 * width);
            let cosine = scaled(at_high.sin() as f32 - at_low.sin() as f32);
            let sine = scaled(at_low.cos() as f32 - at_high.cos() as f32);
            (cosines[index], cosines[TAPS - 1 - index]) = (cosine, cosine);
            (sines[index], sines[TAPS - 1 - index]) = (sine, -sine);
        }
        even.push(cosines);
        odd.push(sines);
    }
    even.append(&mut odd);
    Ok(even)
}
