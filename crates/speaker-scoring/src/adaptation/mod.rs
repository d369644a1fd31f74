//! A linear map of embeddings that makes those of one speaker more alike, estimated from few recordings.

mod map;
mod spread;

pub use map::{AdaptationMap, MapChoice, SpeakerDirections};
pub use spread::SpeakerSpread;
