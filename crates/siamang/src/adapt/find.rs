//! The map of a set of recordings, and what it does for speakers that it has not seen.

use std::collections::BTreeSet;

use rayon::prelude::*;
use serde::Serialize;
use speaker_eval::{
    BootstrapSettings, ListIdentity, PairedChange, VerificationReport, paired_change,
    verification_report,
};
use speaker_scoring::{AdaptationMap, MapChoice};

use super::candidates::choose;
use super::labelled::LabelledSet;
use crate::error::Error;
use crate::progress::Progress;

/// Parts that speakers are held out in.
const MAX_FOLDS: usize = 10;
/// Draws of these parts, over which figures are taken together.
const REPEATS: u64 = 3;

/// A map, and what speakers held out say of it.
#[derive(Clone, Debug, Serialize)]
pub struct FoundMap {
    /// Which map all speakers together choose; it is estimated from all.
    pub choice: MapChoice,
    /// The map; none where that is none.
    #[serde(skip)]
    pub map: Option<AdaptationMap>,
    /// Speakers held out, without a map.
    pub before: VerificationReport,
    /// The same trials, each with the map that the other speakers chose and are the data of.
    pub after: VerificationReport,
    /// Their difference.
    pub change: PairedChange,
    /// Score of the equal error rate with the map.
    pub threshold: f64,
    /// Sessions beyond each speaker's first.
    pub num_sessions_beyond: usize,
}

impl FoundMap {
    /// Whether the map lowers the equal error rate of speakers that it has not seen, by more than chance.
    #[must_use]
    pub fn is_helpful(&self) -> bool {
        self.map.is_some() && self.change.eer.is_better()
    }
}

/// Trials of speakers held out, with scores that know one scale.
#[derive(Default)]
struct HeldOut {
    before: Vec<f32>,
    after: Vec<f32>,
    is_target: Vec<bool>,
    sides: [Vec<usize>; 2],
}

impl HeldOut {
    fn add(&mut self, other: Self) {
        self.before.extend(other.before);
        self.after.extend(other.after);
        self.is_target.extend(other.is_target);
        for (side, more) in self.sides.iter_mut().zip(other.sides) {
            side.extend(more);
        }
    }
}

/// Chooses a map among few and measures it on speakers that neither chose it nor are its data: each part of the speakers is held out, and the
/// others choose among themselves in the same way. Draws follow from `settings.seed`. With `in_any_case` some map is made of all, even if the
/// speakers would rather have none.
///
/// # Errors
/// [`Error::Measure`] where the trials are too few for intervals, [`Error::Interrupted`].
pub fn find_map(
    set: &LabelledSet,
    in_any_case: bool,
    settings: &BootstrapSettings,
    progress: &dyn Progress,
) -> Result<FoundMap, Error> {
    let speakers: BTreeSet<usize> = (0..set.num_speakers()).collect();
    let mut held_out = HeldOut::default();
    for repeat in 0..REPEATS {
        if progress.is_cancelled() {
            return Err(Error::Interrupted);
        }
        let seed = [settings.seed, repeat];
        let folds = set.folds(&speakers, MAX_FOLDS, &seed);
        let tried: Vec<HeldOut> = folds
            .par_iter()
            .map(|fold| hold_out(set, &speakers, fold, &seed))
            .collect::<Result<_, _>>()?;
        tried.into_iter().for_each(|one| held_out.add(one));
    }
    let HeldOut {
        before,
        after,
        is_target,
        sides: [a, b],
    } = held_out;
    let change = paired_change(&before, &after, &is_target, &a, &b, settings)?;
    let report = |name: &str, scores: &[f32]| {
        let list = ListIdentity {
            name: name.to_owned(),
            hash: String::new(),
        };
        verification_report(list, scores, &is_target, Some((&a, &b)), settings)
    };
    let (before, after) = (report("before", &before)?, report("after", &after)?);
    let rows: Vec<usize> = (0..set.num_recordings()).collect();
    let spread = set.spread(&rows)?;
    let seed = [settings.seed, REPEATS];
    let chosen = choose(set, &speakers, REPEATS, &seed, !in_any_case)?;
    let choice = chosen.unwrap_or(MapChoice::IDENTITY);
    let map = match choice == MapChoice::IDENTITY {
        true => None,
        false => Some(spread.map(&choice)?),
    };
    // The scale of the map of all, so that the threshold of those held out is one of its scores.
    let trials = set.trials(&rows, settings.seed)?;
    let scores = match &map {
        Some(map) => trials.scores(&map.applied(&set.matrix)?)?,
        None => trials.scores(&set.matrix)?,
    };
    let (mean, deviation) = trials.of_strangers(&scores);
    Ok(FoundMap {
        choice,
        threshold: (mean + deviation * after.eer_threshold).clamp(-1.0, 1.0),
        map,
        before,
        after,
        change,
        num_sessions_beyond: spread.num_across(),
    })
}

/// What the speakers of `fold` say of the map of the others. Scores are in deviations from the mean of the others' scores of two speakers, before
/// and after alike: where a threshold would lie is known from the others, too.
fn hold_out(
    set: &LabelledSet,
    speakers: &BTreeSet<usize>,
    fold: &BTreeSet<usize>,
    seed: &[u64],
) -> Result<HeldOut, Error> {
    let trials = set.trials(&set.rows_of(fold), seed[1])?;
    let others: BTreeSet<usize> = speakers.difference(fold).copied().collect();
    let rows = set.rows_of(&others);
    let known = set.trials(&rows, seed[1])?;
    if trials.pairs.is_empty() || known.pairs.is_empty() {
        return Ok(HeldOut::default());
    }
    let chosen = choose(set, &others, 1, seed, true)?;
    let choice = chosen.unwrap_or(MapChoice::IDENTITY);
    let mapped = set.spread(&rows)?.mapped(&set.matrix, &[choice])?;
    let scaled = |matrix| {
        let (mean, deviation) = known.of_strangers(&known.scores(matrix)?);
        let scores = trials.scores(matrix)?.into_iter();
        let scores = scores.map(|score| ((f64::from(score) - mean) / deviation) as f32);
        Ok::<Vec<f32>, Error>(scores.collect())
    };
    let of = |row: usize| set.speakers[row];
    let (a, b) = trials.pairs.iter().map(|&(a, b)| (of(a), of(b))).unzip();
    Ok(HeldOut {
        before: scaled(&set.matrix)?,
        after: match mapped.first() {
            Some(mapped) => scaled(mapped)?,
            None => return Err(Error::Defect("a map gave no embeddings")),
        },
        sides: [a, b],
        is_target: trials.is_target,
    })
}
