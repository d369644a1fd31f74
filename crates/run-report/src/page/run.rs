//! The report of one run.

use std::collections::BTreeMap;

use diagnosis::Diagnosis;
use diagnosis::journal::{EndReason, Journal};
use maud::{Markup, html};

use super::figure::figure;
use super::shell::shell;
use super::worst;
use crate::ReportError;
use crate::band::Band;
use crate::chart::{Figure, Table, clusters, curves, map, number, percent, scores, zoo};
use crate::examination::Examination;
use crate::page::figure::table;
use crate::sound::Sound;
use crate::terms::spoken;

/// Lists whose histograms are drawn at most.
const MAX_HISTOGRAMS: usize = 12;

/// All that the report of a run shows. What is absent is left out of the page, and `notes` should say why.
#[derive(Clone, Debug, Default)]
pub struct RunReport {
    /// Name of the run.
    pub name: String,
    /// The journal.
    pub journal: Journal,
    /// The curves of healthy runs of the same preset.
    pub band: Option<Band>,
    /// What the best model makes of the development recordings.
    pub examination: Option<Examination>,
    /// Recordings by the index of their utterance, some of [`Examination::wanted_sounds`].
    pub sounds: BTreeMap<usize, Sound>,
    /// What a diagnosis found.
    pub diagnosis: Option<Diagnosis>,
    /// The resolved configuration, as TOML.
    pub configuration: Option<String>,
    /// What the reader should know, such as what is missing.
    pub notes: Vec<String>,
}

/// One self-contained HTML file.
///
/// # Errors
/// [`ReportError::Invalid`] for a spectrogram of broken frames.
pub fn report_page(report: &RunReport) -> Result<String, ReportError> {
    let of_curves = curves::figures(&report.journal, report.band.as_ref());
    let examination = report.examination.as_ref();
    let verifications = examination.map_or(&[][..], |one| &one.verifications);
    let of_scores: Vec<Figure> = match verifications {
        [] => Vec::new(),
        lists => {
            let histograms = lists
                .iter()
                .take(MAX_HISTOGRAMS)
                .enumerate()
                .map(|(index, list)| scores::histogram(index, list));
            std::iter::once(scores::det(lists))
                .chain(histograms)
                .collect()
        }
    };
    let of_map = examination.and_then(|one| Some(map::figure(one.map.as_ref()?, &one.development)));
    let of_clusters = examination.and_then(|one| one.clusters.as_ref());
    let of_clusters = of_clusters.map_or_else(Vec::new, |one| {
        vec![clusters::dendrogram(one), clusters::confusion(one)]
    });
    let of_zoo = examination.and_then(|one| zoo::figure(&one.speakers));
    let sections = [
        Section::of("curves", "Training", of_curves),
        Section::of("scores", "Verification", of_scores),
        Section::of("recordings", "Recordings", of_map.into_iter().collect()),
        Section::of("clusters", "Clusters", of_clusters),
        Section::of("speakers", "Speakers", of_zoo.into_iter().collect()),
    ];
    let worst = examination
        .map(|one| worst::section(one, &report.sounds))
        .transpose()?;
    let content = html! {
        header {
            h1 { "Training run " (report.name) }
            (facts(&report.journal))
        }
        @for note in &report.notes { p.note { (note) } }
        (diagnosis(report.diagnosis.as_ref()))
        nav aria-label="sections" {
            ul {
                @for section in &sections { @if !section.figures.is_empty() { li { a href={ "#" (section.id) } { (section.title) } } } }
                @if worst.is_some() { li { a href="#worst" { "Worst trials" } } }
                @if report.configuration.is_some() { li { a href="#configuration" { "Configuration" } } }
            }
        }
        p.hint { "Every figure can be entered by keyboard: Tab to it, arrow keys go from mark to mark, Escape leaves." }
        @for section in &sections { (section.markup()) }
        @if let Some(worst) = &worst { (worst) }
        @if let Some(configuration) = &report.configuration {
            section #configuration {
                h2 { "Configuration" }
                details open { summary { "As it was trained with" } pre tabindex="0" { (configuration) } }
            }
        }
    };
    let figures: Vec<&Figure> = sections
        .iter()
        .flat_map(|section| &section.figures)
        .collect();
    Ok(shell(
        &format!("{} · training run", report.name),
        &content,
        &figures,
    ))
}

/// Figures under one heading.
struct Section {
    id: &'static str,
    title: &'static str,
    figures: Vec<Figure>,
}

impl Section {
    fn of(id: &'static str, title: &'static str, figures: Vec<Figure>) -> Self {
        Self { id, title, figures }
    }

    fn markup(&self) -> Markup {
        html! {
            @if !self.figures.is_empty() {
                section id=(self.id) {
                    h2 { (self.title) }
                    div.figures { @for one in &self.figures { (figure(one)) } }
                }
            }
        }
    }
}

/// The run in figures.
fn facts(journal: &Journal) -> Markup {
    let start = journal.start().cloned().unwrap_or_default();
    // What an older journal lacks is 0.
    let count = |value: usize| (value > 0).then(|| value.to_string());
    let last = journal.steps().next_back();
    let best = journal.best();
    let teacher = start.teacher.unwrap_or_default();
    let all: [(&str, Option<String>); 12] = [
        (
            "best dev EER",
            best.and_then(|line| {
                Some(format!("{} at step {}", percent(line.mean_eer?), line.step))
            }),
        ),
        ("untrained network", journal.untrained_eer().map(percent)),
        ("final loss", last.map(|line| number(Some(line.loss)))),
        (
            "steps",
            last.map(|last| match start.max_steps {
                0 => last.step.to_string(),
                most => format!("{} of {most}", last.step),
            }),
        ),
        ("ended", journal.end().map(EndReason::as_str).map(spoken)),
        ("speakers", count(start.num_speakers)),
        ("utterances", count(start.num_utterances)),
        ("recordings without labels", count(start.num_unlabelled)),
        ("parameters", count(start.num_parameters)),
        (
            "teacher",
            Some(teacher.name).filter(|name| !name.is_empty()),
        ),
        ("the teacher's dev EER", teacher.dev_eer.map(percent)),
        (
            "program",
            Some(start.commit).filter(|commit| !commit.is_empty()),
        ),
    ];
    html! {
        dl.facts {
            @for (name, value) in &all { @if let Some(value) = value { div { dt { (name) } dd { (value) } } } }
        }
    }
}

fn diagnosis(diagnosis: Option<&Diagnosis>) -> Markup {
    let Some(diagnosis) = diagnosis else {
        return html! {};
    };
    let rows = diagnosis.findings.iter().map(|finding| {
        vec![
            finding.name.to_string(),
            finding.severity.as_str().to_owned(),
            finding.step.to_string(),
            finding.measured.clone(),
            finding.expected.clone(),
            finding.reason.clone(),
            finding.remedy.clone(),
        ]
    });
    let word = diagnosis.verdict.as_str();
    html! {
        section #diagnosis {
            h2 { "Diagnosis: " span class={ "verdict " (word) } { (word) } }
            @if diagnosis.findings.is_empty() { p { "Nothing was found that needs mending." } }
            @else { (table(&Table::new(&["finding", "severity", "step", "measured", "expected", "why it matters", "what to try"], rows))) }
        }
    }
}
