//! Whether the mean of a recording's channels stands for them: correlations over the whole recording.

use crate::warning::AudioWarning;

/// Levels are compared in blocks of this length, in s: shorter than a word, longer than a room's echo paths differ.
const BLOCK_S: f64 = 0.05;

/// A channel counts where it has this share of the loudest channel's power (-10 dB) and could be lost in the mean.
const LOUD_SHARE: f64 = 0.1;

/// Of what channels without relation would leave in the mean, less than this (-10 dB) means that they cancel.
const CANCELLED_SHARE: f64 = 0.1;

/// Two channels hold different sound where the second is above this share of the louder one's power (-20 dB), both are
/// above [`SOUND_POWER`], their waves correlate less than [`RELATED_WAVES`], and their levels rise and fall apart:
/// microphones apart from one another hear one voice with waves that do not fit, but at the same times.
const SECOND_SHARE: f64 = 0.01;
const SOUND_POWER: f64 = 1e-6;
const RELATED_WAVES: f64 = 0.2;
const RELATED_LEVELS: f64 = 0.5;

/// Channels count as equally loud up to this ratio of their powers.
const EQUAL_POWERS: f64 = 1.01;

/// Power below this share of the square of an offset is rounding.
const ROUNDING: f64 = 1e-9;

/// Sums over frames of several values each, and over the mean of a frame's values.
#[derive(Clone, Debug)]
struct Moments {
    num: f64,
    sums: Vec<f64>,
    squares: Vec<f64>,
    /// Of each value times the mean of its frame.
    with_mean: Vec<f64>,
    mean_sum: f64,
    mean_square: f64,
}

impl Moments {
    fn new(width: usize) -> Self {
        Self {
            num: 0.0,
            sums: vec![0.0; width],
            squares: vec![0.0; width],
            with_mean: vec![0.0; width],
            mean_sum: 0.0,
            mean_square: 0.0,
        }
    }

    fn push(&mut self, frame: impl ExactSizeIterator<Item = f64> + Clone) {
        let mean = frame.clone().sum::<f64>() / frame.len() as f64;
        let sums = self.sums.iter_mut().zip(&mut self.squares);
        for ((value, (sum, square)), with_mean) in frame.zip(sums).zip(&mut self.with_mean) {
            *sum += value;
            *square += value * value;
            *with_mean += value * mean;
        }
        self.num += 1.0;
        self.mean_sum += mean;
        self.mean_square += mean * mean;
    }

    /// Variance of one of the values; 0 where it is rounding.
    fn power(&self, index: usize) -> f64 {
        variance(self.sums[index], self.squares[index], self.num)
    }

    /// Variance of the mean of a frame.
    fn power_of_mean(&self) -> f64 {
        variance(self.mean_sum, self.mean_square, self.num)
    }

    /// How much of a value is in the mean of its frame: 1 / width for values without relation, 0 where others undo it.
    fn share_in_mean(&self, index: usize) -> f64 {
        let product = self.with_mean[index] / self.num;
        let covariance = product - self.sums[index] / self.num * self.mean_sum / self.num;
        covariance / self.power(index)
    }

    /// Correlation of two values, or of more the mean over their pairs, weighted by their deviations.
    fn correlation(&self) -> f64 {
        let width = self.sums.len() as f64;
        let powers: Vec<f64> = (0..self.sums.len())
            .map(|index| self.power(index))
            .collect();
        let total: f64 = powers.iter().sum();
        let deviations: f64 = powers.iter().map(|power| power.sqrt()).sum();
        let pairs = deviations * deviations - total;
        if pairs <= total * ROUNDING {
            return 1.0;
        }
        (width * width * self.power_of_mean() - total) / pairs
    }
}

fn variance(sum: f64, square: f64, num: f64) -> f64 {
    let (mean, square) = (sum / num, square / num);
    let variance = square - mean * mean;
    if variance > square * ROUNDING {
        variance
    } else {
        0.0
    }
}

/// Watches the channels of a recording while they are mixed.
#[derive(Debug)]
pub(crate) struct MixtureMeter {
    waves: Moments,
    levels: Moments,
    block_frames: usize,
    block: Vec<f64>,
    in_block: usize,
}

