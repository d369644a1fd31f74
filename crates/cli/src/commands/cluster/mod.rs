//! `siamang cluster`: groups of recordings by speaker.

mod memory;
mod report;

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::ValueEnum;
use siamang::{
    Centre, ClusterOptions, EmbeddingSet, Linkage, Model, Naming, Skipped, SpeechDetector, Stop,
    Thresholds, UNCALIBRATED_DISTANCE, cluster, numbered, of_folders, of_id, parse_labels,
    read_labels, unlike_measured,
};
use speaker_scoring::{Approximation, Metric};
use speech_data::Filter;

use self::memory::MemoryArgs;
use self::report::{CutReport, Known, Report, print};
use crate::centre::CentreName;
use crate::console::Console;
use crate::context::{Context, ModelArgs};
use crate::fault::{ExitStatus, fault, usage};
use crate::few::Few;
use crate::model::CARD;
use crate::recordings::{LeftOut, check_filters, gather};
use crate::tables::TableArgs;
use crate::trials::warn_of_overlap;
use crate::{embeddings, model, stdin};

const EXAMPLES: &str = "\
Examples:
  siamang cluster meeting-clips/
  siamang cluster --num-speakers 3 a.wav b.wav c.wav d.wav
  siamang cluster --embeddings embeddings.parquet --labels speakers.tsv --json
  siamang cluster --embeddings million.npy --approximate --linkage average --threshold 0.6

Without `--threshold`, `--num-speakers` or `--oracle` the tree is cut at the distance on the
model's card (`card.toml` in its bundle, `[thresholds]`, `cluster`), else at 0.5, which is
not calibrated. A distance is 1 - cosine, 0 to 2 (for `ward`, of unit vectors:
Euclidean).

All distances take 2 n^2 bytes (n = 20,000: 0.8 GB); average and ward linkage do without them and
take time alone. `--approximate` merges along the graph of nearest neighbours, in memory that
grows with n; docs/scale.md has times and sizes up to a million.

Where every recording's speaker is known from a folder, a manifest or `--labels`, the clusters
are scored: `mr` (the headline, best one-to-one assignment), `mr_ab`, `mr_legacy`, `acp`, `ari`,
`nmi`. `siamang cluster-protocol` measures as papers do, over several draws of speakers.";

/// Group recordings by speaker, and measure the groups where the speakers are known.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// Recordings, folders of them, manifests, or `-`, as for `siamang embed`.
    #[arg(required_unless_present = "embeddings", value_name = "PATHS")]
    paths: Vec<PathBuf>,
    /// Cluster the embeddings of a file of `siamang embed`, or of another program, instead; `-` is standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["paths", "model", "filter"])]
    embeddings: Option<PathBuf>,
    /// Rows of a manifest to use, such as `split=test`.
    #[arg(long, value_name = "COLUMN=VALUES")]
    filter: Vec<Filter>,
    #[command(flatten)]
    tables: TableArgs,
    /// Table of `id<TAB>speaker` lines; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// Distance between clusters.
    #[arg(long, value_enum, default_value_t = LinkageName::Complete)]
    linkage: LinkageName,
    /// Merge clusters up to this distance.
    #[arg(long, value_name = "DISTANCE", conflicts_with_all = ["num_speakers", "oracle"])]
    threshold: Option<f64>,
    /// Make this many clusters.
    #[arg(long, value_name = "K", conflicts_with = "oracle")]
    num_speakers: Option<usize>,
    /// Cut where the known speakers say it is best: a figure to compare with papers, not one to reach.
    #[arg(long)]
    oracle: bool,
    /// Merge only along the graph of nearest neighbours: for more recordings than can all be compared.
    #[arg(long, conflicts_with_all = ["num_speakers", "oracle"])]
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
    #[arg(long, value_enum, default_value_t = CentreName::Model)]
    centre: CentreName,
    /// Was the way to what is a command of its own now.
    #[arg(long, hide = true, num_args = 0.., allow_hyphen_values = true)]
    protocol: Option<Vec<String>>,
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
    if args.protocol.is_some() {
        return Err(usage(
            "`--protocol` is a command of its own now",
            "`siamang cluster-protocol PATH --splits dev,test`; `siamang help cluster-protocol` has the rest",
        ));
    }
    check_filters(&args.paths, &args.filter)?;
    let Embeddings {
        mut set,
        origin,
        thresholds,
        skipped,
        left_out,
        model,
    } = read(args, context)?;
    let centre = Centre::from(args.centre);
    set.centre(centre)?;
    let known = known_speakers(args, &mut set, &context.console)?;
    if let (Some(model), Some(_)) = (&model, &known) {
        let speakers = set.speakers.iter().flatten().map(String::as_str);
        warn_of_overlap(model, speakers, "these recordings", &context.console);
    }
    if args.oracle && known.as_ref().is_none_or(|known| known.is_guess) {
        return Err(usage(
            "`--oracle` needs the speaker of every recording, and they are not known",
            "give `--labels`, a manifest, or one folder per speaker",
        ));
    }
    let (stop, source) = stop(args, &thresholds, context);
    if let (CARD, Some(model)) = (source, &model)
        && let Some(unlike) = unlike_measured(model.measured_sound(), &set)
    {
        context.console.warn(&unlike);
    }
    let options = ClusterOptions {
        linkage: args.linkage.into(),
        stop,
        approximation: args.approximate.then_some(Approximation {
            num_neighbours: args.neighbours,
            num_probed: args.probes,
        }),
        memory_bytes: args.memory.bytes(),
    };
    if options.approximation.is_some() && options.linkage == Linkage::Ward {
        return Err(usage(
            "`--approximate` does not support ward linkage",
            "leave out `--approximate`, since ward linkage takes time but little memory, or use `--linkage average`",
        ));
    }
    let speakers = known.as_ref().map(|known| known.speakers.as_slice());
    let clustering = cluster(&set.matrix, speakers, &options)?;
    let cut = match (stop, clustering.distance) {
        (Stop::Count(count), _) => CutReport::number(count),
        (Stop::Oracle, Some(distance)) => CutReport::at("oracle", distance, source),
        (_, distance) => CutReport::at("threshold", distance.unwrap_or(f64::NAN), source),
    };
    let labels = clustering.labels.clone();
    let is_less = left_out.is_less();
    let report = Report::new(clustering, cut, known, &options, centre);
    print(
        &report.with(origin, &skipped, left_out),
        &set.ids,
        &labels,
        context.json,
    )?;
    Ok(match skipped.is_empty() && !is_less {
        true => ExitStatus::Done,
        false => ExitStatus::SomeSkipped,
    })
}

