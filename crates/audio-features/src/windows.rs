//! Overlapping windows over a recording, as Resemblyzer hears it.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Windows of equal length over the frames of a recording (Resemblyzer's `compute_partial_slices`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Windows {
    /// Frames of a window. A last one is kept if more than three quarters of it lie in the recording.
    pub frames: usize,
    /// Frames from the beginning of a window to that of the next.
    pub hop: usize,
}

impl Windows {
    /// Resemblyzer's: 1.6 s, 1.3 a second, rounded to frames of 10 ms.
    pub const RESEMBLYZER: Self = Self {
        frames: 160,
        hop: 77,
    };

    /// The windows over `num_frames`; a recording shorter than one is one of its own length, one without a frame has none.
    pub fn over(self, num_frames: usize) -> Vec<Range<usize>> {
        if num_frames == 0 {
            return Vec::new();
        }
        (0..=self.last_start(num_frames))
            .step_by(self.hop.max(1))
            .map(|start| {
                start
                    ..start
                        .saturating_add(self.length(num_frames))
                        .min(num_frames)
            })
            .collect()
    }

    /// Frames that a recording of `num_frames` has once its last window was made whole.
    pub(crate) fn filled(self, num_frames: usize) -> usize {
        match num_frames {
            0 => 0,
            _ => num_frames.max(self.last_start(num_frames).saturating_add(self.frames)),
        }
    }

    fn length(self, num_frames: usize) -> usize {
        match self.frames {
            0 => num_frames,
            frames => frames,
        }
    }

    /// Where the last window begins of a recording that has a frame.
    fn last_start(self, num_frames: usize) -> usize {
        let (length, hop) = (self.length(num_frames), self.hop.max(1));
        let before = num_frames.saturating_sub(length).div_ceil(hop);
        let start = before.saturating_mul(hop);
        // A recording of n samples has 1 + n / hop frames: so many as three quarters are less than that of its samples.
        let inside = num_frames.saturating_sub(start);
        match before {
            1.. if inside.saturating_mul(4) <= length.saturating_mul(3) => start - hop,
            _ => start,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of `VoiceEncoder.compute_partial_slices` of Resemblyzer 0.1.4 for 160 n - 1 samples at a rate of 1.3 a
    /// second, which it takes as n frames.
    #[test]
    fn windows_are_resemblyzers() {
        let cases: [(usize, &[usize]); 9] = [
            (100, &[0]),
            (160, &[0]),
            (196, &[0]),
            (197, &[0]),
            (198, &[0, 77]),
            (237, &[0, 77]),
            (400, &[0, 77, 154, 231]),
            (
                1000,
                &[0, 77, 154, 231, 308, 385, 462, 539, 616, 693, 770, 847],
            ),
            (504, &[0, 77, 154, 231, 308]),
        ];
        for (num_frames, starts) in cases {
            let windows = Windows::RESEMBLYZER.over(num_frames);
            let found: Vec<usize> = windows.iter().map(|window| window.start).collect();
            assert_eq!(found, starts, "{num_frames}");
            let ends = windows.iter().map(|window| window.end);
            let expected = starts.iter().map(|start| num_frames.min(start + 160));
            assert!(ends.eq(expected), "{num_frames}");
        }
    }

    #[test]
    fn filling_makes_the_last_window_whole_and_no_other() {
        for num_frames in 0..2_000 {
            let windows = Windows::RESEMBLYZER.over(num_frames);
            let filled = Windows::RESEMBLYZER.filled(num_frames);
            let again = Windows::RESEMBLYZER.over(filled);
            let starts = |windows: &[Range<usize>]| -> Vec<usize> {
                windows.iter().map(|window| window.start).collect()
            };
            assert_eq!(starts(&again), starts(&windows), "{num_frames}");
            assert!(again.iter().all(|window| window.len() == 160));
        }
    }

    #[test]
    fn no_size_is_too_odd() {
        for (frames, hop) in [(0, 0), (0, 5), (10, 0), (10, 20), (usize::MAX, usize::MAX)] {
            for num_frames in [1, 9, 10, 11, 15, 40] {
                let windows = Windows { frames, hop }.over(num_frames);
                assert!(
                    windows
                        .iter()
                        .all(|window| window.start < window.end && window.end <= num_frames),
                    "{frames} {hop} {num_frames}: {windows:?}"
                );
                assert!(!windows.is_empty());
            }
        }
    }
}
