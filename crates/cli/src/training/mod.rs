//! What `train` and `doctor` share: the flags of a training, its recordings, the checks before its first step, and how it
//! is shown.

mod data;
mod display;
mod preflight;
mod recipe;
mod shipped;
mod sounds;

pub(crate) use self::data::{TestData, read};
pub(crate) use self::display::{Display, why};
pub(crate) use self::preflight::{INTERRUPTED, options, preflight};
pub(crate) use self::recipe::{Recipe, configuration};
