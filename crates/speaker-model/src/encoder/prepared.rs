//! An encoder on our own kernels, up to its projection.

use burn::tensor::{Device, Tensor, TensorData};
use fused_conv::View;
use rayon::prelude::*;

use super::input::Input;
use crate::ModelError;
use crate::poolings::PreparedPooling;
use crate::trunks::PreparedTrunk;

/// An encoder whose trunk and pooling have their weights packed for inference: [`super::Encoder::prepared`]. Items go
/// through it one by one, on as many threads as there are; neither others nor threads change a bit of one.
pub(crate) struct PreparedEncoder {
    pub(super) input: Input,
    pub(super) trunk: Box<dyn PreparedTrunk>,
    pub(super) pooling: Box<dyn PreparedPooling>,
    pub(super) num_bins: usize,
    pub(super) device: Device,
}

impl PreparedEncoder {
    /// As [`super::Encoder::pooled`], of items' features `[frames, bins]`.
    ///
    /// # Errors
    /// As that.
    pub(crate) fn pooled(&self, items: &[&[f32]]) -> Result<Tensor<2>, ModelError> {
        let rows: Vec<Vec<f32>> = items
            .par_iter()
            .map(|frames| self.pooled_item(frames))
            .collect::<Result<_, _>>()?;
        let width = rows.first().map_or(0, Vec::len);
        let data = TensorData::new(rows.concat(), [rows.len(), width]);
        Ok(Tensor::from_data(data, &self.device))
    }

    fn pooled_item(&self, frames: &[f32]) -> Result<Vec<f32>, ModelError> {
        let (treated, beside) = self.input.treat_item(frames, self.num_bins, &self.device)?;
        let states = self.trunk.states(View::new(&treated, self.num_bins)?)?;
        let mut pooled = self.pooling.pooled(states)?;
        pooled.extend(beside);
        Ok(pooled)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use crate::{Encoder, EncoderConfig, Initialiser, PoolingConfig, TrunkConfig};

    #[test]
    fn all_but_recurrent_encoders_have_a_form_for_inference() {
        let device = Device::flex();
        for trunk in TrunkConfig::examples() {
            let is_recurrent = matches!(trunk, TrunkConfig::Lstm(_));
            for pooling in PoolingConfig::examples() {
                let config = EncoderConfig {
                    trunk: trunk.clone(),
                    pooling,
                    ..EncoderConfig::question()
                };
                let encoder =
                    Encoder::new(16, &config, &mut Initialiser::seeded(1, &device)).unwrap();
                let prepared = encoder.prepared(&device).unwrap();
                assert_eq!(prepared.is_some(), !is_recurrent, "{config:?}");
                assert!(
                    encoder
                        .prepared(&device.clone().autodiff())
                        .unwrap()
                        .is_none()
                );
            }
        }
    }
}