/// What the mean of the channels is worth.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Mixture {
    /// It stands for them.
    Sound,
    /// The channels undo one another: this one should be taken, and the warning given.
    Cancels(usize, AudioWarning),
    /// The channels hold different sound, which the warning says.
    Differs(AudioWarning),
}

impl MixtureMeter {
    /// A meter of frames of `num_channels` samples.
    pub(crate) fn new(num_channels: usize, sample_rate_hz: u32) -> Self {
        Self {
            waves: Moments::new(num_channels),
            levels: Moments::new(num_channels),
            block_frames: (BLOCK_S * f64::from(sample_rate_hz)).ceil() as usize,
            block: vec![0.0; num_channels],
            in_block: 0,
        }
    }

    /// Takes whole frames, `[frames * channels]`.
    pub(crate) fn pass(&mut self, interleaved: &[f32]) {
        for frame in interleaved.chunks_exact(self.block.len()) {
            self.waves
                .push(frame.iter().map(|sample| f64::from(*sample)));
            for (sum, sample) in self.block.iter_mut().zip(frame) {
                *sum += f64::from(*sample) * f64::from(*sample);
            }
            self.in_block += 1;
            if self.in_block >= self.block_frames {
                self.levels.push(self.block.iter().map(|sum| sum.sqrt()));
                self.block.fill(0.0);
                self.in_block = 0;
            }
        }
    }

    /// What all that passed tells.
    pub(crate) fn judge(&self) -> Mixture {
        let num_channels = self.block.len();
        let powers: Vec<f64> = (0..num_channels)
            .map(|index| self.waves.power(index))
            .collect();
        // The first of equals, which rounding does not tell apart.
        let loudest = (1..num_channels).fold(0, |loudest, index| {
            if powers[index] > EQUAL_POWERS * powers[loudest] {
                index
            } else {
                loudest
            }
        });
        let most = powers[loudest];
        if num_channels < 2 || most <= 0.0 {
            return Mixture::Sound;
        }
        let width = num_channels as f64;
        let mix = self.waves.power_of_mean();
        let mean_power = powers.iter().sum::<f64>() / width;
        // The mean of N channels without relation has 1/N of their power, and each has 1/N of itself in it.
        let is_quiet = width * mix < CANCELLED_SHARE * mean_power;
        let is_lost = (0..num_channels)
            .filter(|index| powers[*index] >= LOUD_SHARE * most)
            .any(|index| width * self.waves.share_in_mean(index).abs() < CANCELLED_SHARE);
        if is_quiet || is_lost {
            let warning = AudioWarning::ChannelsCancel {
                num_channels,
                channel: loudest,
                mix_db: 10.0 * (mix / most).max(1e-20).log10(),
            };
            return Mixture::Cancels(loudest, warning);
        }
        let num_loud = powers
            .iter()
            .filter(|power| **power >= (SECOND_SHARE * most).max(SOUND_POWER))
            .count();
        let correlation = self.waves.correlation();
        if num_loud > 1
            && correlation.abs() < RELATED_WAVES
            && self.levels.num > 1.0
            && self.levels.correlation() < RELATED_LEVELS
        {
            return Mixture::Differs(AudioWarning::ChannelsDiffer {
                num_channels,
                correlation,
            });
        }
        Mixture::Sound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noise that is the same for the same seed, of about 0.1 in deviation.
    fn noise(seed: u32) -> impl Iterator<Item = f32> {
        let mut state = seed.wrapping_mul(2_654_435_761) | 1;
        std::iter::repeat_with(move || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (f64::from(state) / f64::from(u32::MAX) * 0.34 - 0.17) as f32
        })
    }

    fn judged<const N: usize>(frames: impl Iterator<Item = [f32; N]>) -> Mixture {
        let mut meter = MixtureMeter::new(N, 1_000);
        for frame in frames.take(8_000) {
            meter.pass(&frame);
        }
        meter.judge()
    }

    fn taken(mixture: &Mixture) -> Option<usize> {
        match mixture {
            Mixture::Cancels(channel, _) => Some(*channel),
            _ => None,
        }
    }

