//! What happens to features before the trunk reads them, and what goes past it.

use std::borrow::Cow;

use audio_features::Features;
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use onnx_graph::write::{Builder, Handle};
use serde::{Deserialize, Serialize};

use crate::ModelError;
use crate::layers::{Initialiser, Sequence, Whitening, WrittenSequence, frame_weights};
use crate::poolings::{Deviation, mean_and_deviation};

/// Treatment of the features.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InputConfig {
    /// What every feature is multiplied with before the first layer: natural-log features spread over
    /// several units, which would saturate the gates from the first step.
    pub scale: f64,
    /// Whether each recording's own mean over the valid frames is subtracted before the first layer, so that the
    /// trunk hears how a voice moves and not through which microphone.
    pub centre: bool,
    /// Number of cepstral coefficients of the features' own mean and deviation over the valid frames that are appended
    /// to the pooled states; 0 for none. They are the long-term spectrum, which a recurrent layer passes on but
    /// poorly. As cepstra (a cosine transform over the bands) they are nearly uncorrelated, without which the loss takes
    /// too many steps to learn which of them tell speakers apart.
    pub cepstra: usize,
    /// Whether those coefficients are brought to mean 0 and the identity as covariance by a fixed linear map, which
    /// training recordings give before the first step. No labels are needed for it.
    pub whiten: bool,
}

impl Default for InputConfig {
    fn default() -> Self {
        Self {
            scale: 1.0,
            centre: false,
            cepstra: 0,
            whiten: false,
        }
    }
}

impl InputConfig {
    /// Refuses what no network can have.
    pub(super) fn validate(&self, num_bins: usize) -> Result<(), ModelError> {
        let fault = |field, found: String, expected| {
            Err(ModelError::Config {
                field,
                found,
                expected,
            })
        };
        if self.cepstra > num_bins {
            let found = self.cepstra.to_string();
            return fault("encoder.input.cepstra", found, "at most features.num_bins");
        }
        if self.whiten && self.cepstra == 0 {
            let expected = "false where encoder.input.cepstra is 0";
            return fault("encoder.input.whiten", "true".to_owned(), expected);
        }
        if !(self.scale > 0.0 && self.scale.is_finite()) {
            let found = self.scale.to_string();
            return fault("encoder.input.scale", found, "a positive number");
        }
        Ok(())
    }

    /// Numbers that go past the trunk.
    pub(super) fn width_beside(&self) -> usize {
        2 * self.cepstra
    }
}

/// The treatment, with the whitening of what goes past the trunk.
#[derive(Module, Debug)]
pub(super) struct Input {
    whitening: Option<Whitening>,
    #[module(skip)]
    config: InputConfig,
}

impl Input {
    pub(super) fn new(
        config: &InputConfig,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<Self, ModelError> {
        let dim = config.width_beside();
        Ok(Self {
            whitening: match config.whiten {
                true => Some(Whitening::identity(dim, initialiser)?),
                false => None,
            },
            config: config.clone(),
        })
    }

    /// Features `[frames, batch, bins]` as the trunk reads them, and what stands beside its pooled states,
    /// `[batch, 2 * cepstra]`.
    pub(super) fn treat(
        &self,
        features: Sequence,
    ) -> Result<(Sequence, Option<Tensor<2>>), ModelError> {
        let scale = self.config.scale;
        let mut sequence = if (scale - 1.0).abs() < f64::EPSILON {
            features
        } else {
            features.map(|values| values.mul_scalar(scale))
        };
        let cepstra = (self.config.cepstra > 0).then(|| cepstra(&sequence, self.config.cepstra));
        if self.config.centre {
            let weights = frame_weights(&sequence);
            sequence = sequence.map(|values| {
                let mean = (values.clone() * weights).sum_dim(0);
                values - mean
            });
        }
        let beside = match (cepstra, &self.whitening) {
            (Some(cepstra), Some(whitening)) => Some(whitening.forward(cepstra)?),
            (cepstra, _) => cepstra,
        };
        Ok((sequence, beside))
    }

    /// [`Self::treat`] as nodes of an ONNX graph, of `features` `[items, frames, bins]`.
    pub(super) fn write(
        &self,
        builder: &mut Builder,
        features: Handle,
        num_bins: usize,
    ) -> Result<(WrittenSequence, Option<Handle>), ModelError> {
        let scale = self.config.scale;
        let mut frames = features;
        if (scale - 1.0).abs() >= f64::EPSILON {
            let scale = builder.float(scale as f32);
            frames = builder.node("Mul", &[&frames, &scale], &[]);
        }
        let mut sequence = WrittenSequence::of_frames(frames.clone(), num_bins);
        let mut beside = None;
        let num_cepstra = self.config.cepstra;
        if num_cepstra > 0 {
            let basis = cosine_basis(num_bins, num_cepstra);
            let (mean, deviation) = sequence.statistics(builder, Deviation::Population.written());
            let mut part = |part| builder.linear(part, num_bins, num_cepstra, &basis, None);
            let (mean, deviation) = (part(&mean)?, part(&deviation)?);
            let cepstra = builder.concat(&[&mean, &deviation], 1);
            beside = Some(match &self.whitening {
                Some(whitening) => whitening.write(builder, &cepstra)?,
                None => cepstra,
            });
        }
        if self.config.centre {
            let centred = builder.subtract_own_mean(&frames);
            sequence = WrittenSequence::of_frames(centred, num_bins);
        }
        Ok((sequence, beside))
    }

    /// The same of one item's features `[frames, bins]`, in numbers.
    pub(super) fn treat_item<'a>(
        &self,
        frames: &'a [f32],
        num_bins: usize,
        device: &Device,
    ) -> Result<(Cow<'a, [f32]>, Vec<f32>), ModelError> {
        if self.config == InputConfig::default() {
            return Ok((Cow::Borrowed(frames), Vec::new()));
        }
        let shape = [frames.len() / num_bins, 1, num_bins];
        let features = Tensor::from_data(TensorData::new(frames.to_vec(), shape), device);
        let (treated, beside) = self.treat(Sequence::new(features, None)?)?;
        let numbers = |data: TensorData| data.iter::<f32>().collect::<Vec<f32>>();
        let beside = beside.map_or(Vec::new(), |beside| numbers(beside.into_data()));
        Ok((
            Cow::Owned(numbers(treated.values().clone().into_data())),
            beside,
        ))
    }

