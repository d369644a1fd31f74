//! What `cargo xtask bench` is made of.

mod builds;
pub(crate) mod comparisons;
pub(crate) mod contenders;
mod corpus;
mod embed;
mod models;
pub(crate) mod peers;
pub(crate) mod report;
pub(crate) mod turns;

pub(crate) use builds::build;
