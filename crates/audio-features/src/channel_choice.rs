//! Which channels of a recording are meant.

/// Which channels of a recording are meant where one channel is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ChannelChoice {
    /// The mean of all. Where that nearly cancels, as with channels of opposite polarity, the loudest channel alone (of
    /// equals the first), with [`AudioWarning::ChannelsCancel`](crate::AudioWarning::ChannelsCancel).
    #[default]
    Mix,
    /// One alone, counted from 0.
    One(usize),
}
