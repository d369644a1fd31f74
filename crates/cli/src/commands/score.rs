//! `siamang score`: a score for every trial of a list.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Result;
use durable::NewFile;
use serde::Serialize;
use siamang::{LEAST_SPEECH_S, Skipped, SpeechDetector, TrialPairs, by_reason};
use speech_data::{PairCounts, TrialParts};

use crate::atomic::unwritable;
use crate::console::{Console, counted, is_standard_output, print_json, print_text};
use crate::context::Context;
use crate::fault::{ExitStatus, usage};
use crate::hearing::VadArgs;
use crate::stdin;
use crate::trials::{Named, TrialArgs};

const EXAMPLES: &str = "\
Examples:
  siamang score --trials test.txt --root corpus --model run --out scores.txt
  siamang score --trials test.txt --embeddings embeddings.parquet
  siamang score --trials pairs.txt --root corpus | sort -k3 -g

A line is `uttA uttB score`; the score is the cosine, -1 to 1. Lists may be without labels, lines of
`pathA pathB`. Trials whose recordings cannot be used, or in which less than 0.2 s of speech are
heard, are left out and counted; the exit code is then 3.";

/// Score the trials of a list.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    trials: TrialArgs,
    /// File to write [default: `-`, standard output].
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    vad: VadArgs,
}

#[derive(Serialize)]
struct Report {
    out: String,
    origin: String,
    n_scored: usize,
    n_skipped_trials: usize,
    /// Trials of a recording with itself, trials that repeat others, pairs with two labels.
    #[serde(flatten)]
    pairs: PairCounts,
    /// Recordings with too little speech for a score.
    unheard: Vec<String>,
    /// Recordings that cannot be used.
    skipped: Vec<Skipped>,
    skipped_by_reason: BTreeMap<String, usize>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitStatus> {
    args.trials.check()?;
    let out = args.out.as_deref().filter(|out| !is_standard_output(out));
    if context.json && out.is_none() {
        return Err(usage(
            "`--json` needs `--out`, since scores are lines of text",
            "name a file with `--out`",
        ));
    }
    let mut trials = TrialPairs::default();
    for path in &args.trials.trials {
        trials.add(match stdin::is_meant(path) {
            true => TrialParts::of(
                Cursor::new(stdin::bytes("a trial list")?),
                Path::new(stdin::NAME),
            ),
            false => TrialParts::open(path)?,
        })?;
    }
    let pairs = trials.pair_counts();
    say(&pairs, &context.console);
    let detector = args.vad.or(SpeechDetector::Network);
    let mut named = Named::read(&args.trials, &trials.names(), detector, context)?;
    let has_faulty_rows = named
        .manifest()
        .is_some_and(|manifest| !manifest.faulty.is_empty());
    if named.set.quality.iter().all(Option::is_none) {
        context.console.note(&format!(
            "`{}` does not say how its recordings sound: silence among them is scored like speech",
            named.origin
        ));
    }
    let unheard = named.leave_out_unheard()?;
    if let Some(first) = unheard.first() {
        context.console.skipped(&format!(
            "{} with less than {LEAST_SPEECH_S} s of speech, such as `{first}`: no score says who speaks there",
            counted(unheard.len(), "recording")
        ));
    }
    if let Some(unlike) = named.unlike_measured() {
        context.console.warn(&unlike);
    }
    let create = |path| NewFile::create(path).map_err(|error| unwritable(path, &error));
    let mut file = out.map(create).transpose()?;
    let num_scored = trials.score(&named.set, &named.naming, |text| match (&mut file, out) {
        (Some(file), Some(path)) => file
            .write_all(text.as_bytes())
            .map_err(|error| unwritable(path, &error)),
        _ => print_text(text),
    })?;
    let num_skipped = trials.len() - num_scored;
    if num_skipped > 0 {
        context.console.skipped(&format!(
            "{num_skipped} of {} have no score",
            counted(trials.len(), "trial")
        ));
    }
    if let (Some(file), Some(path)) = (file, out) {
        file.finish().map_err(|error| unwritable(path, &error))?;
        let report = Report {
            out: path.display().to_string(),
            origin: named.origin,
            n_scored: num_scored,
            n_skipped_trials: num_skipped,
            pairs,
            unheard,
            skipped_by_reason: by_reason(&named.skipped),
            skipped: named.skipped,
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
    Ok(match num_skipped == 0 && !has_faulty_rows {
        true => ExitStatus::Done,
        false => ExitStatus::SomeSkipped,
    })
}

/// What is odd about the pairs of the lists.
fn say(pairs: &PairCounts, console: &Console) {
    for sentence in crate::trials::odd_pairs(pairs) {
        console.note(&sentence);
    }
    if pairs.n_contradictions > 0 {
        console.warn(&format!(
            "{} {} target and nontarget: scores do not depend on that, an evaluation does",
            counted(pairs.n_contradictions, "pair"),
            if pairs.n_contradictions == 1 {
                "is"
            } else {
                "are"
            },
        ));
    }
}
