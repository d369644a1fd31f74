//! Recordings to a file of embeddings, or the share of one of many machines: `embed`, and `eval --shard`.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::Result;
use serde::Serialize;
use speech_data::store::Part;

use crate::centre::Centre;
use crate::console::{counted, print_json, print_text};
use crate::context::Context;
use crate::embedding_file::{EmbeddingWriter, Format, Record};
use crate::embedding_note::{LeftOut, Note, Work};
use crate::embedding_set::{Skipped, nothing_left, warn_all};
use crate::engine::embed_each;
use crate::fault::ExitStatus;
use crate::inputs::Input;
use crate::model::Model;

/// A file to be made.
pub(crate) struct EmbeddingJob<'a> {
    /// Where it goes.
    pub(crate) out: &'a Path,
    /// The model.
    pub(crate) model: Model,
    /// Mean that is subtracted.
    pub(crate) centre: Centre,
    /// Which part of the recordings is embedded; all without.
    pub(crate) part: Option<Part>,
    /// As of [`embed_each`], in MB.
    pub(crate) memory: u64,
    /// When the command began.
    pub(crate) begin: Instant,
}

#[derive(Serialize)]
struct Report<'a> {
    out: String,
    model: String,
    dim: usize,
    part: Option<Part>,
    n_embedded: usize,
    n_warnings: usize,
    skipped: &'a [Skipped],
    audio_seconds: f64,
    seconds: f64,
    times_real_time: f64,
}

/// Set by Ctrl-C: the half-written file must be removed before the end.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

impl EmbeddingJob<'_> {
    /// Embeds `inputs`, all parts' together, as far as they are this part's, and reports.
    pub(crate) fn run(self, inputs: Vec<Input>, context: &Context) -> Result<ExitStatus> {
        let console = &context.console;
        let dim = self.model.bundle.config().embedding_dim();
        let mut note = Note::new(
            Work::new(&self.model.path, self.centre, &inputs, context)?,
            self.part,
        );
        let (places, inputs): (Vec<u32>, Vec<Input>) = (0..)
            .zip(inputs)
            .filter(|(_, input)| self.part.is_none_or(|part| part.contains(&input.id)))
            .unzip();
        let mut writer = EmbeddingWriter::create(self.out, dim)?;
        // Without a handler the process ends all the same, but leaves the half-written file.
        let _ = ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed));
        let model = self.model.name();
        let embedder = self.centre.embedder(self.model.bundle);

        let (mut num_embedded, mut num_warnings, mut audio_seconds) = (0, 0, 0.0);
        let result = embed_each(
            &embedder,
            &inputs,
            self.memory,
            console,
            |index, outcome| {
                if INTERRUPTED.load(Ordering::Relaxed) {
                    return Err(Interrupted.into());
                }
                let input = &inputs[index];
                match outcome {
                    Ok(embedded) => {
                        warn_all(&input.path(), &embedded.warnings, console);
                        num_embedded += 1;
                        num_warnings += embedded.warnings.len();
                        audio_seconds += embedded.seconds;
                        if self.part.is_some() {
                            note.places.push(places[index]);
                        }
                        writer.push(Record {
                            id: input.id.clone(),
                            path: input.path(),
                            speaker: input.speaker.clone(),
                            seconds: embedded.seconds,
                            warnings: embedded.warnings,
                            embedding: embedded.embedding,
                        })
                    }
                    Err(reason) => {
                        console.skipped(&reason);
                        note.left_out.push(LeftOut {
                            place: places[index],
                            id: input.id.clone(),
                            reason,
                        });
                        Ok(())
                    }
                }
            },
        );
        match result {
            Err(error) if error.is::<Interrupted>() => {
                console.raw("interrupted; nothing was written\n");
                return Ok(ExitStatus::Interrupted);
            }
            result => result?,
        }
        let skipped = note.skipped();
        // A part may be empty: whether anything is left is known when all parts are joined.
        if num_embedded == 0 && self.part.is_none() {
            return Err(nothing_left(skipped.len()));
        }
        writer.finish(&note)?;
        if let (Some(part), false) = (self.part, Format::of(self.out)? == Format::Parquet) {
            console.warn(&format!(
                "`{}` does not say that it is part {part}: `siamang merge` joins Parquet files",
                self.out.display()
            ));
        }
        let seconds = self.begin.elapsed().as_secs_f64();
        let report = Report {
            out: self.out.display().to_string(),
            model,
            dim,
            part: self.part,
            n_embedded: num_embedded,
            n_warnings: num_warnings,
            skipped: &skipped,
            audio_seconds,
            seconds,
            times_real_time: audio_seconds / seconds,
        };
        match context.json {
            true => print_json(&report)?,
            false => print_text(&text(&report))?,
        }
        Ok(match skipped.is_empty() {
            true => ExitStatus::Done,
            false => ExitStatus::SomeSkipped,
        })
    }
}

fn text(report: &Report<'_>) -> String {
    let skipped = match report.skipped.len() {
        0 => String::new(),
        count => format!(", {count} skipped"),
    };
    format!(
        "{} ({:.1} s) to {} dimensions in {:.1} s, {:.0} x real time{skipped}: {}\n",
        counted(report.n_embedded, "recording"),
        report.audio_seconds,
        report.dim,
        report.seconds,
        report.times_real_time,
        report.out
    )
}

#[derive(Debug)]
struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}
