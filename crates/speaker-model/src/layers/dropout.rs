//! Dropout whose masks are a pure function of a seed, unlike those of Burn's process-wide generator.

use burn::tensor::{Tensor, TensorData};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::layers::stream;

/// Elements whose mask one task draws; a whole number of the generator's blocks.
const TASK: usize = 1 << 16;

/// Words of the generator that the masks of so many elements take.
fn words(elements: usize) -> u128 {
    elements.div_ceil(2) as u128
}

/// The masks of one training step (Srivastava et al. 2014, inverted scaling).
#[derive(Debug)]
pub struct DropoutStream(ChaCha8Rng);

impl DropoutStream {
    /// The stream of one step of a run with `seed`.
    #[must_use]
    pub fn new(seed: u64, step: u64) -> Self {
        Self(stream(seed, &format!("dropout of step {step}")))
    }

    /// `x` with each element zeroed with `probability` and the rest scaled by 1/(1 − `probability`).
    #[must_use]
    pub fn apply<const D: usize>(&mut self, x: Tensor<D>, probability: f64) -> Tensor<D> {
        if probability <= 0.0 {
            return x;
        }
        let scale = (1.0 / (1.0 - probability)) as f32;
        // Sixteen random bits an element: four times cheaper than a float each, and exact for the
        // usual probabilities.
        let threshold = (probability * f64::from(u16::MAX) + probability).round() as i32;
        let shape = x.dims();
        let mut mask = vec![0.0; shape.iter().product()];
        let begin = self.0.get_word_pos();
        mask.par_chunks_mut(TASK)
            .enumerate()
            .for_each(|(task, mask)| {
                let mut rng = self.0.clone();
                rng.set_word_pos(begin + words(task * TASK));
                let mut draws = [0_u16; 1024];
                for mask in mask.chunks_mut(draws.len()) {
                    let draws = &mut draws[..mask.len()];
                    rng.fill_bytes(bytemuck::cast_slice_mut(draws));
                    fill(mask, draws, threshold, scale);
                }
            });
        self.0.set_word_pos(begin + words(mask.len()));
        let mask = Tensor::from_data(TensorData::new(mask, shape), &x.device());
        x * mask
    }
}

/// `scale` where a draw reaches `threshold`, else 0; both slices are of one length.
fn fill(mask: &mut [f32], draws: &[u16], threshold: i32, scale: f32) {
    for (keep, &draw) in mask.iter_mut().zip(draws) {
        // All ones or all zeros, without a branch: such a loop becomes vector instructions.
        let bits = -i32::from(i32::from(u16::from_le(draw)) >= threshold);
        *keep = f32::from_bits(scale.to_bits() & bits as u32);
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

    #[test]
    fn masks_follow_one_stream_however_many_tasks_draw_them() {
        let sizes = [3, 2 * TASK + 5];
        let mut stream = DropoutStream::new(7, 2);
        let masks = sizes.map(|size| {
            let ones = Tensor::<1>::ones([size], &Device::flex());
            let mask: Vec<f32> = stream.apply(ones, 0.5).into_data().try_to_vec().unwrap();
            mask
        });
        let mut rng = crate::layers::stream(7, "dropout of step 2");
        for (size, mask) in sizes.into_iter().zip(masks) {
            let mut bytes = vec![0; 2 * size];
            rng.fill_bytes(&mut bytes);
            let pairs = bytes.as_chunks::<2>().0;
            let expected = pairs
                .iter()
                .map(|&pair| u16::from_le_bytes(pair) >= 1 << 15);
            assert!(expected.eq(mask.iter().map(|&keep| keep > 0.0)));
        }
    }
}
