//! Other lists, before and after: what an adaptation forgets.

use serde::Serialize;
use speaker_eval::{BootstrapSettings, EvalError, PairedChange, eer, paired_change};
use speaker_scoring::{AdaptationMap, Scorer};
use speech_data::{Manifest, Trial, TrialList};

use crate::embeddings::EmbeddingSet;
use crate::error::Error;
use crate::trials::sides;

/// A list before and after.
#[derive(Clone, Debug, Serialize)]
pub struct Watched {
    /// Its name.
    pub list: String,
    /// Trials that were scored.
    pub num_trials: usize,
    /// Trials whose recordings have no embedding.
    pub num_skipped_trials: usize,
    /// Equal error rate without the map.
    pub before: f64,
    /// And with it.
    pub after: f64,
    /// Both with the interval of their difference, where the list's speakers are known.
    pub change: Option<PairedChange>,
    /// Why there is none, and what else is odd.
    pub warnings: Vec<String>,
}

/// Measures `list` on the embeddings of `set`, and on those that `map` makes of them.
///
/// # Errors
/// [`Error::NothingToScore`], [`Error::Measure`].
pub fn watch(
    list: &TrialList,
    set: &EmbeddingSet,
    map: &AdaptationMap,
    manifest: Option<&Manifest>,
    settings: &BootstrapSettings,
) -> Result<Watched, Error> {
    let rows = set.index();
    let row = |id: &str| rows.get(id).copied();
    let (trials, pairs): (Vec<&Trial>, Vec<(usize, usize)>) = list
        .trials
        .iter()
        .filter_map(|trial| Some((trial, (row(&trial.enrolment)?, row(&trial.test)?))))
        .unzip();
    if trials.is_empty() {
        return Err(Error::NothingToScore {
            list: list.name.clone(),
            num_trials: list.trials.len(),
        });
    }
    let is_target: Vec<bool> = trials.iter().map(|trial| trial.target).collect();
    let scorer = Scorer::default();
    let before = scorer.scores(&set.matrix, &pairs)?;
    let after = scorer.scores(&map.applied(&set.matrix)?, &pairs)?;
    let mut warnings = Vec::new();
    let change = match sides(list, &trials, manifest, &mut warnings) {
        None => None,
        Some((a, b)) => match paired_change(&before, &after, &is_target, &a, &b, settings) {
            // The rates are sound without the interval.
            Err(
                error @ (EvalError::ContradictoryTrial { .. } | EvalError::TooFewSpeakers { .. }),
            ) => {
                warnings.push(format!("list `{}` has no interval: {error}", list.name));
                None
            }
            change => Some(change?),
        },
    };
    Ok(Watched {
        list: list.name.clone(),
        num_trials: trials.len(),
        num_skipped_trials: list.trials.len() - trials.len(),
        before: eer(&before, &is_target)?.eer,
        after: eer(&after, &is_target)?.eer,
        change,
        warnings,
    })
}
