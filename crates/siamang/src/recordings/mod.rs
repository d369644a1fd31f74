//! Which recordings are meant, and where their audio is.

mod channels;
mod gather;
mod input;

pub use channels::{Channels, of_channels};
pub use gather::{Gathered, Given, check_filters, gather, gather_given, gather_with};
pub use input::Input;
