//! Several runs side by side.

use std::collections::{BTreeMap, BTreeSet};

use diagnosis::Severity;
use diagnosis::journal::{EndReason, Evaluation, Journal, StepSummary};
use maud::{Markup, html};

use super::facts::{best_eer, count, duration, is_no_better, training_eer};
use super::figure::{figure, table};
use super::findings::badge;
use super::making::{commands, data};
use super::report::RunReport;
use super::shell::shell;
use crate::chart::line::{self, Line};
use crate::chart::{Figure, Table, number, percent, percents};
use crate::interval::ListInterval;
use crate::terms::{before, spoken, term_names, term_of};

/// One self-contained HTML file that lays the curves of `runs` over each other, and tables their final figures and the differences of
/// their configurations.
#[must_use]
pub fn compare_runs(runs: &[RunReport]) -> String {
    let figures: Vec<Figure> = figures(runs);
    let (differences, num_same) = differences(runs);
    let names: Vec<&str> = runs.iter().map(|run| run.name.as_str()).collect();
    let content = html! {
        header { h1 { "Runs compared" } p { (names.join(" · ")) } }
        @for run in runs { @for note in &run.notes { p.note { (run.name) ": " (note) } } }
        @if let Some(note) = unlike_trials(runs) { p.note { (note) } }
        section #runs {
            h2 { "Runs" }
            ol.findings { @for run in runs { li { (of_run(run)) } } }
        }
        section #final {
            h2 { "Final figures" }
            (table(&final_figures(runs)))
            p.small {
                "Behind the EER of a list: where it would lie with other speakers, at 95 % confidence; “about” where that is by the numbers of trials alone, which is too narrow."
            }
        }
        section #differences {
            h2 { "Differences of configuration" }
            @if differences.rows.is_empty() { p { "None." } } @else { (table(&differences)) }
            p.small { (num_same) " settings are alike." }
        }
        section #curves { h2 { "Training" } div.figures { @for one in &figures { (figure(one)) } } }
    };
    shell(
        &format!("{} · runs compared", names.join(", ")),
        &content,
        &figures.iter().collect::<Vec<_>>(),
    )
}

/// A run in a few words: what it amounts to, whether it has learnt anything, and what is to be done about it first.
fn of_run(run: &RunReport) -> Markup {
    let journal = &run.journal;
    let first = run.diagnosis.as_ref().and_then(|one| one.findings.first());
    let data = data(run).map(|data| match data.hash.get(..12) {
        Some(hash) => format!("{}, BLAKE3 {hash}…", data.description),
        None => data.description.clone(),
    });
    let rows = [
        ("best dev EER".to_owned(), best_eer(journal, None)),
        (before(journal), journal.untrained_eer().map(percent)),
        (
            "first finding".to_owned(),
            first.map(|one| format!("{} ({}): {}", one.name, one.severity.as_str(), one.measured)),
        ),
        ("duration".to_owned(), journal.duration().map(duration)),
        ("data".to_owned(), data),
        (
            "begun with".to_owned(),
            commands(journal).first().map(|&command| command.to_owned()),
        ),
        ("folder".to_owned(), run.path.clone()),
    ];
    // A healthy run has nothing that must be done.
    let urgent = first.filter(|one| one.severity >= Severity::Suspect);
    let remedy = urgent
        .map(|one| one.remedy.as_str())
        .filter(|text| !text.is_empty());
    html! {
        h3 {
            (run.name) " "
            @if let Some(diagnosis) = &run.diagnosis { (badge(diagnosis.verdict.as_str())) }
            @if is_no_better(journal) { " " span.small { "no better than before its first step" } }
        }
        dl {
            @for (name, value) in &rows { @if let Some(value) = value { dt { (name) } dd { (value) } } }
            @if let Some(remedy) = remedy { dt.try { "what to try" } dd.try { (remedy) } }
        }
    }
}

