//! A corpus of files as a list of utterances to pack.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::sync::Arc;

use rayon::prelude::*;
use speech_data::store::{SourceFault, Store, StoreItem};
use speech_data::{Location, Reader, TrialList, Utterance, column};

use crate::archive::MOST_BYTES;
use crate::corpora::{Corpus, CorpusKind};
use crate::error::PrepError;
use crate::plan::PackPlan;

/// Folder of a store that the corpus's own trial lists are put into.
pub(crate) const TRIALS_FOLDER: &str = "trials";

/// The utterances of a corpus, and the files that they are in.
#[derive(Debug)]
pub struct CorpusPlan {
    items: Vec<StoreItem>,
    locations: Vec<Location>,
    lists: Vec<TrialList>,
    notes: Vec<String>,
    warnings: Vec<String>,
    reader: Reader,
}

impl CorpusPlan {
    /// The plan of a corpus, of its first speakers by name where there is a limit.
    pub fn make(kind: CorpusKind, corpus: Corpus, limit_speakers: Option<usize>) -> Self {
        let manifest = corpus.manifest;
        let mut warnings: Vec<String> = manifest.notes.iter().map(ToString::to_string).collect();
        let chosen: BTreeSet<String> = manifest
            .speakers()
            .into_iter()
            .take(limit_speakers.unwrap_or(usize::MAX))
            .map(str::to_owned)
            .collect();
        let mut utterances = manifest.utterances;
        utterances.retain(|utterance| chosen.contains(&utterance.speaker));
        utterances.dedup_by(|later, first| {
            let is_double = later.id == first.id;
            if is_double {
                warnings.push(format!("`{}` is there twice; the first is used", later.id));
            }
            is_double
        });
        let sizes: Vec<u64> = utterances
            .par_iter()
            .map(|utterance| utterance.location.num_bytes())
            .collect();
        let mut shared = Shared::default();
        let (mut items, mut locations) = (Vec::new(), Vec::new());
        for (utterance, size) in utterances.into_iter().zip(sizes) {
            items.push(shared.item(kind, &utterance, size));
            locations.push(utterance.location);
        }
        let notes = match corpus.lists.len() {
            0 => Vec::new(),
            count => vec![format!(
                "{count} trial lists come with the corpus; they are put into `{TRIALS_FOLDER}`"
            )],
        };
        Self {
            items,
            locations,
            lists: corpus.lists,
            notes,
            warnings,
            reader: Reader::default(),
        }
    }
}

/// Texts that many utterances share, each once in memory.
#[derive(Default)]
struct Shared {
    texts: BTreeMap<String, Arc<str>>,
    columns: Option<Arc<BTreeMap<String, String>>>,
}

impl Shared {
    fn item(&mut self, kind: CorpusKind, utterance: &Utterance, source_bytes: u64) -> StoreItem {
        let mut columns = utterance.columns.clone();
        // The length is the store's own business.
        columns.remove(column::SECONDS);
        if !matches!(kind, CorpusKind::Kaldi | CorpusKind::Folder) {
            columns.insert(column::CORPUS.to_owned(), kind.as_str().to_owned());
        }
        for name in [column::GENDER, column::SPLIT] {
            if let Some(value) = utterance.column(name) {
                columns.insert(name.to_owned(), value.to_owned());
            }
        }
        let columns = match &self.columns {
            Some(last) if **last == columns => Arc::clone(last),
            _ => Arc::clone(self.columns.insert(Arc::new(columns))),
        };
        let mut text = |text: &str| match self.texts.get(text) {
            Some(known) => Arc::clone(known),
            None => {
                let new: Arc<str> = text.into();
                self.texts.insert(text.to_owned(), Arc::clone(&new));
                new
            }
        };
        StoreItem {
            name: utterance.id.clone(),
            speaker: text(&utterance.speaker),
            session: utterance.session.as_deref().map(&mut text),
            columns,
            source_bytes: source_bytes.min(MOST_BYTES),
        }
    }
}

impl PackPlan for CorpusPlan {
    fn items(&self) -> &[StoreItem] {
        &self.items
    }

    fn read(&self, index: usize) -> Result<Vec<u8>, SourceFault> {
        let location = &self.locations[index];
        let Some(path) = location.file().filter(|_| location.is_whole()) else {
            let part = self.reader.part(location);
            return part.map_err(|error| SourceFault::Damaged(error.explained()));
        };
        let metadata = std::fs::metadata(path).ok();
        // Opening a pipe would wait for its writer.
        if metadata
            .as_ref()
            .is_some_and(|file| !file.is_file() && !file.is_dir())
        {
            let message = format!("`{}` is no regular file", path.display());
            return Err(SourceFault::Damaged(message));
        }
        let size = metadata.map_or(0, |file| file.len());
        if size > MOST_BYTES {
            let message =
                format!("{size} bytes, more than the {MOST_BYTES} that one recording may have");
            return Err(SourceFault::Damaged(message));
        }
        std::fs::read(path).map_err(|error| {
            let message = format!("cannot read `{}`: {error}", path.display());
            match error.kind() {
                ErrorKind::NotFound | ErrorKind::PermissionDenied | ErrorKind::IsADirectory => {
                    SourceFault::Damaged(message)
                }
                // A disk or network that fails will be back: the same command goes on then.
                _ => SourceFault::Lost(message),
            }
        })
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }

    fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn finish(&self, store: &Store) -> Result<Vec<String>, PrepError> {
        if self.lists.is_empty() {
            return Ok(Vec::new());
        }
        let folder = store.path().join(TRIALS_FOLDER);
        std::fs::create_dir_all(&folder).map_err(PrepError::io("make", &folder))?;
        for list in &self.lists {
            list.write_voxceleb(&folder.join(format!("{}.txt", list.name)))?;
        }
        Ok(Vec::new())
    }
}
