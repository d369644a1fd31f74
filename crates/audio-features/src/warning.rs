//! What is odd about a recording that was decoded all the same.

use std::fmt;

/// What is odd about a recording that was decoded all the same.
///
/// Its `Display` is one plain sentence with the numbers in it; the caller adds the file's name.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum AudioWarning {
    /// Samples that were NaN, infinite or beyond 2^31; each was replaced by 0.
    NonFinite {
        /// How many, over all channels.
        num_samples: u64,
        /// Time of the first, in s.
        first_s: f64,
    },
    /// Every sample has the same value: there is no sound.
    DigitalSilence {
        /// Length, in s.
        duration_s: f64,
    },
    /// Runs of three or more samples at full scale: the recording was driven too loud.
    Clipping {
        /// Samples in such runs, over all channels.
        num_samples: u64,
        /// Their share of all samples, from 0 to 1.
        share: f64,
    },
    /// Samples of a float file are far beyond full scale, as if stored without scaling.
    BeyondFullScale {
        /// The largest absolute value, over all channels; full scale is 1.
        peak: f32,
    },
    /// The mean of the samples is far from 0.
    DcOffset {
        /// The mean of the samples over all channels; full scale is 1.
        mean: f64,
    },
    /// Only a part of what the file should hold was there or could be decoded.
    PartlyReadable {
        /// Length of what was decoded, in s.
        read_s: f64,
        /// Length that the file promises, in s, where it says so.
        expected_s: Option<f64>,
        /// What is wrong, and where.
        reason: String,
    },
    /// The file does not say how many samples its encoder put before the sound.
    DelayUnknown {
        /// Codec by its short name.
        codec: String,
        /// Length that the delay usually has, in s: that much of the start may be silence.
        usual_s: f64,
    },
    /// HE-AAC: the lower half of the band was decoded, the upper half is rebuilt only by decoders
    /// with spectral band replication.
    UpperBandMissing {
        /// Highest frequency that was decoded, in Hz.
        highest_hz: u32,
    },
    /// The headers or the tags say what cannot be; all of the sound was read all the same.
    OddHeader {
        /// What is odd, and where.
        found: String,
    },
    /// Rate or number of channels change within the recording. All of it was read, and brought to the first rate.
    FormatChanges {
        /// Time of the first change, in s.
        time_s: f64,
        /// Rate in Hz and channels before it.
        before: (u32, usize),
        /// Rate in Hz and channels after it.
        after: (u32, usize),
        /// How many changes there are.
        num_changes: usize,
    },
    /// The channels undo one another in their mean, as with opposite polarity: one of them was taken instead.
    ChannelsCancel {
        /// Channels of the recording.
        num_channels: usize,
        /// The one that was taken, counted from 0: the loudest, of equals the first.
        channel: usize,
        /// Level of the mean of all against that channel, in dB; -200 where nothing is left.
        mix_db: f64,
    },
    /// The channels hold different sound, such as one speaker each; their mean was taken.
    ChannelsDiffer {
        /// Channels of the recording.
        num_channels: usize,
        /// Correlation of their waves, of more than two the mean over pairs, from -1 to 1.
        correlation: f64,
    },
    /// AAC at a low rate, in a container that does not say whether the upper half of the band is coded apart.
    UpperBandUnknown {
        /// Highest frequency that was decoded, in Hz.
        highest_hz: u32,
    },
}

impl fmt::Display for AudioWarning {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NonFinite {
                num_samples,
                first_s,
            } => write!(
                out,
                "{num_samples} samples are NaN, infinite or beyond 2^31, the first at {first_s:.3} s; each was replaced by 0"
            ),
            Self::DigitalSilence { duration_s } => write!(
                out,
                "digital silence: all {duration_s:.3} s have one and the same value"
            ),
            Self::Clipping { num_samples, share } => write!(
                out,
                "clipping: {num_samples} samples ({:.2} %) lie in runs at full scale",
                100.0 * share
            ),
            Self::BeyondFullScale { peak } => write!(
                out,
                "the largest sample is {peak:.1}, expected at most 1: the file may hold unscaled samples"
            ),
            Self::DcOffset { mean } => {
                write!(
                    out,
                    "offset: the mean of the samples is {mean:.3}, expected nearly 0"
                )
            }
            Self::PartlyReadable {
                read_s,
                expected_s: Some(expected_s),
                reason,
            } => write!(
                out,
                "partly readable: {read_s:.3} s of {expected_s:.3} s were decoded; {reason}"
            ),
            Self::PartlyReadable {
                read_s,
                expected_s: None,
                reason,
            } => {
                write!(out, "partly readable: {read_s:.3} s were decoded; {reason}")
            }
            Self::DelayUnknown { codec, usual_s } => write!(
                out,
                "the file does not say how long the delay of its {codec} encoder is; about {usual_s:.3} s at the start may be silence"
            ),
            Self::UpperBandMissing { highest_hz } => write!(
                out,
                "HE-AAC: only the band up to {highest_hz} Hz was decoded, the band above it is lost"
            ),
            Self::OddHeader { found } => {
                write!(out, "odd header: {found}; all of the sound was read")
            }
            Self::FormatChanges {
                time_s,
                before,
                after,
                num_changes,
            } => {
                write!(
                    out,
                    "it turns from {} Hz with {} channels to {} Hz with {} channels at {time_s:.3} s",
                    before.0, before.1, after.0, after.1
                )?;
                if *num_changes > 1 {
                    write!(out, " (the first of {num_changes} changes)")?;
                }
                write!(out, "; all of it was read")
            }
            Self::ChannelsCancel {
                num_channels,
                channel,
                mix_db,
            } => write!(
                out,
                "its {num_channels} channels cancel (their mean is {:.0} dB quieter than channel {channel}), as with opposite polarity: channel {channel} was taken instead of the mean",
                -mix_db
            ),
            Self::ChannelsDiffer {
                num_channels,
                correlation,
            } => write!(
                out,
                "its {num_channels} channels hold different sound (correlation {correlation:.2}), such as one speaker each; they were mixed"
            ),
            Self::UpperBandUnknown { highest_hz } => write!(
                out,
                "AAC at a low rate: the band up to {highest_hz} Hz was decoded; if this is HE-AAC without a mark, the band above it is lost"
            ),
        }
    }
}
