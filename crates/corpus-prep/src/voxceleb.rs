//! VoxCeleb 1 and 2, from whatever of them is there.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use speech_data::store::{SourceCopy, SourceFault, Store, StoreItem};
use speech_data::{VoxcelebName, column, split};

use crate::archive::MOST_BYTES;
use crate::error::PrepError;
use crate::find::{Corpus, Found, Source, find};
use crate::known::{SETS, is_vox1_test};
use crate::meta::{self, SpeakerMeta};
use crate::plan::PackPlan;
use crate::sets::SetCount;

/// Where the recordings are and which of them are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VoxcelebSources {
    /// Folder with VoxCeleb1: archives or unpacked.
    pub vox1: Option<PathBuf>,
    /// Folder with VoxCeleb2; may be the same.
    pub vox2: Option<PathBuf>,
    /// Only the first speakers by id.
    pub limit_speakers: Option<usize>,
    /// Compare published files with their sums.
    pub verify_parts: bool,
}

/// The utterances to be packed, and where each of them is.
pub struct VoxcelebPlan {
    items: Vec<StoreItem>,
    /// Source and entry of each item.
    places: Vec<(u32, u32)>,
    sources: Vec<Source>,
    /// Name, source and entry of a copy of a recording, by the recording's name.
    copies: HashMap<String, (String, u32, u32)>,
    /// Worth knowing.
    pub notes: Vec<String>,
    /// Wrong, but not so that work must stop.
    pub warnings: Vec<String>,
}

/// A speaker's name and columns.
type Speaker = (Arc<str>, Arc<BTreeMap<String, String>>);

impl VoxcelebPlan {
    /// Looks through the folders. `progress` is told what is being done, and bytes done and in all of it.
    ///
    /// # Errors
    /// [`PrepError::NoSource`], [`PrepError::NothingFound`], [`PrepError::MissingParts`], [`PrepError::BadArchive`],
    /// [`PrepError::Table`] and [`PrepError::Io`].
    pub fn make(
        sources: &VoxcelebSources,
        progress: &(dyn Fn(&str, u64, u64) + Sync),
    ) -> Result<Self, PrepError> {
        let mut plan = Self {
            items: Vec::new(),
            places: Vec::new(),
            sources: Vec::new(),
            copies: HashMap::new(),
            notes: Vec::new(),
            warnings: Vec::new(),
        };
        let mut found = Vec::new();
        let mut speakers = HashMap::new();
        let folders = [(Corpus::Vox1, &sources.vox1), (Corpus::Vox2, &sources.vox2)];
        for (corpus, folder) in folders {
            let Some(folder) = folder else { continue };
            let findings = find(folder, corpus, sources.verify_parts, progress)?;
            let first = plan.sources.len() as u32;
            found.extend(findings.found.into_iter().map(|one| Found {
                source: one.source + first,
                ..one
            }));
            plan.sources.extend(findings.sources);
            plan.notes.extend(findings.notes);
            plan.warnings.extend(findings.warnings);
            match findings.meta {
                Some(path) => speakers.extend(meta::read(&path)?),
                None => plan.warnings.push(format!(
                    "no table of the speakers of {} in `{}`: genders will not be known",
                    corpus.name(),
                    folder.display()
                )),
            }
        }
        if plan.sources.is_empty() {
            return Err(PrepError::NoSource);
        }
        found.sort_by(|a, b| (&a.name, a.source, a.entry).cmp(&(&b.name, b.source, b.entry)));
        plan.drop_doubles(&mut found);
        plan.drop_twins(&mut found);
        if let Some(limit) = sources.limit_speakers {
            keep_speakers(&mut found, limit);
        }
        plan.fill(found, &speakers);
        for (source, number) in plan.sources.iter().zip(0..) {
            let own = plan.places.iter().filter(|place| place.0 == number);
            source.set_order(own.map(|place| place.1).collect());
        }
        plan.compare();
        Ok(plan)
    }

