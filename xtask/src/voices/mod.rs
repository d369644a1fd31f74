//! The corpus of synthetic voices: who speaks, what, where, and the lists that describe it.

pub(crate) mod cast;
pub(crate) mod check;
pub(crate) mod lists;
pub(crate) mod noise;
pub(crate) mod readme;
pub(crate) mod resample;
pub(crate) mod room;
pub(crate) mod sentences;
pub(crate) mod session;
pub(crate) mod streams;
pub(crate) mod tools;

/// Rate of every file of the corpus, in Hz.
pub(crate) const SAMPLE_RATE_HZ: u32 = 16_000;
/// Sessions of each voice.
pub(crate) const NUM_SESSIONS: usize = 2;
/// Utterances of each session.
pub(crate) const UTTERANCES_PER_SESSION: usize = 7;
/// Shortest and longest utterance, in seconds.
pub(crate) const DURATION_S: std::ops::RangeInclusive<f64> = 1.5..=4.0;
