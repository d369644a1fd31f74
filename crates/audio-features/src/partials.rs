//! How Resemblyzer prepares recordings and cuts them.

/// Frames of a cut.
pub const PARTIAL_FRAMES: usize = 160;
/// Samples between frames.
const HOP_SAMPLES: usize = 160;
/// Frames between cuts: 1.3 of them in a second, rounded to frames.
const STEP_FRAMES: usize = 77;
/// Share of a last cut that must lie in the recording.
const LEAST_COVERAGE: f64 = 0.75;

/// Makes samples in [-1, 1] louder whose root mean square lies below `target_dbfs`, in place; louder ones and silence stay as they
/// are (Resemblyzer's `normalize_volume(increase_only=True)`, with -30).
pub fn raise_volume(samples: &mut [f32], target_dbfs: f64) {
    let squares: f64 = samples
        .iter()
        .map(|sample| f64::from(*sample).powi(2))
        .sum();
    let mean = squares / samples.len().max(1) as f64;
    if mean <= 0.0 {
        return;
    }
    let change_db = target_dbfs - 10.0 * mean.log10();
    if change_db > 0.0 {
        let factor = 10f64.powf(change_db / 20.0) as f32;
        samples.iter_mut().for_each(|sample| *sample *= factor);
    }
}

/// Where Resemblyzer's network listens to a recording: cuts of [`PARTIAL_FRAMES`] frames, whose embeddings of unit length are averaged
/// (`compute_partial_slices` with its 1.3 cuts a second and a coverage of 0.75).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partials {
    /// Samples that the recording has once zeros are put behind it, before features are made.
    pub num_samples: usize,
    /// The first frame of each cut; at least one.
    pub starts: Vec<usize>,
}

impl Partials {
    /// The cuts of a recording of `num_samples` at 16 kHz.
    pub fn of(num_samples: usize) -> Self {
        let num_frames = (num_samples + 1).div_ceil(HOP_SAMPLES);
        let steps = (num_frames + STEP_FRAMES + 1)
            .saturating_sub(PARTIAL_FRAMES)
            .max(1);
        let mut starts: Vec<usize> = (0..steps).step_by(STEP_FRAMES).collect();
        if let [_, .., last] = starts[..] {
            let inside = num_samples as f64 - (last * HOP_SAMPLES) as f64;
            if inside / ((PARTIAL_FRAMES * HOP_SAMPLES) as f64) < LEAST_COVERAGE {
                starts.pop();
            }
        }
        let end = starts
            .last()
            .map_or(0, |start| (start + PARTIAL_FRAMES) * HOP_SAMPLES);
        Self {
            num_samples: num_samples.max(end),
            starts,
        }
    }
}
