//! How sure the EER of a list of trials is.

use diagnosis::journal::RateInterval;
use speaker_eval::{BootstrapSettings, bootstrap_interval};

/// Weighted trials of all draws of speakers, at most: a moment beside the embedding of the recordings.
const MOST_TRIALS: usize = 20_000_000;

/// Draws of speakers; long lists have fewer.
const DRAWS: std::ops::RangeInclusive<usize> = 100..=1000;

/// Where the EER of `scores` would lie with other speakers, at 95 % confidence: speakers are drawn again and again.
/// Recordings are of one speaker where same-speaker trials connect them. None where that contradicts
/// different-speaker trials, or where there are too few speakers to draw from.
pub(super) fn eer_interval(
    scores: &[f32],
    trials: &[(usize, usize)],
    targets: &[bool],
) -> Option<RateInterval> {
    let mut speakers = Speakers::new(trials);
    for (&(a, b), _) in trials.iter().zip(targets).filter(|&(_, &target)| target) {
        speakers.connect(a, b);
    }
    let mut side = |of: fn(&(usize, usize)) -> usize| -> Vec<usize> {
        let recordings = trials.iter().map(of);
        recordings.map(|one| speakers.root(one)).collect()
    };
    let (first, second) = (side(|trial| trial.0), side(|trial| trial.1));
    let draws = MOST_TRIALS / trials.len().max(1);
    let settings = BootstrapSettings {
        resamples: draws.clamp(*DRAWS.start(), *DRAWS.end()),
        ..BootstrapSettings::default()
    };
    let intervals = bootstrap_interval(scores, targets, &first, &second, &settings).ok()?;
    Some(RateInterval {
        low: intervals.eer.low,
        high: intervals.eer.high,
    })
}

/// Which recordings are of one speaker.
struct Speakers(Vec<usize>);

impl Speakers {
    /// Everyone a speaker of their own.
    fn new(trials: &[(usize, usize)]) -> Self {
        let last = trials.iter().map(|&(a, b)| a.max(b)).max();
        Self((0..last.map_or(0, |last| last + 1)).collect())
    }

    fn connect(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }

    /// The first recording of the speaker of `one`.
    fn root(&mut self, mut one: usize) -> usize {
        while self.0[one] != one {
            self.0[one] = self.0[self.0[one]];
            one = self.0[one];
        }
        one
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All pairs of the recordings of twelve speakers, four each, with scores of a hash.
    fn list() -> (Vec<f32>, Vec<(usize, usize)>, Vec<bool>) {
        let pairs = (0..48).flat_map(|b| (0..b).map(move |a| (a, b)));
        let trials: Vec<(usize, usize)> = pairs.collect();
        let targets: Vec<bool> = trials.iter().map(|&(a, b)| a / 4 == b / 4).collect();
        let hash = |place: usize| (place * 7919 % 1009) as f32 / 1009.0;
        let scores = targets.iter().enumerate();
        let scores = scores.map(|(place, &same)| hash(place) + if same { 0.4 } else { 0.0 });
        (scores.collect(), trials, targets)
    }

    /// By the trials alone the speakers are those that a table would name.
    #[test]
    fn the_interval_is_that_of_drawing_the_known_speakers() {
        let (scores, trials, targets) = list();
        let found = eer_interval(&scores, &trials, &targets).unwrap();
        // The numbers of speakers are other ones, in the same order.
        let side = |of: fn(&(usize, usize)) -> usize| -> Vec<usize> {
            trials.iter().map(|trial| of(trial) / 4 + 100).collect()
        };
        let (first, second) = (side(|trial| trial.0), side(|trial| trial.1));
        let known =
            bootstrap_interval(&scores, &targets, &first, &second, &Default::default()).unwrap();
        assert_eq!((found.low, found.high), (known.eer.low, known.eer.high));
        let rate = speaker_eval::eer(&scores, &targets).unwrap().eer;
        assert!(found.low < rate && rate < found.high);
    }

    #[test]
    fn trials_that_contradict_each_other_or_have_few_speakers_have_no_interval() {
        let trials = [(0, 1), (1, 2), (0, 2)];
        let scores = [0.9, 0.8, 0.1];
        assert_eq!(eer_interval(&scores, &trials, &[true, true, false]), None);
        let few = [(0, 1), (2, 3)];
        assert_eq!(eer_interval(&scores[1..], &few, &[true, false]), None);
    }
}
