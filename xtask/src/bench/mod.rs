//! What `cargo xtask bench` is made of.

pub(crate) mod comparisons;
pub(crate) mod corpus;
pub(crate) mod peers;
pub(crate) mod report;
pub(crate) mod turns;
