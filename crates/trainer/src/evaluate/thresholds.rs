//! The thresholds that development trials give a network.

use std::collections::BTreeMap;

use diagnosis::journal::FittedThresholds;
use speaker_eval::{EvalError, best_threshold, eer};
use speaker_scoring::{EmbeddingMatrix, Linkage, Metric, agglomerative};

use super::dev_set::IndexedList;
use crate::TrainError;

/// Trials of either kind without which there is no threshold: the rates of fewer are a matter of luck.
const LEAST_TRIALS: usize = 30;

/// Speakers without whom there is none: a threshold of two or three voices is theirs alone.
const LEAST_SPEAKERS: usize = 4;

/// An EER from which on no threshold decides anything.
const CHANCE: f64 = 0.45;

/// Recordings that are clustered, evenly spread over all of them: their pairs grow with the square.
const MOST_CLUSTERED: usize = 1_500;

/// What development trials say of where answers change.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Fitted {
    /// The thresholds, where the trials are enough for them.
    pub(crate) thresholds: Option<FittedThresholds>,
    /// Why there are none, or not all.
    pub(crate) missing: Option<String>,
}

impl Fitted {
    fn none(why: String) -> Self {
        Self {
            thresholds: None,
            missing: Some(why),
        }
    }

    /// Fits thresholds on `lists` by `embeddings` of recordings, which are centred; `speakers` are those of the recordings where
    /// they are known.
    ///
    /// # Errors
    /// [`TrainError::Eval`] for a score that is NaN.
    pub(crate) fn of(
        lists: &[IndexedList],
        embeddings: &[Vec<f32>],
        speakers: &[Option<usize>],
    ) -> Result<Self, TrainError> {
        if lists.is_empty() {
            return Ok(Self::default());
        }
        let (mut thresholds, mut rates) = (Vec::new(), Vec::new());
        let (mut num_target, mut num_nontarget) = (0, 0);
        for list in lists {
            let rate = eer(&list.scores(embeddings), &list.targets)?;
            thresholds.push(rate.threshold);
            rates.push(rate.eer);
            num_target += rate.num_target;
            num_nontarget += rate.num_nontarget;
        }
        let num_speakers = num_speakers(lists, embeddings.len(), speakers);
        if num_target.min(num_nontarget) < LEAST_TRIALS || num_speakers < LEAST_SPEAKERS {
            return Ok(Self::none(format!(
                "{LEAST_TRIALS} development trials of either kind and {LEAST_SPEAKERS} speakers are needed for a threshold; there are \
                 {num_target} of one speaker, {num_nontarget} of two, and {num_speakers} speakers"
            )));
        }
        let rate = mean(&rates);
        if rate >= CHANCE {
            return Ok(Self::none(format!(
                "with an EER of {:.1} % no threshold tells the development trials apart",
                100.0 * rate
            )));
        }
        let cluster = cluster(embeddings, speakers)?;
        let missing = cluster.is_none().then(|| {
            format!(
                "a threshold for clusters needs development recordings of {LEAST_SPEAKERS} known speakers, two of each"
            )
        });
        Ok(Self {
            thresholds: Some(FittedThresholds {
                verify: rounded(mean(&thresholds)),
                cluster: cluster.map(rounded),
                num_target,
                num_nontarget,
                num_recordings: embeddings.len(),
                num_speakers,
            }),
            missing,
        })
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// To as many digits as anybody reads.
fn rounded(value: f64) -> f64 {
    (1000.0 * value).round() / 1000.0
}

/// Speakers of the recordings: those that are known, or where none is those whom trials of one speaker hold together.
fn num_speakers(lists: &[IndexedList], count: usize, speakers: &[Option<usize>]) -> usize {
    let mut known: Vec<usize> = speakers.iter().copied().flatten().collect();
    if known.is_empty() {
        let mut parents: Vec<usize> = (0..count).collect();
        for list in lists {
            let trials = list.trials.iter().zip(&list.targets);
            for (&(a, b), _) in trials.filter(|(_, target)| **target) {
                let [a, b] = [a, b].map(|of| first_of(&mut parents, of));
                parents[a.max(b)] = a.min(b);
            }
        }
        known = (0..count).map(|of| first_of(&mut parents, of)).collect();
    }
    known.sort_unstable();
    known.dedup();
    known.len()
}

/// The first recording that is held together with another by `parents`, whose ways there become shorter.
fn first_of(parents: &mut [usize], mut of: usize) -> usize {
    while parents[of] != of {
        parents[of] = parents[parents[of]];
        of = parents[of];
    }
    of
}

/// The distance at which known speakers are divided best; none where there are too few.
fn cluster(embeddings: &[Vec<f32>], speakers: &[Option<usize>]) -> Result<Option<f64>, TrainError> {
    let known = embeddings.iter().zip(speakers);
    let known: Vec<(&Vec<f32>, usize)> = known
        .filter_map(|(row, speaker)| Some((row, (*speaker)?)))
        .collect();
    let stride = known.len().div_ceil(MOST_CLUSTERED).max(1);
    let known: Vec<(&Vec<f32>, usize)> = known.into_iter().step_by(stride).collect();
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for (_, speaker) in &known {
        *counts.entry(*speaker).or_default() += 1;
    }
    if counts.values().filter(|count| **count >= 2).count() < LEAST_SPEAKERS {
        return Ok(None);
    }
    let (rows, speakers): (Vec<&[f32]>, Vec<usize>) = known
        .into_iter()
        .map(|(row, speaker)| (row.as_slice(), speaker))
        .unzip();
    let tree = EmbeddingMatrix::from_rows(&rows)
        .and_then(|matrix| agglomerative(&matrix, Metric::Cosine, Linkage::Complete))
        .map_err(EvalError::Scoring)?;
    Ok(Some(best_threshold(&tree, &speakers)?))
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test that cannot prepare its data has failed"
    )]
    use super::*;