    /// Keeps the first of several recordings of one name.
    fn drop_doubles(&mut self, found: &mut Vec<Found>) {
        let before = found.len();
        let mut in_one_source = Vec::new();
        found.dedup_by(|later, first| {
            let is_double = later.name == first.name;
            if is_double && later.source == first.source {
                in_one_source.push(later.name.clone());
            }
            is_double
        });
        let elsewhere = before - found.len() - in_one_source.len();
        if elsewhere > 0 {
            self.notes.push(format!(
                "{elsewhere} recordings are there more than once; each is used once"
            ));
        }
        if let Some(first) = in_one_source.last() {
            self.warnings.push(format!(
                "{} recordings are twice in one source, below different folders (such as `{first}`); the first of each is used",
                in_one_source.len()
            ));
        }
    }

    /// Keeps one of a recording and its converted copies beside it: that with the published ending, or the first by name.
    fn drop_twins(&mut self, found: &mut Vec<Found>) {
        let published = |name: &str| {
            let speaker = name.split('/').next().unwrap_or_default();
            let ending = if speaker >= "id10001" { ".wav" } else { ".m4a" };
            name.ends_with(ending)
        };
        let stem = |name: &str| {
            name.rsplit_once('.')
                .map_or(name, |(stem, _)| stem)
                .to_owned()
        };
        let mut endings = BTreeMap::new();
        let copies = &mut self.copies;
        found.dedup_by(|later, first| {
            let is_twin = stem(&later.name) == stem(&first.name);
            if is_twin {
                if published(&later.name) && !published(&first.name) {
                    std::mem::swap(later, first);
                }
                let ending =
                    |name: &str| name.rsplit_once('.').map_or("", |(_, end)| end).to_owned();
                let kinds = (ending(&first.name), ending(&later.name));
                *endings.entry(kinds).or_insert(0_u64) += 1;
                let copy = (later.name.clone(), later.source, later.entry);
                copies.insert(first.name.clone(), copy);
            }
            is_twin
        });
        self.notes.extend(endings.into_iter().map(|((taken, left), count)| {
            format!("{count} recordings are there as .{taken} and as .{left}: the .{taken} is taken, and the .{left} where it cannot be decoded; each is one utterance")
        }));
    }

    fn fill(&mut self, found: Vec<Found>, speakers: &HashMap<String, SpeakerMeta>) {
        let mut last: Option<Speaker> = None;
        let mut last_video: Option<Arc<str>> = None;
        self.items.reserve_exact(found.len());
        self.places.reserve_exact(found.len());
        for one in found {
            let Some(name) = VoxcelebName::of_path(&one.name) else {
                continue;
            };
            let (speaker, columns) = match &last {
                Some(last) if *last.0 == *name.speaker => last.clone(),
                _ => {
                    let columns = columns(name.speaker, one.is_test, speakers.get(name.speaker));
                    let new: (Arc<str>, _) = (name.speaker.into(), Arc::new(columns));
                    last.insert(new).clone()
                }
            };
            let video = match &last_video {
                Some(last) if **last == *name.video => Arc::clone(last),
                _ => Arc::clone(last_video.insert(name.video.into())),
            };
            self.items.push(StoreItem {
                speaker,
                session: Some(video),
                columns,
                source_bytes: one.num_bytes.min(MOST_BYTES),
                name: one.name,
            });
            self.places.push((one.source, one.entry));
        }
    }

    /// Notes how what is there differs from what was published.
    fn compare(&mut self) {
        for count in self.counts() {
            if count.utterances != count.expected_utterances {
                self.notes.push(format!(
                    "{} {}: {} of {} utterances",
                    count.corpus, count.split, count.utterances, count.expected_utterances
                ));
            }
        }
    }

