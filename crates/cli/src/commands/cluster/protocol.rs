//! `siamang cluster --protocol`: the misclassification rate as papers measure it, over several draws.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::ValueEnum;
use serde::Serialize;
use speaker_eval::{Border, ListIdentity, MrProtocol, ProtocolReport, protocol_report};
use speech_data::{Manifest, Utterance};

use super::protocol_summary::{Summary, print_table};
use crate::centre::Centre;
use crate::console::print_json;
use crate::context::Context;
use crate::embedding_set::EmbeddingSet;
use crate::fault::ExitStatus;
use crate::fault::{fault, usage};
use crate::inputs::Input;
use crate::model::Model;
use crate::points::{Points, Pool};

/// Options of the clustering protocol.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Clustering protocol")]
pub(crate) struct ProtocolArgs {
    /// Draw speakers of one manifest, make two points of each, and cluster the points: complete linkage on
    /// cosine, cut at the oracle's distance, at the distance chosen on other speakers, and with the number of
    /// speakers known; with and without the mean subtracted.
    #[arg(long)]
    protocol: bool,
    /// Table of the recordings, where PATHS is the folder that its paths start from.
    #[arg(long, value_name = "FILE", requires = "protocol")]
    split: Option<PathBuf>,
    /// Splits that speakers are drawn from.
    #[arg(
        long,
        value_name = "SPLIT",
        value_delimiter = ',',
        default_value = "dev,test",
        requires = "protocol"
    )]
    splits: Vec<String>,
    /// Split whose speakers, those drawn left out, choose the distance and give the mean that is subtracted.
    #[arg(
        long,
        value_name = "SPLIT",
        default_value = "dev",
        requires = "protocol"
    )]
    threshold_split: String,
    /// Speakers in a draw.
    #[arg(long, value_name = "N", default_value_t = 40, requires = "protocol")]
    num_speakers_drawn: usize,
    /// Draws, with the seeds 0, 1, 2, …
    #[arg(long, value_name = "N", default_value_t = 5, requires = "protocol")]
    seeds: u64,
    /// Where a speaker's recordings are divided into two points.
    #[arg(long, value_enum, default_value_t = BorderName::Share, requires = "protocol")]
    border: BorderName,
}

/// Where a speaker's recordings are divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum BorderName {
    /// After 80 % of them.
    Share,
    /// At the change of session nearest to 80 %, so that the microphone is no cue.
    Session,
}

