//! The curves of a run over its steps.

use diagnosis::TeacherAgreement;
use diagnosis::journal::{Evaluation, Event, Journal, StepSummary};

use super::line::{self, Line};
use super::{Figure, number, percent};
use crate::band::{Band, Range};
use crate::terms::{before, spoken, term_names, term_of};

/// The look of the line of training speakers: that of no list.
const OF_TRAINING: usize = 63;

/// Ends the names of lists that are evaluated on changed copies.
const AUGMENTED: &str = " (augmented)";

/// Every curve that the journal has numbers for.
pub(crate) fn figures(journal: &Journal, band: Option<&Band>) -> Vec<Figure> {
    let label = band.map(|band| {
        format!(
            "{} healthy runs of `{}` on {}",
            band.num_runs, band.preset, band.data
        )
    });
    let of = |value: &dyn Fn(&StepSummary) -> Option<f64>| {
        let steps = journal.steps();
        steps
            .map(|line| (line.step, value(line)))
            .collect::<Vec<_>>()
    };
    let figure = |id: &str,
                  title: &str,
                  caption: &str,
                  unit: &str,
                  format: &str,
                  lines: Vec<Line>,
                  range: Option<&Range>| {
        let lines: Vec<Line> = lines.into_iter().filter(|line| !line.is_empty()).collect();
        if lines.is_empty() {
            return None;
        }
        let range = range.filter(|range| !range.steps.is_empty());
        Some(Figure {
            id: id.to_owned(),
            title: title.to_owned(),
            caption: caption.to_owned(),
            height: 300,
            option: line::option(&lines, range, unit, format),
            keys: line::keys(&lines, range.and(label.as_deref())),
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
    let mut figures = vec![
        figure(
            "loss",
            "Loss",
            "Training loss, mean over the steps between two lines of the journal. The dashed line is the loss of a network whose outputs are all alike: a run that stays on it has learnt nothing.",
            "loss",
            "number",
            vec![
                Line::new("loss", 0, of(&|line| Some(line.loss))),
                Line::new("plateau: all outputs alike", 1, of(&|line| line.when_alike)).dashed(),
            ],
            band.map(|band| &band.loss),
        ),
        figure(
            "dev-eer",
            "Equal error rate on development trials",
            "By list and their mean, of speakers that are not trained on. Below the dashed line the network is better than before its first step. Speakers that are trained on are scored alike: what they gain alone is learned by heart.",
            "EER",
            "percent",
            rates(journal),
            band.map(|band| &band.mean_eer),
        ),
        figure(
            "learning-rate",
            "Learning rate",
            "As the schedule set it.",
            "learning rate",
            "number",
            vec![Line::new(
                "learning rate",
                0,
                of(&|line| line.learning_rate),
            )],
            None,
        ),
        figure(
            "gradient-norm",
            "Gradient norm",
            "Before clipping.",
            "norm",
            "number",
            vec![Line::new(
                "gradient norm",
                0,
                of(&|line| line.gradient_norm),
            )],
            band.map(|band| &band.gradient_norm),
        ),
        figure(
            "throughput",
            "Throughput",
            "Training segments per second, everything included. Other work on the machine shows here.",
            "segments/s",
            "number",
            vec![Line::new(
                "segments a second",
                0,
                of(&|line| line.segments_per_second),
            )],
            None,
        ),
    ];
    // Terms of one unit share a figure, behind the loss that they make.
    let terms = term_names([journal]);
    let mut units: Vec<&str> = terms.iter().map(|(_, unit)| unit.as_str()).collect();
    units.sort_unstable();
    units.dedup();
    for (number, unit) in units.into_iter().enumerate() {
        let of_unit: Vec<&str> = terms
            .iter()
            .filter(|(_, of)| of == unit)
            .map(|(name, _)| name.as_str())
            .collect();
        let lines = of_unit
            .iter()
            .enumerate()
            .map(|(index, name)| Line::new(&spoken(name), index, of(&|line| term_of(line, name))))
            .collect();
        let id = match number {
            0 => "terms".to_owned(),
            _ => format!("terms-{}", number + 1),
        };
        // A band belongs to one line.
        let range = match of_unit.as_slice() {
            [name] => band.and_then(|band| band.term(name)),
            _ => None,
        };
        figures.insert(
            2 + number,
            figure(
                &id,
                "Terms of the loss",
                "What the loss is made of, and what it reports beside it: their sum can hide that one of them does not move.",
                unit,
                "number",
                lines,
                range,
            ),
        );
    }
    figures.insert(
        2,
        figure(
            "teacher",
            "Agreement with the teacher",
            "Mean cosine of embeddings of recordings as they are to the teacher's: of development recordings, and of some that are trained on. What the second gains alone is learned by heart.",
            "cosine",
            "number",
            agreement(journal),
            None,
        ),
    );
    figures.into_iter().flatten().collect()
}

/// How near the network comes to its teacher, where it has one.
fn agreement(journal: &Journal) -> Vec<Line> {
    let of = |value: &dyn Fn(&TeacherAgreement) -> Option<f64>| {
        let lines = journal.events.iter().filter_map(|event| match event {
            Event::Diagnosis {
                step, measurements, ..
            } => Some((*step, measurements.teacher.as_ref().and_then(value))),
            _ => None,
        });
        lines.collect::<Vec<_>>()
    };
    vec![
        Line::new("development recordings", 0, of(&|cosine| cosine.dev)),
        Line::new("training recordings", 1, of(&|cosine| cosine.train)),
    ]
}

/// The mean of the lists, the network's before its first step, that of speakers that are trained on, and each list; changed copies
/// dashed in the colour of their list.
fn rates(journal: &Journal) -> Vec<Line> {
    let of = |value: &dyn Fn(&Evaluation) -> Option<f64>| {
        journal
            .evaluations()
            .map(|line| (line.step, value(line)))
            .collect::<Vec<_>>()
    };
    let untrained = journal.untrained_eer();
    let mut lines = vec![
        Line::new("mean", 0, of(&|line| line.mean_eer)),
        Line::new(&before(journal), 1, of(&|_| untrained)).dashed(),
        Line::new(
            "speakers that are trained on",
            OF_TRAINING,
            journal
                .training_eers()
                .into_iter()
                .map(|(step, eer)| (step, Some(eer)))
                .collect(),
        ),
    ];
    let mut names: Vec<&str> = Vec::new();
    for list in journal.evaluations().flat_map(|line| &line.lists) {
        if !names.contains(&list.list.as_str()) {
            names.push(&list.list);
        }
    }
    let plain: Vec<&str> = names
        .iter()
        .map(|name| name.strip_suffix(AUGMENTED).unwrap_or(name))
        .collect();
    for (name, stem) in names.iter().zip(&plain) {
        let first = plain.iter().position(|other| other == stem).unwrap_or(0);
        let of_list = of(&|line| {
            let mut lists = line.lists.iter();
            lists.find(|list| list.list == *name).map(|list| list.eer)
        });
        let line = Line::new(name, 2 + first, of_list);
        lines.push(if name.ends_with(AUGMENTED) {
            line.dashed()
        } else {
            line
        });
    }
    lines
}
