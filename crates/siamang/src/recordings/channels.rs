//! Recordings with several channels: one recording a channel, or one of the channels.

use rayon::prelude::*;

use super::input::Input;

/// Which channels of recordings are meant, where a manifest does not say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Channels {
    /// The mean of all, or the loudest where they undo one another.
    #[default]
    Mix,
    /// The one of this number, counted from 0.
    One(usize),
    /// Each by itself: a recording of several channels becomes several, called `NAME#0`, `NAME#1` …
    Each,
}

/// The recordings of these channels of `inputs`, in order. Those of which a manifest names the channel stay as they are, and so do
/// those that cannot be read: embedding says why.
#[must_use]
pub fn of_channels(inputs: Vec<Input>, channels: Channels) -> Vec<Input> {
    let one = |input: Input, channel: usize| Input {
        location: input.location.channel(channel),
        ..input
    };
    let is_open = |input: &Input| input.location.one_channel().is_none();
    match channels {
        Channels::Mix => inputs,
        Channels::One(channel) => inputs
            .into_iter()
            .map(|input| match is_open(&input) {
                true => one(input, channel),
                false => input,
            })
            .collect(),
        Channels::Each => inputs
            .into_par_iter()
            .flat_map_iter(|input| {
                let num_channels = match is_open(&input) {
                    true => input.location.num_channels().unwrap_or(1),
                    false => 1,
                };
                match num_channels {
                    0 | 1 => vec![input],
                    num_channels => (0..num_channels)
                        .map(|channel| {
                            let mut input = one(input.clone(), channel);
                            input.id = format!("{}#{channel}", input.id);
                            input
                        })
                        .collect(),
                }
            })
            .collect(),
    }
}
