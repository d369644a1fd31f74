//! `siamang score`: a score for every trial of a list.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use rayon::prelude::*;
use serde::Serialize;
use speaker_scoring::Scorer;
use speech_data::{Trial, TrialParts};

use crate::atomic::{AtomicFile, unwritable};
use crate::console::{counted, print_json, print_text};
use crate::context::Context;
use crate::embedding_set::EmbeddingSet;
use crate::fault::ExitStatus;
use crate::fault::usage;
use crate::trials::{Named, TrialArgs};

const EXAMPLES: &str = "\
Examples:
  siamang score --trials test.txt --root corpus --model run --out scores.txt
  siamang score --trials test.txt --embeddings embeddings.parquet

A line is `uttA uttB score`; the score is the cosine, -1 to 1. Trials whose recordings cannot be
used are left out and named; the exit code is then 3.";

/// Trials whose lines are in memory at once.
const TRIALS_AT_ONCE: usize = 1 << 16;

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
    let trials = NamedTrials::read(&args.trials.trials)?;
    let names = trials.names.keys().map(String::as_str).collect();
    let named = Named::read(&args.trials, &names, context)?;
    let mut file = args.out.as_deref().map(AtomicFile::create).transpose()?;
    let num_scored = trials.score(&named.set, |text| match (&mut file, &args.out) {
        (Some(file), Some(path)) => file
            .write_all(text.as_bytes())
            .map_err(|error| unwritable(path, &error)),
        _ => print_text(text),
    })?;
    let num_skipped = trials.pairs.len() - num_scored;
    if let (Some(file), Some(path)) = (file, &args.out) {
        file.finish()?;
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

/// The trials of all lists as pairs of numbers, 8 bytes each: a list may be long, its recordings are few.
#[derive(Default)]
struct NamedTrials {
    names: HashMap<String, u32>,
    pairs: Vec<[u32; 2]>,
}

impl NamedTrials {
    fn read(lists: &[PathBuf]) -> Result<Self> {
        let mut trials = Self::default();
        for list in lists {
            for part in TrialParts::open(list)? {
                for Trial {
                    enrolment, test, ..
                } in part?
                {
                    let pair = [enrolment, test].map(|name| {
                        let next = trials.names.len() as u32;
                        *trials.names.entry(name).or_insert(next)
                    });
                    trials.pairs.push(pair);
                }
            }
        }
        Ok(trials)
    }

    /// Gives `write` the lines of trials whose recordings `set` has, in order, and tells how many there are.
    fn score(
        &self,
        set: &EmbeddingSet,
        mut write: impl FnMut(&str) -> Result<()>,
    ) -> Result<usize> {
        let rows = set.index();
        let mut recordings = vec![("", None); self.names.len()];
        for (name, &number) in &self.names {
            recordings[number as usize] = (name, rows.get(name.as_str()).copied());
        }
        let line = |pair: &[u32; 2]| {
            let [(enrolment, a), (test, b)] = pair.map(|number| recordings[number as usize]);
            let score = Scorer::default().score(set.matrix.row(a?), set.matrix.row(b?));
            Some(format!("{enrolment} {test} {score:.6}\n"))
        };
        let mut num_scored = 0;
        for pairs in self.pairs.chunks(TRIALS_AT_ONCE) {
            let lines: Vec<String> = pairs.par_iter().filter_map(line).collect();
            num_scored += lines.len();
            write(&lines.concat())?;
        }
        Ok(num_scored)
    }
}
