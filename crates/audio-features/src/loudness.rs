//! How loud the loud frames of a recording are.

use crate::feature_config::Compression;
use crate::features::Features;

/// A click is shorter than so many frames, a syllable longer.
const LOUD_FRAMES: usize = 10;

/// Frames whose powers are in memory at a time.
const FRAMES_AT_ONCE: usize = 64;

/// The power of each frame, summed over the bands, in dB.
pub(crate) fn levels_db(compression: Compression, features: &Features) -> Vec<f64> {
    let num_bins = features.num_bins().max(1);
    let mut levels = Vec::with_capacity(features.num_frames());
    let mut power = Vec::new();
    // In pieces: a copy of all would be the largest thing in memory of a long recording.
    for values in features.data().chunks(num_bins * FRAMES_AT_ONCE) {
        power.clear();
        power.extend_from_slice(values);
        compression.decompress(&mut power);
        levels.extend(power.chunks_exact(num_bins).map(|frame| {
            let power: f64 = frame.iter().map(|&power| f64::from(power)).sum();
            10.0 * power.max(f64::MIN_POSITIVE).log10()
        }));
    }
    levels
}

/// The level below which `quantile` of the frames lie, of those frames that are at most `range_db` below the tenth loudest, or of
/// all; `None` where there are no frames.
pub(crate) fn loud_level_db(
    levels_db: &[f64],
    quantile: f64,
    range_db: Option<f64>,
) -> Option<f64> {
    let mut sorted = levels_db.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let counted = match range_db {
        None => &sorted[..],
        Some(range_db) => {
            let lowest = sorted[last.saturating_sub(LOUD_FRAMES - 1)] - range_db;
            &sorted[sorted.partition_point(|level| *level < lowest)..]
        }
    };
    let index = (quantile * (counted.len() - 1) as f64).round() as usize;
    Some(counted[index])
}
