//! ONNX files, as far as one wants to know them without running them.
//!
//! Messages are walked where they lie, by `onnx-graph`'s reader of Protocol Buffers' wire format: a decoder of structures would
//! allocate a hundred bytes for a field of two, and follow graphs in graphs as deep as the file says.

mod external;
mod graph;
mod model;
mod tensor;

pub use graph::{OnnxGraph, OnnxPort};
pub(crate) use model::{is_onnx, read};
