//! The maps that are tried, from the least to the most change, and which of them speakers held out like best.

use std::collections::BTreeSet;

use speaker_eval::eer;
use speaker_scoring::{MapChoice, SpeakerDirections};

use super::folds::TrialRows;
use super::labelled::LabelledSet;
use crate::error::Error;

/// Parts that speakers are cut into to choose among maps.
const MAX_FOLDS: usize = 5;

/// Of the improvement of the best candidate, what a lesser change has to reach to be taken instead: the less a map changes, the less it
/// forgets of other recordings.
const ENOUGH: f64 = 0.9;

/// No map first. Few, since every further one is a further chance to be misled.
pub(super) fn candidates(num_speakers: usize) -> Vec<MapChoice> {
    let mut candidates = vec![MapChoice::IDENTITY];
    for shrinkage in [1.0, 0.95, 0.85, 0.7, 0.5] {
        for centre in [0.5, 1.0] {
            candidates.push(MapChoice {
                centre,
                shrinkage,
                directions: None,
            });
        }
    }
    for rest in [0.5, 0.0] {
        candidates.push(MapChoice {
            centre: 1.0,
            shrinkage: 0.7,
            directions: Some(SpeakerDirections {
                rank: num_speakers.saturating_sub(1).max(1),
                rest,
            }),
        });
    }
    candidates
}

/// The candidate that these speakers, held out part by part, like best. None where they have no trials; without `identity` some
/// map is taken in any case.
pub(super) fn choose(
    set: &LabelledSet,
    speakers: &BTreeSet<usize>,
    repeats: u64,
    seed: &[u64],
    identity: bool,
) -> Result<Option<MapChoice>, Error> {
    let candidates = candidates(speakers.len());
    let mut scores = vec![Vec::new(); candidates.len()];
    let mut is_target = Vec::new();
    for repeat in 0..repeats {
        let seed: Vec<u64> = seed.iter().copied().chain([repeat]).collect();
        for fold in set.folds(speakers, MAX_FOLDS, &seed) {
            let trials = set.trials(&set.rows_of(&fold), repeat)?;
            if trials.pairs.is_empty() {
                continue;
            }
            let rest: BTreeSet<usize> = speakers.difference(&fold).copied().collect();
            let Ok(spread) = set.spread(&set.rows_of(&rest)) else {
                // Those that are left are of one recording each.
                continue;
            };
            let tried: BTreeSet<usize> = trials.pairs.iter().flat_map(|&(a, b)| [a, b]).collect();
            let tried: Vec<usize> = tried.into_iter().collect();
            let place = |row: usize| tried.binary_search(&row).unwrap_or(0);
            let pairs = trials.pairs.iter().map(|&(a, b)| (place(a), place(b)));
            let trials = TrialRows {
                pairs: pairs.collect(),
                is_target: trials.is_target,
            };
            let mapped = spread.mapped(&set.matrix.select(&tried)?, &candidates)?;
            for (scores, mapped) in scores.iter_mut().zip(&mapped) {
                scores.extend(trials.scores(mapped)?);
            }
            is_target.extend(trials.is_target);
        }
    }
    if is_target.is_empty() {
        return Ok(None);
    }
    let rates: Vec<f64> = scores
        .iter()
        .map(|scores| Ok(eer(scores, &is_target)?.eer))
        .collect::<Result<_, Error>>()?;
    let place = least_that_is_enough(&rates, identity);
    Ok(Some(candidates[place]))
}

/// The first candidate that reaches [`ENOUGH`] of the best one's improvement over the first, which is no map.
fn least_that_is_enough(rates: &[f64], identity: bool) -> usize {
    let first = usize::from(!identity);
    let best = rates[first..].iter().copied().fold(f64::INFINITY, f64::min);
    let enough = match rates[0] - best {
        gain if gain > 0.0 => rates[0] - ENOUGH * gain,
        _ => best,
    };
    let found = (first..rates.len()).find(|&place| rates[place] <= enough);
    found.unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_change_that_is_nearly_the_best_is_taken() {
        assert_eq!(least_that_is_enough(&[0.20, 0.19, 0.109, 0.10], true), 2);
        assert_eq!(least_that_is_enough(&[0.20, 0.19, 0.12, 0.10], true), 3);
        // No map where none is better, unless one has to be.
        assert_eq!(least_that_is_enough(&[0.20, 0.20, 0.25], true), 0);
        assert_eq!(least_that_is_enough(&[0.20, 0.24, 0.22], false), 2);
    }

    #[test]
    fn candidates_begin_with_none() {
        let all = candidates(9);
        assert_eq!((all.len(), all[0]), (13, MapChoice::IDENTITY));
        assert_eq!(all[12].directions.map(|one| one.rank), Some(8));
    }
}
