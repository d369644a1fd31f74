//! What holds for speakers, sessions and rooms that were not trained on.

use crate::preflight::labels::{COMPARE_COLUMNS, LABELS_WRONG, labels_are_wrong};
use crate::rules::{FIRST_STEPS, has_ended, last_step};
use crate::words::percent;
use crate::{Finding, Measurements, Name, Run, Severity};

/// An EER below which a list tells nothing.
const EASY: f64 = 0.02;

/// Steps after which a network knows its training speakers, if there is anything to know.
const LEARNED: u64 = 200;

pub(super) fn judge(run: &Run, so_far: &[Finding]) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(labels_wrong(run));
    findings.extend(overfitting(run));
    findings.extend(too_few_steps(run).or_else(|| still_better(run, so_far)));
    findings.extend(channel(run));
    findings.extend(no_better(run, so_far));
    findings.extend(worse_than_statistics(run));
    findings
}

/// Evaluations of the trained network with a development EER.
fn rates(run: &Run) -> Vec<(&Measurements, f64)> {
    let evaluations = run
        .evaluations
        .iter()
        .filter(|evaluation| evaluation.step > 0);
    evaluations
        .filter_map(|evaluation| Some((evaluation, evaluation.dev_eer?)))
        .collect()
}

/// Speakers that were trained on are told apart by chance, others are not.
fn labels_wrong(run: &Run) -> Option<Finding> {
    let last = run
        .evaluations
        .iter()
        .rev()
        .find(|evaluation| evaluation.train_eer.is_some())?;
    let (train, dev) = (last.train_eer?, last.dev_eer?);
    // What an untrained network makes of them says nothing of labels; a network that has hardly begun says little.
    let can_judge = last.train_eer_judges_labels != Some(false)
        && (last.step >= LEARNED || last.step > FIRST_STEPS && has_ended(run));
    (can_judge && labels_are_wrong(train, dev)).then(|| Finding {
        name: Name::LabelsWrong,
        severity: if last.step >= LEARNED {
            Severity::Broken
        } else {
            Severity::Suspect
        },
        measured: format!(
            "the network tells training speakers apart with EER {}, development speakers with {}",
            percent(train),
            percent(dev)
        ),
        expected: "training speakers at least as easy as others".to_owned(),
        reason: LABELS_WRONG.to_owned(),
        remedy: COMPARE_COLUMNS.to_owned(),
        step: last.step,
    })
}

/// The development EER rises while training speakers are told apart better and better.
fn overfitting(run: &Run) -> Option<Finding> {
    let rates = rates(run);
    let (best_at, &(best, best_eer)) = rates
        .iter()
        .enumerate()
        .min_by(|(_, a), (_, b)| a.1.total_cmp(&b.1))?;
    let since = &rates[best_at + 1..];
    let last = since.last()?.0;
    // One bad evaluation is noise.
    let now =
        since.iter().rev().take(3).map(|(_, eer)| eer).sum::<f64>() / since.len().min(3) as f64;
    let risen = since.len() >= 3 && now > best_eer + (0.15 * best_eer).max(0.02);
    let apart = last.train_eer.is_none_or(|train| train < 0.6 * now);
    // A loss that has risen too, as where augmentation has begun, does not mean that anything was learned by heart.
    let loss_at = |step: u64| {
        let until = run.trace.partition_point(|point| point.step <= step);
        until.checked_sub(1).map(|index| run.trace[index].loss)
    };
    let better = loss_at(best.step)
        .zip(loss_at(last.step))
        .is_none_or(|(then, now)| now <= then);
    (risen && apart && better).then(|| Finding {
        name: Name::Overfitting,
        severity: Severity::Suspect,
        measured: format!(
            "development EER {} at step {}, {} now{}",
            percent(best_eer),
            best.step,
            percent(now),
            last.train_eer.map_or(String::new(), |train| format!("; training speakers {}", percent(train)))
        ),
        expected: "a development EER that falls or stays".to_owned(),
        reason: "the network has begun to know its training speakers by heart".to_owned(),
        remedy: format!(
            "use the best checkpoint, which is kept; stop earlier (`patience`), train on more speakers, {}or drop out more",
            if run.facts.augments { "" } else { "change the recordings (`[samples]`, `[augment]`), " }
        ),
        step: last.step,
    })
}