    /// What is there of each published set, sets of which nothing is there left out.
    #[must_use]
    pub fn counts(&self) -> Vec<SetCount> {
        let mut counts = Vec::new();
        for known in &SETS {
            let own = |item: &&StoreItem| {
                let is = |key: &str, value: &str| item.columns.get(key).is_some_and(|v| v == value);
                is(column::CORPUS, known.corpus) && is(column::SPLIT, known.split)
            };
            let (mut utterances, mut speakers, mut videos) = (0, BTreeSet::new(), BTreeSet::new());
            for item in self.items.iter().filter(own) {
                utterances += 1;
                speakers.insert(&item.speaker);
                videos.insert((&item.speaker, &item.session));
            }
            if utterances > 0 {
                counts.push(SetCount {
                    corpus: known.corpus,
                    split: known.split,
                    speakers: speakers.len() as u64,
                    videos: videos.len() as u64,
                    utterances,
                    expected_utterances: known.utterances,
                });
            }
        }
        counts
    }
}

impl PackPlan for VoxcelebPlan {
    fn items(&self) -> &[StoreItem] {
        &self.items
    }

    fn read(&self, index: usize) -> Result<Vec<u8>, SourceFault> {
        let (source, entry) = self.places[index];
        self.sources[source as usize].read(entry)
    }

    fn stamp(&self, index: usize) -> Option<String> {
        let (source, entry) = self.places[index];
        Some(self.sources[source as usize].stamp(entry))
    }

    fn copy(&self, index: usize) -> Option<SourceCopy> {
        let (name, source, entry) = self.copies.get(&self.items[index].name)?;
        let bytes = self.sources[*source as usize].read(*entry).ok()?;
        Some(SourceCopy {
            name: name.clone(),
            bytes,
        })
    }

    fn is_sequential(&self) -> bool {
        self.sources.iter().any(Source::is_sequential)
    }

    fn changed(&self) -> Vec<String> {
        self.sources.iter().filter_map(Source::changed).collect()
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }

    fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn sets(&self) -> Vec<SetCount> {
        self.counts()
    }

    fn finish(&self, store: &Store) -> Result<Vec<String>, PrepError> {
        Ok(match odd_lengths(store)? {
            0 => Vec::new(),
            odd => vec![format!(
                "{odd} utterances of VoxCeleb1 do not have 640 n + 1 samples, as all published ones have"
            )],
        })
    }
}

/// Utterances of VoxCeleb1 whose length is not that of whole video frames and one sample, as all published ones are.
///
/// # Errors
/// [`PrepError::Store`].
fn odd_lengths(store: &Store) -> Result<u64, PrepError> {
    let mut odd = 0;
    for index in 0..store.len() {
        let entry = store.entry(index)?;
        let is_whole = entry.num_samples % 640 == 1;
        if entry.sample_rate_hz == 16_000
            && !is_whole
            && store.column(index, column::CORPUS)? == Some(Corpus::Vox1.name())
        {
            odd += 1;
        }
    }
    Ok(odd)
}

/// What is known of a speaker. Where the table does not say which set a speaker of VoxCeleb2 is of, the path does.
fn columns(speaker: &str, in_test: bool, meta: Option<&SpeakerMeta>) -> BTreeMap<String, String> {
    let is_vox1 = speaker >= "id10001";
    let is_test = match is_vox1 {
        true => is_vox1_test(speaker),
        false => meta.and_then(|meta| meta.is_test).unwrap_or(in_test),
    };
    let corpus = if is_vox1 { Corpus::Vox1 } else { Corpus::Vox2 };
    let split = if is_test { split::TEST } else { split::TRAIN };
    let mut columns = BTreeMap::from([
        (column::CORPUS.to_owned(), corpus.name().to_owned()),
        (column::SPLIT.to_owned(), split.to_owned()),
    ]);
    if let Some(gender) = meta.and_then(|meta| meta.gender) {
        columns.insert(column::GENDER.to_owned(), gender.to_owned());
    }
    if let Some(nationality) = meta.and_then(|meta| meta.nationality.clone()) {
        columns.insert(column::NATIONALITY.to_owned(), nationality);
    }
    columns
}

fn keep_speakers(found: &mut Vec<Found>, limit: usize) {
    let (mut seen, mut last) = (0, String::new());
    found.retain(|one| {
        let speaker = one.name.split('/').next().unwrap_or("");
        if speaker != last {
            seen += 1;
            last = speaker.to_owned();
        }
        seen <= limit
    });
}
