//! From one sample rate to another, for a whole recording at once or block by block.

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

/// Resamples `samples` from `from_hz` to `to_hz`, see [`Resampling`]. Errors are the resampler's own words.
pub(crate) fn resample(samples: Vec<f32>, from_hz: u32, to_hz: u32) -> Result<Vec<f32>, String> {
    if from_hz == to_hz || samples.is_empty() {
        return Ok(samples);
    }
    let num_out = resampled_len(samples.len() as u64, from_hz, to_hz) as usize;
    let mut out = Vec::with_capacity(num_out);
    let mut resampling = Resampling::new(from_hz, to_hz)?;
    resampling.push(&samples, &mut |block| out.extend_from_slice(block))?;
    resampling.finish(&mut |block| out.extend_from_slice(block))?;
    Ok(out)
}

/// From one rate to another, block by block, with `rubato`'s FFT resampler (a windowed sinc, applied in blocks).
///
/// In all `round(num_samples * to_hz / from_hz)` samples come out, without a lag against the input; how the input was
/// divided changes no bit. The same rate gives back the same samples.
pub(crate) struct Resampling {
    from_hz: u32,
    to_hz: u32,
    /// None where nothing is to be done.
    resampler: Option<Fft<f32>>,
    /// Input that fills no block yet.
    block: Vec<f32>,
    out: Vec<f32>,
    /// Output of the resampler's delay that is still to be dropped.
    delay: usize,
    num_in: u64,
    num_out: u64,
}

impl Resampling {
    /// Plans the transform.
    pub(crate) fn new(from_hz: u32, to_hz: u32) -> Result<Self, String> {
        let resampler = match from_hz == to_hz {
            true => None,
            false => Some(
                Fft::<f32>::new_custom(
                    from_hz as usize,
                    to_hz as usize,
                    block_len(from_hz as usize, to_hz as usize),
                    1,
                    1,
                    WindowFunction::BlackmanHarris2,
                    FixedSync::Input,
                )
                .map_err(|error| error.to_string())?,
            ),
        };
        Ok(Self {
            from_hz,
            to_hz,
            out: vec![0.0; resampler.as_ref().map_or(0, Resampler::output_frames_max)],
            delay: resampler.as_ref().map_or(0, Resampler::output_delay),
            resampler,
            block: Vec::new(),
            num_in: 0,
            num_out: 0,
        })
    }

    /// Takes the next samples.
    pub(crate) fn push(
        &mut self,
        mut samples: &[f32],
        take: &mut dyn FnMut(&[f32]),
    ) -> Result<(), String> {
        self.num_in += samples.len() as u64;
        let Some(len) = self.resampler.as_ref().map(Resampler::input_frames_next) else {
            take(samples);
            return Ok(());
        };
        while !samples.is_empty() {
            let missing = (len - self.block.len()).min(samples.len());
            self.block.extend_from_slice(&samples[..missing]);
            samples = &samples[missing..];
            if self.block.len() == len {
                self.process(take)?;
            }
        }
        Ok(())
    }

    /// Gives what is still to come.
    pub(crate) fn finish(&mut self, take: &mut dyn FnMut(&[f32])) -> Result<(), String> {
        if self.resampler.is_none() {
            return Ok(());
        }
        while self.num_out < resampled_len(self.num_in, self.from_hz, self.to_hz) {
            self.process(take)?;
        }
        Ok(())
    }

    /// Resamples what is in the block, with silence behind it, and empties it.
    fn process(&mut self, take: &mut dyn FnMut(&[f32])) -> Result<(), String> {
        let Some(resampler) = &mut self.resampler else {
            return Ok(());
        };
        let len = resampler.input_frames_next();
        self.block.resize(len, 0.0);
        let input = SequentialSlice::new(&self.block, 1, len).map_err(|e| e.to_string())?;
        let room = self.out.len();
        let mut output =
            SequentialSlice::new_mut(&mut self.out, 1, room).map_err(|e| e.to_string())?;
        let (_, made) = resampler
            .process_into_buffer(&input, &mut output, None)
            .map_err(|error| error.to_string())?;
        self.block.clear();
        let dropped = self.delay.min(made);
        self.delay -= dropped;
        // Nothing beyond the end: only the last blocks are cut, once all of the input is known.
        let most = resampled_len(self.num_in, self.from_hz, self.to_hz) - self.num_out;
        let kept = (made - dropped).min(usize::try_from(most).unwrap_or(usize::MAX));
        self.num_out += kept as u64;
        take(&self.out[dropped..dropped + kept]);
        Ok(())
    }
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
    fn blocks_of_any_length_give_the_bits_of_the_whole() {
        for (from_hz, to_hz) in [
            (44_100, 16_000),
            (8_000, 16_000),
            (48_000, 16_000),
            (96_000, 8_000),
        ] {
            for num_in in [1usize, 700, 2_940, 30_000] {
                let input = sine(440.0, from_hz, num_in);
                // rubato's own way through a whole clip.
                let mut whole = Fft::<f32>::new_custom(
                    from_hz as usize,
                    to_hz as usize,
                    block_len(from_hz as usize, to_hz as usize),
                    1,
                    1,
                    WindowFunction::BlackmanHarris2,
                    FixedSync::Input,
                )
                .unwrap();
                let slice = SequentialSlice::new(&input, 1, num_in).unwrap();
                let mut expected = whole.process_all(&slice, num_in, None).unwrap().take_data();
                expected.resize(resampled_len(num_in as u64, from_hz, to_hz) as usize, 0.0);
                for len in [1usize, 97, 4_096, num_in] {
                    let mut resampling = Resampling::new(from_hz, to_hz).unwrap();
                    let mut found = Vec::new();
                    for block in input.chunks(len) {
                        resampling
                            .push(block, &mut |out| found.extend_from_slice(out))
                            .unwrap();
                    }
                    resampling
                        .finish(&mut |out| found.extend_from_slice(out))
                        .unwrap();
                    assert_eq!(found, expected, "{from_hz} -> {to_hz}, {num_in} by {len}");
                }
            }
        }
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
