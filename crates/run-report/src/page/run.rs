//! The report of one run.

use maud::{Markup, html};

use super::facts::{facts, is_no_better};
use super::figure::figure;
use super::report::RunReport;
use super::shell::shell;
use super::{findings, lists, making, worst};
use crate::ReportError;
use crate::chart::{Figure, bayes_error, calibration, clusters, curves, map, scores, tippett, zoo};

/// Lists whose histograms are drawn at most.
const MAX_HISTOGRAMS: usize = 12;

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
            let reliability = examination.and_then(|one| one.reliability.as_ref());
            std::iter::once(scores::det(lists))
                .chain(reliability.map(calibration::figure))
                .chain(reliability.map(tippett::figure))
                .chain(reliability.map(bayes_error::figure))
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
    let of_lists = lists::section(report);
    let of_making = making::section(report);
    let worst = examination
        .map(|one| worst::section(one, &report.sounds))
        .transpose()?;
    let content = html! {
        header {
            h1 { "Training run " (report.name) }
            (facts(report))
        }
        @if is_no_better(&report.journal) {
            p.note { "On the development trials this network is no better than it was before its first step." }
        }
        @for note in &report.notes { p.note { (note) } }
        (findings::section(report.diagnosis.as_ref()))
        nav aria-label="sections" {
            ul {
                @if of_lists.is_some() { li { a href="#lists" { "Development trials" } } }
                @for section in &sections { @if !section.figures.is_empty() { li { a href={ "#" (section.id) } { (section.title) } } } }
                @if worst.is_some() { li { a href="#worst" { "Worst trials" } } }
                @if of_making.is_some() { li { a href="#making" { "How it was made" } } }
                @if report.configuration.is_some() { li { a href="#configuration" { "Configuration" } } }
            }
        }
        p.hint { "Every figure can be entered by keyboard: Tab to it, arrow keys go from mark to mark, Escape leaves." }
        @if let Some(lists) = &of_lists { (lists) }
        @for section in &sections { (section.markup()) }
        @if let Some(worst) = &worst { (worst) }
        @if let Some(making) = &of_making { (making) }
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
