//! How a network behaves that is handed in: what is looked at before it is trusted.

use crate::{Graph, OnnxError};

/// What was measured with two inputs. Cosines are of vectors; 1 is no difference.
#[derive(Clone, Debug, PartialEq)]
pub struct Behaviour {
    /// Between the vectors of the two inputs: near 1 for a network that hears nothing, whatever they are.
    pub cosine_between: f64,
    /// Largest difference between the two vectors, relative to the largest number of the first.
    pub difference_between: f64,
    /// Between an item alone and beside another in one run; `None` where the graph takes one item alone.
    pub cosine_beside_others: Option<f64>,
    /// The largest such difference, relative to the largest number.
    pub difference_beside_others: Option<f64>,
    /// Between an item and the same run again.
    pub cosine_again: f64,
    /// Between an item and twice its features: for log-mel features and samples alike, a look at the scale.
    pub cosine_doubled: f64,
    /// Between an item and its features plus one: what a gain of the recording does to log-mel features.
    pub cosine_raised: f64,
    /// Between an item and its first half of frames.
    pub cosine_half: f64,
    /// Length of the vector.
    pub norm: f64,
}

impl Graph {
    /// Measures with `[num_frames, bins]` of speech and of something else, noise for instance, in the front end's own units.
    ///
    /// # Errors
    /// As [`Graph::run`]; half the frames must be enough for it.
    pub fn behaviour(
        &self,
        speech: &[f32],
        other: &[f32],
        num_frames: usize,
    ) -> Result<Behaviour, OnnxError> {
        let alone = self.run(speech, num_frames)?;
        let different = self.run(other, num_frames)?;
        let beside = if self.ports().dynamic_batch {
            let vectors = self.run_batch(&[other, speech, other], num_frames)?;
            Some(vectors[1].clone())
        } else {
            None
        };
        let changed = |f: fn(f32) -> f32| {
            let features: Vec<f32> = speech.iter().map(|&x| f(x)).collect();
            self.run(&features, num_frames)
        };
        let half = num_frames.div_ceil(2);
        Ok(Behaviour {
            cosine_between: cosine(&alone, &different),
            difference_between: difference(&alone, &different),
            cosine_beside_others: beside.as_ref().map(|vector| cosine(&alone, vector)),
            difference_beside_others: beside.as_ref().map(|vector| difference(&alone, vector)),
            cosine_again: cosine(&alone, &self.run(speech, num_frames)?),
            cosine_doubled: cosine(&alone, &changed(|x| 2.0 * x)?),
            cosine_raised: cosine(&alone, &changed(|x| x + 1.0)?),
            cosine_half: cosine(
                &alone,
                &self.run(&speech[..half * self.ports().bins], half)?,
            ),
            norm: dot(&alone, &alone).sqrt(),
        })
    }
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(x, y)| f64::from(*x) * f64::from(*y))
        .sum()
}

/// 1 where both are the same, also if they are zero.
fn cosine(a: &[f32], b: &[f32]) -> f64 {
    if a == b {
        return 1.0;
    }
    let scale = (dot(a, a) * dot(b, b)).sqrt();
    if scale > 0.0 { dot(a, b) / scale } else { 0.0 }
}

fn difference(a: &[f32], b: &[f32]) -> f64 {
    let largest = a.iter().fold(f32::MIN_POSITIVE, |all, x| all.max(x.abs()));
    let worst = a
        .iter()
        .zip(b)
        .fold(0.0_f32, |all, (x, y)| all.max((x - y).abs()));
    f64::from(worst) / f64::from(largest)
}
