//! `siamang cluster`: groups of recordings by speaker.

mod labels;
mod memory;
mod protocol;
mod protocol_summary;
mod report;

use std::path::PathBuf;

use anyhow::Result;
use clap::ValueEnum;
use speaker_eval::{Cut, best_threshold};
use speaker_scoring::{Approximation, Linkage, Metric, agglomerative_within, approximate_clusters};
use speech_data::Filter;

use self::memory::MemoryArgs;
use self::protocol::ProtocolArgs;
use self::report::{CutReport, Known, Report, print};
use crate::card::Thresholds;
use crate::centre::Centre;
use crate::context::{Context, ModelArgs};
use crate::embedding_reader::read_embeddings;
use crate::embedding_set::{EmbeddingSet, Skipped};
use crate::fault::ExitStatus;
use crate::fault::{fault, usage};
use crate::inputs::{check_filters, gather};
use crate::model::Model;
use crate::speakers::{numbered, of_folders, of_id};

/// Used where neither the user nor the model's card states a distance.
const UNCALIBRATED: f64 = 0.5;

const EXAMPLES: &str = "\
Examples:
  siamang cluster meeting-clips/
  siamang cluster --num-speakers 3 a.wav b.wav c.wav d.wav
  siamang cluster --embeddings embeddings.parquet --labels speakers.tsv --json
  siamang cluster --embeddings million.npy --approximate --linkage average --threshold 0.6
  siamang cluster --model run corpus/split.tsv --protocol --splits dev,test

Without `--threshold`, `--num-speakers` or `--oracle` the tree is cut at the distance on the
model's card (`card.toml` in its bundle, `[thresholds]`, `cluster`), else at 0.5, which is
calibrated on nothing. A distance is 1 - cosine, 0 to 2 (for `ward`, of unit vectors:
Euclidean).

All distances take 2 n^2 bytes (n = 20,000: 0.8 GB); average and ward linkage do without them and
take time alone. `--approximate` merges along the graph of nearest neighbours, in memory that
grows with n; docs/scale.md has times and sizes up to a million.

Where every recording's speaker is known from a folder, a manifest or `--labels`, the clusters
are scored: `mr` (the headline, best one-to-one assignment), `mr_ab`, `mr_legacy`, `acp`, `ari`,
`nmi`.";

/// Group recordings by speaker, and measure the groups where the speakers are known.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// Recordings, folders of them, manifests, or `-`, as for `siamang embed`.
    #[arg(required_unless_present = "embeddings", value_name = "PATHS")]
    paths: Vec<PathBuf>,
    /// Cluster the embeddings of a file of `siamang embed` instead.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["paths", "model", "filter", "protocol"])]
    embeddings: Option<PathBuf>,
    /// Rows of a manifest to use, such as `split=test`.
    #[arg(long, value_name = "COLUMN=VALUES", conflicts_with = "protocol")]
    filter: Vec<Filter>,
    /// Table of `id<TAB>speaker` lines.
    #[arg(long, value_name = "FILE", conflicts_with = "protocol")]
    labels: Option<PathBuf>,
    /// Distance between clusters.
    #[arg(long, value_enum, default_value_t = LinkageName::Complete, conflicts_with = "protocol")]
    linkage: LinkageName,
    /// Merge clusters up to this distance.
    #[arg(long, value_name = "DISTANCE", conflicts_with_all = ["num_speakers", "oracle", "protocol"])]
    threshold: Option<f64>,
    /// Make this many clusters.
    #[arg(long, value_name = "K", conflicts_with_all = ["oracle", "protocol"])]
    num_speakers: Option<usize>,
    /// Cut where the known speakers say it is best: a figure to compare with papers, not one to reach.
    #[arg(long, conflicts_with = "protocol")]
    oracle: bool,
    /// Merge only along the graph of nearest neighbours: for more recordings than can all be compared.
    #[arg(long, conflicts_with_all = ["num_speakers", "oracle", "protocol"])]
    approximate: bool,
    /// Nearest neighbours of each recording in the graph.
    #[arg(long, value_name = "K", requires = "approximate", default_value_t = 32)]
    neighbours: usize,
    /// Look for neighbours in the N nearest of the sqrt(n) cells that recordings are divided into [default: everywhere].
    #[arg(long, value_name = "N", requires = "approximate")]
    probes: Option<usize>,
    #[command(flatten)]
    memory: MemoryArgs,
    /// Mean to subtract from the embeddings.
    #[arg(long, value_enum, default_value_t = Centre::Model)]
    centre: Centre,
    #[command(flatten)]
    protocol: ProtocolArgs,
}

