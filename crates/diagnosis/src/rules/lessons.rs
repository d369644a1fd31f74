//! What a training owes to others: its teacher, its labels under a margin, and the model that it went on from.

use crate::journal::StepSummary;
use crate::rules::{FIRST_STEPS, has_ended, last_points, last_step};
use crate::words::{number, percent};
use crate::{Finding, Measurements, Name, Run, Severity, TeacherAgreement};

/// Steps after which a student should have begun to listen.
const SOON: u64 = 300;
/// A cosine to the teacher's vectors below which nothing has been learned from them.
const UNHEARD: f64 = 0.1;
/// A teacher whose EER is above this tells these voices apart hardly better than chance.
const DEAF: f64 = 0.35;
/// Share of segments that are classified right under a margin, below which the margin stands in the way.
const HARDLY_ANY: f64 = 0.02;

pub(super) fn judge(run: &Run) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(weak_teacher(run));
    findings.extend(teacher_ignored(run));
    findings.extend(teacher_by_heart(run));
    findings.extend(margin_too_early(run));
    findings.extend(forgetting(run));
    findings
}

/// The teacher cannot tell the development speakers apart itself.
fn weak_teacher(run: &Run) -> Option<Finding> {
    let teacher = run.facts.teacher_eer?;
    let whitened = run.facts.whitened_statistics_eer;
    let beaten = whitened.filter(|&statistics| teacher > 1.2 * statistics && teacher > 0.15);
    (teacher > DEAF || beaten.is_some()).then(|| Finding {
        name: Name::WeakTeacher,
        severity: Severity::Suspect,
        measured: format!(
            "the teacher's own embeddings reach a development EER of {}{}",
            percent(teacher),
            whitened.map_or(String::new(), |of| format!(
                "; whitened mean and deviation of the log-mel bands, no network at all, {}",
                percent(of)
            ))
        ),
        expected: "a teacher that tells these speakers apart".to_owned(),
        reason: "a student learns what its teacher makes of the recordings, and hardly passes it".to_owned(),
        remedy: "evaluate the teacher alone, on recordings of the kind that it was made for; or train without it".to_owned(),
        step: 0,
    })
}

/// Evaluations with what the student makes of the teacher's vectors.
fn agreements(run: &Run) -> Vec<(&Measurements, TeacherAgreement)> {
    let evaluations = run.evaluations.iter();
    evaluations
        .filter_map(|evaluation| Some((evaluation, evaluation.teacher?)))
        .collect()
}

/// The student comes no nearer to its teacher.
fn teacher_ignored(run: &Run) -> Option<Finding> {
    let agreements = agreements(run);
    let (last, now) = agreements.last()?;
    let now = now.train.or(now.dev)?;
    let before = agreements.first()?.1;
    let before = before.train.or(before.dev)?;
    (last.step >= SOON && now < UNHEARD && now < before + UNHEARD / 2.0).then(|| Finding {
        name: Name::TeacherIgnored,
        severity: Severity::Suspect,
        measured: format!(
            "after {} steps the cosine of embeddings to the teacher's vectors is {} ({} at the first evaluation)",
            last.step,
            number(now),
            number(before)
        ),
        expected: "a cosine that rises from the first hundred steps on".to_owned(),
        reason: "what the teacher says does not reach the weights: other parts of the loss outweigh it, or steps are too short or too long".to_owned(),
        remedy: "give `teacher_cosine` a larger weight, take the other parts out for a run, and see whether `learning_rate` is right".to_owned(),
        step: last.step,
    })
}

/// The cosine to the teacher rises on recordings that are trained on, and falls on others.
fn teacher_by_heart(run: &Run) -> Option<Finding> {
    let both: Vec<(u64, f64, f64)> = agreements(run)
        .into_iter()
        .filter_map(|(evaluation, of)| Some((evaluation.step, of.dev?, of.train?)))
        .collect();
    let &(step, dev, train) = both.last()?;
    let (best_at, best) = both
        .iter()
        .map(|&(step, dev, _)| (step, dev))
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    let since = both.iter().filter(|of| of.0 > best_at).count();
    let train_then = both.iter().find(|of| of.0 == best_at)?.2;
    (since >= 3 && dev < best - 0.03 && train > train_then + 0.03).then(|| Finding {
        name: Name::TeacherByHeart,
        severity: Severity::Suspect,
        measured: format!(
            "cosine to the teacher on development recordings {} at step {best_at}, {} now; on training recordings {} and {}",
            number(best),
            number(dev),
            number(train_then),
            number(train)
        ),
        expected: "cosines that rise together".to_owned(),
        reason: "the student learns its teacher's answers to these recordings, not what they were answers to".to_owned(),
        remedy: "more recordings, which need no labels, more changes of their samples (`[samples]`), speeds, or fewer weights".to_owned(),
        step,
    })
}