/// What to say of runs that were chosen by other trials: their error rates are no comparison.
fn unlike_trials(runs: &[RunReport]) -> Option<String> {
    let of = |run: &RunReport| -> Option<BTreeSet<(String, usize, usize)>> {
        let lists = run.journal.best()?.lists.iter();
        Some(
            lists
                .map(|list| (list.list.clone(), list.n_target, list.n_nontarget))
                .collect(),
        )
    };
    let known: Vec<(&str, _)> = runs
        .iter()
        .filter_map(|run| Some((run.name.as_str(), of(run)?)))
        .collect();
    let ((first, lists), rest) = known.split_first()?;
    let (other, _) = rest.iter().find(|(_, others)| others != lists)?;
    Some(format!(
        "{first} and {other} were measured on different development lists, or on other numbers of trials: their error rates cannot be compared."
    ))
}

/// The points of a curve by step.
type Points<'a> = dyn Fn(&Journal) -> Vec<(u64, Option<f64>)> + 'a;

fn figures(runs: &[RunReport]) -> Vec<Figure> {
    let terms = term_names(runs.iter().map(|run| &run.journal));
    let overlaid = |id: &str, title: &str, unit: &str, format: &str, points: &Points<'_>| {
        let lines = runs
            .iter()
            .enumerate()
            .map(|(index, run)| Line::new(&run.name, index, points(&run.journal)));
        let lines: Vec<Line> = lines.filter(|line| !line.is_empty()).collect();
        (!lines.is_empty()).then(|| Figure {
            id: id.to_owned(),
            title: title.to_owned(),
            caption: "A line a run.".to_owned(),
            height: 320,
            option: line::option(&lines, None, unit, format),
            keys: line::keys(&lines, None),
            table: line::table(
                &lines,
                if format == "percent" {
                    percent
                } else {
                    |value| number(Some(value))
                },
            ),
        })
    };
    let of = |value: fn(&StepSummary) -> Option<f64>| {
        move |journal: &Journal| {
            let steps = journal.steps();
            steps.map(|line| (line.step, value(line))).collect()
        }
    };
    let rates = |journal: &Journal| {
        let evaluations = journal.evaluations();
        evaluations.map(|line| (line.step, line.mean_eer)).collect()
    };
    let of_terms = terms.iter().enumerate().map(|(index, (name, unit))| {
        let points = |journal: &Journal| {
            let steps = journal.steps();
            steps.map(|line| (line.step, term_of(line, name))).collect()
        };
        overlaid(
            &format!("term-{}", index + 1),
            &format!("Term of the loss: {}", spoken(name)),
            unit,
            "number",
            &points,
        )
    });
    [
        overlaid(
            "dev-eer",
            "Mean equal error rate on development trials",
            "EER",
            "percent",
            &rates,
        ),
        overlaid(
            "loss",
            "Loss",
            "loss",
            "number",
            &of(|line| Some(line.loss)),
        ),
        overlaid(
            "learning-rate",
            "Learning rate",
            "learning rate",
            "number",
            &of(|line| line.learning_rate),
        ),
        overlaid(
            "throughput",
            "Throughput",
            "segments/s",
            "number",
            &of(|line| line.segments_per_second),
        ),
    ]
    .into_iter()
    .chain(of_terms)
    .flatten()
    .collect()
}