    /// So many recordings of each speaker at `degrees` apart on a circle, those of one speaker within 2 degrees.
    fn circle(num_speakers: usize, each: usize, degrees: f32) -> (Vec<Vec<f32>>, Vec<usize>) {
        let of = |speaker: usize, take: usize| {
            let angle = degrees * speaker as f32 + 2.0 * take as f32 / (each - 1) as f32;
            let (sine, cosine) = angle.to_radians().sin_cos();
            (vec![cosine, sine], speaker)
        };
        (0..num_speakers)
            .flat_map(|speaker| (0..each).map(move |take| of(speaker, take)))
            .unzip()
    }

    fn all_pairs(speakers: &[usize]) -> IndexedList {
        IndexedList::among("dev", speakers.len(), |a, b| {
            Some(speakers[a] == speakers[b])
        })
    }

    #[test]
    fn thresholds_lie_between_the_farthest_of_one_speaker_and_the_nearest_of_two() {
        let (rows, speakers) = circle(4, 6, 20.0);
        let list = all_pairs(&speakers);
        let known: Vec<Option<usize>> = speakers.iter().copied().map(Some).collect();
        let fitted = Fitted::of(std::slice::from_ref(&list), &rows, &known).unwrap();
        assert_eq!(fitted.missing, None);
        let found = fitted.thresholds.unwrap();
        let cosine = |degrees: f64| degrees.to_radians().cos();
        // The farthest of one speaker are 2 degrees apart, the nearest of two 18.
        let middle = 0.5 * (cosine(2.0) + cosine(18.0));
        assert!((found.verify - middle).abs() < 6e-4, "{found:?} {middle}");
        // Clusters of 2 degrees are right; the next merge, complete linkage, is of two speakers: 22 degrees.
        let middle = 0.5 * ((1.0 - cosine(2.0)) + (1.0 - cosine(22.0)));
        let cluster = found.cluster.unwrap();
        assert!((cluster - middle).abs() < 6e-4, "{cluster} {middle}");
        assert_eq!((found.num_target, found.num_nontarget), (4 * 15, 6 * 36));
        assert_eq!((found.num_recordings, found.num_speakers), (24, 4));
        // Where nobody says who speaks, trials do; they know of no clusters.
        let of_trials = Fitted::of(&[list], &rows, &[]).unwrap();
        let thresholds = of_trials.thresholds.unwrap();
        assert_eq!(
            (thresholds.verify, thresholds.cluster),
            (found.verify, None)
        );
        assert_eq!(thresholds.num_speakers, 4);
        assert!(of_trials.missing.unwrap().contains("clusters"));
    }

    #[test]
    fn too_few_trials_too_few_speakers_and_chance_give_none_and_say_why() {
        let (rows, speakers) = circle(4, 3, 20.0);
        let few = Fitted::of(&[all_pairs(&speakers)], &rows, &[]).unwrap();
        assert_eq!(few.thresholds, None);
        let why = few.missing.unwrap();
        assert!(why.contains("12 of one speaker, 54 of two"), "{why}");
        let (rows, speakers) = circle(3, 8, 20.0);
        let three = Fitted::of(&[all_pairs(&speakers)], &rows, &[]).unwrap();
        assert!(three.missing.unwrap().contains("3 speakers"));
        let (rows, speakers) = circle(6, 6, 20.0);
        let shuffled: Vec<usize> = (0..speakers.len()).map(|row| row % 6).collect();
        let chance = Fitted::of(&[all_pairs(&shuffled)], &rows, &[]).unwrap();
        assert_eq!(chance.thresholds, None);
        assert!(chance.missing.unwrap().contains("no threshold"));
        assert_eq!(Fitted::of(&[], &[], &[]).unwrap(), Fitted::default());
    }

    #[test]
    fn lists_count_alike() {
        let (rows, speakers) = circle(4, 6, 20.0);
        // In the second list all voices are as near as 10 degrees.
        let (near, _) = circle(4, 6, 10.0);
        let both: Vec<Vec<f32>> = rows.iter().chain(&near).cloned().collect();
        let first = all_pairs(&speakers);
        let moved = |&(a, b): &(usize, usize)| (a + 24, b + 24);
        let second = IndexedList {
            name: "near".to_owned(),
            trials: first.trials.iter().map(moved).collect(),
            targets: first.targets.clone(),
        };
        let verify = |lists: &[IndexedList]| {
            let fitted = Fitted::of(lists, &both, &[]).unwrap();
            fitted.thresholds.unwrap().verify
        };
        let [a, b] = [&first, &second].map(|list| verify(std::slice::from_ref(list)));
        assert!(b > a + 0.01, "{a} {b}");
        assert!((verify(&[first, second]) - 0.5 * (a + b)).abs() < 2e-3);
    }
}
