//! How loud speech is: what its pauses are does not count.

/// Length of a frame, in seconds.
const FRAME_S: f64 = 0.02;

/// Frames this far below the loudest are pauses: 30 dB.
const ACTIVE: f64 = 1e-3;

/// Mean power of the active frames of `samples`, those within 30 dB of the loudest one; 0 for silence.
///
/// Of less than a frame it is the mean power of all.
#[must_use]
pub fn active_power(samples: &[f32], sample_rate_hz: u32) -> f64 {
    let len = ((FRAME_S * f64::from(sample_rate_hz)) as usize).max(1);
    if samples.len() < len {
        return mean_power(samples);
    }
    let powers: Vec<f64> = samples.chunks_exact(len).map(mean_power).collect();
    let loudest = powers.iter().copied().fold(0.0, f64::max);
    let active = powers.iter().filter(|&&power| power > loudest * ACTIVE);
    let (count, sum) = active.fold((0u32, 0.0), |(count, sum), power| (count + 1, sum + power));
    sum / f64::from(count.max(1))
}

/// Mean power of `samples`; 0 of none.
#[must_use]
pub fn mean_power(samples: &[f32]) -> f64 {
    // Eight sums, which the compiler makes one vector of.
    let mut sums = [0.0f32; 8];
    let mut total = 0.0f64;
    for block in samples.chunks(512) {
        let (whole, rest) = block.split_at(block.len() / 8 * 8);
        for part in whole.chunks_exact(8) {
            for (sum, sample) in sums.iter_mut().zip(part) {
                *sum += sample * sample;
            }
        }
        total += sums.iter().map(|&sum| f64::from(sum)).sum::<f64>();
        total += rest
            .iter()
            .map(|&s| f64::from(s) * f64::from(s))
            .sum::<f64>();
        sums = [0.0; 8];
    }
    total / samples.len().max(1) as f64
}

/// `10^(db / 20)`: a level in dB as a factor of amplitudes.
pub(crate) fn amplitude(db: f64) -> f32 {
    10f64.powf(db / 20.0) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_do_not_count() {
        let mut samples = vec![0.5; 3_200];
        samples.extend(vec![0.001; 16_000]);
        samples.extend(vec![0.0; 16_000]);
        assert!((active_power(&samples, 16_000) - 0.25).abs() < 1e-6);
        assert_eq!(active_power(&[0.0; 4_000], 16_000), 0.0);
        assert_eq!(active_power(&[], 16_000), 0.0);
        assert!((active_power(&[0.1; 10], 16_000) - 0.01).abs() < 1e-6);
    }
}