/// The run ended before anything can have been learned.
fn too_few_steps(run: &Run) -> Option<Finding> {
    let rates = rates(run);
    let (last, _) = rates.last()?;
    let best = rates.iter().map(|(_, eer)| *eer).reduce(f64::min)?;
    let untrained = last.untrained_eer.filter(|&eer| eer > EASY)?;
    let steps = last_step(run);
    let is_few = has_ended(run) && steps > 0 && steps < FIRST_STEPS && best > 0.9 * untrained;
    (is_few && run.facts.initial.is_none()).then(|| Finding {
        name: Name::StoppedTooEarly,
        severity: Severity::Suspect,
        measured: format!(
            "{steps} steps, after which the development EER is {}, the untrained network's {}",
            percent(best),
            percent(untrained)
        ),
        expected: "some hundred steps at least".to_owned(),
        reason: "in so few steps no network learns anything, whatever the data".to_owned(),
        remedy: "train on, to step 1000".to_owned(),
        step: steps,
    })
}

/// The run ended while the development EER was still falling fast.
fn still_better(run: &Run, so_far: &[Finding]) -> Option<Finding> {
    if !has_ended(run)
        || so_far
            .iter()
            .any(|finding| finding.name == Name::StoppedTooEarly)
    {
        return None;
    }
    let rates = rates(run);
    let [.., (_, before), (_, middle), (last, now)] = rates.as_slice() else {
        return None;
    };
    (middle < before && *now < 0.97 * middle && *now < 0.9 * before).then(|| Finding {
        name: Name::StoppedTooEarly,
        severity: Severity::Note,
        measured: format!(
            "development EER {}, {}, {} at the last three evaluations",
            percent(*before),
            percent(*middle),
            percent(*now)
        ),
        expected: "an EER that no longer falls".to_owned(),
        reason: "the network was still getting better when the run ended".to_owned(),
        remedy: format!("train on, to step {}", 2 * last.step),
        step: last.step,
    })
}

/// The microphone is heard rather than the voice.
fn channel(run: &Run) -> Option<Finding> {
    let last = run
        .evaluations
        .iter()
        .rev()
        .find(|evaluation| evaluation.step > 0)?;
    let perturbed = last
        .clean_eer
        .zip(last.perturbed_eer)
        .filter(|&(clean, perturbed)| perturbed > 0.35 && perturbed > clean + 0.15);
    let sessions = last
        .same_session_eer
        .zip(last.cross_session_eer)
        .filter(|&(same, cross)| cross > 0.25 && cross > same + 0.15);
    if perturbed.is_none() && sessions.is_none() {
        return None;
    }
    let mut measured = Vec::new();
    if let Some((clean, perturbed)) = perturbed {
        measured.push(format!(
            "EER {}, but {} with each recording in a room, channel and noise of its own",
            percent(clean),
            percent(perturbed)
        ));
    }
    if let Some((same, cross)) = sessions {
        measured.push(format!(
            "EER {} within a session, {} across sessions",
            percent(same),
            percent(cross)
        ));
    }
    let facts = &run.facts;
    if let (Some(plain), Some(whitened), Some(eer)) = (
        facts.statistics_eer,
        facts.whitened_statistics_eer,
        last.dev_eer,
    ) {
        measured.push(format!(
            "mean and deviation of the log-mel bands alone {}, whitened {}, beside the network's {}",
            percent(plain),
            percent(whitened),
            percent(eer)
        ));
    }
    let by_chance = perturbed.is_none_or(|(_, rate)| rate > 0.45)
        && sessions.is_some_and(|(_, cross)| cross > 0.45);
    Some(Finding {
        name: Name::ChannelShortcut,
        severity: if by_chance { Severity::Suspect } else { Severity::Note },
        measured: measured.join("; "),
        expected: "rates that hardly change with room, channel and session".to_owned(),
        reason: "where a speaker has one microphone and one session, these tell speakers apart more easily than the voice".to_owned(),
        remedy: match facts.augments {
            false => "change the recordings (`[samples]` or `[augment]`, as `configs/paper-augmented.toml` does), draw same-speaker pairs \
                      across sessions, and judge by trials across sessions",
            true => "record speakers in several sessions and draw same-speaker pairs across them; stronger rooms, channels and noise than \
                     the configuration has, and judge by trials across sessions",
        }
        .to_owned(),
        step: last.step,
    })
}

