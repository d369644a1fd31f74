//! One file a command.

pub(crate) mod make_voices;
