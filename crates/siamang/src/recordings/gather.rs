//! Recordings, folders of them, manifests and stores to a list of what is to be embedded.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use speech_data::store::Store;
use speech_data::{
    AudioFiles, FaultyRows, Filter, Location, Manifest, PassedOver, Problem, ReadOptions, Speakers,
    escaped, is_table, one_folder_above, speaker_and_session,
};

use super::input::Input;
use crate::error::Error;

/// What recordings are given as.
#[derive(Debug)]
pub enum Given {
    /// A recording, a folder of recordings, a manifest, or a store.
    Path(PathBuf),
    /// A recording, whatever it is called.
    File(PathBuf),
    /// The bytes of a recording.
    Bytes {
        /// What it is called.
        name: String,
        /// Its bytes.
        bytes: Vec<u8>,
    },
}

/// Recordings to embed, and what was noticed when they were looked for.
#[derive(Debug, Default)]
pub struct Gathered {
    /// In order, each with a name of its own.
    pub inputs: Vec<Input>,
    /// What somebody should look at.
    pub warnings: Vec<String>,
    /// What belongs to the recordings, or seems to, and is not among them.
    pub left_out: Vec<String>,
    /// What only the curious want to know.
    pub notes: Vec<String>,
    /// What folders hold beside recordings.
    pub passed_over: PassedOver,
    /// Rows of tables that cannot be used, of which `left_out` names the first.
    pub faulty: Vec<Problem>,
}

/// All recordings that `paths` mean: recordings, folders, manifests, stores.
///
/// # Errors
/// As [`gather_given`].
pub fn gather<P: AsRef<Path>>(paths: &[P]) -> Result<Gathered, Error> {
    let given = paths
        .iter()
        .map(|path| Given::Path(path.as_ref().to_owned()));
    gather_given(given.collect(), &[])
}

/// All recordings that are meant, in order, each once. `filters` choose among manifests' rows.
///
/// # Errors
/// [`Error::NoRecordings`], and what manifests and stores fail with.
pub fn gather_given(given: Vec<Given>, filters: &[Filter]) -> Result<Gathered, Error> {
    let options = ReadOptions {
        speakers: Speakers::Optional,
        faulty: FaultyRows::LeaveOut,
        ..ReadOptions::default()
    };
    gather_with(given, filters, &options)
}

/// The same, with tables read in another way. Of several paths a table that cannot be read is left out and said.
///
/// # Errors
/// As [`gather_given`].
pub fn gather_with(
    given: Vec<Given>,
    filters: &[Filter],
    options: &ReadOptions<'_>,
) -> Result<Gathered, Error> {
    let mut gathered = Gathered::default();
    let mut paths = Vec::new();
    let alone = given.len() == 1;
    for given in given {
        match given {
            Given::Path(path) => {
                gathered.add_path(&path, alone, filters, options)?;
                paths.push(path);
            }
            Given::File(path) => {
                gathered.inputs.push(named(&path));
                paths.push(path);
            }
            Given::Bytes { name, bytes } => gathered.inputs.push(Input::bytes(&name, bytes)),
        }
    }
    gathered.make_names_unique();
    if gathered.inputs.is_empty() {
        let found = gathered.left_out.into_iter().chain(gathered.warnings);
        return Err(Error::NoRecordings {
            paths,
            found: found.collect(),
        });
    }
    Ok(gathered)
}

impl Gathered {
    fn add_path(
        &mut self,
        path: &Path,
        alone: bool,
        filters: &[Filter],
        options: &ReadOptions<'_>,
    ) -> Result<(), Error> {
        if Store::is_store(path) {
            self.add_store(&Arc::new(Store::open(path)?), filters)
        } else if is_manifest(path) {
            self.add_manifest(path, alone, filters, options)
        } else if path.is_dir() {
            let found = AudioFiles::below(path);
            // A folder of nothing but archives is a corpus in pieces.
            match found.files.is_empty() && !found.archives.is_empty() {
                true => self.add_manifest(path, alone, filters, options)?,
                false => self.add_folder(path, found, alone),
            }
            Ok(())
        } else {
            self.inputs.push(named(path));
            Ok(())
        }
    }

