//! Several runs side by side.

use std::collections::{BTreeMap, BTreeSet};

use diagnosis::journal::{EndReason, Evaluation, Journal, StepSummary};
use maud::html;

use super::figure::{figure, table};
use super::run::RunReport;
use super::shell::shell;
use crate::chart::line::{self, Line};
use crate::chart::{Figure, Table, number, percent};
use crate::terms::{spoken, term_names, term_of};

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
        section #final { h2 { "Final figures" } (table(&final_figures(runs))) }
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
        row("EER of the untrained network", &|journal| {
            journal.untrained_eer().map(percent)
        }),
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
            Some(journal.start()?.num_speakers.to_string())
        }),
        row("parameters", &|journal| {
            Some(journal.start()?.num_parameters.to_string())
        }),
        row("program", &|journal| Some(journal.start()?.commit.clone())),
    ];
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
            Some(percent(list.eer))
        }));
    }
    with_names(runs, "figure", rows)
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
