//! The ladder's tables.

use std::fmt::Write as _;

use diagnosis::{Name, Severity, Verdict};

use super::runs::{Runs, at_end, percent, percent_of, spread};
use crate::evaluate::{Evaluation, mean};
use crate::record::Record;
use crate::rung::{EQUAL_STEPS, Rung, STEPS, ladder};

fn loss(runs: &Runs, rung: &str, step: u64) -> String {
    spread(&runs.figures(rung, |record| record.loss_at(step)), 3)
}

/// Loss, accuracy and gradient of every rung.
pub(super) fn course(runs: &Runs) -> String {
    let mut out = String::from(
        "| rung | seeds | loss at step 1 | 10 | 30 | 100 | last (step) | \"accuracy\", largest | same / different divergence at the end | gradient at the end |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
    );
    for rung in ladder() {
        let records = runs.of(rung.name);
        let Some(last) = records.iter().map(|record| record.run.trace.len()).max() else {
            let _ = writeln!(
                out,
                "| {} | 0 | – | – | – | – | – | – | – | – |",
                rung.title
            );
            continue;
        };
        let longest = runs.longest(rung.name);
        let of_last = |figure: fn(&diagnosis::journal::StepSummary) -> Option<f64>| -> Vec<f64> {
            let ends = longest.iter().filter_map(|record| record.run.trace.last());
            ends.filter_map(figure).collect()
        };
        let largest = runs.figures(rung.name, |record| {
            record.accuracy.iter().copied().reduce(f64::max)
        });
        let steps = match longest.len() {
            count if count == records.len() => last.to_string(),
            1 => format!("{last}, 1 seed"),
            count => format!("{last}, {count} seeds"),
        };
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} ({steps}) | {} | {} / {} | {} |",
            rung.title,
            records.len(),
            loss(runs, rung.name, 1),
            loss(runs, rung.name, 10),
            loss(runs, rung.name, 30),
            loss(runs, rung.name, 100),
            spread(&of_last(|point| Some(point.loss)), 4),
            spread(&largest, 3),
            spread(&of_last(|point| point.same_distance()), 2),
            spread(&of_last(|point| point.different_distance()), 2),
            spread(&of_last(|point| point.gradient_norm), 4),
        );
    }
    out
}

/// What the diagnosis says of a run, gravest first.
fn words(record: &Record) -> String {
    let of = |severity: Severity| {
        let findings = record.diagnosis.findings.iter();
        let names: Vec<String> = findings
            .filter(|finding| finding.severity == severity)
            .map(|finding| format!("`{}`", finding.name))
            .collect();
        names.join(", ")
    };
    let verdict = format!("{:?}", record.diagnosis.verdict).to_lowercase();
    let suspect = match record.diagnosis.verdict {
        Verdict::Broken => "suspect: ",
        Verdict::Suspect | Verdict::Healthy => "",
    };
    let parts = [
        ("", of(Severity::Broken)),
        (suspect, of(Severity::Suspect)),
        ("also: ", of(Severity::Note)),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(label, names)| format!("{label}{names}"))
        .collect();
    format!("**{verdict}** – {}", parts.join("; "))
}

/// What doctor says of the first seed's run of every rung.
pub(super) fn diagnoses(runs: &Runs) -> String {
    let mut out = String::from("| rung | doctor |\n|---|---|\n");
    for rung in ladder() {
        if let Some(record) = runs.first(rung.name) {
            let _ = writeln!(out, "| {} | {} |", rung.title, words(record));
        }
    }
    out
}

/// `text` with its first letter large.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// The rung's sentence beside what doctor says of what is still wrong there.
pub(super) fn sentence(runs: &Runs, rung: &Rung) -> String {
    let mut out = format!("**{}.** {}\n", rung.title, rung.sentence);
    let Some(record) = runs.first(rung.name) else {
        return out;
    };
    let defect = rung.defect.and_then(|name| record.diagnosis.find(name));
    // Where the defect is not marked enough to be named, what it leads to is.
    let phase = record.diagnosis.find(Name::EverythingApart);
    if let Some(finding) = defect.or(phase).or(record.diagnosis.findings.first()) {
        let _ = writeln!(
            out,
            "Doctor: `{}`, {}. {}. Remedy: {}.",
            finding.name,
            finding.measured,
            capital(&finding.reason),
            finding.remedy
        );
    }
    out
}

