//! A run in figures.

use diagnosis::journal::{ChosenModel, EndReason, Evaluation, Event, Journal, RunDuration};
use maud::{Markup, html};

use super::report::RunReport;
use crate::chart::{number, percent, percents};
use crate::examination::Examination;
use crate::interval::ListInterval;
use crate::terms::{before, spoken};

/// The run in figures; what is not known is left out.
pub(crate) fn facts(report: &RunReport) -> Markup {
    let journal = &report.journal;
    let start = journal.start().cloned().unwrap_or_default();
    let last = journal.steps().next_back();
    let teacher = start.teacher.unwrap_or_default();
    let yardstick = start.yardstick.unwrap_or_default();
    let all: [(String, Option<String>); 16] = [
        (
            "best dev EER".to_owned(),
            best_eer(journal, report.examination.as_ref()),
        ),
        (before(journal), journal.untrained_eer().map(percent)),
        (
            "speakers that are trained on".to_owned(),
            training_eer(journal).map(percent),
        ),
        (
            format!("dev EER of {}", yardstick.name),
            yardstick.dev_eer.map(percent),
        ),
        ("model to use".to_owned(), chosen(journal)),
        (
            "final loss".to_owned(),
            last.map(|line| number(Some(line.loss))),
        ),
        (
            "steps".to_owned(),
            last.map(|last| match start.max_steps {
                0 => last.step.to_string(),
                most => format!("{} of {most}", last.step),
            }),
        ),
        (
            "ended".to_owned(),
            journal.end().map(EndReason::as_str).map(spoken),
        ),
        ("duration".to_owned(), journal.duration().map(duration)),
        ("speakers".to_owned(), count(start.num_speakers)),
        ("utterances".to_owned(), count(start.num_utterances)),
        (
            "recordings without labels".to_owned(),
            count(start.num_unlabelled),
        ),
        ("parameters".to_owned(), count(start.num_parameters)),
        (
            "teacher".to_owned(),
            Some(teacher.name).filter(|name| !name.is_empty()),
        ),
        (
            "the teacher's dev EER".to_owned(),
            teacher.dev_eer.map(percent),
        ),
        (
            "program".to_owned(),
            Some(start.commit).filter(|commit| !commit.is_empty()),
        ),
    ];
    html! {
        dl.facts {
            @for (name, value) in &all { @if let Some(value) = value { div { dt { (name) } dd { (value) } } } }
        }
    }
}

/// Which model did best on the development trials, where the run says so.
fn chosen(journal: &Journal) -> Option<String> {
    let start = journal.start();
    let mut choices = journal.events.iter().rev();
    let choice = choices.find_map(|event| match event {
        Event::Choice(choice) => Some(choice),
        _ => None,
    })?;
    let name = match choice.model {
        ChosenModel::Run => "this run's".to_owned(),
        ChosenModel::Initial => start?.initial.as_ref()?.name.clone(),
        ChosenModel::Yardstick => start?.yardstick.as_ref()?.name.clone(),
        ChosenModel::None => "none of these".to_owned(),
    };
    let doubt = if choice.is_close { ", by a hair" } else { "" };
    Some(format!("{name}{doubt}"))
}

/// What an older journal lacks is 0.
pub(crate) fn count(value: usize) -> Option<String> {
    (value > 0).then(|| value.to_string())
}

/// The lowest mean EER with the step, and with its interval where it is that of one list.
pub(crate) fn best_eer(journal: &Journal, examination: Option<&Examination>) -> Option<String> {
    let best = journal.best()?;
    let interval = match best.lists.as_slice() {
        [list] => match ListInterval::of(list, measured(examination, best, &list.list)) {
            Some(ListInterval::Speakers(interval)) => format!(" ({})", percents(interval)),
            Some(ListInterval::Trials(interval)) => format!(" (about {})", percents(interval)),
            None => String::new(),
        },
        _ => String::new(),
    };
    Some(format!(
        "{}{interval} at step {}",
        percent(best.mean_eer?),
        best.step
    ))
}

/// The interval that was measured of a list of the best evaluation, where its EER is the one that was journaled: a run whose
/// recordings have changed since has another.
pub(crate) fn measured(
    examination: Option<&Examination>,
    best: &Evaluation,
    list: &str,
) -> Option<speaker_eval::Interval> {
    let mut verifications = examination?.verifications.iter();
    let found = verifications.find(|one| one.name == list)?;
    let journaled = best.lists.iter().find(|one| one.list == list)?;
    let is_same = (found.eer.eer - journaled.eer).abs() < 0.002;
    found.interval.filter(|_| is_same)
}

/// The EER of training speakers at the best evaluation.
pub(crate) fn training_eer(journal: &Journal) -> Option<f64> {
    let best = journal.best()?.step;
    journal.training_eers().get(&best).copied()
}

/// Whether the run was measured before and after, and is no better for it.
pub(crate) fn is_no_better(journal: &Journal) -> bool {
    let best = journal.best().and_then(|best| best.mean_eer);
    let both = best.zip(journal.untrained_eer());
    both.is_some_and(|(best, untrained)| best >= untrained)
}

/// A duration in words.
pub(crate) fn duration(duration: RunDuration) -> String {
    let at_least = if duration.is_whole { "" } else { "at least " };
    let steps = duration.training_seconds.map_or(String::new(), |seconds| {
        format!(", its steps {}", time(seconds))
    });
    format!("{at_least}{}{steps}", time(duration.seconds))
}

fn time(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        0..60 => format!("{:.1} s", seconds.max(0.0)),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_said_in_hours_minutes_or_seconds() {
        let said = |seconds, training_seconds, is_whole| {
            duration(RunDuration {
                seconds,
                training_seconds,
                is_whole,
            })
        };
        assert_eq!(said(5.04, None, true), "5.0 s");
        assert_eq!(said(59.6, None, true), "1 min 0 s");
        assert_eq!(
            said(7384.0, Some(3661.0), true),
            "2 h 3 min, its steps 1 h 1 min"
        );
        assert_eq!(
            said(60.0, Some(0.25), false),
            "at least 1 min 0 s, its steps 0.2 s"
        );
    }
}
