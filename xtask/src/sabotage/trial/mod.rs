//! Drives `siamang` through the cases, judges what it says and writes it down.

mod campaign;
mod configuration;
mod journal;
mod judge;
mod program;
mod record;
mod table;

pub(crate) use campaign::{Campaign, LIMIT, Wanted, run};
pub(crate) use judge::judge_again;
pub(crate) use program::Program;
pub(crate) use record::Records;
pub(crate) use table::{listing, stability, table};
