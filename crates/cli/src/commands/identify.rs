//! `siamang identify`: who speaks, of those who are enrolled.

use std::path::PathBuf;

use anyhow::Result;
use clap::value_parser;
use serde::Serialize;
use siamang::{
    Centre, DEFAULT_MEMORY_MB, Decision, Embedded, Error, Identified, IdentifyRule, Quality,
    Skipped, SpeechDetector, embed_each, identify, open_register,
};
use speech_data::Filter;

use super::verify::UNCALIBRATED;
use crate::console::{print_json, print_text};
use crate::context::{Context, ModelArgs};
use crate::embedding::Interruptible;
use crate::fault::{ExitStatus, usage};
use crate::hearing::{ChannelArgs, VadArgs};
use crate::model::{self, CARD};
use crate::recordings::{LeftOut, check_filters, gather};
use crate::register::{RegisterArgs, warn_of};
use crate::tables::TableArgs;

/// Recordings that are compared in one go.
const AT_ONCE: usize = 256;

const EXAMPLES: &str = "\
Examples:
  siamang identify call.wav --register voices
  siamang identify recordings/ vox.store --register voices --top 5 --json
  siamang identify --threshold 0.45 --margin 0.05 door/*.wav --register voices

A recording is given the name of the nearest voice, if its cosine is at or above the threshold and, with
`--margin`, so much above the second one's. Otherwise it is unknown: the more voices there are, the
higher a threshold must be, and `siamang identify-protocol` says which one for recordings like
yours. The exit code is 0 for a name and for unknown, and 3 where a recording cannot be used or holds too
little speech.";

/// Who speaks, of the voices of a register, or nobody of them.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Recordings: files, folders, manifests, stores, or `-` for standard input.
    #[arg(required = true, value_name = "RECORDINGS")]
    recordings: Vec<PathBuf>,
    #[command(flatten)]
    register: RegisterArgs,
    #[command(flatten)]
    model: ModelArgs,
    /// Lowest cosine at which a name is given, -1 to 1 [default: that of the model's card].
    #[arg(long, value_name = "COSINE", allow_negative_numbers = true)]
    threshold: Option<f64>,
    /// How far the second voice must be behind for a name to be given.
    #[arg(long, value_name = "COSINE", default_value_t = 0.0)]
    margin: f64,
    /// How many of the nearest voices to show.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = value_parser!(u32).range(1..=1000))]
    top: u32,
    /// Rows of a manifest to use, such as `split=test`.
    #[arg(long, value_name = "COLUMN=VALUES")]
    filter: Vec<Filter>,
    #[command(flatten)]
    tables: TableArgs,
    #[command(flatten)]
    channel: ChannelArgs,
    #[command(flatten)]
    vad: VadArgs,
}

#[derive(Serialize)]
struct Report<'a> {
    register: String,
    model: String,
    num_voices: usize,
    scale: &'static str,
    threshold: f64,
    threshold_from: &'static str,
    margin: f64,
    recordings: Vec<Row>,
    skipped: &'a [Skipped],
    left_out: &'a LeftOut,
}

#[derive(Serialize)]
struct Row {
    id: String,
    path: String,
    #[serde(flatten)]
    identified: Identified,
    quality: Quality,
    warnings: Vec<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitStatus> {
    check(args)?;
    check_filters(&args.recordings, &args.filter)?;
    let console = &context.console;
    let model = model::load(args.model.model.as_deref(), context)?;
    let register = open_register(&args.register.register, &model)?;
    warn_of(register.damage(), console);
    let (threshold, threshold_from) =
        match (args.threshold, model.thresholds().verify(Centre::Model)) {
            (Some(threshold), _) => (threshold, "the command line"),
            (None, Some(threshold)) => (threshold, CARD),
            (None, None) => (UNCALIBRATED, "no calibration"),
        };
    if threshold_from == "no calibration" {
        console.note(&format!(
            "the threshold {UNCALIBRATED} is not calibrated: this model's card states none; choose one with `siamang identify-protocol`"
        ));
    }
    let rule = IdentifyRule {
        threshold,
        margin: args.margin,
        top: args.top as usize,
        judged_by: Some(&model),
    };
    let mut recordings = gather(&args.recordings, &args.filter, &args.tables, console)?;
    let inputs = args.channel.of(std::mem::take(&mut recordings.inputs));
    let (mut rows, mut skipped, mut waiting) = (Vec::new(), Vec::new(), Vec::new());
    let mut compare = |waiting: &mut Vec<(usize, Embedded)>| -> Result<(), Error> {
        let (places, embedded): (Vec<usize>, Vec<Embedded>) =
            std::mem::take(waiting).into_iter().unzip();
        let answers = identify(&register, &embedded, rule)?;
        for ((place, embedded), identified) in places.into_iter().zip(embedded).zip(answers) {
            rows.push(Row {
                id: inputs[place].id.clone(),
                path: inputs[place].path(),
                identified,
                quality: embedded.quality,
                warnings: embedded.warnings,
            });
        }
        Ok(())
    };
    let each = |place: usize, outcome: Result<Embedded, Error>| {
        match outcome {
            Ok(embedded) => waiting.push((place, embedded)),
            Err(error) => skipped.push(Skipped {
                id: inputs[place].id.clone(),
                reason: error.explained(),
            }),
        }
        match waiting.len() {
            AT_ONCE => compare(&mut waiting),
            _ => Ok(()),
        }
    };
    let detector = args.vad.or(SpeechDetector::Network);
    let embedder = model.bundle().embedder();
    let progress = Interruptible::new(console);
    match embed_each(
        embedder,
        &inputs,
        detector,
        DEFAULT_MEMORY_MB,
        &progress,
        each,
    ) {
        Err(Error::Interrupted) => {
            console.raw("interrupted\n");
            return Ok(ExitStatus::Interrupted);
        }
        done => done?,
    }
    compare(&mut waiting)?;
    for row in &rows {
        warn_of(&row.identified.damage, console);
    }
    let is_judged = |row: &Row| !matches!(row.identified.decision, Decision::NoVerdict { .. });
    let is_whole =
        rows.iter().all(is_judged) && skipped.is_empty() && !recordings.left_out.is_less();
    let report = Report {
        register: args.register.register.display().to_string(),
        model: model.name(),
        num_voices: register.num_voices(),
        scale: siamang::Scorer::default().scale(),
        threshold,
        threshold_from,
        margin: args.margin,
        recordings: rows,
        skipped: &skipped,
        left_out: &recordings.left_out,
    };
    match context.json {
        true => print_json(&report)?,
        false => print_text(&report.recordings.iter().map(line).collect::<String>())?,
    }
    Ok(match is_whole {
        true => ExitStatus::Done,
        false => ExitStatus::SomeSkipped,
    })
}

fn check(args: &Args) -> Result<()> {
    let threshold = args.threshold.unwrap_or(0.0);
    for (flag, value, least) in [
        ("--threshold", threshold, -1.0),
        ("--margin", args.margin, 0.0),
    ] {
        if !(least..=2.0 + least).contains(&value) {
            return Err(usage(
                format!(
                    "`{flag}` is {value}, expected a number from {least} to {}",
                    2.0 + least
                ),
                "`siamang identify-protocol` prints which ones are of use",
            ));
        }
    }
    Ok(())
}

/// How many times likelier it is this voice than a stranger, where that is known.
fn ratio(one: &siamang::Named) -> String {
    one.llr
        .map_or(String::new(), |llr| format!(", LLR {llr:+.1}"))
}

/// A recording's answer for people.
fn line(row: &Row) -> String {
    let nearest = &row.identified.nearest;
    let others = nearest
        .iter()
        .skip(1)
        .map(|one| format!("{} {:.3}{}", one.name, one.score, ratio(one)));
    let others: Vec<String> = others.collect();
    let others = match others.is_empty() {
        true => String::new(),
        false => format!("; then {}", others.join(", ")),
    };
    match &row.identified.decision {
        Decision::Known { name } => {
            let score = nearest.first().map_or(f64::NAN, |best| best.score);
            let ratio = nearest.first().map_or(String::new(), ratio);
            format!("{}: {name} (cosine {score:.3}{ratio}{others})\n", row.path)
        }
        Decision::Unknown { reason } => format!("{}: unknown ({reason}{others})\n", row.path),
        Decision::NoVerdict { reason } => format!("{}: no verdict: {reason}\n", row.path),
    }
}
