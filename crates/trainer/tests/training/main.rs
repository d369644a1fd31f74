//! Whole trainings of a tiny network on tones: what they compute, what they refuse, how they end, what they say.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

mod case;
mod ends;
mod journal;
mod onward;
mod preflight;
mod refusals;
mod resumed;
mod samples;
mod teacher;
mod whole;
