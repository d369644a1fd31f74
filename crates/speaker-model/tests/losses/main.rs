//! Every loss but KL/hinge, whose tests are `speaker-model/tests/loss.rs`, against its definition: by hand, pair by pair in 64 bits with finite
//! differences, and in PyTorch.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

mod by_hand;
mod definition;
mod edges;
mod golden;
mod module;