    fn add_manifest(
        &mut self,
        path: &Path,
        alone: bool,
        filters: &[Filter],
        options: &ReadOptions<'_>,
    ) -> Result<(), Error> {
        let (manifest, unlisted) = match Manifest::read_with(path, options) {
            Ok(manifest) => {
                // Before the filters: what they leave out is listed.
                let unlisted = unlisted_below(path, &manifest);
                (manifest.filter(filters)?, unlisted)
            }
            // A list that is none must not end what the others are given for.
            Err(error) if !alone => {
                self.left_out.push(error.explained());
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        self.notice(&manifest.notes);
        self.warnings.extend(unlisted);
        self.passed_over.add(&manifest.passed_over);
        self.left_out.extend(manifest.faulty_rows());
        self.faulty.extend(manifest.faulty.iter().cloned());
        self.notes.push(format!(
            "`{}` is a manifest of {} recordings",
            path.display(),
            manifest.utterances.len()
        ));
        self.inputs
            .extend(manifest.utterances.iter().map(Input::of));
        Ok(())
    }

    /// The recordings of a store that pass the filters.
    fn add_store(&mut self, store: &Arc<Store>, filters: &[Filter]) -> Result<(), Error> {
        let manifest = Manifest::from_store(store)?.filter(filters)?;
        let summary = store.summary();
        let path = store.path().display();
        if let Some(part) = summary.part {
            self.warnings
                .push(format!("`{path}` is part {part} of a store"));
        }
        self.notes.push(format!(
            "`{path}` is a store of {} recordings",
            summary.utterances
        ));
        self.inputs
            .extend(manifest.utterances.iter().map(Input::of));
        Ok(())
    }

    /// The recordings below a folder, sorted. Hidden files (`._1.wav` beside `1.wav`) are passed over.
    fn add_folder(&mut self, root: &Path, found: AudioFiles, alone: bool) {
        self.notice(&found.notes);
        self.passed_over.add(&found.passed_over);
        if !found.others.is_empty() {
            let shown = root.display();
            self.notes
                .push(format!("`{shown}` also holds {}", found.others));
        }
        if let hidden @ 1.. = found.passed_over.hidden_files {
            self.notes.push(format!(
                "`{}` also holds {hidden} hidden files",
                root.display()
            ));
        }
        let placed = found
            .files
            .iter()
            .map(|file| speaker_and_session(&file.name));
        if let Some(placed) = placed.collect::<Option<Vec<_>>>() {
            let note = one_folder_above(root, placed);
            self.notes.extend(note.map(|note| note.to_string()));
        }
        let mut deep = 0;
        for file in found.files {
            let speaker = speaker_of(root, &file.name, alone);
            let session = speaker_and_session(&file.name).and_then(|(_, session)| session);
            let session = session.map(str::to_owned);
            deep += usize::from(is_below_sessions(&file.name));
            let id = match alone {
                true => file.name,
                false => escaped(file.path.as_os_str()).into_owned(),
            };
            let mut input = Input::file(id, file.path);
            input.speaker = speaker;
            input.session = session;
            self.inputs.push(input);
        }
        self.doubt_folders(root, deep);
    }

    /// Says what is odd about speakers that are taken from the folders below `root`; `deep` recordings lie deeper than speakers
    /// and sessions do.
    fn doubt_folders(&mut self, root: &Path, deep: usize) {
        let shown = root.display();
        match deep {
            0 => {}
            1 => self.warnings.push(format!(
                "1 recording lies deeper below `{shown}` than <speaker>/<session>/<recording>: its speaker is not taken from the folders"
            )),
            deep => self.warnings.push(format!(
                "{deep} recordings lie deeper below `{shown}` than <speaker>/<session>/<recording>: their speakers are not taken from the folders; name the folder above the speakers' to have them"
            )),
        }
    }

    fn notice(&mut self, problems: &[Problem]) {
        for problem in problems {
            match problem.is_left_out() {
                true => self.left_out.push(problem.to_string()),
                false => self.warnings.push(problem.to_string()),
            }
        }
    }

    /// What was given twice is used once; different recordings of one name are called by their paths.
    fn make_names_unique(&mut self) {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for input in &self.inputs {
            *counts.entry(&input.id).or_default() += 1;
        }
        // Paths are looked up for these alone: there may be millions of recordings.
        let mut places: HashMap<String, HashSet<Location>> = HashMap::new();
        for input in &self.inputs {
            if counts[input.id.as_str()] > 1 {
                let places = places.entry(input.id.clone()).or_default();
                places.insert(place(input));
            }
        }
        let is_ambiguous = |id: &String| places.get(id).is_some_and(|places| places.len() > 1);
        if let Some(first) = self.inputs.iter().find(|input| is_ambiguous(&input.id)) {
            let num = places.values().filter(|places| places.len() > 1).count();
            self.warnings.push(format!(
                "{}, such as `{}`; these recordings are called by their paths",
                match num {
                    1 => "1 name stands for more than one recording".to_owned(),
                    num => format!("{num} names stand for more than one recording each"),
                },
                first.id
            ));
        }
        let mut seen: HashMap<String, Option<Location>> = HashMap::new();
        let mut twice: Vec<String> = Vec::new();
        self.inputs.retain_mut(|input| {
            let place = places.contains_key(&input.id).then(|| place(input));
            if is_ambiguous(&input.id) {
                input.id = input.path();
            }
            let name = input.id.clone();
            for number in 2.. {
                match seen.get(&input.id) {
                    None => break,
                    Some(known) if *known == place => {
                        twice.push(name);
                        return false;
                    }
                    // Bytes have no path that tells them apart.
                    Some(_) => input.id = format!("{name} ({number})"),
                }
            }
            seen.insert(input.id.clone(), place);
            true
        });
        self.warnings.extend(match twice.as_slice() {
            [] => None,
            [name] => Some(format!("`{name}` was given twice; it is used once")),
            [name, others @ ..] => Some(format!(
                "`{name}` was given twice, and so were {} others; each is used once",
                others.len()
            )),
        });
    }
}

/// Where a recording is, whichever way the path of its file is written.
fn place(input: &Input) -> Location {
    let canonical = input
        .location
        .file()
        .filter(|_| input.location.is_whole())
        .and_then(|path| std::fs::canonicalize(path).ok());
    canonical.map_or_else(|| input.location.clone(), Location::from)
}

/// What to say of recordings below a folder that its own table does not name.
fn unlisted_below(folder: &Path, manifest: &Manifest) -> Option<String> {
    if !folder.is_dir() {
        return None;
    }
    let listed: HashSet<&Path> = manifest
        .utterances
        .iter()
        .filter_map(|utterance| utterance.location.file())
        .collect();
    let below = AudioFiles::below(folder).files;
    let mut others = below
        .iter()
        .filter(|file| !listed.contains(file.path.as_path()));
    let first = others.next()?;
    Some(format!(
        "{} of {} recordings below `{}` are in no row of its table, such as `{}`: they are not used",
        1 + others.count(),
        below.len(),
        folder.display(),
        first.name
    ))
}

/// A recording given by its own path. Its folder may be its speaker's, see [`of_folders`](crate::trials::of_folders).
fn named(path: &Path) -> Input {
    Input::file(escaped(path.as_os_str()), path)
}

/// Whether a path is a manifest: a table, JSON lines, an archive of recordings, or a folder that holds `split.tsv` or
/// `wav.scp`.
fn is_manifest(path: &Path) -> bool {
    if path.is_dir() {
        return path.join("split.tsv").is_file() || path.join("wav.scp").is_file();
    }
    is_table(path)
}

/// The speaker is the first folder below `root`, where the recording is called `name`, unless it lies deeper than speakers and
/// sessions do; of several folders that hold recordings, each may be a speaker's own.
fn speaker_of(root: &Path, name: &str, alone: bool) -> Option<String> {
    match speaker_and_session(name) {
        Some((speaker, _)) => Some(speaker.to_owned()),
        None if alone || is_below_sessions(name) => None,
        None => Some(escaped(root.file_name()?).into_owned()),
    }
}

/// Whether a recording below a folder lies deeper than speakers and sessions do.
fn is_below_sessions(name: &str) -> bool {
    name.contains('/') && speaker_and_session(name).is_none()
}

/// Whether a path has columns that filters may choose by.
///
/// # Errors
/// [`Error::NothingToFilter`] where there are filters and none of `paths` has columns.
pub fn check_filters(paths: &[PathBuf], filters: &[Filter]) -> Result<(), Error> {
    let has_columns = |path: &PathBuf| is_manifest(path) || Store::is_store(path);
    match filters.is_empty() || paths.iter().any(has_columns) {
        true => Ok(()),
        false => Err(Error::NothingToFilter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_speaker_is_the_first_folder_below_the_one_given() {
        let speaker = |below: &str, alone| speaker_of(Path::new("voices/v01"), below, alone);
        assert_eq!(speaker("ann/day1/1.wav", true).as_deref(), Some("ann"));
        assert_eq!(speaker("a/ann/day1/1.wav", false), None);
        assert_eq!(speaker("1.wav", true), None);
        assert_eq!(speaker("1.wav", false).as_deref(), Some("v01"));
    }

    #[test]
    fn tables_are_manifests_and_recordings_are_not() {
        for name in ["a/split.tsv", "b.JSONL", "wav.scp"] {
            assert!(is_manifest(Path::new(name)), "{name}");
        }
        assert!(!is_manifest(Path::new("a/b.wav")));
    }
}
