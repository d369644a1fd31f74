//! How a recording is cut into the segments whose embeddings are averaged.

use std::ops::Range;

use audio_features::Windows;
use serde::{Deserialize, Serialize};

/// How a recording is cut before it is embedded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Segmentation {
    /// Consecutive segments of so many frames from the first frame on, the remainder dropped, as in the
    /// paper; a shorter recording is one segment of its own length.
    Frames(usize),
    /// Overlapping windows, as Resemblyzer cuts them; a recording shorter than one is one segment of its own length, unless the
    /// front end makes it longer ([`audio_features::FeatureConfig::whole_windows`]).
    Windows(Windows),
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
            Self::Windows(windows) => windows.over(num_frames),
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
