//! An ONNX file as a function from feature frames to a vector, and networks written as ONNX files.
//!
//! A file from elsewhere is hostile until its every node has been followed: [`Graph::load`] checks the frame of the file, the sizes of its
//! weights against its bytes, its operators against a list, and tells for two numbers of frames what every node will make, before the runtime
//! (rten) sees any of it; [`Graph::run`] does so again for the number of frames at hand, against [`Limits`].
#![deny(unsafe_code)]

#[cfg(feature = "run")]
mod behaviour;
mod error;
mod estimate;
mod file;
#[cfg(feature = "run")]
mod graph;
mod info;
mod limits;
mod net;
mod ports;
mod value;
mod wire;

#[cfg(feature = "run")]
pub use behaviour::Behaviour;
pub use error::OnnxError;
pub use estimate::Estimate;
#[cfg(feature = "run")]
pub use graph::Graph;
pub use info::GraphInfo;
pub use limits::Limits;
pub use net::{Axis, Port};
pub use ports::{Choice, Layout, Ports};
