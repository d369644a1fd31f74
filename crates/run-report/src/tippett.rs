//! How often likelihood ratios are at or above any value, among trials of either kind (Meuwly 2001; Tippett et al. 1968).

/// Points of a line at most.
const MAX_POINTS: usize = 200;

/// Powers of ten beyond which nothing is drawn.
const MOST_TENS: f64 = 10.0;

/// Distances of points in powers of ten. The last one is wide enough for [`MOST_TENS`] on both sides.
const STEPS: [f64; 4] = [0.02, 0.05, 0.1, 0.2];

/// The lines of all lists over the same values.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tippett {
    /// Decimal logarithms of likelihood ratios, rising, at most [`MAX_POINTS`], with 0 among them.
    pub(crate) tens: Vec<f64>,
    pub(crate) lists: Vec<TippettLines>,
}

/// One list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TippettLines {
    /// Share of the same-speaker trials whose ratio is at or above each value, 0 to 1.
    pub(crate) same: Vec<f64>,
    /// The same of different-speaker trials.
    pub(crate) different: Vec<f64>,
}

impl Tippett {
    /// Of log-likelihood ratios (natural logarithm) with the labels of their trials, list by list.
    pub(crate) fn new(lists: &[(&[f32], &[bool])]) -> Self {
        let sorted: Vec<[Vec<f64>; 2]> = lists
            .iter()
            .map(|(llrs, is_target)| [true, false].map(|kind| tens_of(llrs, is_target, kind)))
            .collect();
        let all = || sorted.iter().flatten().flatten().copied();
        let low = all().fold(0.0, f64::min).max(-MOST_TENS);
        let high = all().fold(0.0, f64::max).min(MOST_TENS);
        let places = |step: f64| ((low / step).floor() as i64, (high / step).ceil() as i64);
        let step = STEPS
            .into_iter()
            .find(|&step| {
                let (first, last) = places(step);
                last - first < MAX_POINTS as i64
            })
            .unwrap_or(STEPS[STEPS.len() - 1]);
        let (first, last) = places(step);
        let tens: Vec<f64> = (first..=last).map(|place| place as f64 * step).collect();
        let lines = sorted.iter().map(|[same, different]| TippettLines {
            same: tens.iter().map(|&value| share_from(same, value)).collect(),
            different: tens
                .iter()
                .map(|&value| share_from(different, value))
                .collect(),
        });
        Self {
            lists: lines.collect(),
            tens,
        }
    }

    /// Where a ratio of 1 has its place, which speaks for neither.
    pub(crate) fn neutral(&self) -> usize {
        self.tens.partition_point(|&tens| tens < 0.0)
    }
}

/// Decimal logarithms of the trials of one kind, rising.
fn tens_of(llrs: &[f32], is_target: &[bool], kind: bool) -> Vec<f64> {
    let mut tens: Vec<f64> = llrs
        .iter()
        .zip(is_target)
        .filter(|&(_, &one)| one == kind)
        .map(|(&llr, _)| f64::from(llr) / std::f64::consts::LN_10)
        .collect();
    tens.sort_unstable_by(f64::total_cmp);
    tens
}

/// Share of `sorted` at or above `value`; 0 of none.
fn share_from(sorted: &[f64], value: f64) -> f64 {
    let below = sorted.partition_point(|&one| one < value);
    (sorted.len() - below) as f64 / sorted.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shares_by_hand() {
        let ten = std::f32::consts::LN_10;
        let llrs = [
            1.5 * ten,
            0.5 * ten,
            -0.5 * ten,
            0.25 * ten,
            -1.25 * ten,
            0.0,
        ];
        let is_target = [true, true, true, false, false, false];
        let drawn = Tippett::new(&[(&llrs, &is_target)]);
        let neutral = drawn.neutral();
        assert_eq!(drawn.tens[neutral], 0.0);
        let lines = &drawn.lists[0];
        assert!((lines.same[neutral] - 2.0 / 3.0).abs() < 1e-12);
        // A ratio of exactly 1 is at or above it.
        assert!((lines.different[neutral] - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!((lines.same[0], lines.different[0]), (1.0, 1.0));
        assert!(lines.different[neutral + 20] < 1e-12);
    }

    proptest! {
        #[test]
        fn lines_fall_from_all_to_none_and_are_short(
            trials in prop::collection::vec((-300.0_f32..300.0, any::<bool>()), 0..200),
            scale in 0.001_f32..1.0,
        ) {
            let llrs: Vec<f32> = trials.iter().map(|(llr, _)| llr * scale).collect();
            let is_target: Vec<bool> = trials.iter().map(|&(_, kind)| kind).collect();
            let drawn = Tippett::new(&[(&llrs, &is_target)]);
            prop_assert!(drawn.tens.len() <= MAX_POINTS && drawn.tens.contains(&0.0));
            prop_assert!(drawn.tens.is_sorted());
            for line in [&drawn.lists[0].same, &drawn.lists[0].different] {
                prop_assert_eq!(line.len(), drawn.tens.len());
                prop_assert!(line.is_sorted_by(|a, b| a >= b));
                prop_assert!(line.iter().all(|share| (0.0..=1.0).contains(share)));
            }
        }
    }
}
