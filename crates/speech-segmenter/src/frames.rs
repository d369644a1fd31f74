//! Where the network's frames lie in time: the arithmetic of its receptive field.
//!
//! Frame `i` reads samples `270 * i` to `270 * i + 991`, counted from the window's first. These are pyannote's numbers: its
//! `receptive_field` begins at 0 s, lasts 0.0619375 s and goes on by 0.016875 s.

use crate::SegmentError;

/// Samples a second that the network reads.
pub const SAMPLE_RATE: usize = 16_000;
/// Samples from one frame to the next.
pub const FRAME_STEP: usize = 270;
/// Samples that a frame reads, and so the fewest that a window may have.
pub const FRAME_FIELD: usize = 991;
/// Samples of the windows that the network was trained on, 10 s.
pub const WINDOW: usize = 10 * SAMPLE_RATE;

/// Samples of a filter.
pub(crate) const TAPS: usize = 251;
/// Samples from one value of a filter to the next.
pub(crate) const FILTER_STEP: usize = 10;
/// Values of which the largest stays.
pub(crate) const POOL: usize = 3;
/// Frames that a convolution behind the filters reads.
pub(crate) const KERNEL: usize = 5;
/// The longest window, so that what is held for it is bounded: 60 s.
pub(crate) const LONGEST_WINDOW: usize = 60 * SAMPLE_RATE;

/// Frames of a window of so many samples: 589 of 10 s, none of fewer than [`FRAME_FIELD`].
pub fn num_frames(samples: usize) -> usize {
    match samples.checked_sub(FRAME_FIELD) {
        Some(rest) => rest / FRAME_STEP + 1,
        None => 0,
    }
}

/// Where a frame begins to read (s from the first sample of what it is a frame of).
pub fn frame_start_s(frame: usize) -> f64 {
    frame as f64 * FRAME_STEP as f64 / SAMPLE_RATE as f64
}

/// The middle of what a frame reads (s): the moment that its answer stands for. That of frame 0 is 0.03096875 s.
pub fn frame_middle_s(frame: usize) -> f64 {
    frame_start_s(frame) + FRAME_FIELD as f64 / 2.0 / SAMPLE_RATE as f64
}

/// The frame of a whole recording that lies nearest to the first frame of a window which begins at a sample; of two equally
/// near, the even one. As pyannote's `closest_frame`.
pub fn nearest_frame(start: usize) -> usize {
    let (frame, rest) = (start / FRAME_STEP, start % FRAME_STEP);
    match (2 * rest).cmp(&FRAME_STEP) {
        std::cmp::Ordering::Less => frame,
        std::cmp::Ordering::Equal => frame + frame % 2,
        std::cmp::Ordering::Greater => frame + 1,
    }
}

/// Holds that the network can read so many samples at once.
pub(crate) fn check_window(samples: usize) -> Result<(), SegmentError> {
    if (FRAME_FIELD..=LONGEST_WINDOW).contains(&samples) {
        return Ok(());
    }
    Err(SegmentError::WindowLength {
        found: samples,
        least: FRAME_FIELD,
        most: LONGEST_WINDOW,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Layer by layer, as the network goes.
    fn counted(samples: usize) -> usize {
        let layers = [
            (TAPS, FILTER_STEP),
            (POOL, POOL),
            (KERNEL, 1),
            (POOL, POOL),
            (KERNEL, 1),
            (POOL, POOL),
        ];
        layers.iter().fold(samples, |len, &(kernel, step)| {
            len.checked_sub(kernel).map_or(0, |rest| rest / step + 1)
        })
    }

    #[test]
    fn frames_are_those_of_the_layers_one_behind_the_other() {
        for samples in (0..5_000).chain(159_000..161_000) {
            assert_eq!(num_frames(samples), counted(samples), "{samples}");
        }
        assert_eq!(num_frames(WINDOW), 589);
    }

    /// Figures of pyannote.audio 3: `receptive_field.start`, `.duration`, `.step`.
    #[test]
    fn times_are_those_of_pyannote() {
        assert_eq!(frame_start_s(0), 0.0);
        assert_eq!(frame_start_s(1), 0.016_875);
        assert_eq!(2.0 * frame_middle_s(0), 0.061_937_5);
        assert!((frame_middle_s(588) - (588.0 * 0.016_875 + 0.030_968_75)).abs() < 1e-12);
    }

    #[test]
    fn the_nearest_frame_is_rounded_half_to_even() {
        for start in 0..100_000usize {
            let exact = (start as f64 / FRAME_STEP as f64).round_ties_even();
            assert_eq!(nearest_frame(start) as f64, exact, "{start}");
        }
        assert_eq!(nearest_frame(16_000), 59);
        assert!(nearest_frame(usize::MAX) > 0);
    }
}