    /// Whether there is a whitening, which wants to be fitted to training recordings.
    pub(super) fn whitens(&self) -> bool {
        self.whitening.is_some()
    }

    /// Fits the whitening, if there is one, to the cepstra of `recordings`' finished features.
    pub(super) fn fit(
        &mut self,
        recordings: &[Features],
        device: &Device,
    ) -> Result<(), ModelError> {
        if self.whitening.is_none() {
            return Ok(());
        }
        let num_cepstra = self.config.cepstra;
        let inner = device.clone().inner();
        let row = |features: &Features| {
            let shape = [features.num_frames(), 1, features.num_bins()];
            let data = TensorData::new(features.data().to_vec(), shape);
            let scaled = Tensor::from_data(data, &inner).mul_scalar(self.config.scale);
            let row = cepstra(&Sequence::new(scaled, None)?, num_cepstra);
            Ok(row.into_data().iter::<f32>().collect())
        };
        let rows: Vec<Vec<f32>> = recordings
            .iter()
            .map(row)
            .collect::<Result<_, ModelError>>()?;
        let whitening = Whitening::of(&rows, 2 * num_cepstra, SHRINKAGE, device);
        self.whitening = Some(whitening);
        Ok(())
    }
}

/// Share of the cepstra's mean variance that a whitening adds to each.
const SHRINKAGE: f64 = 1e-3;

/// Mean and deviation of features `[frames, batch, bins]` over the valid frames, each as its first `num_cepstra`
/// coefficients of the orthonormal DCT-II over the bins: `[batch, 2 * num_cepstra]`.
fn cepstra(features: &Sequence, num_cepstra: usize) -> Tensor<2> {
    let [_, batch, bins] = features.values().dims();
    let device = features.values().device();
    let basis = cosine_basis(bins, num_cepstra);
    let basis = Tensor::<2>::from_data(TensorData::new(basis, [bins, num_cepstra]), &device);
    let statistics = mean_and_deviation(features);
    let part = |first: usize| {
        statistics
            .clone()
            .slice([0..batch, first..first + bins])
            .matmul(basis.clone())
    };
    Tensor::cat(vec![part(0), part(bins)], 1)
}

/// The first `num_cepstra` columns of the orthonormal DCT-II of `bins` points, `[bins, num_cepstra]`, row-major.
fn cosine_basis(bins: usize, num_cepstra: usize) -> Vec<f32> {
    (0..bins)
        .flat_map(|bin| (0..num_cepstra).map(move |k| dct(bin, k, bins) as f32))
        .collect()
}

/// Element of the orthonormal DCT-II of `bins` points.
fn dct(bin: usize, k: usize, bins: usize) -> f64 {
    let norm = if k == 0 { 1.0 } else { 2.0 } / bins as f64;
    norm.sqrt() * (std::f64::consts::PI * (bin as f64 + 0.5) * k as f64 / bins as f64).cos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poolings::VARIANCE_FLOOR;

    #[test]
    fn the_cosine_transform_is_orthonormal() {
        let bins = 80;
        for (i, j) in [(0, 0), (1, 1), (79, 79), (0, 3), (5, 7)] {
            let dot: f64 = (0..bins)
                .map(|bin| dct(bin, i, bins) * dct(bin, j, bins))
                .sum();
            assert!((dot - f64::from(u8::from(i == j))).abs() < 1e-12);
        }
    }

    #[test]
    fn cepstra_of_a_flat_spectrum_are_its_level_alone() {
        let device = Device::flex();
        let features = Tensor::<3>::ones([5, 2, 16], &device) * 3.0;
        let features = Sequence::new(features, Some(vec![5, 2])).unwrap();
        let found: Vec<f32> = cepstra(&features, 4).into_data().iter::<f32>().collect();
        // Level 3 times the root of 16 bins; no deviation but for its floor.
        let floor = 4.0 * (VARIANCE_FLOOR as f32).sqrt();
        for row in found.chunks_exact(8) {
            let expected = [12.0, 0.0, 0.0, 0.0, floor, 0.0, 0.0, 0.0];
            assert!(
                row.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5),
                "{row:?}"
            );
        }
    }
}
