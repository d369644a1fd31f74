//! Seconds as whole nanoseconds, so that sums are exact and do not depend on their order.

/// The latest time that a turn or region may have (s): 104 days. Up to there every nanosecond has its own `f64`.
pub const MAX_TIME_S: f64 = 9e6;

/// What is said where a time is outside its range.
pub(crate) const EXPECTED_TIME: &str = "a time from 0 to 9,000,000 s";

const PER_SECOND: f64 = 1e9;

/// Nanoseconds of a time between 0 and [`MAX_TIME_S`].
pub(crate) fn nanoseconds(seconds: f64) -> i64 {
    (seconds * PER_SECOND).round() as i64
}

/// The `f64` nearest to a number of nanoseconds, in seconds.
pub(crate) fn seconds(nanoseconds: i128) -> f64 {
    nanoseconds as f64 / PER_SECOND
}

/// The time itself, on the grid of nanoseconds. It is the `f64` that the same time written as a decimal number parses to.
pub(crate) fn on_grid(time_s: f64) -> f64 {
    seconds(i128::from(nanoseconds(time_s)))
}

/// Whether a time is a number in range.
pub(crate) fn is_time(time_s: f64) -> bool {
    (0.0..=MAX_TIME_S).contains(&time_s)
}
