//! Models: what they are read from, and what a newcomer wants of one.

mod builtin;
mod embed;
mod loaded;
mod sound;

pub use embed::Verification;
pub use loaded::{Compute, Model};
pub use sound::unlike_measured;
