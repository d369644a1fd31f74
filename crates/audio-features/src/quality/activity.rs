//! Speech by energy: loud frames of a recording whose level rises and falls.

use super::frames::Frame;

/// Speech lies within so much of the loud frames, in dB.
const RANGE_DB: f32 = 30.0;

/// Frames further below the loud ones than this say nothing of how the level moves: padding.
const PADDING_DB: f32 = 60.0;

/// Quantiles of the levels that are compared.
const LOUD: f64 = 0.95;
const QUIET: f64 = 0.1;

/// The level of steady noise keeps within about 2 dB between these quantiles; that of speech moves by ten or more.
const STEADY_DB: f32 = 4.0;

/// Sound below this mean square (-84 dB of full scale) is the rounding of 16 bits.
const ROUNDING: f32 = 4e-9;

/// One decision a frame.
pub(super) fn speech_frames(frames: &[Frame]) -> Vec<bool> {
    let mut levels: Vec<f32> = frames
        .iter()
        .filter(|frame| frame.power > ROUNDING)
        .map(|frame| frame.voice)
        .collect();
    levels.sort_by(f32::total_cmp);
    let Some(&loudest) = levels.last() else {
        return vec![false; frames.len()];
    };
    let heard = &levels[levels.partition_point(|level| *level < loudest - PADDING_DB)..];
    let at = |quantile: f64| heard[(quantile * (heard.len() - 1) as f64).round() as usize];
    let (loud, quiet) = (at(LOUD), at(QUIET));
    // Where a recording is hardly longer than a word, its pauses may be missing: the frames of the word differ all the same.
    let moves = loud - quiet >= STEADY_DB;
    frames
        .iter()
        .map(|frame| moves && frame.power > ROUNDING && frame.voice >= loud - RANGE_DB)
        .collect()
}