/// EER and MR of every rung beside the untrained network's.
pub(super) fn rates(runs: &Runs) -> String {
    let mut out = format!(
        "| rung | seeds | dev EER at step {EQUAL_STEPS} | at step {STEPS} | last step | dev EER | test EER | test EER, centred | MR | MR, centred | area \
         under the ROC of the distance |\n|---|---|---|---|---|---|---|---|---|---|---|\n"
    );
    let row = |title: &str, records: &[&Record], last: &[&Evaluation]| {
        let figures = |figure: &dyn Fn(&Evaluation) -> Option<f64>| -> Vec<f64> {
            last.iter()
                .filter_map(|evaluation| figure(evaluation))
                .collect()
        };
        let at = |step: u64| -> String {
            let reached = records.iter().filter_map(|record| record.at(step));
            let rates: Vec<f64> = reached.map(Evaluation::mean_dev).collect();
            percent_of(&rates, records.len())
        };
        let step = last.first().map_or(0, |evaluation| evaluation.step);
        let [equal, middle] = match step {
            0 => ["–".to_owned(), "–".to_owned()],
            _ => [at(EQUAL_STEPS), at(STEPS)],
        };
        format!(
            "| {title} | {} | {equal} | {middle} | {step} | {} | {} | {} | {} | {} | {} |\n",
            records.len(),
            percent_of(&figures(&|e| Some(e.mean_dev())), records.len()),
            percent(&figures(&|e| Some(e.mean_test()))),
            percent(&figures(&|e| Some(mean(
                e.test.iter().map(|rate| rate.centred_eer)
            )))),
            percent(&figures(&|e| e.mr)),
            percent(&figures(&|e| e.mr_centred)),
            spread(&figures(&|e| Some(e.distance_auc)), 2),
        )
    };
    let question = runs.of("question");
    let untrained: Vec<&Evaluation> = question.iter().map(|r| &r.evaluations[0]).collect();
    out += &row("*untrained*", &question, &untrained);
    for rung in ladder() {
        let ends: Vec<&Evaluation> = runs.longest(rung.name).into_iter().map(at_end).collect();
        if !ends.is_empty() {
            out += &row(rung.title, &runs.of(rung.name), &ends);
        }
    }
    out
}

/// EER of every list at the end of every rung.
pub(super) fn lists(runs: &Runs) -> String {
    let Some(example) = runs.first("question") else {
        return String::new();
    };
    let of = |evaluation: &Evaluation| -> Vec<(String, f64)> {
        let rates = evaluation.dev.iter().chain(&evaluation.test);
        rates.map(|rate| (rate.list.clone(), rate.eer)).collect()
    };
    let names: Vec<String> = of(&example.evaluations[0])
        .into_iter()
        .map(|rate| rate.0)
        .collect();
    let mut out = format!(
        "| rung | {} |\n|---|{}\n",
        names.join(" | "),
        "---|".repeat(names.len())
    );
    let mut row = |title: &str, evaluations: &[&Evaluation]| {
        let cells: Vec<String> = (0..names.len())
            .map(|list| {
                let rates = evaluations.iter().map(|evaluation| of(evaluation)[list].1);
                format!("{:.1}", 100.0 * mean(rates))
            })
            .collect();
        let _ = writeln!(out, "| {title} | {} |", cells.join(" | "));
    };
    let untrained: Vec<&Evaluation> = runs
        .of("question")
        .iter()
        .map(|r| &r.evaluations[0])
        .collect();
    row("*untrained*", &untrained);
    for rung in ladder() {
        let ends: Vec<&Evaluation> = runs.longest(rung.name).into_iter().map(at_end).collect();
        if !ends.is_empty() {
            row(rung.title, &ends);
        }
    }
    out
}
