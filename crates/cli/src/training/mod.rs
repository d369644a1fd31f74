//! What `train` and `doctor` share: the flags of a training, its recordings, the checks before its first step, and how it
//! is shown.

mod command;
mod data;
mod display;
mod ending;
mod preflight;
pub(crate) mod ready;
mod recipe;
mod shipped;
mod sounds;

pub(crate) use self::data::{TestData, check_began_with, read};
pub(crate) use self::display::Display;
pub(crate) use self::ending::why;
pub(crate) use self::preflight::{INTERRUPTED, options, preflight};
pub(crate) use self::recipe::{Recipe, configuration, idle_settings};
