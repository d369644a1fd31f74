//! What every batch must be, for any manifest and seed; frequencies against closed forms.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests, which clippy.toml does not cover"
)]

mod closed_forms;
mod made;
mod properties;
mod settings;
