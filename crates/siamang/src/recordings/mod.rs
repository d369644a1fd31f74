//! Which recordings are meant, and where their audio is.

mod gather;
mod input;

pub use gather::{Gathered, Given, check_filters, gather, gather_given, gather_with};
pub use input::Input;
