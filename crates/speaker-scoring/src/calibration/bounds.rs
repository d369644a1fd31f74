//! How strong evidence may be called after so many trials.

use crate::ScoringError;

/// Steps of a bound, in powers of ten.
const STEP: f64 = 0.01;

/// The largest and the smallest log-likelihood ratio (natural logarithm) that a list of trials supports, by the empirical lower and
/// upper bound (ELUB) of Vergeer et al. 2016: where one further trial that misleads would make acting on the ratios worse than
/// acting without them. A list of n trials of a kind never supports more than ln(n + 1).
///
/// # Errors
/// Lists of unequal length, ratios that are not finite, trials of one kind only.
pub fn supported_range(llrs: &[f64], is_target: &[bool]) -> Result<[f64; 2], ScoringError> {
    if llrs.len() != is_target.len() {
        return Err(ScoringError::LengthMismatch {
            name: "is_target",
            found: is_target.len(),
            expected: llrs.len(),
        });
    }
    if let Some(index) = llrs.iter().position(|llr| !llr.is_finite()) {
        return Err(ScoringError::NotFinite {
            name: "llrs",
            index,
            value: llrs[index] as f32,
        });
    }
    let [different, same] = [false, true].map(|kind| Sorted::of(llrs, is_target, kind));
    for (kind, list) in [(true, &same), (false, &different)] {
        if list.0.is_empty() {
            return Err(ScoringError::OneKindOfTrials { targets: !kind });
        }
    }
    let in_tens = |sorted: &Sorted, num_above: f64| {
        let (low, high) = (sorted.0[0], sorted.0[sorted.0.len() - 1]);
        (low, high, (num_above + 1.0).log10())
    };
    let (same_low, same_high, most_below) = in_tens(&same, same.0.len() as f64);
    let (different_low, different_high, most_above) = in_tens(&different, different.0.len() as f64);
    let lowest = same_low.min(different_low).max(-most_below);
    let highest = same_high.max(different_high).min(most_above);
    let first = ((lowest / STEP).floor() as i64).min(0);
    let last = ((highest / STEP).floor() as i64 + 1).max(0);
    let threshold = |step: i64| step as f64 * STEP;
    // Twice the cost of deciding at this threshold, with one more trial of either kind on its wrong side.
    let is_worth = |step: i64| {
        let at = threshold(step);
        let odds = 10.0_f64.powf(at);
        let misses = (same.at_most(at) + 1) as f64 / (same.0.len() + 1) as f64;
        let alarms = (different.above(at) + 1) as f64 / (different.0.len() + 1) as f64;
        // Without the ratios all are taken below even odds and none from there on.
        let without = if odds < 1.0 { odds } else { 1.0 };
        without / (misses + odds * alarms) >= 1.0
    };
    let lower = (first..=0).filter(|&step| !is_worth(step)).max();
    let upper = (0..=last).find(|&step| !is_worth(step));
    let lower = lower.map_or(first, |step| (step + 1).max(first)).min(0);
    let upper = upper.map_or(last, |step| (step - 1).min(last)).max(0);
    Ok([lower, upper].map(|step| threshold(step) * std::f64::consts::LN_10))
}

/// The ratios of one kind of trials as powers of ten, rising.
struct Sorted(Vec<f64>);

impl Sorted {
    fn of(llrs: &[f64], is_target: &[bool], kind: bool) -> Self {
        let of_kind = llrs.iter().zip(is_target);
        let of_kind = of_kind.filter(|&(_, &target)| target == kind);
        let mut values: Vec<f64> = of_kind
            .map(|(llr, _)| llr / std::f64::consts::LN_10)
            .collect();
        values.sort_unstable_by(f64::total_cmp);
        Self(values)
    }

    fn at_most(&self, threshold: f64) -> usize {
        self.0.partition_point(|&value| value <= threshold)
    }

    fn above(&self, threshold: f64) -> usize {
        self.0.len() - self.at_most(threshold)
    }
}