/// A term of a loss, or the same of a part of a sum, as the mean over the last steps; its name less `ending`.
fn recent<'a>(points: &'a [StepSummary], ending: &str) -> Vec<(&'a str, f64)> {
    let Some(last) = points.last() else {
        return Vec::new();
    };
    let points = last_points(points);
    let names = last
        .terms
        .iter()
        .filter_map(|term| Some((&*term.name, term.name.strip_suffix(ending)?)));
    names
        .map(|(name, stem)| {
            let values = points
                .iter()
                .flat_map(|point| &point.terms)
                .filter(|term| term.name == name)
                .map(|term| term.value);
            (stem, values.clone().sum::<f64>() / values.count() as f64)
        })
        .collect()
}

/// Under its margin a classifier gets hardly anything right, and costs more than knowing nothing.
fn margin_too_early(run: &Run) -> Option<Finding> {
    let step = last_step(run);
    let chance = (run.facts.num_speakers.filter(|&speakers| speakers > 1)? as f64).ln();
    if step < SOON {
        return None;
    }
    let entropies = recent(&run.trace, "cross_entropy");
    let of = |ending: &str, stem: &str| {
        let found = recent(&run.trace, ending).into_iter();
        found
            .filter(|(other, _)| *other == stem)
            .map(|(_, value)| value)
            .next()
    };
    entropies.into_iter().find_map(|(stem, entropy)| {
        let margin = of("margin", stem).filter(|&margin| margin > 0.0)?;
        let under = of("accuracy_under_margin", stem)?;
        let without = of("accuracy", stem)?;
        (entropy > 1.05 * chance && under < HARDLY_ANY).then(|| Finding {
            name: Name::MarginTooEarly,
            severity: if step >= 1000 || has_ended(run) { Severity::Suspect } else { Severity::Note },
            measured: format!(
                "under the margin {} the right speaker comes first in {} of the segments, without it in {}; cross-entropy {}, that of \
                 knowing nothing {}",
                number(margin),
                percent(under),
                percent(without),
                number(entropy),
                number(chance)
            ),
            expected: "a cross-entropy below that of knowing nothing before the margin grows".to_owned(),
            reason: "the margin asks for angles between speakers who have no places yet; where a class comes by rarely, its centre takes long \
                     to be found"
                .to_owned(),
            remedy: "let the margin begin later (`margin_schedule`), let the centres move faster (`[[optimiser.layers]]` with `name = \"loss\"` \
                     and a `rate` above 1), or begin at a teacher's (`teacher.class_centres`)"
                .to_owned(),
            step,
        })
    })
}

/// A list on which a training that goes on from a model does worse than that model.
fn forgetting(run: &Run) -> Option<Finding> {
    let model = run.facts.initial.as_ref()?;
    let first = run.evaluations.first().filter(|first| first.step == 0)?;
    let last = run
        .evaluations
        .last()
        .filter(|last| last.step >= FIRST_STEPS)?;
    let worse: Vec<String> = last
        .dev
        .iter()
        .filter_map(|now| {
            let before = first.dev.iter().find(|before| before.list == now.list)?;
            let is_worse = now.eer > before.eer + (0.15 * before.eer).max(0.02);
            is_worse.then(|| {
                format!(
                    "{} {}, {} at the start",
                    now.list,
                    percent(now.eer),
                    percent(before.eer)
                )
            })
        })
        .collect();
    (!worse.is_empty()).then(|| Finding {
        name: Name::Forgetting,
        severity: if has_ended(run) { Severity::Suspect } else { Severity::Note },
        measured: format!("beside {model}: EER {}", worse.join("; ")),
        expected: "no list on which the model was better before".to_owned(),
        reason: "what is trained on has drawn the weights away from what the model knew".to_owned(),
        remedy: "lower the learning rate or the rates of the first layers (`[[optimiser.layers]]`), let the model itself be the teacher, \
                 or map its embeddings alone"
            .to_owned(),
        step: last.step,
    })
}
