//! Masks over bands and over time.

use super::config::{FrequencyMask, TimeMask};
use super::random::Draws;

/// Sets random runs of bands of `crop` (`[frames, num_bins]`) to `fill`.
pub(super) fn mask_bands(
    config: &FrequencyMask,
    draws: &mut Draws,
    num_bins: usize,
    fill: f32,
    crop: &mut [f32],
) {
    for _ in 0..config.num_masks {
        let (start, end) = draw_run(draws, config.max_width_bins, num_bins);
        for frame in crop.chunks_exact_mut(num_bins) {
            frame[start..end].fill(fill);
        }
    }
}

/// Sets random runs of frames of `crop` (`[frames, num_bins]`) to `fill`.
pub(super) fn mask_frames(
    config: &TimeMask,
    draws: &mut Draws,
    hop_s: f64,
    num_bins: usize,
    fill: f32,
    crop: &mut [f32],
) {
    let num_frames = crop.len() / num_bins;
    let longest = (config.max_width_s / hop_s).min(config.max_share * num_frames as f64) as usize;
    for _ in 0..config.num_masks {
        let (start, end) = draw_run(draws, longest, num_frames);
        crop[start * num_bins..end * num_bins].fill(fill);
    }
}

/// A run of at most `longest` (uniform from 0) somewhere in `0..length`.
fn draw_run(draws: &mut Draws, longest: usize, length: usize) -> (usize, usize) {
    let width = draws.below(longest.min(length) + 1);
    let start = draws.below(length - width + 1);
    (start, start + width)
}

#[cfg(test)]
mod tests {
    use super::super::random::Stream;
    use super::*;

    #[test]
    fn runs_stay_inside_and_reach_every_width() {
        let mut widths = [0usize; 6];
        for seed in 0..600 {
            let mut draws = Draws::when(seed, Stream::TimeMask, 1.0).unwrap();
            let (start, end) = draw_run(&mut draws, 5, 7);
            assert!(start <= end && end <= 7);
            widths[end - start] += 1;
        }
        assert!(
            widths.iter().all(|count| (60..140).contains(count)),
            "{widths:?}"
        );
    }

    #[test]
    fn masks_cover_whole_columns_and_whole_rows() {
        let mut draws = Draws::when(3, Stream::FrequencyMask, 1.0).unwrap();
        let mut crop = vec![1.0; 20 * 8];
        let config = FrequencyMask {
            probability: 1.0,
            num_masks: 9,
            max_width_bins: 4,
        };
        mask_bands(&config, &mut draws, 8, 0.0, &mut crop);
        let first = crop[..8].to_vec();
        assert!(first.contains(&0.0));
        assert!(crop.chunks(8).all(|frame| frame == first));

        let mut crop = vec![1.0; 20 * 8];
        let config = TimeMask {
            probability: 1.0,
            num_masks: 1,
            max_width_s: 9.0,
            max_share: 0.25,
        };
        for _ in 0..50 {
            crop.fill(1.0);
            mask_frames(&config, &mut draws, 0.01, 8, 0.0, &mut crop);
            assert!(
                crop.chunks(8)
                    .all(|frame| frame.iter().all(|v| *v == frame[0]))
            );
            assert!(crop.iter().filter(|v| **v == 0.0).count() <= 5 * 8);
        }
    }

    #[test]
    fn an_empty_crop_passes() {
        let mut draws = Draws::when(3, Stream::TimeMask, 1.0).unwrap();
        mask_frames(&TimeMask::default(), &mut draws, 0.01, 8, 0.0, &mut []);
    }
}
