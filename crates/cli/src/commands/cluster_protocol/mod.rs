//! `siamang cluster-protocol`: the misclassification rate as papers measure it, over several draws.

mod summary;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Error, Result};
use clap::ValueEnum;
use serde::Serialize;
use siamang::{Centre, ClusterProtocol, Draw, by_reason};
use speaker_eval::{Border, ListIdentity, ProtocolReport};
use speech_data::Manifest;

use self::summary::{Summary, print_table};
use crate::centre::CentreName;
use crate::console::print_json;
use crate::context::{Context, ModelArgs};
use crate::fault::{ExitStatus, fault, usage};
use crate::few::Few;
use crate::model;
use crate::tables::PipeArgs;
use crate::trials::{say_of_manifest, warn_of_overlap};

const EXAMPLES: &str = "\
Examples:
  siamang cluster-protocol --model run corpus/split.tsv --splits dev,test
  siamang cluster-protocol corpus --split table.tsv --num-speakers-drawn 20 --border session --json

A draw takes speakers of the splits, makes two points of each, and clusters the points: complete
linkage on cosine, cut at the oracle's distance, at the distance chosen on other speakers, and with
the number of speakers known; with and without the mean subtracted.";

/// Measure clustering as papers do, over several draws of speakers.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// A table, a store, or a folder that holds `split.tsv`.
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Table of the recordings, where PATH is the folder that its paths start from.
    #[arg(long, value_name = "FILE")]
    split: Option<PathBuf>,
    #[command(flatten)]
    pipes: PipeArgs,
    /// Splits that speakers are drawn from.
    #[arg(
        long,
        value_name = "SPLIT",
        value_delimiter = ',',
        default_value = "dev,test"
    )]
    splits: Vec<String>,
    /// Split whose speakers, those drawn left out, choose the distance and give the mean that is subtracted.
    #[arg(long, value_name = "SPLIT", default_value = "dev")]
    threshold_split: String,
    /// Speakers in a draw.
    #[arg(long, value_name = "N", default_value_t = 40)]
    num_speakers_drawn: usize,
    /// Draws, with the seeds 0, 1, 2, …
    #[arg(long, value_name = "N", default_value_t = 5)]
    seeds: u64,
    /// Where a speaker's recordings are divided into two points.
    #[arg(long, value_enum, default_value_t = BorderName::Share)]
    border: BorderName,
    /// Mean to subtract from the embeddings.
    #[arg(long, value_enum, default_value_t = CentreName::Model)]
    centre: CentreName,
}

/// Where a speaker's recordings are divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum BorderName {
    /// After 80 % of them.
    Share,
    /// At the change of session nearest to 80 %, so that the microphone gives nothing away.
    Session,
}

impl From<BorderName> for Border {
    fn from(name: BorderName) -> Self {
        match name {
            BorderName::Share => Self::Share,
            BorderName::Session => Self::Session,
        }
    }
}

/// The answer. `as_embedded` and `centred` are means over the draws, `draws` each of them.
#[derive(Serialize)]
struct Answer {
    origin: String,
    centre: Centre,
    list: ListIdentity,
    splits: Vec<String>,
    threshold_split: String,
    num_speakers: usize,
    num_draws: u64,
    border: Border,
    n_recordings: usize,
    n_skipped: usize,
    skipped_by_reason: BTreeMap<String, usize>,
    as_embedded: Summary,
    centred: Option<Summary>,
    draws: Vec<Draw>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitStatus> {
    if args.seeds == 0 {
        return Err(usage(
            "`--seeds` is 0, expected at least one draw",
            "give a number such as 5",
        ));
    }
    let paths = std::iter::once(&args.path).chain(&args.split);
    let reading = args.pipes.reading(paths.map(PathBuf::as_path))?;
    let manifest = Manifest::open_with(&args.path, args.split.as_deref(), &reading.options())?;
    let is_less = say_of_manifest(&manifest, &context.console);
    let model = model::load(args.model.model.as_deref(), context)?;
    let protocol = ClusterProtocol {
        splits: args.splits.clone(),
        threshold_split: args.threshold_split.clone(),
        num_speakers: args.num_speakers_drawn,
        num_draws: args.seeds,
        border: args.border.into(),
    };
    let drawn_from = manifest.utterances.iter().filter(|utterance| {
        let split = utterance.split.as_ref();
        split.is_some_and(|split| args.splits.contains(split))
    });
    let speakers = drawn_from.filter_map(|utterance| utterance.known_speaker());
    warn_of_overlap(&model, speakers, "these splits", &context.console);
    let centre = args.centre.into();
    let drawn = protocol
        .run(&manifest, &model, centre, &Few::new(&context.console))
        .map_err(explained)?;
    let reports: Vec<&ProtocolReport> = drawn.draws.iter().map(|draw| &draw.as_embedded).collect();
    let centred: Option<Vec<&ProtocolReport>> = drawn
        .draws
        .iter()
        .map(|draw| draw.centred.as_ref())
        .collect();
    let answer = Answer {
        origin: model.name(),
        centre,
        list: drawn.list,
        splits: protocol.splits,
        threshold_split: protocol.threshold_split,
        num_speakers: protocol.num_speakers,
        num_draws: protocol.num_draws,
        border: protocol.border,
        n_recordings: drawn.num_recordings,
        n_skipped: drawn.skipped.len(),
        skipped_by_reason: by_reason(&drawn.skipped),
        as_embedded: Summary::of(&reports),
        centred: centred.map(|reports| Summary::of(&reports)),
        draws: drawn.draws,
    };
    match context.json {
        true => print_json(&answer)?,
        false => {
            let head = format!(
                "{} draws of {} speakers, 2 points each, from {} recordings of {}",
                answer.num_draws,
                answer.num_speakers,
                answer.n_recordings,
                answer.splits.join(" and ")
            );
            print_table(&head, &answer.as_embedded, answer.centred.as_ref())?;
        }
    }
    Ok(match drawn.skipped.is_empty() && !is_less {
        true => ExitStatus::Done,
        false => ExitStatus::SomeSkipped,
    })
}

/// In the words of the command line.
fn explained(error: siamang::Error) -> Error {
    match error {
        siamang::Error::UnknownSplit { .. } => fault(
            error.to_string(),
            "name splits of the table with `--splits`",
        ),
        error => error.into(),
    }
}
