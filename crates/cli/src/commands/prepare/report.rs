//! The last lines: what is in the store, what is not, and how fast that was.

use std::path::Path;

use anyhow::Result;
use corpus_prep::{SetCount, shown_bytes};
use serde::Serialize;
use speech_data::store::{Missing, PackProgress, Part, Remark, StoreEncoding, StoreSummary};

use crate::console::print_if_read;
use crate::context::Context;
use crate::fault::ExitStatus;

/// What is reported besides the store's own summary.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Figures {
    /// Time of looking through sources and checking sums, in s.
    pub(crate) look_s: f64,
    /// Time of decoding, encoding and writing, in s.
    pub(crate) pack_s: f64,
    /// Files dealt with by this run, a second.
    pub(crate) files_per_s: f64,
    /// Bytes read by this run, a second.
    pub(crate) bytes_read_per_s: f64,
    /// Bytes written by this run, a second.
    pub(crate) bytes_written_per_s: f64,
    /// Hours of audio written by this run, a second.
    pub(crate) audio_hours_per_s: f64,
}

impl Figures {
    /// From the time of the two stages and the last state of packing.
    pub(crate) fn new(look_s: f64, pack_s: f64, state: &PackProgress) -> Self {
        let per_s = |value: f64| if pack_s > 0.0 { value / pack_s } else { 0.0 };
        Self {
            look_s,
            pack_s,
            files_per_s: per_s((state.done - state.resumed) as f64),
            bytes_read_per_s: per_s(state.bytes_read as f64),
            bytes_written_per_s: per_s(state.bytes_written as f64),
            audio_hours_per_s: per_s(state.seconds / 3_600.0),
        }
    }
}

/// Recordings that are named one by one where they are left out.
const MOST_LINES: usize = 20;

#[derive(Serialize)]
struct Answer<'a> {
    store: String,
    speakers: u64,
    utterances: u64,
    hours: f64,
    bytes: u64,
    failed: u64,
    complete: bool,
    part: Option<Part>,
    encoding: StoreEncoding,
    planned: u64,
    checksum: &'a str,
    sets: &'a [SetCount],
    warnings: &'a [String],
    failures: &'a [Missing],
    remarks: &'a [Remark],
    figures: &'a Figures,
}

/// Names what is left out on standard error and prints the summary: a line, or one JSON object.
pub(crate) fn report(
    context: &Context,
    store: &Path,
    summary: &StoreSummary,
    sets: &[SetCount],
    warnings: &[String],
    figures: &Figures,
) -> Result<ExitStatus> {
    for remark in &summary.remarks {
        context.console.warn(&format!(
            "{} such as `{}`: {}",
            remark.count, remark.first, remark.found
        ));
    }
    for missing in summary.missing.iter().take(MOST_LINES) {
        context
            .console
            .skipped(&format!("`{}`: {}", missing.name, missing.reason));
    }
    if let more @ 1.. = summary.missing.len().saturating_sub(MOST_LINES) {
        let all = store.join("store.json");
        context
            .console
            .skipped(&format!("and {more} more, which `{}` names", all.display()));
    }
    let answer = Answer {
        store: store.display().to_string(),
        speakers: summary.speakers,
        utterances: summary.utterances,
        hours: summary.hours,
        bytes: summary.bytes,
        failed: summary.failed,
        complete: summary.complete,
        part: summary.part,
        encoding: summary.settings.encoding,
        planned: summary.planned,
        checksum: &summary.checksum,
        sets,
        warnings,
        failures: &summary.missing,
        remarks: &summary.remarks,
        figures,
    };
    if context.json {
        print_if_read(&(serde_json::to_string(&answer)? + "\n"))?;
    } else {
        print_if_read(&line(store, summary, figures))?;
    }
    Ok(match summary.complete {
        true => ExitStatus::Done,
        false => ExitStatus::SomeSkipped,
    })
}

fn line(store: &Path, summary: &StoreSummary, figures: &Figures) -> String {
    let part = match summary.part {
        Some(part) => format!("part {part}, "),
        None => String::new(),
    };
    let state = match (summary.complete, summary.failed) {
        (true, _) => "complete".to_owned(),
        (false, failed) => format!("{failed} failed, not complete"),
    };
    let speed = match figures.files_per_s {
        0.0 => String::new(),
        speed => format!("; {speed:.0} files/s"),
    };
    format!(
        "{}: {part}{} speakers, {} utterances, {:.2} h, {} as {}, {state}{speed}\n",
        store.display(),
        summary.speakers,
        summary.utterances,
        summary.hours,
        shown_bytes(summary.bytes),
        summary.settings.encoding,
    )
}
