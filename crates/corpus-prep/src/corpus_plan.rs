//! A corpus of files as a list of utterances to pack.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;
use speech_data::store::{SourceFault, Store, StoreItem};
use speech_data::{TrialList, Utterance};

use crate::archive::MOST_BYTES;
use crate::corpora::{Corpus, CorpusKind};
use crate::cut::Cutter;
use crate::error::PrepError;
use crate::plan::PackPlan;

/// Folder of a store that the corpus's own trial lists are put into.
pub(crate) const TRIALS_FOLDER: &str = "trials";

/// Where an utterance's bytes are.
#[derive(Debug)]
struct Place {
    path: PathBuf,
    /// Bounds within the file, in s; the whole file where there are none.
    span: Option<(f64, f64)>,
}

/// The utterances of a corpus, and the files that they are in.
#[derive(Debug)]
pub struct CorpusPlan {
    items: Vec<StoreItem>,
    places: Vec<Place>,
    lists: Vec<TrialList>,
    notes: Vec<String>,
    warnings: Vec<String>,
    cutter: Cutter,
}

/// Bytes of a second of a part: mono of 16 bits at 16 kHz.
const PART_BYTES_PER_S: f64 = 32_000.0;

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
        let span = |utterance: &Utterance| -> Option<(f64, f64)> {
            let time = |name| utterance.column(name)?.parse().ok();
            time("start_s").zip(time("end_s"))
        };
        let sizes: Vec<u64> = utterances
            .par_iter()
            .map(|utterance| match span(utterance) {
                // Of a part about what is made of it, not all that it is cut from.
                Some((start_s, end_s)) => ((end_s - start_s) * PART_BYTES_PER_S) as u64,
                None => std::fs::metadata(&utterance.path).map_or(0, |file| file.len()),
            })
            .collect();
        let mut shared = Shared::default();
        let (mut items, mut places) = (Vec::new(), Vec::new());
        for (utterance, size) in utterances.into_iter().zip(sizes) {
            items.push(shared.item(kind, &utterance, size));
            places.push(Place {
                span: span(&utterance),
                path: utterance.path,
            });
        }
        let notes = match corpus.lists.len() {
            0 => Vec::new(),
            count => vec![format!(
                "{count} trial lists come with the corpus; they are put into `{TRIALS_FOLDER}`"
            )],
        };
        Self {
            items,
            places,
            lists: corpus.lists,
            notes,
            warnings,
            cutter: Cutter::default(),
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
        columns.remove("seconds");
        if !matches!(kind, CorpusKind::Kaldi | CorpusKind::Folder) {
            columns.insert("corpus".to_owned(), kind.as_str().to_owned());
        }
        for name in ["gender", "split"] {
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
        let Place { path, span } = &self.places[index];
        if let Some((start_s, end_s)) = *span {
            return self
                .cutter
                .cut(path, start_s, end_s)
                .map_err(SourceFault::Damaged);
        }
        let size = std::fs::metadata(path).map_or(0, |file| file.len());
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
