//! `siamang eval`: EER and minDCF of trial lists.

mod report;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use serde::Serialize;
use siamang::{
    DEFAULT_MEMORY_MB, EmbeddingJob, Error, Evaluation, Format, Naming, ScoreFile, Skipped,
    SpeechDetector, by_reason, evaluate, evaluate_scores, speakers_of_trials,
};
use speaker_eval::{BootstrapSettings, DcfParameters};
use speech_data::TrialList;
use speech_data::store::Part;

use self::report::{ListReport, table};
use crate::console::{counted, print_json, print_text};
use crate::context::Context;
use crate::fault::{ExitStatus, fault, usage};
use crate::hearing::VadArgs;
use crate::recordings::LeftOut;
use crate::trials::{Named, TrialArgs, odd_pairs, say_of_table};
use crate::{embedding, model, stdin};

const EXAMPLES: &str = "\
Examples:
  siamang eval --root corpus --trials trials/test.txt
  siamang eval --model run --root corpus --trials trials/dev.*.txt --json
  siamang eval --embeddings embeddings.npy --trials trials/test.txt --split split.tsv
  siamang eval --root vox.store --trials vox1_e.txt --shard 2/8 --out parts/2.parquet
  siamang eval --embeddings merged.parquet --root vox.store --trials vox1_e.txt
  siamang eval --scores scores.txt --trials trials.txt        # needs no model

One list prints one JSON object, several print an object whose `lists` holds one each. Rates are
between 0 and 1. Where sessions (videos) are known, by a table, a store or VoxCeleb's names, the
figures without targets of one session follow: there the channel helps. A shard embeds its share
of what the lists name; `siamang merge` joins the shards, and the last example evaluates them as
one machine would have. Where trials have no score, the first line and the exit code (3) say so. Recordings in which less than
0.2 s of speech are heard stay in, are named, and the figures without them follow. Scores of any program are measured
as well: lines of `uttA uttB score`, of these with a label (`target`, `nontarget`, 1, 0), which need
no list, or of a label and a score; the larger, the more alike. The intervals draw speakers, not trials; who speaks is told by `--split`, by
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
    /// Measure the scores of a file instead of making them; `-` is standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["embeddings", "model", "shard"])]
    scores: Option<PathBuf>,
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
    #[arg(short, long, value_name = "FILE", requires = "shard")]
    out: Option<PathBuf>,
    #[command(flatten)]
    vad: VadArgs,
}

#[derive(Serialize)]
struct Single<'a> {
    #[serde(flatten)]
    list: &'a ListReport,
    skipped: &'a [Skipped],
    skipped_by_reason: BTreeMap<String, usize>,
    seconds: f64,
}

#[derive(Serialize)]
struct Several<'a> {
    lists: &'a [ListReport],
    skipped: &'a [Skipped],
    skipped_by_reason: BTreeMap<String, usize>,
    seconds: f64,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitStatus> {
    let begin = Instant::now();
    let settings = BootstrapSettings {
        resamples: args.resamples,
        seed: args.seed,
        dcf: DcfParameters {
            p_target: args.p_target,
            ..DcfParameters::default()
        },
        ..BootstrapSettings::default()
    };
    let (reports, skipped) = match (&args.scores, args.shard, &args.out) {
        (Some(scores), _, _) => of_scores(args, scores, &settings, context)?,
        (None, Some(part), Some(out)) => {
            args.trials.check()?;
            return embed_part(args, part, out, begin, context);
        }
        (None, _, _) => of_embeddings(args, &settings, context)?,
    };
    for report in &reports {
        report
            .warnings()
            .iter()
            .for_each(|warning| context.console.warn(warning));
    }
    let seconds = begin.elapsed().as_secs_f64();
    match (context.json, reports.as_slice()) {
        (true, [list]) => print_json(&Single {
            list,
            skipped: &skipped,
            skipped_by_reason: by_reason(&skipped),
            seconds,
        })?,
        (true, lists) => print_json(&Several {
            lists,
            skipped: &skipped,
            skipped_by_reason: by_reason(&skipped),
            seconds,
        })?,
        (false, lists) => print_text(&table(lists))?,
    }
    let is_complete = skipped.is_empty() && reports.iter().all(ListReport::is_complete);
    Ok(match is_complete {
        true => ExitStatus::Done,
        false => ExitStatus::SomeSkipped,
    })
}

/// Measures lists by the embeddings of their recordings.
fn of_embeddings(
    args: &Args,
    settings: &BootstrapSettings,
    context: &Context,
) -> Result<(Vec<ListReport>, Vec<Skipped>)> {
    args.trials.check()?;
    let lists = args.trials.lists()?;
    let names = lists.iter().flat_map(TrialList::utterances).collect();
    let named = Named::read(
        &args.trials,
        &names,
        // A ratio knows how much speech the network hears.
        args.vad.or(SpeechDetector::Network),
        context,
    )?;
    let mut reports = Vec::new();
    for list in &lists {
        let list = named.naming.applied(list)?;
        let evaluation = evaluate(
            &list,
            &named.set,
            named.manifest(),
            named.calibration.as_ref(),
            settings,
        )
        .map_err(explained)?;
        say(&evaluation, context);
        let overlap = named.overlap(
            speakers_of_trials(&list.trials, named.manifest()),
            &format!("list `{}`", list.name),
            &context.console,
        );
        let centre = Some(args.trials.centre());
        reports.push(ListReport::new(evaluation, &named.origin, centre, overlap));
    }
    Ok((reports, named.skipped))
}

