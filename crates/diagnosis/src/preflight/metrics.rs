//! Do scores and metrics mean what they seem to mean?

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::check::CheckVerdict::{Broken, Passed, Suspect};
use crate::words::{number, percent};
use crate::{Check, Name};

/// Looks whether `eer`, a function of scores and of which trials are of one speaker, gives 0 for perfect scores (higher
/// means more alike) and 1 for inverted ones.
pub fn score_direction(eer: impl Fn(&[f32], &[bool]) -> f64) -> Check {
    let targets: Vec<bool> = (0..20).map(|i| i % 3 == 0).collect();
    let perfect: Vec<f32> = targets
        .iter()
        .enumerate()
        .map(|(i, &same)| if same { 0.9 } else { 0.1 } + i as f32 * 1e-3)
        .collect();
    let inverted: Vec<f32> = perfect.iter().map(|score| -score).collect();
    let (right, wrong) = (eer(&perfect, &targets), eer(&inverted, &targets));
    let fine = right.abs() < 1e-9 && (wrong - 1.0).abs() < 1e-9;
    Check::new(
        Name::ScoreDirection,
        if fine { Passed } else { Broken },
        format!(
            "perfect scores give EER {}, inverted ones {}",
            percent(right),
            percent(wrong)
        ),
        "0 % and 100 %",
        "a distance that is read as a score, or a score that is read as a distance, turns every result upside down",
        "negate the distance, or swap target and non-target",
    )
}

/// Searches the largest value that `metric`, a function of the pairs' distances and of which pairs are of one speaker,
/// can reach on pairs with the given `same`: over perfect, inverted, constant and many random distances.
pub fn metric_ceiling(
    name: &str,
    same: &[bool],
    mut metric: impl FnMut(&[f64], &[bool]) -> f64,
) -> Check {
    let mut with = |near: f64, far: f64| {
        let distances: Vec<f64> = same
            .iter()
            .map(|&same| if same { near } else { far })
            .collect();
        metric(&distances, same)
    };
    let levels = [0.0, 0.25, 0.6, 1.0, 2.0, 5.0, 10.0];
    let pairs: Vec<(f64, f64)> = levels
        .into_iter()
        .flat_map(|a| levels.map(|b| (a, b)))
        .collect();
    let mut of = |ordered: bool| {
        let chosen = pairs.iter().filter(|(near, far)| (near < far) == ordered);
        let values = chosen.map(|&(near, far)| with(near, far));
        values.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| {
            [low.min(value), high.max(value)]
        })
    };
    let ([worst, perfect], [_, other]) = (of(true), of(false));
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let random = (0..100)
        .map(|_| {
            let scale: f64 = 4.0 * rng.random::<f64>();
            let distances: Vec<f64> = same.iter().map(|_| scale * rng.random::<f64>()).collect();
            metric(&distances, same)
        })
        .fold(f64::NEG_INFINITY, f64::max);
    let largest = perfect.max(other).max(random);
    let verdict = match () {
        () if largest < 0.999 => Broken,
        () if perfect + 1e-6 < largest => Suspect,
        () => Passed,
    };
    let share = same.iter().filter(|&&same| same).count() as f64 / same.len().max(1) as f64;
    let range = if perfect - worst > 1e-6 {
        format!("{} to {}", number(worst), number(perfect))
    } else {
        number(perfect)
    };
    Check::new(
        Name::MetricCeiling,
        verdict,
        format!(
            "`{name}` reaches at most {} on this data ({} of the pairs are of one speaker), and {} where all speakers are told apart perfectly",
            number(largest),
            percent(share),
            range
        ),
        "1 where all speakers are told apart perfectly",
        "a metric with a ceiling says nothing about the network: it is the same for good and for bad ones, and may even \
         fall while the network becomes better",
        "report the EER or the area under the ROC curve of the distances instead, on speakers that are not trained on",
    )
}