/// Distance between two clusters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LinkageName {
    /// Their two farthest points.
    Complete,
    /// The mean over all pairs of their points.
    Average,
    /// Their two nearest points.
    Single,
    /// Growth of the variance within them.
    Ward,
}

impl From<LinkageName> for Linkage {
    fn from(name: LinkageName) -> Self {
        match name {
            LinkageName::Complete => Self::Complete,
            LinkageName::Average => Self::Average,
            LinkageName::Single => Self::Single,
            LinkageName::Ward => Self::Ward,
        }
    }
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitStatus> {
    if let Some(threshold) = args.threshold.filter(|threshold| !threshold.is_finite()) {
        return Err(usage(
            format!("`--threshold` is {threshold}, expected a distance"),
            "give 1 - cosine, 0 to 2",
        ));
    }
    if args.protocol.is_chosen() {
        let model = Model::load(args.model.model.as_deref(), context)?;
        return protocol::run(&args.protocol, &args.paths, args.centre, model, context);
    }
    check_filters(&args.paths, &args.filter)?;
    let (mut set, origin, thresholds, skipped) = read(args, context)?;
    args.centre.apply(&mut set.matrix)?;
    let known = known_speakers(args, &mut set)?;
    if known.is_none() && args.oracle {
        return Err(usage(
            "`--oracle` needs the speaker of every recording, and they are not known",
            "give `--labels`, a manifest, or one folder a speaker",
        ));
    }
    let (report, labels) = cluster(args, &set, known, &thresholds, context)?;
    print(
        &report.with(origin, &skipped),
        &set.ids,
        &labels,
        context.json,
    )?;
    Ok(match skipped.is_empty() {
        true => ExitStatus::Done,
        false => ExitStatus::SomeSkipped,
    })
}

/// The embeddings, where they come from, the model's thresholds, and what was left out.
fn read(
    args: &Args,
    context: &Context,
) -> Result<(EmbeddingSet, String, Thresholds, Vec<Skipped>)> {
    if let Some(file) = &args.embeddings {
        let set = read_embeddings(file)?;
        return Ok((
            set,
            file.display().to_string(),
            Thresholds::default(),
            Vec::new(),
        ));
    }
    let inputs = gather(&args.paths, &args.filter, &context.console)?;
    let model = Model::load(args.model.model.as_deref(), context)?;
    let (origin, thresholds) = (model.name(), model.thresholds.clone());
    let embedder = args.centre.embedder(model.bundle);
    let (set, skipped) = EmbeddingSet::embed(&embedder, &inputs, &context.console)?;
    Ok((set, origin, thresholds, skipped))
}

/// The speaker of every recording, or nothing where one is not known.
fn known_speakers(args: &Args, set: &mut EmbeddingSet) -> Result<Option<Known>> {
    let is_unknown = |speakers: &[Option<String>]| speakers.iter().all(Option::is_none);
    let mut source = "the folders or the manifest";
    if let Some(path) = &args.labels {
        let labels = labels::read(path)?;
        set.speakers = set.ids.iter().map(|id| labels.get(id).cloned()).collect();
        source = "--labels";
        if let Some(missing) = set.speakers.iter().position(Option::is_none) {
            return Err(fault(
                format!(
                    "`{}` names no speaker of `{}`",
                    path.display(),
                    set.ids[missing]
                ),
                "add a line `id<TAB>speaker`; the ids are those that `siamang embed` writes",
            ));
        }
    } else if args.embeddings.is_some() && is_unknown(&set.speakers) {
        set.speakers = set
            .ids
            .iter()
            .map(|id| of_id(id).map(str::to_owned))
            .collect();
        source = "the folders in the names";
    } else if is_unknown(&set.speakers) {
        set.speakers = of_folders(&set.ids);
        source = "the folders of the recordings";
    }
    let names: Option<Vec<&str>> = set.speakers.iter().map(Option::as_deref).collect();
    Ok(names.map(|names| Known {
        speakers: numbered(names),
        source,
    }))
}

fn cluster(
    args: &Args,
    set: &EmbeddingSet,
    known: Option<Known>,
    thresholds: &Thresholds,
    context: &Context,
) -> Result<(Report, Vec<usize>)> {
    if args.approximate {
        return cluster_graph(args, set, known, thresholds, context);
    }
    let linkage = Linkage::from(args.linkage);
    let metric = match linkage {
        Linkage::Ward => Metric::Euclidean,
        _ => Metric::Cosine,
    };
    let bytes = args.memory.bytes();
    let tree = match linkage {
        Linkage::Ward => {
            let mut matrix = set.matrix.clone();
            matrix.l2_normalise();
            agglomerative_within(&matrix, metric, linkage, bytes)?
        }
        _ => agglomerative_within(&set.matrix, metric, linkage, bytes)?,
    };
    let (cut, labels) = match (args.num_speakers, &known) {
        (Some(count), _) => (CutReport::number(count), tree.cut_into(count)?),
        (None, Some(known)) if args.oracle => {
            let height = best_threshold(&tree, &known.speakers)?;
            (
                CutReport::at("oracle", height, "the known speakers"),
                tree.cut_at(height),
            )
        }
        _ => {
            let (height, source) = threshold(args, thresholds, context);
            (
                CutReport::at("threshold", height, source),
                tree.cut_at(height),
            )
        }
    };
    let others = match &known {
        None => None,
        Some(known) => Some([
            speaker_eval::cut_and_score(&tree, &known.speakers, Cut::Oracle)?,
            speaker_eval::cut_and_score(&tree, &known.speakers, Cut::KnownSpeakers)?,
        ]),
    };
    let report = Report::new(&labels, cut, known, others, (metric, linkage), args.centre)?;
    Ok((report, labels))
}

/// `--approximate`.
fn cluster_graph(
    args: &Args,
    set: &EmbeddingSet,
    known: Option<Known>,
    thresholds: &Thresholds,
    context: &Context,
) -> Result<(Report, Vec<usize>)> {
    if args.linkage == LinkageName::Ward {
        return Err(usage(
            "`--approximate` knows no ward linkage",
            "leave out `--approximate`, since ward linkage takes time but little memory, or use `--linkage average`",
        ));
    }
    let linkage = Linkage::from(args.linkage);
    let (height, source) = threshold(args, thresholds, context);
    let approximation = Approximation {
        num_neighbours: args.neighbours,
        num_probed: args.probes,
    };
    let bytes = args.memory.bytes();
    let labels = approximate_clusters(&set.matrix, linkage, height, &approximation, bytes)?;
    let cut = CutReport::at("threshold", height, source);
    let measures = (Metric::Cosine, linkage);
    let report = Report::new(&labels, cut, known, None, measures, args.centre)?;
    Ok((report.approximate(approximation), labels))
}

/// The distance to merge up to, and who says so.
fn threshold(args: &Args, thresholds: &Thresholds, context: &Context) -> (f64, &'static str) {
    // A card's distance is for complete linkage; another linkage has other heights.
    let is_complete = args.linkage == LinkageName::Complete;
    let card = thresholds.cluster.filter(|_| is_complete);
    match (args.threshold, card) {
        (Some(height), _) => (height, "the command line"),
        (None, Some(height)) => (height, "the model's card"),
        (None, None) => {
            context.console.note(&format!(
                "the distance {UNCALIBRATED} is not calibrated; give `--threshold` or `--num-speakers`"
            ));
            (UNCALIBRATED, "no calibration")
        }
    }
}