    #[test]
    fn channels_that_undo_one_another_give_way_to_the_loudest() {
        let pair = judged(noise(1).map(|x| [x, -x]));
        assert_eq!(taken(&pair), Some(0), "the lowest of equals: {pair:?}");
        let pair = judged(noise(1).map(|x| [0.9 * x, -x]));
        assert_eq!(taken(&pair), Some(1));
        // An offset of both is not what is heard.
        let pair = judged(noise(1).map(|x| [x + 0.5, 0.5 - x]));
        assert_eq!(taken(&pair), Some(0));
        // Noise of each alone at -13 dB does not hide it.
        let pair = judged(
            noise(1)
                .zip(noise(2))
                .zip(noise(3))
                .map(|((x, a), b)| [x + 0.2 * a, 0.2 * b - x]),
        );
        assert!(taken(&pair).is_some(), "{pair:?}");
    }

    #[test]
    fn more_than_two_channels_are_judged_by_what_is_lost_and_not_by_their_number() {
        let four = judged(noise(1).map(|x| [x, -x, x, -x]));
        assert_eq!(taken(&four), Some(0));
        // Two that cancel beside two that are silent, or beside one that is another sound.
        let four = judged(noise(1).map(|x| [0.0, x, -x, 0.0]));
        assert_eq!(taken(&four), Some(1));
        let three = judged(noise(1).zip(noise(2)).map(|(x, y)| [x, -x, y]));
        assert!(taken(&three).is_some(), "{three:?}");
        // One of eight reversed takes a quarter away, which loses nothing.
        let eight = judged(noise(1).map(|x| [x, x, x, -x, x, x, x, x]));
        assert_eq!(eight, Mixture::Sound);
        // The mean of six sounds without relation is 8 dB down, and holds them all.
        let six = judged(
            noise(1)
                .zip(noise(2))
                .zip(noise(3))
                .zip(noise(4))
                .map(|(((a, b), c), d)| [a, b, c, d, 0.5 * a + 0.5 * b, 0.5 * c + 0.5 * d]),
        );
        assert_eq!(taken(&six), None);
    }

    #[test]
    fn what_adds_up_or_is_alone_is_sound() {
        assert_eq!(judged(noise(1).map(|x| [x, x])), Mixture::Sound);
        assert_eq!(judged(noise(1).map(|x| [x, 0.0])), Mixture::Sound);
        assert_eq!(judged(noise(1).map(|x| [x, -0.5 * x])), Mixture::Sound);
        assert_eq!(judged(noise(1).map(|_| [0.0, 0.0])), Mixture::Sound);
        assert_eq!(judged(noise(1).map(|_| [0.5, -0.5])), Mixture::Sound);
        assert_eq!(judged(noise(1).map(|x| [x])), Mixture::Sound);
        // A stereo recording: what both hear, and a third of it of each alone.
        let stereo = noise(1)
            .zip(noise(2))
            .zip(noise(3))
            .map(|((x, a), b)| [x + 0.6 * a, x + 0.6 * b]);
        assert_eq!(judged(stereo), Mixture::Sound);
    }

    /// Half a second of speech, half a second of pause.
    fn turns(frame: usize, mine: usize) -> f32 {
        if frame / 500 % 2 == mine { 1.0 } else { 0.01 }
    }

    #[test]
    fn a_speaker_a_channel_is_told_and_one_voice_at_two_microphones_is_not() {
        let call = noise(1)
            .zip(noise(2))
            .enumerate()
            .map(|(n, (a, b))| [turns(n, 0) * a, turns(n, 1) * b]);
        assert!(matches!(
            judged(call),
            Mixture::Differs(AudioWarning::ChannelsDiffer { num_channels: 2, correlation })
                if correlation.abs() < 0.1
        ));
        // Waves without relation, as of microphones metres apart, but loud at the same times.
        let room = noise(1)
            .zip(noise(2))
            .enumerate()
            .map(|(n, (a, b))| [turns(n, 0) * a, turns(n, 0) * b]);
        assert_eq!(judged(room), Mixture::Sound);
        // A channel with nothing but faint hiss is no second sound.
        let hiss = noise(1).zip(noise(2)).map(|(a, b)| [a, 0.01 * b]);
        assert_eq!(judged(hiss), Mixture::Sound);
    }
}
