//! A fair list of trials: as many of two speakers as of one, across sessions where these are known.

use std::collections::HashSet;

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::sabotage::material::{Pair, Recording};

/// Trials of one speaker at most; the list has as many of two.
const MOST_TARGETS: usize = 500;

/// Trials within each corpus. A speaker with several sessions is never asked within one; half of the trials of two
/// speakers are of one gender, where it is known. No pair is asked twice.
pub(crate) fn fair_trials(recordings: &[&Recording], draws: &mut ChaCha8Rng) -> Vec<Pair> {
    let mut targets: Vec<(&Recording, &Recording)> = pairs(recordings)
        .filter(|(left, right)| left.speaker == right.speaker)
        .filter(|(left, right)| {
            let sessions = recordings
                .iter()
                .filter(|one| one.speaker == left.speaker)
                .any(|one| one.session != left.session);
            !sessions || left.session != right.session
        })
        .collect();
    targets.shuffle(draws);
    targets.truncate(MOST_TARGETS);
    let mut trials = Vec::new();
    let mut asked: HashSet<(&str, &str)> = HashSet::new();
    for (left, right) in targets {
        trials.push(pair(true, left, right));
        let same_gender = draws.random::<bool>();
        let mut others: Vec<&&Recording> = recordings
            .iter()
            .filter(|one| one.corpus == left.corpus && one.speaker != left.speaker)
            .filter(|one| {
                !asked.contains(&(&left.id, &one.id)) && !asked.contains(&(&one.id, &left.id))
            })
            .collect();
        if same_gender && others.iter().any(|one| one.gender == left.gender) {
            others.retain(|one| one.gender == left.gender);
        }
        if !others.is_empty() {
            let other = others[draws.random_range(0..others.len())];
            asked.insert((&left.id, &other.id));
            trials.push(pair(false, left, other));
        }
    }
    trials
}

/// Every pair of two recordings.
pub(crate) fn pairs<'a>(
    recordings: &'a [&'a Recording],
) -> impl Iterator<Item = (&'a Recording, &'a Recording)> {
    recordings
        .iter()
        .enumerate()
        .flat_map(move |(index, left)| {
            recordings[index + 1..]
                .iter()
                .map(move |right| (*left, *right))
        })
}

pub(crate) fn pair(same: bool, left: &Recording, right: &Recording) -> Pair {
    Pair {
        same,
        left: left.id.clone(),
        right: right.id.clone(),
    }
}
