//! How a recording is cut into the segments whose embeddings are averaged.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// How a recording is cut before it is embedded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Segmentation {
    /// Consecutive segments of so many frames from the first frame on, the remainder dropped, as in the
    /// paper; a shorter recording is one segment of its own length.
    Frames(usize),
    /// Overlapping windows, as Resemblyzer cuts them; a recording shorter than one is one segment of its own length.
    Windows {
        /// Frames of a window. The last may have a quarter less.
        frames: usize,
        /// Frames from the beginning of a window to that of the next.
        hop: usize,
    },
    /// The whole recording as one segment, or as equal ones where it is longer than ten seconds.
    Whole,
    /// The same, where it is longer than so many frames.
    UpTo(usize),
}

/// Longest segment that [`Segmentation::Whole`] makes: bounds the memory of an hour's recording.
const LONGEST_WHOLE: usize = 1000;

impl Segmentation {
    /// The segments of a recording of `num_frames` frames; none where it has no frame.
    #[must_use]
    pub fn segments(self, num_frames: usize) -> Vec<Range<usize>> {
        match self {
            _ if num_frames == 0 => Vec::new(),
            Self::Frames(length) if length == 0 || num_frames <= length => {
                std::iter::once(0..num_frames).collect()
            }
            Self::Frames(length) => (0..num_frames / length)
                .map(|i| i * length..(i + 1) * length)
                .collect(),
            Self::Windows { frames, .. } if frames == 0 || num_frames <= frames => {
                std::iter::once(0..num_frames).collect()
            }
            Self::Windows { frames, hop } => (0..num_frames)
                .step_by(hop.max(1))
                .scan(false, |is_over, start| {
                    let before = std::mem::replace(is_over, start + frames >= num_frames);
                    (!before).then(|| start..num_frames.min(start + frames))
                })
                .filter(|window| 4 * window.len() >= 3 * frames)
                .collect(),
            Self::Whole => equal(num_frames, LONGEST_WHOLE),
            Self::UpTo(longest) => equal(num_frames, longest.max(1)),
        }
    }
}

/// As few segments of equal length as are no longer than `longest`.
fn equal(num_frames: usize, longest: usize) -> Vec<Range<usize>> {
    let pieces = num_frames.div_ceil(longest);
    (0..pieces)
        .map(|i| i * num_frames / pieces..(i + 1) * num_frames / pieces)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consecutive_segments_drop_the_remainder() {
        assert_eq!(Segmentation::Frames(40).segments(100), [0..40, 40..80]);
        assert_eq!(
            Segmentation::Frames(40).segments(39).first(),
            Some(&(0..39))
        );
        assert!(Segmentation::Frames(40).segments(0).is_empty());
    }

    /// Values of `VoiceEncoder.compute_partial_slices` of Resemblyzer 0.1.4 for 160 n - 1 samples at a rate of 1.3 a
    /// second, which it takes as n frames.
    #[test]
    fn windows_are_resemblyzers() {
        let windows = Segmentation::Windows {
            frames: 160,
            hop: 77,
        };
        let cases: [(usize, &[usize]); 8] = [
            (100, &[0]),
            (160, &[0]),
            (196, &[0]),
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
            let segments = windows.segments(num_frames);
            let found: Vec<usize> = segments.iter().map(|segment| segment.start).collect();
            assert_eq!(found, starts, "{num_frames}");
            let ends = segments.iter().map(|segment| segment.end);
            let expected = starts.iter().map(|start| num_frames.min(start + 160));
            assert!(ends.eq(expected), "{num_frames}");
        }
    }

    #[test]
    fn whole_covers_everything_in_pieces_of_bounded_length() {
        for num_frames in [1, 999, 1000, 1001, 360_000] {
            let segments = Segmentation::Whole.segments(num_frames);
            assert_eq!(segments.first().map(|s| s.start), Some(0));
            assert_eq!(segments.last().map(|s| s.end), Some(num_frames));
            assert!(segments.windows(2).all(|w| w[0].end == w[1].start));
            assert!(segments.iter().all(|s| s.len() <= LONGEST_WHOLE));
        }
    }
}