/// What is clustered.
struct Embeddings {
    set: EmbeddingSet,
    /// Where they come from.
    origin: String,
    /// The model's.
    thresholds: Thresholds,
    skipped: Vec<Skipped>,
    /// What seems to belong to these and is not among them.
    left_out: LeftOut,
    /// What made them, where they were made here.
    model: Option<Model>,
}

/// Embeds the recordings, or reads their embeddings.
fn read(args: &Args, context: &Context) -> Result<Embeddings> {
    if let Some(file) = &args.embeddings {
        let set = embeddings::read(file, &context.console)?;
        let skipped = set.unusable.clone();
        Few::name_all(&context.console, &skipped);
        return Ok(Embeddings {
            set,
            origin: embeddings::shown(file),
            thresholds: Thresholds::default(),
            skipped,
            left_out: LeftOut::default(),
            model: None,
        });
    }
    let recordings = gather(&args.paths, &args.filter, &args.tables, &context.console)?;
    let model: Model = model::load(args.model.model.as_deref(), context)?;
    let embedder = model.embedder(args.centre.into());
    let (set, skipped) = EmbeddingSet::embed(
        &embedder,
        &recordings.inputs,
        SpeechDetector::default(),
        &Few::new(&context.console),
    )?;
    Ok(Embeddings {
        set,
        origin: model.name(),
        thresholds: model.thresholds().clone(),
        skipped,
        left_out: recordings.left_out,
        model: Some(model),
    })
}

/// The speaker of every recording, or nothing where one is not known.
fn known_speakers(args: &Args, set: &mut EmbeddingSet, console: &Console) -> Result<Option<Known>> {
    let is_unknown = |speakers: &[Option<String>]| speakers.iter().all(Option::is_none);
    let (mut source, mut is_guess) = ("the folders or the manifest", false);
    if let Some(path) = &args.labels {
        let labels = match stdin::is_meant(path) {
            true => parse_labels(&stdin::bytes("a table of labels")?, Path::new(stdin::NAME))?,
            false => read_labels(path)?,
        };
        let shown = embeddings::shown(path);
        let naming = Naming::between(
            &set.ids.iter().map(String::as_str).collect(),
            &labels.keys().map(String::as_str).collect(),
            &format!("`{shown}`"),
        );
        naming.note.iter().for_each(|note| console.note(note));
        let speaker = |id: &String| labels.get(naming.own(id)).cloned();
        set.speakers = set.ids.iter().map(speaker).collect();
        source = "--labels";
        let missing: Vec<usize> = (0..set.ids.len())
            .filter(|&row| set.speakers[row].is_none())
            .collect();
        if let [first, others @ ..] = missing.as_slice() {
            let more = match others.len() {
                0 => String::new(),
                more => format!(" and of {more} more recordings"),
            };
            return Err(fault(
                format!("`{shown}` names no speaker of `{}`{more}", set.ids[*first]),
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
        // The folder of a recording that was named by itself may be its speaker's, or that of a session.
        set.speakers = of_folders(&set.ids);
        (source, is_guess) = ("the folders of the recordings", true);
    }
    let names: Option<Vec<&str>> = set.speakers.iter().map(Option::as_deref).collect();
    Ok(names.map(|names| Known {
        speakers: numbered(names),
        source,
        is_guess,
    }))
}

/// When to stop merging, and who says so.
fn stop(args: &Args, thresholds: &Thresholds, context: &Context) -> (Stop, &'static str) {
    if let Some(count) = args.num_speakers {
        return (Stop::Count(count), "the command line");
    }
    if args.oracle {
        return (Stop::Oracle, "the known speakers");
    }
    let metric = match args.linkage {
        LinkageName::Ward => Metric::Euclidean,
        _ => Metric::Cosine,
    };
    let card = thresholds.cluster(args.centre.into(), metric, args.linkage.into());
    match (args.threshold, card) {
        (Some(height), _) => (Stop::Distance(height), "the command line"),
        (None, Some(height)) => (Stop::Distance(height), CARD),
        (None, None) => {
            let card = match thresholds.cluster {
                None => String::new(),
                Some(_) => format!(
                    "the model's card states a distance for complete linkage with `--centre {}` alone; ",
                    thresholds.centre
                ),
            };
            context.console.note(&format!(
                "{card}the distance {UNCALIBRATED_DISTANCE} is not calibrated; give `--threshold` or `--num-speakers`"
            ));
            (Stop::Distance(UNCALIBRATED_DISTANCE), "no calibration")
        }
    }
}
