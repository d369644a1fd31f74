//! Where the recordings of trial lists are, or their embeddings.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use speaker_scoring::Centre;
use speech_data::{AudioFiles, Location, Manifest, NameMatches, ReadOptions, Root};

use super::naming::Naming;
use crate::embeddings::EmbeddingSet;
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
    pub fn open(
        root: Option<&Path>,
        table: Option<&Path>,
        options: &ReadOptions<'_>,
    ) -> Result<Self, Error> {
        // A table stands in the place of the folder that it lies in.
        let (root, table) = match root
            .filter(|root| table.is_none() && (root.is_file() || is_given(root, options)))
        {
            Some(file) => (
                Some(file.parent().unwrap_or_else(|| Path::new(""))),
                Some(file),
            ),
            None => (root, table),
        };
        let root = root.map(Root::open).transpose()?;
        Ok(Self {
            manifest: read_manifest(root.as_ref(), table, options)?,
            root: root.unwrap_or_else(|| Root::Folder(PathBuf::from("."))),
        })
    }

    /// The recordings of a manifest, and what else lies below `root`.
    #[must_use]
    pub fn of(root: Root, manifest: Manifest) -> Self {
        Self {
            root,
            manifest: Some(manifest),
        }
    }

    /// Speakers and sessions, where a table or a store knows them.
    #[must_use]
    pub fn manifest(&self) -> Option<&Manifest> {
        self.manifest.as_ref()
    }

    /// The recordings that these names mean, each once, and which name means which. A name that no recording fits is
    /// among them as well, so that it is heard of where it cannot be read.
    #[must_use]
    pub fn inputs(&self, names: &BTreeSet<&str>) -> (Vec<Input>, Naming) {
        let is_listed = |name: &str| {
            let manifest = self.manifest();
            manifest.is_some_and(|manifest| manifest.find(name).is_some())
        };
        // A row that cannot be used may have meant a part: its file is not what was asked for.
        let listed_alone = self.has_faulty_rows();
        let is_there = |name: &str| {
            if listed_alone {
                return is_listed(name);
            }
            let is_below = || match self.root.store() {
                Some(store) => store.find(name).is_some(),
                None => self.root.locate(name).file().is_some_and(Path::exists),
            };
            is_listed(name) || is_below()
        };
        let (there, absent): (Vec<&str>, Vec<&str>) =
            names.iter().copied().partition(|name| is_there(name));
        let mut absent: BTreeSet<&str> = absent.into_iter().collect();
        // `./a/1.wav` is a file, and yet of a row: who speaks in it is known.
        let unlisted: Vec<&str> = there.into_iter().filter(|name| !is_listed(name)).collect();
        absent.extend(self.listed_otherwise(&unlisted));
        let naming = match absent.is_empty() {
            true => Naming::default(),
            false => self.naming(names, &absent),
        };
        let own = names.iter().map(|name| naming.own(name));
        let own: BTreeSet<&str> = own
            .filter(|name| !listed_alone || is_listed(name))
            .collect();
        let input = |name| named_input(name, &self.root, self.manifest());
        (own.into_iter().map(input).collect(), naming)
    }

    /// Those of `names`, which are files, that a row has under another name.
    fn listed_otherwise<'a>(&self, names: &[&'a str]) -> Vec<&'a str> {
        let Some(manifest) = self.manifest().filter(|_| !names.is_empty()) else {
            return Vec::new();
        };
        let ids: Vec<&str> = manifest
            .utterances
            .iter()
            .map(|row| row.id.as_str())
            .collect();
        let matches = NameMatches::find(names, &ids);
        let file = |location: &Location| std::fs::canonicalize(location.file()?).ok();
        let is_its = |name: &&str| {
            matches.found.get(*name).is_some_and(|(place, _)| {
                let row = file(&manifest.utterances[*place].location);
                row.is_some() && row == file(&self.root.locate(name))
            })
        };
        names.iter().copied().filter(is_its).collect()
    }

    fn has_faulty_rows(&self) -> bool {
        self.manifest()
            .is_some_and(|manifest| !manifest.faulty.is_empty())
    }

    /// Looks for the names among all that is here, since some of them, `absent`, are not found as they are.
    fn naming(&self, names: &BTreeSet<&str>, absent: &BTreeSet<&str>) -> Naming {
        let root = self.root.path();
        let files = match self.manifest() {
            Some(_) => Vec::new(),
            None => AudioFiles::below(root).files,
        };
        let listed = self
            .manifest()
            .into_iter()
            .flat_map(|manifest| &manifest.utterances);
        let mut known: Vec<&str> = listed.map(|utterance| utterance.id.as_str()).collect();
        known.extend(files.iter().map(|file| file.name.as_str()));
        // Files that a table does not have, or with an ending that says nothing, are there all the same.
        let there: HashSet<&str> = known.iter().copied().collect();
        let others = names.iter().copied();
        known.extend(others.filter(|name| !absent.contains(name) && !there.contains(name)));
        Naming::of(names, &known, &format!("`{}`", root.display()))
    }
}

/// Whether a path is the table of standard input.
fn is_given(path: &Path, options: &ReadOptions<'_>) -> bool {
    path == Path::new("-") && options.standard_input.is_some()
}

/// The table that was named, or the one that the root holds.
fn read_manifest(
    root: Option<&Root>,
    table: Option<&Path>,
    options: &ReadOptions<'_>,
) -> Result<Option<Manifest>, Error> {
    let has_table = |root: &Root| match root {
        Root::Store(_) => true,
        Root::Folder(folder) => {
            folder.join("split.tsv").is_file() || folder.join("wav.scp").is_file()
        }
    };
    Ok(match (root, table) {
        (None, Some(table)) => Some(Manifest::read_with(table, options)?),
        (Some(root), table) if table.is_some() || has_table(root) => {
            Some(Manifest::of_root_with(root, table, options)?)
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
            session: None,
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
    /// Which of the file's recordings the names mean.
    pub naming: Naming,
    /// What somebody should look at.
    pub warnings: Vec<String>,
}

/// Looks for `names` in the `set` of a file that messages call `shown`; the embeddings will be compared with this `centre`.
#[must_use]
pub fn embeddings_of_names(
    set: EmbeddingSet,
    shown: &str,
    names: &BTreeSet<&str>,
    centre: Centre,
) -> FiledEmbeddings {
    let (mut origin, mut reasons) = (shown.to_owned(), HashMap::new());
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
    reasons.extend(
        set.unusable
            .iter()
            .map(|one| (one.id.as_str(), &one.reason)),
    );
    // What was left out has a name all the same, which no other recording may be taken for.
    let mut known: Vec<&str> = set.ids.iter().map(String::as_str).collect();
    known.extend(reasons.keys());
    let naming = Naming::of(names, &known, &format!("`{shown}`"));
    let known = set.index();
    let missing = names
        .iter()
        .map(|name| (*name, naming.own(name)))
        .filter(|(_, own)| !known.contains_key(own));
    let skipped = missing
        .map(|(name, own)| Skipped {
            id: name.to_owned(),
            reason: match reasons.get(own) {
                Some(reason) => (*reason).clone(),
                None => format!("`{name}` is not in `{shown}`"),
            },
        })
        .collect();
    FiledEmbeddings {
        origin,
        skipped,
        warnings,
        naming,
        set,
    }
}
