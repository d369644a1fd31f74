//! End-to-end tests that drive the built binary: what they share.
//!
//! `cargo test --workspace` builds the binary. Recordings are made here, and so is the model: a small network with
//! random weights, which is enough to follow every way through the program.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot prepare its files has failed"
)]

mod bundle;
mod graph;
mod recordings;
mod run;

pub use bundle::write_bundle;
pub use graph::{GRAPH_BINS, GRAPH_WIDTH, graph_of, tdnn, write_graph};
pub use recordings::{voice, write_corpus, write_wav};
pub use run::{Place, Run, siamang};
