//! Where the recordings of trial lists are, or their embeddings.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use speaker_scoring::Centre;
use speech_data::{Manifest, Root};

use crate::embeddings::{EmbeddingSet, read_embeddings};
use crate::error::Error;
use crate::outcome::Skipped;
use crate::recordings::Input;

/// Where the recordings of lists are, and what is known of them.
#[derive(Debug)]
pub struct TrialSource {
    root: Root,
    manifest: Option<Manifest>,
}

impl TrialSource {
    /// Opens the store or folder `root` that lists' paths start from, and reads its table, or `table` instead.
    ///
    /// # Errors
    /// What stores and manifests fail with.
    pub fn open(root: Option<&Path>, table: Option<&Path>) -> Result<Self, Error> {
        let root = root.map(Root::open).transpose()?;
        Ok(Self {
            manifest: read_manifest(root.as_ref(), table)?,
            root: root.unwrap_or_else(|| Root::Folder(PathBuf::from("."))),
        })
    }

    /// Speakers and sessions, where a table or a store knows them.
    #[must_use]
    pub fn manifest(&self) -> Option<&Manifest> {
        self.manifest.as_ref()
    }

    /// The recordings of these names.
    #[must_use]
    pub fn inputs(&self, names: &BTreeSet<&str>) -> Vec<Input> {
        let input = |name| named_input(name, &self.root, self.manifest());
        names.iter().map(|name| input(name)).collect()
    }
}

/// The table that was named, or the one that the root holds.
fn read_manifest(root: Option<&Root>, table: Option<&Path>) -> Result<Option<Manifest>, Error> {
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

/// The recording that a list calls `name`, below `root`.
#[must_use]
pub fn named_input(name: &str, root: &Root, manifest: Option<&Manifest>) -> Input {
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

/// Embeddings of a file, for the recordings that lists name.
#[derive(Debug)]
pub struct FiledEmbeddings {
    /// All of the file's.
    pub set: EmbeddingSet,
    /// The model, or where that is not known the file, that they come from.
    pub origin: String,
    /// Names that have no embedding.
    pub skipped: Vec<Skipped>,
    /// What somebody should look at.
    pub warnings: Vec<String>,
}

/// Reads the embeddings of `file`, which should have all of `names`; they will be compared with this `centre`.
///
/// # Errors
/// As [`read_embeddings`].
pub fn embeddings_of_names(
    file: &Path,
    names: &BTreeSet<&str>,
    centre: Centre,
) -> Result<FiledEmbeddings, Error> {
    let set = read_embeddings(file)?;
    let shown = file.display();
    let (mut origin, mut reasons) = (shown.to_string(), HashMap::new());
    let mut warnings = Vec::new();
    if let Some(note) = &set.note {
        origin = note.work.model.clone();
        let left_out = note.left_out.iter();
        reasons = left_out.map(|one| (one.id.as_str(), &one.reason)).collect();
        if let Some(part) = note.part {
            warnings.push(format!(
                "`{shown}` is part {part} of a work, the others have to be joined to it first"
            ));
        }
        if note.work.centre != centre {
            warnings.push(format!(
                "`{shown}` was made with the centre `{}`, and what that subtracted stays subtracted, whatever is asked for here",
                note.work.centre
            ));
        }
    }
    let known = set.index();
    let missing = names.iter().filter(|name| !known.contains_key(**name));
    let skipped = missing
        .map(|name| Skipped {
            id: (*name).to_owned(),
            reason: match reasons.get(name) {
                Some(reason) => (*reason).clone(),
                None => format!("`{name}` is not in `{shown}`"),
            },
        })
        .collect();
    Ok(FiledEmbeddings {
        origin,
        skipped,
        warnings,
        set,
    })
}
