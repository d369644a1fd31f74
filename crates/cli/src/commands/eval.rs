//! `siamang eval`: EER and minDCF of trial lists.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use serde::Serialize;
use siamang::{
    Centre, DEFAULT_MEMORY_MB, EmbeddingJob, Error, Evaluation, Format, Skipped, evaluate,
};
use speaker_eval::{BootstrapSettings, DcfParameters, VerificationReport};
use speech_data::TrialList;
use speech_data::store::Part;

use crate::console::{print_json, print_text};
use crate::context::Context;
use crate::fault::{ExitStatus, fault, usage};
use crate::trials::{Named, TrialArgs};
use crate::{embedding, model};

const EXAMPLES: &str = "\
Examples:
  siamang eval --root corpus --trials trials/test.txt
  siamang eval --model run --root corpus --trials trials/dev.*.txt --json
  siamang eval --embeddings embeddings.npy --trials trials/test.txt --split split.tsv
  siamang eval --root vox.store --trials vox1_e.txt --shard 2/8 --out parts/2.parquet
  siamang eval --embeddings merged.parquet --root vox.store --trials vox1_e.txt

One list prints one JSON object, several print an object whose `lists` holds one each. Rates are
between 0 and 1. Where sessions (videos) are known, by a table, a store or VoxCeleb's names, the
figures without targets of one session follow: there the channel helps. A shard embeds its share
of what the lists name; `siamang merge` joins the shards, and the last example evaluates them as
one machine would have. The intervals draw speakers, not trials; who speaks is told by `--split`, by
the root's own table, or by the folders in the paths, if one depth of them agrees with every
trial.";

/// Measure a model on trial lists: EER, minDCF, and their intervals.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    trials: TrialArgs,
    /// Prior of a target trial in the detection cost.
    #[arg(long, value_name = "PRIOR", default_value_t = DcfParameters::default().p_target)]
    p_target: f64,
    /// Resamples of the speakers for the intervals; 0 for none.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    resamples: usize,
    /// Seed of the resamples.
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,
    /// Only embed this part of the recordings that the lists name, such as 2/8, and write it; `siamang merge` joins
    /// the parts, and `--embeddings` evaluates them.
    #[arg(
        long,
        value_name = "I/N",
        requires = "out",
        conflicts_with = "embeddings"
    )]
    shard: Option<Part>,
    /// Parquet file for the embeddings of the part.
    #[arg(long, value_name = "FILE", requires = "shard")]
    out: Option<PathBuf>,
}

#[derive(Serialize)]
struct ListReport {
    #[serde(flatten)]
    report: VerificationReport,
    /// Model or file that the embeddings come from.
    origin: String,
    centre: Centre,
    n_recordings: usize,
    n_skipped_trials: usize,
    /// Targets whose recordings are of one session (video), where sessions are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    n_same_session_targets: Option<usize>,
    /// The same figures without these targets, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    without_same_session: Option<Box<VerificationReport>>,
}

#[derive(Serialize)]
struct Single<'a> {
    #[serde(flatten)]
    list: &'a ListReport,
    skipped: &'a [Skipped],
    seconds: f64,
}

#[derive(Serialize)]
struct Several<'a> {
    lists: &'a [ListReport],
    skipped: &'a [Skipped],
    seconds: f64,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitStatus> {
    let begin = Instant::now();
    if let (Some(part), Some(out)) = (args.shard, &args.out) {
        return embed_part(args, part, out, begin, context);
    }
    let settings = BootstrapSettings {
        resamples: args.resamples,
        seed: args.seed,
        dcf: DcfParameters {
            p_target: args.p_target,
            ..DcfParameters::default()
        },
        ..BootstrapSettings::default()
    };
    let lists = args.trials.lists()?;
    let names = lists.iter().flat_map(TrialList::utterances).collect();
    let named = Named::read(&args.trials, &names, context)?;
    let reports = lists
        .iter()
        .map(|list| {
            let evaluation = evaluate(list, &named.set, named.manifest(), &settings);
            let evaluation = evaluation.map_err(explained)?;
            for warning in &evaluation.warnings {
                context.console.warn(warning);
            }
            Ok(ListReport::new(evaluation, &named, args.trials.centre()))
        })
        .collect::<Result<Vec<_>>>()?;
    let (skipped, seconds) = (named.skipped.as_slice(), begin.elapsed().as_secs_f64());
    match (context.json, reports.as_slice()) {
        (true, [list]) => print_json(&Single {
            list,
            skipped,
            seconds,
        })?,
        (true, lists) => print_json(&Several {
            lists,
            skipped,
            seconds,
        })?,
        (false, lists) => print_text(&table(lists))?,
    }
    Ok(match skipped.is_empty() {
        true => ExitStatus::Done,
        false => ExitStatus::SomeSkipped,
    })
}

