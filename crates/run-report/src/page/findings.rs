//! What a diagnosis found, and what to try.

use diagnosis::{Diagnosis, Finding};
use maud::{Markup, html};

/// The verdict with its findings, one below the other, so that what to try is on every screen.
pub(crate) fn section(diagnosis: Option<&Diagnosis>) -> Markup {
    let Some(diagnosis) = diagnosis else {
        return html! {};
    };
    html! {
        section #diagnosis {
            h2 { "Diagnosis: " (badge(diagnosis.verdict.as_str())) }
            @if diagnosis.findings.is_empty() { p { "Nothing was found that needs mending." } }
            @else { ol.findings { @for one in &diagnosis.findings { li { (finding(one)) } } } }
        }
    }
}

/// A verdict or a severity in its word.
pub(crate) fn badge(word: &str) -> Markup {
    html! { span class={ "verdict " (word) } { (word) } }
}

fn finding(finding: &Finding) -> Markup {
    let when = match finding.step {
        0 => "before the first step".to_owned(),
        step => format!("step {step}"),
    };
    let rows = [
        ("measured", &finding.measured),
        ("expected", &finding.expected),
        ("why it matters", &finding.reason),
    ];
    html! {
        h3 { (finding.name) " " (badge(finding.severity.as_str())) " " span.small { (when) } }
        dl {
            @for (name, text) in rows { @if !text.is_empty() { dt { (name) } dd { (text) } } }
            @if !finding.remedy.is_empty() { dt.try { "what to try" } dd.try { (finding.remedy) } }
        }
    }
}
