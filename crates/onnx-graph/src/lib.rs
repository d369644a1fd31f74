//! An ONNX file as a function from feature frames to a vector, and networks written as ONNX files.
//!
//! A file from elsewhere is hostile until its every node has been followed: [`Graph::load`] checks the frame of the file, the sizes of its
//! weights against its bytes, its operators against a list, and tells for two numbers of frames what every node will make, before the runtime
//! (rten) sees any of it; [`Graph::run`] does so again for the number of frames at hand, against [`Limits`].
//!
//! ```
//! use onnx_graph::{GraphInfo, Limits};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/wespeaker_ecapa.onnx");
//! let bytes = std::fs::read(path)?;
//! let info = GraphInfo::read(&bytes, &Limits::default())?;
//! println!("{} parameters, operators {:?}", info.num_parameters, info.operators);
//! # assert!(info.num_parameters > 0);
//! # Ok(())
//! # }
//! ```
#![deny(unsafe_code)]

#[cfg(feature = "run")]
mod behaviour;
#[cfg_attr(
    not(feature = "run"),
    allow(dead_code, reason = "a graph that is run asks for it")
)]
mod error;
#[cfg_attr(
    not(feature = "run"),
    allow(dead_code, reason = "a graph that is run asks for it")
)]
mod estimate;
mod file;
mod frame;
#[cfg(feature = "run")]
mod graph;
mod info;
mod limits;
#[cfg_attr(
    not(feature = "run"),
    allow(dead_code, reason = "a graph that is run asks for it")
)]
mod net;
#[cfg_attr(
    not(feature = "run"),
    allow(dead_code, reason = "a graph that is run asks for it")
)]
mod ports;
#[cfg_attr(
    not(feature = "run"),
    allow(dead_code, reason = "a graph that is run asks for it")
)]
mod value;
pub mod wire;
pub mod write;

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
