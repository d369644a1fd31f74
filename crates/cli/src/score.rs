//! `siamang score`: a score for every trial of a list.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;
use speaker_eval::cosine;

use crate::args::Context;
use crate::atomic::{AtomicFile, unwritable};
use crate::console::{counted, print_json, print_text};
use crate::exit::ExitStatus;
use crate::report::usage;
use crate::trials::{TrialArgs, Trials};

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
    let trials = Trials::read(&args.trials, context)?;
    let rows = trials.set.index();
    let mut text = String::new();
    let (mut num_scored, mut num_skipped) = (0, 0);
    for trial in trials.lists.iter().flat_map(|list| &list.trials) {
        match (
            rows.get(trial.enrolment.as_str()),
            rows.get(trial.test.as_str()),
        ) {
            (Some(&a), Some(&b)) => {
                let score = cosine(trials.set.matrix.row(a), trials.set.matrix.row(b));
                // Writing to a string cannot fail.
                let _ = writeln!(text, "{} {} {score:.6}", trial.enrolment, trial.test);
                num_scored += 1;
            }
            _ => num_skipped += 1,
        }
    }
    match &args.out {
        None => print_text(&text)?,
        Some(path) => {
            let mut file = AtomicFile::create(path)?;
            file.write_all(text.as_bytes())
                .map_err(|error| unwritable(path, &error))?;
            file.finish()?;
            let report = Report {
                out: path.display().to_string(),
                origin: trials.origin,
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
    }
    Ok(match num_skipped {
        0 => ExitStatus::Done,
        _ => ExitStatus::SomeSkipped,
    })
}
