//! From one sample rate to another, for a whole recording at once.

use rubato::audioadapter::Adapter;
use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{Fft, FixedSync, Resampler, WindowFunction};

/// Lowest sample rate that is read or made, in Hz. A header that claims less is taken for damaged:
/// bringing it to a usual rate would multiply the size of the audio without bound.
pub(crate) const LOWEST_RATE_HZ: u32 = 1_000;

/// Highest sample rate that is read or made, in Hz.
pub(crate) const HIGHEST_RATE_HZ: u32 = 768_000;

/// Fewest frames of a block of the resampler, on the side of the lower rate: long enough for a
/// filter that is flat to 95 % of the lower Nyquist frequency, short enough to stay in the cache.
const BLOCK_FRAMES: usize = 1_024;

/// Resamples `samples` from `from_hz` to `to_hz` with `rubato`'s FFT resampler (a windowed sinc,
/// applied in blocks).
///
/// The result has `round(num_samples * to_hz / from_hz)` samples and no lag against the input. The
/// same rate gives back the same samples. Errors are the resampler's own words.
pub(crate) fn resample(samples: Vec<f32>, from_hz: u32, to_hz: u32) -> Result<Vec<f32>, String> {
    if from_hz == to_hz || samples.is_empty() {
        return Ok(samples);
    }
    let num_out = resampled_len(samples.len() as u64, from_hz, to_hz) as usize;
    let mut resampler = Fft::<f32>::new_custom(
        from_hz as usize,
        to_hz as usize,
        block_len(from_hz as usize, to_hz as usize),
        1,
        1,
        WindowFunction::BlackmanHarris2,
        FixedSync::Input,
    )
    .map_err(|error| error.to_string())?;
    let num_in = samples.len();
    let input = SequentialSlice::new(&samples, 1, num_in).map_err(|error| error.to_string())?;
    let input: &dyn Adapter<f32> = &input;
    let mut output = resampler
        .process_all(input, num_in, None)
        .map_err(|error| error.to_string())?
        .take_data();
    output.resize(num_out, 0.0);
    Ok(output)
}

/// Input frames of a block: an even multiple of the shortest block that is whole at both rates. The
/// filter is centred on half a block, and half of an odd one would be a lag of a fraction of a
/// sample.
fn block_len(from_hz: usize, to_hz: usize) -> usize {
    let divisor = greatest_common_divisor(from_hz, to_hz);
    let shorter = from_hz.min(to_hz) / divisor;
    from_hz / divisor * 2 * BLOCK_FRAMES.div_ceil(2 * shorter)
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}

/// `round(num_frames * to_hz / from_hz)`, exact in integers.
pub(crate) fn resampled_len(num_frames: u64, from_hz: u32, to_hz: u32) -> u64 {
    let from = u128::from(from_hz.max(1));
    let scaled = u128::from(num_frames) * u128::from(to_hz);
    u64::try_from((2 * scaled + from) / (2 * from)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hz: f64, rate_hz: u32, num_samples: usize) -> Vec<f32> {
        (0..num_samples)
            .map(|n| {
                (0.5 * (2.0 * std::f64::consts::PI * hz * n as f64 / f64::from(rate_hz)).sin())
                    as f32
            })
            .collect()
    }

    /// Signal to error ratio in dB, away from the edges.
    fn snr_db(actual: &[f32], expected: &[f32]) -> f64 {
        let edge = 1_000.min(actual.len() / 4);
        let inner = edge..actual.len() - edge;
        let (mut signal, mut error) = (0.0, 1e-30);
        for (a, e) in actual[inner.clone()].iter().zip(&expected[inner]) {
            signal += f64::from(*e).powi(2);
            error += (f64::from(*a) - f64::from(*e)).powi(2);
        }
        10.0 * (signal / error).log10()
    }

    #[test]
    fn the_same_rate_leaves_the_samples_untouched() {
        let samples = sine(440.0, 16_000, 1_001);
        assert_eq!(resample(samples.clone(), 16_000, 16_000), Ok(samples));
    }

    #[test]
    fn a_sine_keeps_its_phase_and_amplitude() {
        // Closed form: the same sine, sampled at the other rate from the same instant on.
        for (from_hz, to_hz) in [
            (44_100, 16_000),
            (48_000, 16_000),
            (8_000, 16_000),
            (22_050, 16_000),
            (11_025, 16_000),
            (96_000, 16_000),
            (16_000, 8_000),
        ] {
            for hz in [100.0, 1_000.0, 3_300.0] {
                let num_in = from_hz as usize;
                let output = resample(sine(hz, from_hz, num_in), from_hz, to_hz).unwrap();
                assert_eq!(output.len(), to_hz as usize);
                let ratio = snr_db(&output, &sine(hz, to_hz, output.len()));
                assert!(ratio > 90.0, "{from_hz} -> {to_hz}, {hz} Hz: {ratio:.1} dB");
            }
        }
    }

    #[test]
    fn what_lies_above_the_new_nyquist_frequency_is_gone() {
        let output = resample(sine(9_000.0, 44_100, 44_100), 44_100, 16_000).unwrap();
        let inner = &output[1_000..15_000];
        let peak = inner.iter().fold(0.0f32, |peak, x| peak.max(x.abs()));
        assert!(peak < 1e-4, "{peak}");
    }

    #[test]
    fn the_length_is_rounded() {
        for num_in in [1usize, 2, 3, 441, 1_440, 5_512, 44_101] {
            for from_hz in [8_000u32, 11_025, 44_100, 48_000, 96_000, 44_099] {
                let output = resample(vec![0.25; num_in], from_hz, 16_000).unwrap();
                let expected = (num_in as f64 * 16_000.0 / f64::from(from_hz)).round() as usize;
                assert_eq!(output.len(), expected, "{num_in} at {from_hz}");
            }
        }
    }
}