/// A row a figure, a column a run.
fn final_figures(runs: &[RunReport]) -> Table {
    let row = |name: &str, value: &dyn Fn(&Journal) -> Option<String>| {
        let cells = runs
            .iter()
            .map(|run| value(&run.journal).unwrap_or_else(|| "–".to_owned()));
        std::iter::once(name.to_owned())
            .chain(cells)
            .collect::<Vec<String>>()
    };
    let mean = |values: Vec<f64>| {
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    };
    let cost = |line: &Evaluation| {
        let costs = line.lists.iter().map(|list| list.min_dcf);
        mean(costs.filter(|cost| cost.is_finite()).collect())
    };
    let mut rows = vec![
        row("best mean dev EER", &|journal| {
            journal.best()?.mean_eer.map(percent)
        }),
        row("at step", &|journal| Some(journal.best()?.step.to_string())),
        row("mean minDCF there", &|journal| {
            Some(number(Some(cost(journal.best()?)?)))
        }),
        row("EER before the first step", &|journal| {
            journal.untrained_eer().map(percent)
        }),
        row(
            "EER of speakers that are trained on, best step",
            &|journal| training_eer(journal).map(percent),
        ),
        row("steps taken", &|journal| {
            Some(journal.steps().next_back()?.step.to_string())
        }),
        row("ended", &|journal| {
            journal.end().map(EndReason::as_str).map(spoken)
        }),
        row("final loss", &|journal| {
            Some(number(Some(journal.steps().next_back()?.loss)))
        }),
        row("its plateau", &|journal| {
            Some(number(Some(journal.steps().next_back()?.when_alike?)))
        }),
        row("segments a second", &|journal| {
            Some(number(Some(mean(
                journal
                    .steps()
                    .filter_map(|line| line.segments_per_second)
                    .collect(),
            )?)))
        }),
        row("training speakers", &|journal| {
            count(journal.start()?.num_speakers)
        }),
        row("parameters", &|journal| {
            count(journal.start()?.num_parameters)
        }),
        row("duration", &|journal| journal.duration().map(duration)),
        row("program", &|journal| {
            Some(journal.start()?.commit.clone()).filter(|commit| !commit.is_empty())
        }),
    ];
    if let Some(verdicts) = verdicts(runs) {
        rows.insert(0, verdicts);
    }
    let lists: BTreeSet<&str> = runs
        .iter()
        .filter_map(|run| run.journal.best())
        .flat_map(|line| line.lists.iter().map(|list| list.list.as_str()))
        .collect();
    for name in lists {
        rows.push(row(&format!("EER of {name}, best step"), &|journal| {
            let list = journal
                .best()?
                .lists
                .iter()
                .find(|list| list.list == name)?;
            let interval = match ListInterval::of(list, None) {
                Some(ListInterval::Speakers(interval)) => format!(" ({})", percents(interval)),
                Some(ListInterval::Trials(interval)) => format!(" (about {})", percents(interval)),
                None => String::new(),
            };
            Some(format!("{}{interval}", percent(list.eer)))
        }));
    }
    with_names(runs, "figure", rows)
}

/// A row of verdicts, where there is one.
fn verdicts(runs: &[RunReport]) -> Option<Vec<String>> {
    let word = |run: &RunReport| run.diagnosis.as_ref().map(|one| one.verdict.as_str());
    runs.iter().find_map(word)?;
    let cells = runs.iter().map(|run| word(run).unwrap_or("–").to_owned());
    Some(std::iter::once("verdict".to_owned()).chain(cells).collect())
}

/// Settings that are not the same in all runs, and the number of those that are.
fn differences(runs: &[RunReport]) -> (Table, usize) {
    let all: Vec<BTreeMap<String, String>> = runs
        .iter()
        .map(|run| {
            let mut settings = BTreeMap::new();
            let table = run
                .configuration
                .as_deref()
                .and_then(|text| text.parse::<toml::Table>().ok());
            flatten(
                "",
                &toml::Value::Table(table.unwrap_or_default()),
                &mut settings,
            );
            settings
        })
        .collect();
    let keys: BTreeSet<&String> = all.iter().flat_map(BTreeMap::keys).collect();
    let num_keys = keys.len();
    let rows: Vec<Vec<String>> = keys
        .into_iter()
        .filter(|&key| {
            all.iter()
                .any(|settings| settings.get(key) != all[0].get(key))
        })
        .map(|key| {
            let cells = all
                .iter()
                .map(|settings| settings.get(key).map_or("–", String::as_str).to_owned());
            std::iter::once(key.clone()).chain(cells).collect()
        })
        .collect();
    let num_same = num_keys - rows.len();
    (with_names(runs, "setting", rows), num_same)
}

fn with_names(runs: &[RunReport], first: &str, rows: Vec<Vec<String>>) -> Table {
    let head: Vec<&str> = std::iter::once(first)
        .chain(runs.iter().map(|run| run.name.as_str()))
        .collect();
    Table::new(&head, rows)
}

/// `a.b.c` and what it is set to.
fn flatten(prefix: &str, value: &toml::Value, settings: &mut BTreeMap<String, String>) {
    match value {
        toml::Value::Table(table) => {
            for (key, inner) in table {
                let dot = if prefix.is_empty() { "" } else { "." };
                flatten(&format!("{prefix}{dot}{key}"), inner, settings);
            }
        }
        other => {
            settings.insert(prefix.to_owned(), other.to_string());
        }
    }
}