/// Embeds one part of what the lists name.
fn embed_part(
    args: &Args,
    part: Part,
    out: &Path,
    begin: Instant,
    context: &Context,
) -> Result<ExitStatus> {
    if Format::of(out)? != Format::Parquet {
        return Err(usage(
            format!(
                "`{}`: a part of an evaluation is a Parquet file",
                out.display()
            ),
            "name it `.parquet`",
        ));
    }
    let lists = args.trials.lists()?;
    let names = lists.iter().flat_map(TrialList::utterances).collect();
    let inputs = args.trials.source()?.inputs(&names);
    let model = model::load(args.trials.model.model.as_deref(), context)?;
    let job = EmbeddingJob {
        out,
        model: &model,
        centre: args.trials.centre(),
        part: Some(part),
        memory_mb: DEFAULT_MEMORY_MB,
    };
    embedding::run(job, inputs, begin, context)
}

impl ListReport {
    fn new(evaluation: Evaluation, named: &Named, centre: Centre) -> Self {
        Self {
            report: evaluation.report,
            origin: named.origin.clone(),
            centre,
            n_recordings: evaluation.num_recordings,
            n_skipped_trials: evaluation.num_skipped_trials,
            n_same_session_targets: evaluation.num_same_session_targets,
            without_same_session: evaluation.without_same_session,
        }
    }
}

/// In the words of the command line.
fn explained(error: Error) -> anyhow::Error {
    match error {
        Error::NothingToScore { .. } => fault(
            error.to_string(),
            "check that `--root` is the folder that the list's paths start from",
        ),
        error => error.into(),
    }
}

fn table(lists: &[ListReport]) -> String {
    const APART: &str = "  sessions apart";
    let rows: Vec<(&str, &VerificationReport)> = lists
        .iter()
        .flat_map(|list| {
            let apart = list.without_same_session.as_deref();
            let name = list.report.list.name.as_str();
            std::iter::once((name, &list.report)).chain(apart.map(|report| (APART, report)))
        })
        .collect();
    let width = rows
        .iter()
        .map(|(name, _)| name.len())
        .max()
        .unwrap_or(0)
        .max(4);
    let mut text = format!(
        "{:width$}    EER %   95 % interval   minDCF     AUC  threshold  targets  others\n",
        "list"
    );
    for (name, report) in rows {
        let interval = report
            .interval
            .as_ref()
            .map_or("not known".to_owned(), |interval| {
                format!(
                    "{:.2} to {:.2}",
                    100.0 * interval.eer.low,
                    100.0 * interval.eer.high
                )
            });
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{:width$} {:8.2} {interval:>15} {:8.4} {:7.4} {:10.4} {:8} {:7}",
            name,
            100.0 * report.eer,
            report.min_dcf,
            report.roc_auc,
            report.eer_threshold,
            report.n_target,
            report.n_nontarget
        );
    }
    if let Some(ListReport { report, origin, .. }) = lists.first() {
        let _ = writeln!(
            text,
            "minDCF at a target prior of {}, cost of a miss {}, of a false alarm {}; embeddings of {origin}",
            report.p_target, report.c_miss, report.c_false_alarm
        );
    }
    text
}