impl ProtocolArgs {
    /// Whether the protocol was asked for.
    pub(crate) fn is_chosen(&self) -> bool {
        self.protocol
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
    as_embedded: Summary,
    centred: Option<Summary>,
    draws: Vec<Draw>,
}

#[derive(Serialize)]
struct Draw {
    seed: u64,
    as_embedded: ProtocolReport,
    centred: Option<ProtocolReport>,
}

pub(crate) fn run(
    args: &ProtocolArgs,
    paths: &[PathBuf],
    centre: Centre,
    model: Model,
    context: &Context,
) -> Result<ExitStatus> {
    if args.seeds == 0 {
        return Err(usage(
            "`--seeds` is 0, expected at least one draw",
            "give a number such as 5",
        ));
    }
    let manifest = read_manifest(args, paths)?;
    let utterances = chosen(&manifest, args)?;
    let origin = model.name();
    let embedder = centre.embedder(model.bundle).without_scaling();
    let inputs: Vec<Input> = utterances.iter().copied().map(Input::of).collect();
    let (mut set, skipped) = EmbeddingSet::embed(&embedder, &inputs, &context.console)?;
    centre.apply(&mut set.matrix)?;
    let pool = Pool::new(&set, utterances);
    let list = ListIdentity {
        name: manifest
            .source
            .as_deref()
            .unwrap_or(&manifest.root)
            .display()
            .to_string(),
        hash: pool.hash(),
    };
    let draws = (0..args.seeds)
        .map(|seed| draw(args, &pool, &list, seed))
        .collect::<Result<Vec<_>>>()?;
    let centred: Option<Vec<&ProtocolReport>> =
        draws.iter().map(|draw| draw.centred.as_ref()).collect();
    let answer = Answer {
        origin,
        centre,
        list,
        splits: args.splits.clone(),
        threshold_split: args.threshold_split.clone(),
        num_speakers: args.num_speakers_drawn,
        num_draws: args.seeds,
        border: border(args),
        n_recordings: pool.utterances.len(),
        n_skipped: skipped.len(),
        as_embedded: Summary::of(
            &draws
                .iter()
                .map(|draw| &draw.as_embedded)
                .collect::<Vec<_>>(),
        ),
        centred: centred.map(|reports| Summary::of(&reports)),
        draws,
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
    Ok(match skipped.is_empty() {
        true => ExitStatus::Done,
        false => ExitStatus::SomeSkipped,
    })
}

fn read_manifest(args: &ProtocolArgs, paths: &[PathBuf]) -> Result<Manifest> {
    let [path] = paths else {
        return Err(usage(
            format!(
                "`--protocol` takes one manifest, found {} paths",
                paths.len()
            ),
            "give a table, a folder that holds `split.tsv`, or a folder and `--split FILE`",
        ));
    };
    Ok(Manifest::open(path, args.split.as_deref())?)
}

/// The recordings of the splits; all of them where the manifest knows no splits.
fn chosen<'a>(manifest: &'a Manifest, args: &ProtocolArgs) -> Result<Vec<&'a Utterance>> {
    let splits: BTreeSet<&str> = manifest
        .utterances
        .iter()
        .filter_map(|u| u.split.as_deref())
        .collect();
    if splits.is_empty() {
        return Ok(manifest.utterances.iter().collect());
    }
    if let Some(unknown) = args
        .splits
        .iter()
        .find(|split| !splits.contains(split.as_str()))
    {
        let known: Vec<String> = splits.iter().map(|split| format!("`{split}`")).collect();
        return Err(fault(
            format!(
                "`{}` has no split `{unknown}`; its splits are {}",
                place(manifest).display(),
                known.join(", ")
            ),
            "name splits of the table with `--splits`",
        ));
    }
    let is_chosen = |utterance: &&Utterance| {
        let split = utterance.split.as_deref().unwrap_or_default();
        split == args.threshold_split || args.splits.iter().any(|chosen| chosen == split)
    };
    Ok(manifest.utterances.iter().filter(is_chosen).collect())
}

fn place(manifest: &Manifest) -> &Path {
    manifest.source.as_deref().unwrap_or(&manifest.root)
}

fn border(args: &ProtocolArgs) -> Border {
    match args.border {
        BorderName::Share => Border::Share,
        BorderName::Session => Border::Session,
    }
}

/// One draw: the points of the speakers drawn, and the distance and the mean of others.
fn draw(args: &ProtocolArgs, pool: &Pool<'_>, list: &ListIdentity, seed: u64) -> Result<Draw> {
    let in_splits = |utterance: &Utterance| match &utterance.split {
        Some(split) => args.splits.contains(split),
        None => true,
    };
    let protocol = MrProtocol {
        num_speakers: args.num_speakers_drawn,
        seed,
        border: border(args),
        ..MrProtocol::default()
    };
    let drawn_rows: Vec<usize> = (0..pool.utterances.len())
        .filter(|&row| in_splits(pool.utterances[row]))
        .collect();
    let drawn = pool.points(&drawn_rows, protocol)?;
    // Whoever is drawn must not choose the distance, nor be in the mean.
    let speakers: BTreeSet<&str> = drawn.speakers.iter().map(String::as_str).collect();
    let other_rows: Vec<usize> = (0..pool.utterances.len())
        .filter(|&row| {
            let utterance = pool.utterances[row];
            let is_other = utterance
                .split
                .as_ref()
                .is_none_or(|split| *split == args.threshold_split);
            is_other && !speakers.contains(utterance.speaker.as_str())
        })
        .collect();
    let num_others = pool.num_dividable(&other_rows, protocol.border);
    let others = match num_others {
        0 | 1 => None,
        count => Some(pool.points(
            &other_rows,
            MrProtocol {
                num_speakers: count.min(args.num_speakers_drawn),
                ..protocol
            },
        )?),
    };
    let test = drawn.labelled();
    let dev = others.as_ref().map(Points::labelled);
    let mean = match other_rows.as_slice() {
        [] => None,
        rows => Some(pool.mean(rows)?),
    };
    let centred = mean
        .map(|mean| protocol_report(list.clone(), test, dev, Some(&mean)))
        .transpose()?;
    Ok(Draw {
        seed,
        as_embedded: protocol_report(list.clone(), test, dev, None)?,
        centred,
    })
}
