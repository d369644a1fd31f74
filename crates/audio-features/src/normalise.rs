//! Means over frames and their subtraction.

use std::borrow::Borrow;

use crate::features::Features;

/// Mean frame over all frames of `features` (`[bins]`), accumulated in f64: the training mean of
/// [`crate::Normalisation::GlobalMean`].
///
/// Compute it on the frames that the network will see, after speech activity detection if that is
/// on. Matrices of another width than the first one's are left out; without frames the result is
/// zero, or empty if there are no matrices either.
pub fn mean_frame<F: Borrow<Features>>(features: impl IntoIterator<Item = F>) -> Vec<f32> {
    let mut sums: Vec<f64> = Vec::new();
    let mut num_frames = 0usize;
    for matrix in features {
        let matrix = matrix.borrow();
        if sums.is_empty() {
            sums = vec![0.0; matrix.num_bins()];
        }
        if matrix.num_bins() == sums.len() {
            add_frames(&mut sums, matrix);
            num_frames += matrix.num_frames();
        }
    }
    sums.iter()
        .map(|sum| (sum / num_frames.max(1) as f64) as f32)
        .collect()
}

/// Subtracts `mean` from every frame.
pub(crate) fn subtract(features: &mut Features, mean: &[f32]) {
    for frame in features.data_mut().chunks_exact_mut(mean.len().max(1)) {
        for (value, mean) in frame.iter_mut().zip(mean) {
            *value -= mean;
        }
    }
}

/// Divides every band by its deviation from zero over the frames, unbiased, plus `guard`; the mean has been subtracted.
pub(crate) fn divide_by_deviation(features: &mut Features, guard: f64) {
    let num_bins = features.num_bins().max(1);
    let mut sums = vec![0f64; num_bins];
    for frame in features.data().chunks_exact(num_bins) {
        for (sum, value) in sums.iter_mut().zip(frame) {
            *sum += f64::from(*value) * f64::from(*value);
        }
    }
    let others = features.num_frames().saturating_sub(1).max(1) as f64;
    let factors: Vec<f32> = sums
        .iter()
        .map(|sum| (1.0 / ((sum / others).sqrt() + guard)) as f32)
        .collect();
    for frame in features.data_mut().chunks_exact_mut(num_bins) {
        for (value, factor) in frame.iter_mut().zip(&factors) {
            *value *= factor;
        }
    }
}

/// Raises what lies more than `range` below the highest value to that.
pub(crate) fn raise_to_range(features: &mut Features, range: f32) {
    let highest = features.data().iter().copied().fold(f32::MIN, f32::max);
    let floor = highest - range;
    features
        .data_mut()
        .iter_mut()
        .for_each(|value| *value = value.max(floor));
}

fn add_frames(sums: &mut [f64], features: &Features) {
    for frame in features.data().chunks_exact(sums.len().max(1)) {
        for (sum, value) in sums.iter_mut().zip(frame) {
            *sum += f64::from(*value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_counts_frames_not_recordings() {
        let short = Features::new(vec![1.0, 10.0], 2);
        let long = Features::new(vec![4.0, 40.0, 4.0, 40.0], 2);
        assert_eq!(mean_frame([&short, &long]), [3.0, 30.0]);
        assert_eq!(mean_frame([Features::new(Vec::new(), 3)]), [0.0; 3]);
        assert!(mean_frame(std::iter::empty::<Features>()).is_empty());
    }

    #[test]
    fn many_frames_do_not_lose_precision() {
        // A running f32 sum of a million values of 16.1 is off by several percent.
        let features = Features::new(vec![16.1; 1_000_000], 1);
        assert_eq!(mean_frame([&features]), [16.1]);
    }
}
