//! Which effect draws: each has its own stream under a crop's seed, so that switching one off leaves the others as they were.

use audio_features::augment::Draws;

/// The streams; their numbers lie beyond those of the augmentation of mel bands.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stream {
    Room = 64,
    RoomShape,
    Noise,
    Music,
    Babble,
    Device,
    Equaliser,
    Clipping,
    Telephone,
    White,
    Gain,
}

impl From<Stream> for u64 {
    fn from(stream: Stream) -> Self {
        stream as Self
    }
}

/// The stream of an effect of this probability, if the crop of `seed` meets it.
pub(crate) fn draws(seed: u64, stream: Stream, probability: f64) -> Option<Draws> {
    Draws::when(seed, stream, probability)
}