/// The network tells speakers apart no better than before its first step.
fn no_better(run: &Run, so_far: &[Finding]) -> Option<Finding> {
    let rates = rates(run);
    let (last, now) = rates.last()?;
    // A list that the untrained network has nearly all right leaves nothing to be learned.
    let untrained = last.untrained_eer.filter(|&eer| eer > EASY)?;
    let best = rates
        .iter()
        .map(|(_, eer)| *eer)
        .fold(f64::INFINITY, f64::min);
    let early = so_far.iter().any(|finding| {
        finding.name == Name::StoppedTooEarly
            || (finding.severity == Severity::Note
                && matches!(finding.name, Name::EverythingApart | Name::Plateau))
    });
    let severity = match () {
        () if last.step < FIRST_STEPS => return None,
        () if has_ended(run) && best >= 0.98 * untrained => match last_step(run) {
            // That it was stopped too early has been said.
            _ if early => Severity::Note,
            1000.. => Severity::Broken,
            // A few hundred steps that changed hardly anything are no fault of theirs.
            _ if best <= 1.1 * untrained => Severity::Note,
            _ => Severity::Suspect,
        },
        // A phase that passes is not a fault.
        () if !has_ended(run)
            && !early
            && rates.len() >= 3
            && last.step >= 1000
            && best >= untrained =>
        {
            Severity::Suspect
        }
        () if *now >= untrained && !has_ended(run) => Severity::Note,
        () => return None,
    };
    Some(Finding {
        name: Name::WorseThanUntrained,
        severity,
        measured: format!(
            "development EER {} (best {}), the untrained network's {}",
            percent(*now),
            percent(best),
            percent(untrained)
        ),
        expected: "clearly less than the untrained network's".to_owned(),
        reason: "what training has changed does not help to tell new speakers apart".to_owned(),
        remedy: match (early, run.facts.augments) {
            (true, _) => "train on: this phase passes",
            (false, false) => "see the causes above; if there is none, train longer, on more speakers, or change the recordings (`[samples]`)",
            (false, true) => "see the causes above; if there is none, train longer, or on more speakers",
        }
        .to_owned(),
        step: last.step,
    })
}

/// The network tells speakers apart no better than mean and deviation of the log-mel bands do.
fn worse_than_statistics(run: &Run) -> Option<Finding> {
    let plain = run.facts.statistics_eer?;
    let whitened = run.facts.whitened_statistics_eer?;
    let of_clean = |evaluation: &Measurements| evaluation.clean_eer.or(evaluation.dev_eer);
    let evaluations = run
        .evaluations
        .iter()
        .filter(|evaluation| evaluation.step > 0);
    let best = evaluations.filter_map(of_clean).reduce(f64::min)?;
    if !has_ended(run) || last_step(run) < FIRST_STEPS || best <= 1.02 * plain.min(whitened) {
        return None;
    }
    Some(Finding {
        name: Name::WorseThanStatistics,
        severity: if best > 1.1 * plain + 0.01 { Severity::Suspect } else { Severity::Note },
        measured: format!(
            "best development EER {}; mean and deviation of the log-mel bands, no network at all, reach {}, whitened {}",
            percent(best),
            percent(plain),
            percent(whitened)
        ),
        expected: "less than either".to_owned(),
        reason: "what was trained knows less of these voices than the average of their spectrum".to_owned(),
        remedy: "see the causes above; if there is none, train longer and on more speakers, or take the model that comes with siamang"
            .to_owned(),
        step: last_step(run),
    })
}
