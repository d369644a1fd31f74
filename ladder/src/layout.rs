//! How a segment's frames are laid out for the recurrent layers.

use audio_features::Features;

use crate::data::{BINS, FRAMES};
use crate::rung::Layout;

/// Turns frames `[frames, bands]` into the steps `[frames, bands]` that the recurrent layers read.
pub(crate) fn lay_out(features: &[f32], frames: usize, bands: usize, layout: Layout) -> Vec<f32> {
    match layout {
        // The matrix [band, frame] turned by 90 degrees counter-clockwise: bands keep their order, time is reversed.
        Layout::Rotated => features
            .chunks_exact(bands)
            .rev()
            .flatten()
            .copied()
            .collect(),
        Layout::Reinterpreted => (0..frames * bands)
            .map(|flat| features[(flat % frames) * bands + flat / frames])
            .collect(),
    }
}

/// A batch `[frames, batch, bands]` of segments.
pub(crate) fn batch<'a>(
    segments: impl ExactSizeIterator<Item = &'a [f32]>,
    layout: Layout,
) -> Vec<f32> {
    let size = segments.len();
    let mut out = vec![0.0; FRAMES * size * BINS];
    for (item, segment) in segments.enumerate() {
        let steps = lay_out(segment, FRAMES, BINS, layout);
        for (step, row) in steps.chunks_exact(BINS).enumerate() {
            out[(step * size + item) * BINS..][..BINS].copy_from_slice(row);
        }
    }
    out
}

/// The frames `start..start + 40` of a recording.
pub(crate) fn segment(features: &Features, start: usize) -> &[f32] {
    features.rows(start..start + FRAMES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotation_reverses_time_and_keeps_the_bands() {
        // [[a0, a1, a2], [b0, b1, b2]] of bands a and b, frame by frame.
        let frames = [0.0, 10.0, 1.0, 11.0, 2.0, 12.0];
        // [[a2, b2], [a1, b1], [a0, b0]]
        let expected = [2.0, 12.0, 1.0, 11.0, 0.0, 10.0];
        assert_eq!(lay_out(&frames, 3, 2, Layout::Rotated), expected);
    }

    #[test]
    fn a_reinterpreted_row_holds_three_bands_and_a_fifth() {
        let value = |frame: usize, band: usize| (100 * band + frame) as f32;
        let frames: Vec<f32> = (0..FRAMES)
            .flat_map(|frame| (0..BINS).map(move |band| value(frame, band)))
            .collect();
        let rows = lay_out(&frames, FRAMES, BINS, Layout::Reinterpreted);
        // Row 0: bands 0, 1 and 2 whole and eight frames of band 3; row 1 goes on there, into band 6.
        assert_eq!(rows[0], value(0, 0));
        assert_eq!(rows[119], value(39, 2));
        assert_eq!(rows[120], value(0, 3));
        assert_eq!(rows[127], value(7, 3));
        assert_eq!(rows[128], value(8, 3));
        assert_eq!(rows[255], value(15, 6));
    }
}
