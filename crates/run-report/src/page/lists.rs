//! The development trials by list, and whose of them go wrong.

use diagnosis::journal::Evaluation;
use maud::{Markup, html};

use super::facts::measured;
use super::figure::table;
use super::report::RunReport;
use crate::breakdown::Breakdown;
use crate::chart::{Table, number, percent, percents};
use crate::development::Decision;
use crate::interval::ListInterval;
use crate::terms::before;
use crate::verification::Verification;

/// Nothing where there are no lists.
pub(crate) fn section(report: &RunReport) -> Option<Markup> {
    let examination = report.examination.as_ref();
    let best = report.journal.best().filter(|best| !best.lists.is_empty());
    let verifications = examination.map_or(&[][..], |one| &one.verifications);
    if best.is_none() && verifications.is_empty() {
        return None;
    }
    let decision = examination.and_then(|one| one.development.decision.as_ref());
    let breakdowns = examination.map_or(&[][..], |one| &one.breakdowns);
    Some(html! {
        section #lists {
            h2 { "Development trials" }
            @if let Some(best) = best { (of_journal(report, best)) }
            @if !verifications.is_empty() { (at_thresholds(verifications, decision)) }
            @for one in breakdowns { (of_groups(one)) }
        }
    })
}

/// The lists as the best evaluation measured them.
fn of_journal(report: &RunReport, best: &Evaluation) -> Markup {
    let mut is_about = false;
    let untrained = report.journal.evaluations().find(|line| line.step == 0);
    let count = |count: usize| match count {
        0 => "–".to_owned(),
        count => count.to_string(),
    };
    let rows: Vec<Vec<String>> = best
        .lists
        .iter()
        .map(|list| {
            let measured = measured(report.examination.as_ref(), best, &list.list);
            let interval = match ListInterval::of(list, measured) {
                Some(ListInterval::Speakers(interval)) => percents(interval),
                Some(ListInterval::Trials(interval)) => {
                    is_about = true;
                    format!("about {}", percents(interval))
                }
                None => "–".to_owned(),
            };
            let before = untrained.and_then(|line| {
                let mut lists = line.lists.iter();
                lists.find(|one| one.list == list.list)
            });
            vec![
                list.list.clone(),
                percent(list.eer),
                interval,
                before.map_or_else(|| "–".to_owned(), |before| percent(before.eer)),
                number(Some(list.min_dcf).filter(|cost| cost.is_finite())),
                count(list.n_target),
                count(list.n_nontarget),
            ]
        })
        .collect();
    let before = before(&report.journal);
    html! {
        h3 { "By list, at step " (best.step) }
        (table(&Table::new(
            &["list", "EER", "95 % interval", &before, "minDCF", "same-speaker trials", "different-speaker trials"],
            rows,
        )))
        p.small {
            "The interval says where the EER would lie with other speakers: they are drawn again and again from those of the list."
            @if is_about { " One that begins with “about” counts the trials alone, as if each were of speakers of its own, and is too narrow." }
        }
    }
}

/// What thresholds do.
fn at_thresholds(verifications: &[Verification], decision: Option<&Decision>) -> Markup {
    let rows = verifications.iter().map(|list| {
        let mut row = vec![
            list.name.clone(),
            format!("{:.3}", list.eer.threshold),
            format!("{:.3}", list.cost.threshold),
            percent(list.at_min_dcf.0),
            percent(list.at_min_dcf.1),
        ];
        if let Some((misses, false_alarms)) = list.at_decision {
            row.extend([percent(misses), percent(false_alarms)]);
        }
        row
    });
    let mut head = vec![
        "list",
        "threshold of equal errors",
        "threshold of minDCF",
        "misses there",
        "false alarms there",
    ];
    if decision.is_some() {
        head.extend(["misses as the model decides", "false alarms as it decides"]);
    }
    html! {
        h3 { "What thresholds do" }
        (table(&Table::new(&head, rows)))
        @if let Some(decision) = decision {
            p.small { "The model decides at a cosine of " strong { (format!("{:.3}", decision.threshold)) } ": " (decision.source) "." }
        }
    }
}

fn of_groups(breakdown: &Breakdown) -> Markup {
    let name = breakdown.attribute.as_str();
    let share = |rate: Option<f64>| rate.map_or_else(|| "–".to_owned(), percent);
    let mut head = vec![
        name,
        "EER",
        "95 % interval",
        "misses",
        "false alarms",
        "same-speaker trials",
        "different-speaker trials",
    ];
    let first = breakdown.groups.first().map(|group| &group.list);
    let is_of_one = breakdown
        .groups
        .iter()
        .all(|group| Some(&group.list) == first);
    if !is_of_one {
        head.push("list");
    }
    let rows = breakdown.groups.iter().map(|group| {
        let mut row = vec![
            group.group.clone(),
            share(group.eer),
            group.interval.map_or_else(|| "–".to_owned(), percents),
            share(group.misses),
            share(group.false_alarms),
            group.num_target.to_string(),
            group.num_nontarget.to_string(),
        ];
        if !is_of_one {
            row.push(group.list.clone());
        }
        row
    });
    html! {
        section id={ "by-" (name) } {
            h3 { "By " (name) }
            (table(&Table::new(&head, rows)))
            p.small {
                "Misses and false alarms are those at the threshold of equal errors of the whole list: they show whom one threshold for all treats worse."
                @if breakdown.num_unknown > 0 {
                    " Of " (breakdown.num_trials) " trials " (breakdown.num_unknown) " are left out: the " (name) " of a recording is not known."
                }
                @if breakdown.num_more > 0 { " Groups with the fewest trials are left out: " (breakdown.num_more) "." }
            }
        }
    }
}
