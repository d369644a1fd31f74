//! Trial lists and the embeddings of their recordings.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use anyhow::Result;
use speech_data::{Manifest, Root, TrialList};

use crate::centre::Centre;
use crate::console::Console;
use crate::context::{Context, ModelArgs};
use crate::embedding_reader::read_embeddings;
use crate::embedding_set::{EmbeddingSet, Skipped};
use crate::inputs::Input;
use crate::model::Model;

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
    #[arg(long, value_enum, default_value_t = Centre::Model)]
    pub(crate) centre: Centre,
}

impl TrialArgs {
    /// Reads the lists.
    pub(crate) fn lists(&self) -> Result<Vec<TrialList>> {
        let lists = self.trials.iter().map(|path| TrialList::read(path));
        Ok(lists.collect::<Result<_, _>>()?)
    }
}

/// Lists with all that is needed to score them.
pub(crate) struct Trials {
    pub(crate) lists: Vec<TrialList>,
    pub(crate) manifest: Option<Manifest>,
    pub(crate) set: EmbeddingSet,
    /// The model or file that the embeddings come from.
    pub(crate) origin: String,
    pub(crate) skipped: Vec<Skipped>,
}

impl Trials {
    /// Reads the lists and embeds, or reads, what they name.
    pub(crate) fn read(args: &TrialArgs, context: &Context) -> Result<Self> {
        let lists = args.lists()?;
        let names = lists.iter().flat_map(TrialList::utterances).collect();
        let named = Named::read(args, &names, context)?;
        Ok(Self {
            lists,
            manifest: named.manifest,
            set: named.set,
            origin: named.origin,
            skipped: named.skipped,
        })
    }
}

/// The embeddings of the recordings that trial lists name.
pub(crate) struct Named {
    manifest: Option<Manifest>,
    pub(crate) set: EmbeddingSet,
    /// The model or file that the embeddings come from.
    pub(crate) origin: String,
    skipped: Vec<Skipped>,
}

impl Named {
    /// Embeds, or reads, the recordings of these names.
    pub(crate) fn read(
        args: &TrialArgs,
        names: &BTreeSet<&str>,
        context: &Context,
    ) -> Result<Self> {
        let source = TrialSource::open(args)?;
        let (mut set, origin, skipped) = match &args.embeddings {
            Some(file) => read_named(file, names, args.centre, &context.console)?,
            None => {
                let model = Model::load(args.model.model.as_deref(), context)?;
                let origin = model.name();
                let embedder = args.centre.embedder(model.bundle);
                let inputs = source.inputs(names);
                let (set, skipped) = EmbeddingSet::embed(&embedder, &inputs, &context.console)?;
                (set, origin, skipped)
            }
        };
        args.centre.apply(&mut set.matrix)?;
        Ok(Self {
            manifest: source.manifest,
            set,
            origin,
            skipped,
        })
    }
}

/// Where the recordings of lists are, and what is known of them.
pub(crate) struct TrialSource {
    root: Root,
    manifest: Option<Manifest>,
}

impl TrialSource {
    /// Opens the root and reads its table, or the one that was named.
    pub(crate) fn open(args: &TrialArgs) -> Result<Self> {
        let root = args.root.as_deref().map(Root::open).transpose()?;
        Ok(Self {
            manifest: read_manifest(root.as_ref(), args.split.as_deref())?,
            root: root.unwrap_or_else(|| Root::Folder(PathBuf::from("."))),
        })
    }

    /// The recordings of these names.
    pub(crate) fn inputs(&self, names: &BTreeSet<&str>) -> Vec<Input> {
        let input = |name| input(name, &self.root, self.manifest.as_ref());
        names.iter().map(|name| input(name)).collect()
    }
}

/// The embeddings of a file, the model or file that they come from, and which of `names` are not among them.
fn read_named(
    file: &Path,
    names: &BTreeSet<&str>,
    centre: Centre,
    console: &Console,
) -> Result<(EmbeddingSet, String, Vec<Skipped>)> {
    let set = read_embeddings(file)?;
    let shown = file.display();
    let (mut origin, mut reasons) = (shown.to_string(), HashMap::new());
    if let Some(note) = &set.note {
        origin = note.work.model.clone();
        let left_out = note.left_out.iter();
        reasons = left_out.map(|one| (one.id.as_str(), &one.reason)).collect();
        if let Some(part) = note.part {
            console.warn(&format!(
                "`{shown}` is part {part} of a work; `siamang merge` joins them"
            ));
        }
        if note.work.centre != centre {
            console.warn(&format!(
                "`{shown}` was made with `--centre {}`, and what that subtracted stays subtracted, whatever `--centre` says here",
                note.work.centre
            ));
        }
    }
    let known = set.index();
    let missing = names.iter().filter(|name| !known.contains_key(**name));
    let skipped: Vec<Skipped> = missing
        .map(|name| Skipped {
            id: (*name).to_owned(),
            reason: match reasons.get(name) {
                Some(reason) => (*reason).clone(),
                None => format!("`{name}` is not in `{shown}`"),
            },
        })
        .collect();
    skipped
        .iter()
        .for_each(|skipped| console.skipped(&skipped.reason));
    Ok((set, origin, skipped))
}

/// The table that was named, or the one that the root holds.
fn read_manifest(root: Option<&Root>, table: Option<&Path>) -> Result<Option<Manifest>> {
    let has_table = |root: &Root| match root {
        Root::Store(_) => true,
        Root::Folder(folder) => {
            folder.join("split.tsv").is_file() || folder.join("wav.scp").is_file()
        }
    };
    Ok(match (root, table) {
        (None, Some(table)) => Some(Manifest::read(table, None)?),
        (Some(root), table) if table.is_some() || has_table(root) => {
            Some(Manifest::of_root(root, table)?)
        }
        _ => None,
    })
}

/// The recording that a list calls `name`.
pub(crate) fn input(name: &str, root: &Root, manifest: Option<&Manifest>) -> Input {
    let known = manifest.and_then(|manifest| Some(&manifest.utterances[manifest.find(name)?]));
    known.map_or_else(
        || Input {
            id: name.to_owned(),
            location: root.locate(name),
            speaker: None,
        },
        Input::of,
    )
}