/// Measures the scores of a file.
fn of_scores(
    args: &Args,
    path: &Path,
    settings: &BootstrapSettings,
    context: &Context,
) -> Result<(Vec<ListReport>, Vec<Skipped>)> {
    let console = &context.console;
    let (bytes, name) = stdin::text_file(path, "a file of scores")?;
    let file = ScoreFile::of_bytes(&bytes, &name)?;
    let source = args.trials.source()?;
    say_of_table(&source, console);
    let manifest = source.manifest();
    let shown = name.display().to_string();
    let (mut reports, mut skipped) = (Vec::new(), Vec::new());
    let mut measure = |list: &TrialList, scores: &siamang::ListScores, naming: &Naming| {
        match scores.num_swapped {
            0 => {}
            1 => console.note(&format!(
                "list `{}`: 1 trial stands in `{shown}` with the sides swapped",
                list.name
            )),
            count => console.note(&format!(
                "list `{}`: {count} trials stand in `{shown}` with the sides swapped",
                list.name
            )),
        }
        match scores.num_unasked {
            0 => {}
            1 => console.note(&format!(
                "1 score of `{shown}` is of a pair that list `{}` does not have",
                list.name
            )),
            count => console.note(&format!(
                "{count} scores of `{shown}` are of pairs that list `{}` does not have",
                list.name
            )),
        }
        if scores.num_not_finite > 0 {
            let reason = format!(
                "list `{}`: the scores of {} are NaN or infinite",
                list.name,
                counted(scores.num_not_finite, "trial")
            );
            console.skipped(&reason);
            skipped.push(Skipped {
                id: list.name.clone(),
                reason,
            });
        }
        let list = naming.applied(list)?;
        if let num_missing @ 1.. = scores.missing.len() {
            let first = scores.missing.iter().take(2).map(|&place| {
                let trial = &list.trials[place];
                format!("`{}` and `{}`", trial.enrolment, trial.test)
            });
            let first: Vec<String> = first.collect();
            let reason = format!(
                "list `{}`: `{shown}` has no score for {}, such as {}",
                list.name,
                counted(num_missing, "trial"),
                first.join(", ")
            );
            console.skipped(&reason);
            skipped.push(Skipped {
                id: list.name.clone(),
                reason,
            });
        }
        let evaluation = evaluate_scores(&list, scores, manifest, settings).map_err(explained)?;
        say(&evaluation, context);
        reports.push(ListReport::new(evaluation, &shown, None, None));
        Ok::<(), anyhow::Error>(())
    };
    if args.trials.trials.is_empty() {
        if !file.is_labelled() {
            return Err(usage(
                format!("`{shown}` does not say which trials are targets, and no list does"),
                "name the list that was scored with `--trials`",
            ));
        }
        let (list, scores) = file.into_list()?;
        measure(&list, &scores, &Naming::default())?;
        return Ok((reports, skipped));
    }
    let lists = args.trials.lists()?;
    let names: BTreeSet<&str> = lists.iter().flat_map(TrialList::utterances).collect();
    let naming = Naming::between(&names, &file.names(), &format!("`{shown}`"));
    naming.note.iter().for_each(|note| console.note(note));
    if let Some(missing) = &naming.missing {
        console.skipped(missing);
    }
    for list in &lists {
        let scores = file.of_list(list, &naming)?;
        measure(list, &scores, &naming)?;
    }
    Ok((reports, skipped))
}

/// What is odd about a list, and why it has no intervals.
fn say(evaluation: &Evaluation, context: &Context) {
    for warning in &evaluation.warnings {
        context.console.warn(warning);
    }
    // Self trials have a warning of their own, with their figures.
    let repeats = speech_data::PairCounts {
        n_self_trials: 0,
        ..evaluation.pairs
    };
    for sentence in odd_pairs(&repeats) {
        let name = &evaluation.report.list.name;
        context.console.note(&format!("list `{name}`: {sentence}"));
    }
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
    let source = args.trials.source()?;
    say_of_table(&source, &context.console);
    let (inputs, naming) = source.inputs(&names);
    naming
        .note
        .iter()
        .for_each(|note| context.console.note(note));
    if let Some(missing) = &naming.missing {
        context.console.skipped(missing);
    }
    let model = model::load(args.trials.model.model.as_deref(), context)?;
    let job = EmbeddingJob {
        out,
        stream: None,
        model: &model,
        centre: args.trials.centre(),
        part: Some(part),
        detector: args.vad.or(SpeechDetector::Network),
        memory_mb: DEFAULT_MEMORY_MB,
    };
    embedding::run(job, inputs, &LeftOut::default(), begin, context)
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
