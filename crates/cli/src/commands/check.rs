//! `siamang check`: what is wrong with data, before a training finds out.

use std::path::{Path, PathBuf};

use anyhow::Result;
use corpus_prep::{CheckOptions, CheckedData, check};
use serde::Serialize;
use speech_data::Filter;

use crate::console::{counted, print_json, print_text};
use crate::context::Context;
use crate::fault::{ExitStatus, usage};
use crate::register::of_library;
use crate::stdin;
use crate::tables::PipeArgs;

const EXAMPLES: &str = "\
Examples:
  siamang check corpus/
  siamang check vox.store --trials veri_test2.txt --meta vox1_meta.csv --json
  siamang check vox.store --filter corpus=voxceleb2 --trials list_test_all2.txt
  siamang check corpus/ --split split.tsv --trials trials/*.txt --no-decode
  siamang check --register voices

Rows of the split `train` are those that are trained on: `--filter` says which of them, and trials
may name recordings beyond it. The exit code is 1 where something must be mended, 0 where there are
warnings at most.";

/// Find what is wrong with data before a training does.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A folder with one folder per speaker, a table, JSON lines, a Kaldi folder, or a store.
    #[arg(value_name = "PATH", required_unless_present = "register")]
    path: Option<PathBuf>,
    /// Look at a register of voices instead: whether its files are what was written.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["path", "split", "trials", "meta", "filter"])]
    register: Option<PathBuf>,
    /// Table of the recordings, where PATH is the folder that its paths start from.
    #[arg(long, value_name = "FILE")]
    split: Option<PathBuf>,
    #[command(flatten)]
    pipes: PipeArgs,
    /// Trial lists to hold against the recordings; `-` is standard input.
    #[arg(long, value_name = "LIST", num_args = 1..)]
    trials: Vec<PathBuf>,
    /// Tables of speakers to hold against the labels: vox1_meta.csv, vox2_meta.csv [default: those in PATH].
    #[arg(long, value_name = "FILE", num_args = 1..)]
    meta: Vec<PathBuf>,
    /// Rows to look at, such as `split=train`.
    #[arg(long, value_name = "COLUMN=VALUES")]
    filter: Vec<Filter>,
    /// Look at tables, labels and trials alone; by default every recording is decoded to its end.
    #[arg(long)]
    no_decode: bool,
    /// The default; takes back `--no-decode`.
    #[arg(long = "decode", hide = true, overrides_with = "no_decode")]
    _decode: bool,
    /// A speaker with fewer recordings is worth a warning.
    #[arg(long, value_name = "N", default_value_t = CheckOptions::default().min_utterances)]
    min_utterances: usize,
    /// A recording shorter than this, in s, is worth a warning.
    #[arg(long, value_name = "SECONDS", default_value_t = CheckOptions::default().min_seconds)]
    min_seconds: f64,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitStatus> {
    match (&args.register, &args.path) {
        (Some(register), _) => check_register(register, context),
        (None, Some(path)) => check_data(path, args, context),
        (None, None) => Err(usage("nothing to check", "give a PATH or `--register DIR`")),
    }
}

#[derive(Serialize)]
struct RegisterReport {
    register: String,
    model: String,
    num_voices: usize,
    damage: Vec<siamang::Damage>,
}

/// Whether the files of a register are what was written.
fn check_register(path: &Path, context: &Context) -> Result<ExitStatus> {
    let register = siamang::Register::open(path).map_err(of_library)?;
    let report = RegisterReport {
        register: path.display().to_string(),
        model: register.owner().model.clone(),
        num_voices: register.num_voices(),
        damage: register.check().map_err(of_library)?,
    };
    if context.json {
        print_json(&report)?;
    } else {
        let mut text = format!("{} can be read\n", counted(report.num_voices, "voice"));
        for damage in &report.damage {
            text.push_str(&format!("error: {damage}\n"));
        }
        print_text(&text)?;
    }
    Ok(match report.damage.is_empty() {
        true => ExitStatus::Done,
        false => ExitStatus::Failed,
    })
}

fn check_data(path: &PathBuf, args: &Args, context: &Context) -> Result<ExitStatus> {
    let lists = args
        .trials
        .iter()
        .map(|path| stdin::as_file(path, "a trial list"));
    let metadata = args
        .meta
        .iter()
        .map(|path| stdin::as_file(path, "a table of speakers"));
    let options = CheckOptions {
        trials: lists.collect::<Result<_>>()?,
        metadata: metadata.collect::<Result<_>>()?,
        filters: args.filter.clone(),
        min_utterances: args.min_utterances,
        min_seconds: args.min_seconds,
        audio: !args.no_decode,
    };
    let paths = std::iter::once(path).chain(&args.split);
    let reading = args.pipes.reading(paths.map(PathBuf::as_path))?;
    let data = CheckedData::open_with(
        path,
        args.split.as_deref(),
        &reading.without_faulty().options(),
    );
    let console = &context.console;
    let mut has_begun = false;
    let report = check(data, &options, &mut |done, total| {
        if !has_begun {
            console.begin("decoding", total);
            has_begun = true;
        }
        console.advance(done);
    });
    console.end();
    let report = report?;
    match context.json {
        true => print_json(&report)?,
        false => print_text(&report.to_string())?,
    }
    Ok(match report.errors.is_empty() {
        true => ExitStatus::Done,
        false => ExitStatus::Failed,
    })
}
