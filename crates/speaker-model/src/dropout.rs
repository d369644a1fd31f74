//! Dropout whose masks are a pure function of a seed, unlike those of Burn's process-wide generator.

use burn::tensor::{Tensor, TensorData};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::init;

/// The masks of one training step (Srivastava et al. 2014, inverted scaling).
#[derive(Debug)]
pub struct DropoutStream(ChaCha8Rng);

impl DropoutStream {
    /// The stream of one step of a run with `seed`.
    #[must_use]
    pub fn new(seed: u64, step: u64) -> Self {
        Self(init::stream(seed, &format!("dropout of step {step}")))
    }

    /// `x` with each element zeroed with `probability` and the rest scaled by 1/(1 − `probability`).
    pub(crate) fn apply<const D: usize>(&mut self, x: Tensor<D>, probability: f64) -> Tensor<D> {
        if probability <= 0.0 {
            return x;
        }
        let scale = (1.0 / (1.0 - probability)) as f32;
        // Sixteen random bits an element: four times cheaper than a float each, and exact for the
        // usual probabilities.
        let threshold = (probability * f64::from(u16::MAX) + probability).round() as u32;
        let shape = x.dims();
        let mut bytes = vec![0u8; 2 * shape.iter().product::<usize>()];
        self.0.fill_bytes(&mut bytes);
        let mask: Vec<f32> = bytes
            .chunks_exact(2)
            .map(|pair| {
                let draw = u32::from(u16::from_le_bytes([pair[0], pair[1]]));
                if draw < threshold { 0.0 } else { scale }
            })
            .collect();
        let mask = Tensor::from_data(TensorData::new(mask, shape), &x.device());
        x * mask
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn a_mask_keeps_the_mean_and_its_share() {
        let ones = Tensor::<2>::ones([200, 500], &Device::flex());
        let dropped: Vec<f32> = DropoutStream::new(1, 1)
            .apply(ones.clone(), 0.25)
            .into_data()
            .try_to_vec()
            .unwrap();
        let zeros = dropped.iter().filter(|&&v| v == 0.0).count() as f64 / 1e5;
        assert!((zeros - 0.25).abs() < 0.005, "share of zeros {zeros}");
        assert!(
            dropped
                .iter()
                .all(|&v| v == 0.0 || (v - 4.0 / 3.0).abs() < 1e-6)
        );
        let again: Vec<f32> = DropoutStream::new(1, 1)
            .apply(ones, 0.25)
            .into_data()
            .try_to_vec()
            .unwrap();
        assert_eq!(dropped, again);
    }
}
