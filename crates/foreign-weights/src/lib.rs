//! Which tensors does a file from elsewhere hold?
//!
//! PyTorch's state dicts and checkpoints, safetensors, ONNX, and zip archives or wheels that hold one of these, as plain
//! tensors of f32. Nothing in a file is run: a pickle is read by a machine that has no functions, and what names one is
//! refused.
//!
//! ```
//! use foreign_weights::{ForeignFile, Limits};
//!
//! # fn main() -> Result<(), foreign_weights::ForeignError> {
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/plain.pt");
//! let file = ForeignFile::open(path.as_ref(), None, &Limits::default())?;
//! for (name, tensor) in &file.tensors {
//!     println!("{name}: {:?}", tensor.shape);
//! }
//! # assert!(!file.tensors.is_empty());
//! # Ok(())
//! # }
//! ```
#![deny(unsafe_code)]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "numbers of any type become f32"
)]

mod archive;
mod element;
mod error;
pub mod families;
mod file;
mod kind;
mod limits;
mod onnx;
mod pickle;
mod safetensors;
mod tensor;
mod torch;

pub use element::Element;
pub use error::ForeignError;
pub use families::recognise;
pub use file::ForeignFile;
pub use kind::Container;
pub use limits::Limits;
pub use onnx::{OnnxGraph, OnnxPort};
pub use tensor::{ForeignTensor, LeftOut};
