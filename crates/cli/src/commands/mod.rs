//! The subcommands, one file or folder each: its flags, its help, and what it prints.

pub(crate) mod adapt;
pub(crate) mod calibrate;
pub(crate) mod check;
pub(crate) mod cluster;
pub(crate) mod cluster_protocol;
pub(crate) mod doctor;
pub(crate) mod embed;
pub(crate) mod enrol;
pub(crate) mod eval;
pub(crate) mod export;
pub(crate) mod identify;
pub(crate) mod identify_protocol;
pub(crate) mod import;
pub(crate) mod merge;
pub(crate) mod models;
pub(crate) mod prepare;
pub(crate) mod reembed;
pub(crate) mod report;
pub(crate) mod score;
pub(crate) mod train;
pub(crate) mod trials;
pub(crate) mod verify;
pub(crate) mod voices;
