//! Errors at a threshold.

/// Shares of same-speaker trials that score below `threshold` (misses) and of the others that do not (false alarms), 0 to 1 each;
/// none of a kind that there is no trial of.
#[must_use]
pub fn rates_at(scores: &[f32], is_target: &[bool], threshold: f64) -> (Option<f64>, Option<f64>) {
    let mut counts = [(0_u64, 0_u64); 2];
    for (&score, &target) in scores.iter().zip(is_target) {
        let (wrong, all) = &mut counts[usize::from(target)];
        *wrong += u64::from((f64::from(score) >= threshold) != target);
        *all += 1;
    }
    let [alarms, misses] = counts.map(|(wrong, all)| (all > 0).then(|| wrong as f64 / all as f64));
    (misses, alarms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_misses_what_is_below_it_and_takes_what_is_at_it() {
        let (scores, labels) = ([0.9, 0.5, 0.5, 0.1], [true, true, false, false]);
        assert_eq!(rates_at(&scores, &labels, 0.5), (Some(0.0), Some(0.5)));
        assert_eq!(rates_at(&scores, &labels, 0.6), (Some(0.5), Some(0.0)));
        assert_eq!(
            rates_at(&scores[..1], &labels[..1], 0.95),
            (Some(1.0), None)
        );
    }
}
