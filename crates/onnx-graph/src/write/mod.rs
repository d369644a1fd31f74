//! Networks as ONNX files: a builder, and the blocks that speaker encoders are made of.

mod builder;
mod convolutions;
mod dense;
mod described;
mod encode;
mod poolings;
mod recurrent;
mod sherpa;

pub use builder::{Attribute, Builder, Handle, Size};
pub use convolutions::{BatchNorm, Conv1d, Conv2d};
pub use described::with_metadata;
pub use poolings::{AttentiveStatistics, Deviation};
pub use recurrent::{LstmStates, LstmWeights};
pub use sherpa::{SherpaFront, SherpaLack, sherpa_metadata};
