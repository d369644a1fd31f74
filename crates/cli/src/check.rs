//! `siamang check`: what is wrong with data, before a training finds out.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use pair_sampler::{
    Filter, Manifest, Problem, SamplerError, TrialList, ValidateOptions, ValidationReport,
};
use rayon::prelude::*;
use serde::Serialize;

use crate::args::Context;
use crate::console::{Console, counted, print_json, print_text};
use crate::engine::decode;
use crate::exit::ExitStatus;
use crate::inputs::Input;

/// Rate that recordings are brought to, in Hz, which every model's front end so far has.
const SAMPLE_RATE_HZ: u32 = 16_000;

/// At most this many findings of a kind are printed for people; JSON holds them all.
const MAX_SHOWN: usize = 50;

const EXAMPLES: &str = "\
Examples:
  siamang check corpus/
  siamang check corpus/ --split split.tsv --trials trials/*.txt --decode
  siamang check corpus/split.tsv --filter split=train --json

The exit code is 1 where something must be mended, 0 where there are warnings at most.";

/// Find what is wrong with data before a training does.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A folder with one folder a speaker, a table, JSON lines, or a Kaldi folder.
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Table of the recordings, where PATH is the folder that its paths start from.
    #[arg(long, value_name = "FILE")]
    split: Option<PathBuf>,
    /// Trial lists to hold against the recordings.
    #[arg(long, value_name = "LIST", num_args = 1..)]
    trials: Vec<PathBuf>,
    /// Rows to look at, such as `split=train`.
    #[arg(long, value_name = "COLUMN=VALUES")]
    filter: Vec<Filter>,
    /// Decode every recording to its end.
    #[arg(long)]
    decode: bool,
    /// A speaker with fewer recordings is worth a warning.
    #[arg(long, value_name = "N", default_value_t = ValidateOptions::default().min_utterances)]
    min_utterances: usize,
}

/// One finding with its place.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Finding {
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    message: String,
}

impl From<&Problem> for Finding {
    fn from(problem: &Problem) -> Self {
        Self {
            kind: format!("{:?}", problem.kind),
            file: problem
                .source
                .as_ref()
                .map(|path| path.display().to_string()),
            line: problem.line,
            message: problem.message.clone(),
        }
    }
}

impl Finding {
    fn new(kind: &str, file: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            kind: kind.to_owned(),
            file: Some(file.into()),
            line: None,
            message: message.into(),
        }
    }
}

#[derive(Default, Serialize)]
struct Report {
    n_utterances: usize,
    n_speakers: usize,
    /// Recordings of each split.
    splits: BTreeMap<String, usize>,
    n_trials: usize,
    /// Length of all that was decoded, in s.
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_seconds: Option<f64>,
    errors: Vec<Finding>,
    warnings: Vec<Finding>,
}

impl Report {
    fn add(&mut self, found: &ValidationReport) {
        self.errors.extend(found.errors.iter().map(Finding::from));
        self.warnings
            .extend(found.warnings.iter().map(Finding::from));
    }
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitStatus> {
    let mut report = Report::default();
    match read(args) {
        Ok(manifest) => inspect(args, &manifest, &mut report, &context.console)?,
        Err(SamplerError::BadManifest { report: found, .. }) => report.add(&found),
        Err(error) => return Err(error.into()),
    }
    match context.json {
        true => print_json(&report)?,
        false => print_text(&text(&report))?,
    }
    Ok(match report.errors.is_empty() {
        true => ExitStatus::Done,
        false => ExitStatus::Failed,
    })
}

fn read(args: &Args) -> Result<Manifest, SamplerError> {
    let manifest = match &args.split {
        Some(table) => Manifest::with_split_file(&args.path, table)?,
        None => Manifest::read(&args.path, None)?,
    };
    manifest.filter(&args.filter)
}

fn inspect(args: &Args, manifest: &Manifest, report: &mut Report, console: &Console) -> Result<()> {
    report.n_utterances = manifest.utterances.len();
    report.n_speakers = manifest.speakers().len();
    for split in manifest
        .utterances
        .iter()
        .filter_map(|utterance| utterance.split.clone())
    {
        *report.splits.entry(split).or_default() += 1;
    }
    report.add(&manifest.validate(&ValidateOptions {
        min_utterances: args.min_utterances,
        ..ValidateOptions::default()
    }));
    for path in &args.trials {
        check_trials(path, manifest, report)?;
    }
    if args.decode {
        decode_all(manifest, report, console);
    }
    Ok(())
}

/// Trials must name recordings that are there, and agree with the table about who speaks.
fn check_trials(path: &Path, manifest: &Manifest, report: &mut Report) -> Result<()> {
    let list = match TrialList::read(path) {
        Ok(list) => list,
        Err(SamplerError::BadTrials { problems, .. }) => {
            report.errors.extend(problems.iter().map(Finding::from));
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    report.n_trials += list.trials.len();
    let file = path.display().to_string();
    let root = &manifest.root;
    for id in list.utterances() {
        if manifest.find(id).is_none() && !root.join(id).is_file() {
            let message = format!(
                "`{id}` is neither in the table nor below `{}`",
                root.display()
            );
            report
                .errors
                .push(Finding::new("UnknownRecording", &file, message));
        }
    }
    let speaker = |id: &str| {
        manifest
            .find(id)
            .map(|index| manifest.utterances[index].speaker.as_str())
    };
    for trial in &list.trials {
        let (Some(a), Some(b)) = (speaker(&trial.enrolment), speaker(&trial.test)) else {
            continue;
        };
        if trial.target != (a == b) {
            let kind = if trial.target { "target" } else { "non-target" };
            let message = format!(
                "`{}` and `{}` are a {kind} trial, but their speakers are `{a}` and `{b}`",
                trial.enrolment, trial.test
            );
            report
                .errors
                .push(Finding::new("ContradictoryTrial", &file, message));
        }
        if trial.enrolment == trial.test {
            let message = format!("`{}` is compared with itself", trial.test);
            report
                .warnings
                .push(Finding::new("SelfTrial", &file, message));
        }
    }
    let targets = list.num_targets();
    if targets == 0 || targets == list.trials.len() {
        let message = format!(
            "{targets} of {} trials are targets; both kinds are needed",
            list.trials.len()
        );
        report
            .errors
            .push(Finding::new("OneKindOfTrials", &file, message));
    }
    Ok(())
}

fn decode_all(manifest: &Manifest, report: &mut Report, console: &Console) {
    console.begin("decoding", manifest.utterances.len());
    let mut seconds = 0.0;
    // In pieces, so that the display moves; the results keep the table's order.
    for utterances in manifest.utterances.chunks(64) {
        let decoded: Vec<_> = utterances
            .par_iter()
            .map(|utterance| {
                decode(&Input::of(utterance), SAMPLE_RATE_HZ).map(|recording| {
                    let warnings: Vec<String> =
                        recording.warnings.iter().map(ToString::to_string).collect();
                    (recording.waveform.duration_s(), warnings)
                })
            })
            .collect();
        for (utterance, outcome) in utterances.iter().zip(decoded) {
            match outcome {
                Ok((length, warnings)) => {
                    seconds += length;
                    let found = warnings
                        .iter()
                        .map(|warning| Finding::new("Audio", &utterance.id, warning));
                    report.warnings.extend(found);
                }
                Err(reason) => {
                    report
                        .errors
                        .push(Finding::new("UndecodableFile", &utterance.id, reason))
                }
            }
        }
        console.advance(utterances.len());
    }
    console.end();
    report.audio_seconds = Some(seconds);
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    for (name, findings) in [("error", &report.errors), ("warning", &report.warnings)] {
        for finding in findings.iter().take(MAX_SHOWN) {
            let place = match (&finding.file, finding.line) {
                (Some(file), Some(line)) => format!("{file}:{line}: "),
                (Some(file), None) => format!("{file}: "),
                (None, _) => String::new(),
            };
            let _ = writeln!(text, "{name}: {place}{}", finding.message);
        }
        if findings.len() > MAX_SHOWN {
            let _ = writeln!(
                text,
                "{name}: and {} more; `--json` lists all",
                findings.len() - MAX_SHOWN
            );
        }
    }
    let _ = write!(
        text,
        "{} of {}",
        counted(report.n_utterances, "recording"),
        counted(report.n_speakers, "speaker")
    );
    if !report.splits.is_empty() {
        let splits: Vec<String> = report
            .splits
            .iter()
            .map(|(split, count)| format!("{split} {count}"))
            .collect();
        let _ = write!(text, " ({})", splits.join(", "));
    }
    if report.n_trials > 0 {
        let _ = write!(text, ", {}", counted(report.n_trials, "trial"));
    }
    if let Some(seconds) = report.audio_seconds {
        let _ = write!(text, ", {:.1} min of audio", seconds / 60.0);
    }
    let _ = writeln!(
        text,
        ": {}, {}",
        counted(report.errors.len(), "error"),
        counted(report.warnings.len(), "warning")
    );
    text
}
