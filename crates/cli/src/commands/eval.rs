//! `siamang eval`: EER and minDCF of trial lists.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use serde::Serialize;
use speaker_eval::{
    BootstrapSettings, DcfParameters, EvalError, ListIdentity, VerificationReport,
    verification_report,
};
use speaker_scoring::Scorer;
use speech_data::store::Part;
use speech_data::{Manifest, Trial, TrialList, same_session};

use crate::centre::Centre;
use crate::console::{Console, print_json, print_text};
use crate::context::Context;
use crate::embedding_file::Format;
use crate::embedding_job::EmbeddingJob;
use crate::embedding_set::Skipped;
use crate::engine::DEFAULT_MEMORY_MB;
use crate::fault::ExitStatus;
use crate::fault::{fault, usage};
use crate::model::Model;
use crate::speakers::{folder_level, numbered, prefix};
use crate::trials::{TrialArgs, TrialSource, Trials};

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
pub(crate) struct ListReport {
    #[serde(flatten)]
    pub(crate) report: VerificationReport,
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
    let trials = Trials::read(&args.trials, context)?;
    let reports = trials
        .lists
        .iter()
        .map(|list| {
            measure(
                list,
                &trials,
                args.trials.centre,
                &settings,
                &context.console,
            )
        })
        .collect::<Result<Vec<_>>>()?;
    let (skipped, seconds) = (trials.skipped.as_slice(), begin.elapsed().as_secs_f64());
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
    let inputs = TrialSource::open(&args.trials)?.inputs(&names);
    let job = EmbeddingJob {
        out,
        model: Model::load(args.trials.model.model.as_deref(), context)?,
        centre: args.trials.centre,
        part: Some(part),
        memory: DEFAULT_MEMORY_MB,
        begin,
    };
    job.run(inputs, context)
}

/// A trial both of whose utterances have embeddings, with the rows of these.
type Scored<'a> = (&'a Trial, (usize, usize));

/// Scores one list and measures it.
pub(crate) fn measure(
    list: &TrialList,
    trials: &Trials,
    centre: Centre,
    settings: &BootstrapSettings,
    console: &Console,
) -> Result<ListReport> {
    let rows = trials.set.index();
    let row = |id: &str| rows.get(id).copied();
    let same = same_session(list, trials.manifest.as_ref());
    let (usable, same): (Vec<Scored>, Vec<Option<bool>>) = list
        .trials
        .iter()
        .zip(same)
        .filter_map(|(trial, same)| {
            let pair = (row(&trial.enrolment)?, row(&trial.test)?);
            Some(((trial, pair), same.map(|same| same && trial.target)))
        })
        .unzip();
    let n_skipped_trials = list.trials.len() - usable.len();
    if usable.is_empty() {
        return Err(fault(
            format!(
                "list `{}`: none of its {} trials can be scored",
                list.name,
                list.trials.len()
            ),
            "check that `--root` is the folder that the list's paths start from",
        ));
    }
    let pairs: Vec<(usize, usize)> = usable.iter().map(|&(_, pair)| pair).collect();
    let is_target: Vec<bool> = usable.iter().map(|(trial, _)| trial.target).collect();
    let scores = Scorer::default().scores(&trials.set.matrix, &pairs)?;
    let speakers = match settings.resamples {
        0 => None,
        _ => speakers(list, &usable, trials.manifest.as_ref(), console),
    };
    let report_of = |scores: &[f32], is_target: &[bool], sides: Option<(&[usize], &[usize])>| {
        let identity = || ListIdentity {
            name: list.name.clone(),
            hash: list.hash.clone(),
        };
        match verification_report(identity(), scores, is_target, sides, settings) {
            // The rates are sound without the intervals.
            Err(
                error @ (EvalError::ContradictoryTrial { .. } | EvalError::TooFewSpeakers { .. }),
            ) => {
                console.warn(&format!("list `{}` has no intervals: {error}", list.name));
                verification_report(identity(), scores, is_target, None, settings)
            }
            report => report,
        }
    };
    let sides = speakers.as_ref().map(|(a, b)| (a.as_slice(), b.as_slice()));
    let report = report_of(&scores, &is_target, sides)?;
    let is_known = same.iter().any(Option::is_some);
    let n_same = same.iter().filter(|same| **same == Some(true)).count();
    let without_same_session = match n_same {
        0 => None,
        n if n == is_target.iter().filter(|is_target| **is_target).count() => None,
        _ => {
            let keep: Vec<usize> = (0..scores.len())
                .filter(|&index| same[index] != Some(true))
                .collect();
            let scores: Vec<f32> = keep.iter().map(|&index| scores[index]).collect();
            let is_target: Vec<bool> = keep.iter().map(|&index| is_target[index]).collect();
            let kept = |side: &[usize]| keep.iter().map(|&index| side[index]).collect::<Vec<_>>();
            // Intervals that the whole list has not are not tried again.
            let sides = sides
                .filter(|_| report.interval.is_some())
                .map(|(a, b)| (kept(a), kept(b)));
            let sides = sides.as_ref().map(|(a, b)| (a.as_slice(), b.as_slice()));
            Some(Box::new(report_of(&scores, &is_target, sides)?))
        }
    };
    Ok(ListReport {
        report,
        origin: trials.origin.clone(),
        centre,
        n_recordings: list
            .utterances()
            .into_iter()
            .filter(|id| row(id).is_some())
            .count(),
        n_skipped_trials,
        n_same_session_targets: is_known.then_some(n_same),
        without_same_session,
    })
}

/// Numbers of the speakers on either side of each trial.
fn speakers(
    list: &TrialList,
    usable: &[Scored],
    manifest: Option<&Manifest>,
    console: &Console,
) -> Option<(Vec<usize>, Vec<usize>)> {
    let of_table = |id: &str| {
        let manifest = manifest?;
        Some(manifest.utterances[manifest.find(id)?].speaker.clone())
    };
    let ids = || {
        let first = usable.iter().map(|(trial, _)| trial.enrolment.as_str());
        first.chain(usable.iter().map(|(trial, _)| trial.test.as_str()))
    };
    let names: Option<Vec<String>> = ids().map(of_table).collect();
    let names = names.or_else(|| {
        let level = folder_level(&list.trials)?;
        Some(ids().map(|id| prefix(id, level).to_owned()).collect())
    });
    let Some(names) = names else {
        console.warn(&format!(
            "list `{}` has no intervals, since its speakers are not known: no table names them all, and no depth of folders agrees with every trial",
            list.name
        ));
        return None;
    };
    let mut numbers = numbered(names.iter().map(String::as_str));
    let second = numbers.split_off(usable.len());
    Some((numbers, second))
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
