//! The worst trials, to hear and to see.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::ReportError;
use crate::examination::Examination;
use crate::sound::Sound;
use crate::worst::WorstTrial;

pub(crate) fn section(
    examination: &Examination,
    sounds: &BTreeMap<usize, Sound>,
) -> Result<Markup, ReportError> {
    let worst = &examination.worst;
    let kinds = [
        (
            "One speaker, taken for two",
            "Same-speaker trials with the lowest scores.",
            &worst.misses,
        ),
        (
            "Two speakers, taken for one",
            "Different-speaker trials with the highest scores.",
            &worst.false_alarms,
        ),
    ];
    let mut parts = Vec::new();
    for (title, caption, trials) in kinds {
        let mut items = Vec::new();
        for trial in trials {
            items.push(item(examination, trial, sounds)?);
        }
        parts.push(html! {
            h3 { (title) }
            p { (caption) " The farther from its list's threshold, the earlier; no recording stands here more than twice." }
            @if items.is_empty() { p { "None: no trial of this kind is on the wrong side." } }
            ol.trials { @for item in &items { li { (item) } } }
        });
    }
    Ok(html! {
        section #worst {
            h2 { "Worst trials" }
            @for part in &parts { (part) }
        }
    })
}

fn item(
    examination: &Examination,
    one: &WorstTrial,
    sounds: &BTreeMap<usize, Sound>,
) -> Result<Markup, ReportError> {
    let mut sides = Vec::new();
    for index in [one.trial.first, one.trial.second] {
        let utterance = &examination.development.utterances[index];
        let sound = sounds.get(&index);
        let picture = sound
            .and_then(|sound| sound.spectrogram.as_ref())
            .map(|picture| picture.uri())
            .transpose()?;
        let label = format!("{} of speaker {}", utterance.file, utterance.speaker);
        sides.push(html! {
            div.side {
                p.file { (utterance.file) }
                p { "speaker " strong { (utterance.speaker) } ", " (format!("{:.1} s", utterance.seconds)) }
                @if let Some(picture) = &picture { img src=(picture) alt={ "log-mel spectrogram of " (label) }; }
                @if let Some(audio) = sound.and_then(|sound| sound.audio.as_ref()) {
                    audio controls preload="none" aria-label=(label) src=(audio.uri()) {}
                    @if audio.is_cut { p.small { "Only its beginning is in this file." } }
                } @else { p.small { "Not in this file to listen to." } }
            }
        });
    }
    Ok(html! {
        p { "score " strong { (format!("{:.3}", one.score)) } ", threshold " (format!("{:.3}", one.threshold)) ", list " (one.list) }
        div.sides { @for side in &sides { (side) } }
    })
}
