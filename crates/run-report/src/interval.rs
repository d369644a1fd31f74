//! How sure an EER is.

use diagnosis::journal::ListResult;
use speaker_eval::{BootstrapSettings, Interval, bootstrap_interval};

/// Weighted trials of all draws of speakers at most: some seconds.
const MOST_TRIALS: usize = 100_000_000;

/// Draws of speakers; long lists have fewer.
const DRAWS: std::ops::RangeInclusive<usize> = 200..=1000;

/// The point of the standard normal distribution that 97.5 % lie below.
const Z: f64 = 1.959_963_985;

/// At 95 % confidence, by drawing speakers; none where the speakers contradict the trials, or are too few.
pub(crate) fn eer_interval(
    scores: &[f32],
    is_target: &[bool],
    first: &[usize],
    second: &[usize],
) -> Option<Interval> {
    let draws = MOST_TRIALS / scores.len().max(1);
    let settings = BootstrapSettings {
        resamples: draws.clamp(*DRAWS.start(), *DRAWS.end()),
        ..BootstrapSettings::default()
    };
    let intervals = bootstrap_interval(scores, is_target, first, second, &settings).ok()?;
    Some(intervals.eer)
}

/// Where the interval of a journaled EER comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ListInterval {
    /// From drawing speakers.
    Speakers(Interval),
    /// From the numbers of trials alone, as if all were independent, which they are not: too narrow.
    Trials(Interval),
}

impl ListInterval {
    /// The interval of a line of a journal: as it was measured then, else `measured`, else by the numbers of trials.
    pub(crate) fn of(result: &ListResult, measured: Option<Interval>) -> Option<Self> {
        let journaled = result.eer_interval.map(|one| Interval {
            low: one.low,
            high: one.high,
        });
        let speakers = measured.or(journaled).map(Self::Speakers);
        speakers.or_else(|| by_trials(result).map(Self::Trials))
    }
}

/// Wilson's interval of a rate that misses and false alarms share alike: (p(1-p)/4) (1/targets + 1/non-targets) is its variance, after
/// Bengio & Mariéthoz 2004.
fn by_trials(result: &ListResult) -> Option<Interval> {
    let [targets, nontargets] = [result.n_target, result.n_nontarget].map(|count| count as f64);
    if targets == 0.0 || nontargets == 0.0 || !(0.0..=1.0).contains(&result.eer) {
        return None;
    }
    let count = 4.0 / (1.0 / targets + 1.0 / nontargets);
    let (rate, square) = (result.eer, Z * Z / count);
    let middle = (rate + 0.5 * square) / (1.0 + square);
    let half = Z / (1.0 + square) * (rate * (1.0 - rate) / count + 0.25 * square / count).sqrt();
    Some(Interval {
        low: (middle - half).max(0.0),
        high: (middle + half).min(1.0),
    })
}

#[cfg(test)]
mod tests {
    use diagnosis::journal::RateInterval;

    use super::*;

    fn result(eer: f64, n_target: usize, n_nontarget: usize) -> ListResult {
        ListResult {
            list: "dev".to_owned(),
            eer,
            min_dcf: 1.0,
            n_target,
            n_nontarget,
            eer_interval: None,
        }
    }

    #[test]
    fn numbers_of_trials_alone_give_wilsons_interval() {
        // Of 20 errors in 200 trials: (0.10960 ± 0.04187) by the formula.
        let Some(ListInterval::Trials(found)) = ListInterval::of(&result(0.1, 100, 100), None)
        else {
            panic!("no interval");
        };
        assert!((found.low - 0.065_67).abs() < 1e-4, "{found:?}");
        assert!((found.high - 0.149_41).abs() < 1e-4, "{found:?}");
        // No error was seen, which is no proof that there is none.
        let Some(ListInterval::Trials(none)) = ListInterval::of(&result(0.0, 10, 10), None) else {
            panic!("no interval");
        };
        assert!(none.low < 1e-12 && none.high > 0.1, "{none:?}");
    }

    #[test]
    fn what_was_measured_goes_before_what_was_journaled_and_that_before_counts() {
        let journaled = ListResult {
            eer_interval: Some(RateInterval {
                low: 0.05,
                high: 0.2,
            }),
            ..result(0.1, 100, 100)
        };
        let measured = Interval {
            low: 0.04,
            high: 0.3,
        };
        let both = ListInterval::of(&journaled, Some(measured));
        assert_eq!(both, Some(ListInterval::Speakers(measured)));
        let Some(ListInterval::Speakers(old)) = ListInterval::of(&journaled, None) else {
            panic!("no interval");
        };
        assert_eq!((old.low, old.high), (0.05, 0.2));
        // An older journal does not say how many trials there were.
        assert_eq!(ListInterval::of(&result(0.1, 0, 0), None), None);
        assert_eq!(ListInterval::of(&result(f64::NAN, 9, 9), None), None);
    }
}
