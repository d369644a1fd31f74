//! One file a command.

pub(crate) mod band;
pub(crate) mod bench;
pub(crate) mod fetch;
pub(crate) mod ladder;
pub(crate) mod make_voices;
pub(crate) mod prepare_voxceleb;
pub(crate) mod sabotage;
