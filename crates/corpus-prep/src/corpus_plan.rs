//! A corpus of files as a list of utterances to pack.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::sync::Arc;

use rayon::prelude::*;
use speech_data::store::{SourceFault, Store, StoreItem};
use speech_data::{Location, Reader, TrialList, Utterance, column};

use crate::archive::MOST_BYTES;
use crate::archived::Archives;
use crate::corpora::{Corpus, CorpusKind};
use crate::error::PrepError;
use crate::plan::PackPlan;
use crate::stamp::{FileStamp, changed_line};

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
    /// What each file was when the plan was made.
    stamps: Vec<FileStamp>,
    archives: Option<Archives>,
    /// Where each recording lies in the archives.
    places: Vec<Option<(u32, u32)>>,
}

impl CorpusPlan {
    /// The plan of a corpus, of its first speakers by name where there is a limit.
    /// `archives` are those that it was read from, if it was.
    pub fn make(
        kind: CorpusKind,
        corpus: Corpus,
        archives: Option<Archives>,
        limit_speakers: Option<usize>,
    ) -> Self {
        let manifest = corpus.manifest;
        let shown = |text: String| match &archives {
            Some(archives) => archives.shown(&text, archives.path()),
            None => text,
        };
        let notes = manifest.notes.iter();
        let mut warnings: Vec<String> = notes.map(|note| shown(note.to_string())).collect();
        let chosen: BTreeSet<String> = manifest
            .speakers()
            .into_iter()
            .take(limit_speakers.unwrap_or(usize::MAX))
            .map(str::to_owned)
            .collect();
        let mut utterances = manifest.utterances;
        utterances.retain(|utterance| chosen.contains(&utterance.speaker));
        let mut doubles = Vec::new();
        utterances.dedup_by(|later, first| {
            let is_double = later.id == first.id;
            if is_double {
                doubles.push(later.id.clone());
            }
            is_double
        });
        if let Some(example) = doubles.first() {
            warnings.push(format!(
                "{} utterances are there twice, such as `{example}`; the first of each is used",
                doubles.len()
            ));
        }
        let mut twins = Vec::new();
        if !matches!(kind, CorpusKind::Folder | CorpusKind::Kaldi) {
            twins.extend(drop_twins(&mut utterances));
        }
        let places: Vec<Option<(u32, u32)>> = utterances
            .iter()
            .map(|utterance| archives.as_ref()?.place(utterance.location.file()?))
            .collect();
        let sizes: Vec<u64> = utterances
            .par_iter()
            .zip(&places)
            .map(|(utterance, place)| match (place, &archives) {
                (Some(place), Some(archives)) => archives.size(*place),
                _ => utterance.location.num_bytes(),
            })
            .collect();
        if let Some(archives) = &archives {
            archives.set_order(&places.iter().flatten().copied().collect::<Vec<_>>());
            warnings.extend_from_slice(archives.warnings());
        }
        let mut shared = Shared::default();
        let (mut items, mut locations) = (Vec::new(), Vec::new());
        for (utterance, size) in utterances.into_iter().zip(sizes) {
            items.push(shared.item(kind, &utterance, size));
            locations.push(utterance.location);
        }
        let lists = match corpus.lists.len() {
            0 => None,
            count => Some(format!(
                "{count} trial lists come with the corpus; they are put into `{TRIALS_FOLDER}`"
            )),
        };
        let of_archives = archives
            .iter()
            .flat_map(|archives| archives.notes().to_vec());
        let notes = of_archives.chain(twins).chain(lists).collect();
        let stamp = |location: &Location| location.file().map(FileStamp::at).unwrap_or_default();
        let stamps = locations.par_iter().map(stamp).collect();
        Self {
            items,
            locations,
            stamps,
            archives,
            places,
            lists: corpus.lists,
            notes,
            warnings,
            reader: Reader::default(),
        }
    }
}

/// Keeps one of a recording and its converted copies beside it: that whose ending most recordings of the corpus have. `utterances`
/// are sorted by name. Gives what was done in words.
fn drop_twins(utterances: &mut Vec<Utterance>) -> Option<String> {
    let split = |id: &str| match id.rsplit_once('.') {
        Some((stem, ending)) => (stem.to_owned(), ending.to_ascii_lowercase()),
        None => (id.to_owned(), String::new()),
    };
    let mut endings: BTreeMap<String, usize> = BTreeMap::new();
    for utterance in utterances.iter() {
        *endings.entry(split(&utterance.id).1).or_default() += 1;
    }
    let often = |utterance: &Utterance| endings[&split(&utterance.id).1];
    let before = utterances.len();
    utterances.dedup_by(|later, first| {
        let is_twin = split(&later.id).0 == split(&first.id).0;
        if is_twin && often(later) > often(first) {
            std::mem::swap(later, first);
        }
        is_twin
    });
    let num_twins = before - utterances.len();
    (num_twins > 0).then(|| {
        format!(
            "{num_twins} recordings are there in two formats beside each other: each is one utterance, and the format that most \
             of the corpus has is taken"
        )
    })
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
        if let (Some(place), Some(archives)) = (self.places[index], &self.archives) {
            let bytes = archives.read(place)?;
            if location.is_whole() {
                return Ok(bytes);
            }
            let name = self.items[index].name.clone();
            let part = self.reader.part(&location.clone().held_by(name, bytes));
            return part.map_err(|error| SourceFault::Damaged(error.explained()));
        }
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

    fn stamp(&self, index: usize) -> Option<String> {
        Some(match (self.places[index], &self.archives) {
            (Some(place), Some(archives)) => archives.stamp(place),
            _ => self.stamps[index].text(),
        })
    }

    fn changed(&self) -> Vec<String> {
        if let Some(archives) = &self.archives {
            return archives.changed().into_iter().collect();
        }
        let both = self.locations.iter().zip(&self.stamps);
        let files = both.filter_map(|(location, stamp)| Some((location.file()?, stamp)));
        let changed = files.filter(|(file, stamp)| FileStamp::at(file) != **stamp);
        let mut changed: Vec<String> = changed
            .map(|(file, _)| file.display().to_string())
            .collect();
        changed.dedup();
        changed_line("recordings", &changed).into_iter().collect()
    }

    fn is_sequential(&self) -> bool {
        self.archives.as_ref().is_some_and(Archives::is_sequential)
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
