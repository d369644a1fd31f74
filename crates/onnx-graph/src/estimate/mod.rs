//! What a graph will make of a number of frames, told before it runs: the sizes of every value, the memory and the work.
//!
//! Nodes are gone through as an interpreter would, with sizes in place of tensors. Numbers that come from sizes (`Shape`, what
//! is gathered from it and computed with it) are followed exactly, since other sizes come from them. A graph is run only if
//! every node was followed and all of it stays below the limits, so that what a file claims is never allocated on its word.

mod call;
mod elementwise;
mod follow;
mod layers;
mod layout;
mod making;
mod memory;
mod reductions;
mod taken;

pub use follow::Estimate;
pub(crate) use follow::check_operators;
#[cfg(feature = "run")]
pub(crate) use follow::follow;
