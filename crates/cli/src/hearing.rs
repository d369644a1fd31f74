//! `--vad` and `--channel`: what of a recording is listened to.

use std::str::FromStr;

use anyhow::Result;
use clap::ValueEnum;
use siamang::{Channels, Input, SpeechDetector, of_channels};

use crate::fault::usage;

/// What finds the speech in recordings.
#[derive(Debug, clap::Args)]
pub(crate) struct VadArgs {
    /// What finds the speech [default: network where a verdict is given (verify, score), energy elsewhere].
    #[arg(long, value_name = "DETECTOR", value_enum)]
    vad: Option<Vad>,
}

/// `--vad`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Vad {
    /// A small network, about 1 ms for a second of sound.
    Network,
    /// The level of the voice's band: silence and steady noise are told from speech, music is not.
    Energy,
    /// Nothing: all of a recording counts as speech, and no verdict is withheld.
    None,
}

impl VadArgs {
    /// What was chosen, or the command's own choice.
    pub(crate) fn or(&self, default: SpeechDetector) -> SpeechDetector {
        match self.vad {
            None => default,
            Some(Vad::Network) => SpeechDetector::Network,
            Some(Vad::Energy) => SpeechDetector::Energy,
            Some(Vad::None) => SpeechDetector::Off,
        }
    }
}

/// Which channels of recordings are meant.
#[derive(Debug, clap::Args)]
pub(crate) struct ChannelArgs {
    /// Which channel of recordings with several: its number, counted from 0; `each` for one recording a channel, called
    /// `NAME#0`, `NAME#1` …; `mix` for the mean of all, or the loudest where they undo one another.
    #[arg(long, value_name = "N|each|mix", default_value = "mix")]
    channel: ChannelName,
}

/// `--channel`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ChannelName(Channels);

impl FromStr for ChannelName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(Self(match text {
            "mix" => Channels::Mix,
            "each" => Channels::Each,
            number => Channels::One(
                number
                    .parse()
                    .map_err(|_| "expected a number from 0, `each` or `mix`".to_owned())?,
            ),
        }))
    }
}

impl ChannelArgs {
    /// The recordings of the channels that are meant.
    pub(crate) fn of(&self, inputs: Vec<Input>) -> Vec<Input> {
        of_channels(inputs, self.channel.0)
    }

    /// The same of a recording that must stay one.
    pub(crate) fn of_one(&self, input: Input) -> Result<Input> {
        match self.channel.0 {
            Channels::Each => Err(usage(
                "`--channel each` makes several recordings of one, and a verdict is on two",
                "give a number, or embed with `siamang embed --channel each` and compare with `siamang score`",
            )),
            channels => of_channels(vec![input], channels)
                .pop()
                .ok_or_else(|| siamang::Error::Defect("a recording without channels").into()),
        }
    }
}
