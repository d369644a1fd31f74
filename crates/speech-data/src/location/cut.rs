//! A part of a recording, between two times.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;

/// Written times are rounded: a part may claim to run past the recording's end by this much, in s.
pub(crate) const ROUNDING_S: f64 = 0.05;

/// The part of a recording between two times, in s; the second is greater and both are finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cut {
    start_s: f64,
    end_s: f64,
    /// Whether the recording may end before.
    may_end_before: bool,
}

// Neither time is NaN.
impl Eq for Cut {}

impl Hash for Cut {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (
            self.start_s.to_bits(),
            self.end_s.to_bits(),
            self.may_end_before,
        )
            .hash(state);
    }
}

impl Cut {
    /// The part from `start_s` to `end_s`; `None` unless `0 <= start_s < end_s` and both are finite.
    pub fn new(start_s: f64, end_s: f64) -> Option<Self> {
        let is_part = start_s >= 0.0 && start_s < end_s && end_s.is_finite();
        // A negative zero would be another place than a zero.
        is_part.then_some(Self {
            start_s: start_s.abs(),
            end_s,
            may_end_before: false,
        })
    }

    /// The first `end_s` seconds of a recording, or all of it where it is shorter; `None` unless `end_s` is finite and above
    /// 0.
    pub fn up_to(end_s: f64) -> Option<Self> {
        let cut = Self::new(0.0, end_s)?;
        Some(Self {
            may_end_before: true,
            ..cut
        })
    }

    /// Where it begins, in s.
    pub fn start_s(self) -> f64 {
        self.start_s
    }

    /// Where it ends, in s.
    pub fn end_s(self) -> f64 {
        self.end_s
    }

    /// How long it is, in s.
    pub fn duration_s(self) -> f64 {
        self.end_s - self.start_s
    }

    /// The frames of a recording of `num_frames` samples a channel at `sample_rate_hz`. A part that runs past the end by
    /// up to 50 ms, as rounded times do, ends there; `None` for one that does not lie in the recording.
    pub fn frames(self, sample_rate_hz: u32, num_frames: usize) -> Option<Range<usize>> {
        let frame = |time_s: f64| (time_s * f64::from(sample_rate_hz)).round() as usize;
        let (start, end) = (frame(self.start_s), frame(self.end_s).min(num_frames));
        let is_in = self.may_end_before || frame(self.end_s - ROUNDING_S) <= num_frames;
        (start < end && is_in).then_some(start..end)
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {} s", self.start_s, self.end_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_bound_nothing_are_no_part() {
        for (start_s, end_s) in [
            (2.0, 1.0),
            (1.0, 1.0),
            (-1.0, 1.0),
            (0.0, f64::INFINITY),
            (f64::NAN, 1.0),
            (0.0, f64::NAN),
        ] {
            assert_eq!(Cut::new(start_s, end_s), None, "{start_s} {end_s}");
        }
        assert_eq!(Cut::new(-0.0, 1.0).unwrap().start_s().to_bits(), 0);
    }

    #[test]
    fn a_rounded_end_is_the_recordings_end_and_a_wrong_one_is_refused() {
        let frames = |start_s, end_s| Cut::new(start_s, end_s).unwrap().frames(1_000, 2_000);
        assert_eq!(frames(0.5, 1.25), Some(500..1_250));
        assert_eq!(frames(0.5, 2.05), Some(500..2_000));
        assert_eq!(frames(0.5, 2.06), None);
        assert_eq!(frames(2.0, 2.04), None);
        assert_eq!(frames(0.1, 0.100_1), None, "less than a sample");
        assert_eq!(frames(0.0, 1e300), None);
    }
}
