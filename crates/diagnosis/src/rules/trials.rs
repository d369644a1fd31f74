//! What a network that has been trained says of the trials that judge it.

use crate::rules::has_ended;
use crate::words::percent;
use crate::{Finding, Measurements, Name, Run, Severity};

/// Steps after which a network that tells its training speakers apart should tell others apart better than chance.
const SOON: u64 = 200;

pub(super) fn judge(run: &Run) -> Option<Finding> {
    let last = run
        .evaluations
        .iter()
        .rev()
        .find(|evaluation| evaluation.dev_eer.is_some())?;
    if last.step < SOON && !has_ended(run) || last.step == 0 {
        return None;
    }
    inverted(last).or_else(|| by_chance(run, last))
}

/// Of development trials that are the wrong way round an EER is above one half.
fn inverted(last: &Measurements) -> Option<Finding> {
    let eer = last.dev_eer.filter(|&eer| eer > 0.6)?;
    let (same, different) = (last.intra_distance?, last.inter_distance?);
    (same > different).then(|| Finding {
        name: Name::DevTrials,
        severity: Severity::Broken,
        measured: format!(
            "development EER {}; trials of one speaker lie at a mean cosine distance of {same:.2}, trials of two at {different:.2}",
            percent(eer)
        ),
        expected: "an EER below 50 %, and trials of one speaker the nearer ones".to_owned(),
        reason: "an EER above 50 % is of trials that are inverted: it falls while the network gets worse, and the worst checkpoint is kept".to_owned(),
        remedy: "exchange 0 and 1 in the list: 1 is for one speaker, 0 for two".to_owned(),
        step: last.step,
    })
}

/// Training speakers are told apart, and trials by chance, by the network as by statistics.
fn by_chance(run: &Run, last: &Measurements) -> Option<Finding> {
    let (eer, train) = (last.dev_eer?, last.train_eer?);
    let statistics = run.facts.statistics_eer?;
    let judges = last.train_eer_judges_labels != Some(false);
    let chance = |eer: f64| (eer - 0.5).abs() < 0.06;
    (judges && chance(eer) && chance(statistics) && train < 0.25).then(|| Finding {
        name: Name::DevTrials,
        severity: Severity::Broken,
        measured: format!(
            "EER {} on development trials ({} of mean and deviation of the log-mel bands), {} on training speakers",
            percent(eer),
            percent(statistics),
            percent(train)
        ),
        expected: "speakers who are told apart better than by chance".to_owned(),
        reason: "whatever tells training speakers apart tells nothing of these trials, as if targets had been drawn by chance".to_owned(),
        remedy: "compare the list with the table of its speakers, or make it anew from that".to_owned(),
        step: last.step,
    })
}
