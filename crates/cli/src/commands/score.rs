//! `siamang score`: a score for every trial of a list.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use durable::NewFile;
use serde::Serialize;
use siamang::TrialPairs;

use crate::atomic::unwritable;
use crate::console::{counted, print_json, print_text};
use crate::context::Context;
use crate::fault::{ExitStatus, usage};
use crate::trials::{Named, TrialArgs};

const EXAMPLES: &str = "\
Examples:
  siamang score --trials test.txt --root corpus --model run --out scores.txt
  siamang score --trials test.txt --embeddings embeddings.parquet

A line is `uttA uttB score`; the score is the cosine, -1 to 1. Trials whose recordings cannot be
used are left out and named; the exit code is then 3.";

/// Score the trials of a list.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    trials: TrialArgs,
    /// File to write [default: standard output].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report {
    out: String,
    origin: String,
    n_scored: usize,
    n_skipped_trials: usize,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitStatus> {
    if context.json && args.out.is_none() {
        return Err(usage(
            "`--json` needs `--out`, since scores are lines of text",
            "name a file with `--out`",
        ));
    }
    let trials = TrialPairs::read(&args.trials.trials)?;
    let named = Named::read(&args.trials, &trials.names(), context)?;
    let create = |path| NewFile::create(path).map_err(|error| unwritable(path, &error));
    let mut file = args.out.as_deref().map(create).transpose()?;
    let num_scored = trials.score(&named.set, |text| match (&mut file, &args.out) {
        (Some(file), Some(path)) => file
            .write_all(text.as_bytes())
            .map_err(|error| unwritable(path, &error)),
        _ => print_text(text),
    })?;
    let num_skipped = trials.len() - num_scored;
    if let (Some(file), Some(path)) = (file, &args.out) {
        file.finish().map_err(|error| unwritable(path, &error))?;
        let report = Report {
            out: path.display().to_string(),
            origin: named.origin,
            n_scored: num_scored,
            n_skipped_trials: num_skipped,
        };
        match context.json {
            true => print_json(&report)?,
            false => print_text(&format!(
                "{} scored, {num_skipped} skipped: {}\n",
                counted(num_scored, "trial"),
                report.out
            ))?,
        }
    }
    Ok(match num_skipped {
        0 => ExitStatus::Done,
        _ => ExitStatus::SomeSkipped,
    })
}
