//! Which recordings a model takes in one piece.

use audio_features::Features;

use crate::ModelError;
use crate::embedder::Embedder;
use crate::model::EmbeddingModel;
use crate::segments::Segmentation;

/// More frames than any recording that is asked about: two days.
const MOST_FRAMES: usize = 1 << 24;
/// More frames than any network needs.
const MOST_NEEDED: usize = 1 << 12;

/// Frames of the longest recording that is one segment with all of its frames; none where there is no longest.
pub(super) fn longest_single(segmentation: Segmentation) -> Option<usize> {
    let is_cut = |frames: usize| {
        let segments = segmentation.segments(frames);
        segments.len() != 1 || segments[0] != (0..frames)
    };
    first(MOST_FRAMES, is_cut).map(|cut| cut - 1)
}

/// Frames of the shortest recording that the network takes.
///
/// # Errors
/// The network's, where it takes none at all.
pub(super) fn least_frames(embedder: &Embedder) -> Result<usize, ModelError> {
    let num_bins = embedder.front_end().config().num_bins;
    let embed = |frames: usize| {
        let features = Features::new(vec![0.0; frames * num_bins], num_bins);
        embedder.embed_features(&[features])
    };
    match first(MOST_NEEDED, |frames| embed(frames).is_ok()) {
        Some(frames) => Ok(frames),
        None => embed(MOST_NEEDED).map(|_| MOST_NEEDED),
    }
}

/// The first number from 1 to `most` from which on `holds`.
fn first(most: usize, holds: impl Fn(usize) -> bool) -> Option<usize> {
    let mut above = 1;
    while !holds(above) {
        if above >= most {
            return None;
        }
        above = most.min(above * 2);
    }
    let mut below = above / 2;
    while above - below > 1 {
        let middle = below + (above - below) / 2;
        match holds(middle) {
            true => above = middle,
            false => below = middle,
        }
    }
    Some(above)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_number_is_found_wherever_it_lies() {
        for wanted in [1, 2, 3, 4, 5, 99, 100] {
            assert_eq!(first(100, |number| number >= wanted), Some(wanted));
        }
        assert_eq!(first(100, |number| number >= 101), None);
    }

    #[test]
    fn the_longest_recording_in_one_piece_is_that_of_the_segmentation() {
        assert_eq!(longest_single(Segmentation::Frames(40)), Some(40));
        assert_eq!(longest_single(Segmentation::Whole), Some(1000));
        assert_eq!(longest_single(Segmentation::UpTo(6000)), Some(6000));
        assert_eq!(longest_single(Segmentation::Frames(0)), None);
    }
}
