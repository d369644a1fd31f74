//! Files of `torch.save`: zip since 1.6, before that pickles one after the other.

mod gather;
mod legacy;
mod state;
mod zip;

pub(crate) use legacy::{is_legacy, read as read_legacy};
pub(crate) use zip::{is_torch, read as read_zip};
