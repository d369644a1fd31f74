//! One file a command.

pub(crate) mod bench;
pub(crate) mod ladder;
pub(crate) mod make_voices;
