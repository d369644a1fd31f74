//! Trial lists and the embeddings of their recordings.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Result;
use siamang::{Centre, EmbeddingSet, Skipped, TrialSource, embeddings_of_names};
use speech_data::{Manifest, TrialList};

use crate::centre::CentreName;
use crate::context::{Context, ModelArgs};
use crate::model;

/// Where the recordings of trial lists come from.
#[derive(Debug, clap::Args)]
pub(crate) struct TrialArgs {
    /// Trial lists: lines of `1 pathA pathB` and `0 pathA pathB`, or of `uttA uttB target` and `nontarget`.
    #[arg(long, value_name = "LIST", num_args = 1.., required = true)]
    pub(crate) trials: Vec<PathBuf>,
    /// Folder or store that the lists' paths start from. With `--embeddings` only its table is read: who speaks, and in
    /// which session.
    #[arg(long, value_name = "DIR", required_unless_present = "embeddings")]
    pub(crate) root: Option<PathBuf>,
    /// Take the embeddings from a file of `siamang embed` or `siamang merge` instead of making them.
    #[arg(long, value_name = "FILE", conflicts_with = "model")]
    pub(crate) embeddings: Option<PathBuf>,
    /// Table with the speakers (and the paths, where the lists have other names for recordings); the root's
    /// own `split.tsv` or `wav.scp` is found without it.
    #[arg(long, visible_alias = "manifest", value_name = "FILE")]
    pub(crate) split: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// Mean to subtract from the embeddings.
    #[arg(long, value_enum, default_value_t = CentreName::Model)]
    centre: CentreName,
}

impl TrialArgs {
    /// Reads the lists.
    pub(crate) fn lists(&self) -> Result<Vec<TrialList>> {
        let lists = self.trials.iter().map(|path| TrialList::read(path));
        Ok(lists.collect::<Result<_, _>>()?)
    }

    /// Where their recordings are.
    pub(crate) fn source(&self) -> Result<TrialSource> {
        Ok(TrialSource::open(
            self.root.as_deref(),
            self.split.as_deref(),
        )?)
    }

    /// `--centre`.
    pub(crate) fn centre(&self) -> Centre {
        self.centre.into()
    }
}

/// The embeddings of the recordings that trial lists name.
pub(crate) struct Named {
    pub(crate) source: TrialSource,
    pub(crate) set: EmbeddingSet,
    /// The model or file that the embeddings come from.
    pub(crate) origin: String,
    pub(crate) skipped: Vec<Skipped>,
}

impl Named {
    /// Speakers and sessions, where they are known.
    pub(crate) fn manifest(&self) -> Option<&Manifest> {
        self.source.manifest()
    }

    /// Embeds, or reads, the recordings of these names.
    pub(crate) fn read(
        args: &TrialArgs,
        names: &BTreeSet<&str>,
        context: &Context,
    ) -> Result<Self> {
        let (source, console, centre) = (args.source()?, &context.console, args.centre());
        let (mut set, origin, skipped) = match &args.embeddings {
            Some(file) => {
                let filed = embeddings_of_names(file, names, centre)?;
                filed
                    .warnings
                    .iter()
                    .for_each(|warning| console.warn(warning));
                filed
                    .skipped
                    .iter()
                    .for_each(|skipped| console.skipped(&skipped.reason));
                (filed.set, filed.origin, filed.skipped)
            }
            None => {
                let model = model::load(args.model.model.as_deref(), context)?;
                let embedder = model.embedder(centre);
                let (set, skipped) =
                    EmbeddingSet::embed(&embedder, &source.inputs(names), console)?;
                (set, model.name(), skipped)
            }
        };
        set.centre(centre)?;
        Ok(Self {
            source,
            set,
            origin,
            skipped,
        })
    }
}
