//! Corpora in the archives that they are published as, read without unpacking them.
//!
//! A layout is recognised from paths and tables. Both are put into a folder for the time of preparing: small files as they are, and
//! for every recording an empty file. Whatever reads a corpus's folder reads that one, and the recordings' bytes come from the archive.

mod tarball;

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use audio_features::is_audio_path;
use speech_data::ReadOptions;
use speech_data::store::SourceFault;
use tempfile::TempDir;

use self::tarball::Met;
pub(crate) use self::tarball::{Tarball, is_tar};
use crate::archive::Archive;
use crate::corpora::{Corpus, CorpusKind, read_corpus_with};
use crate::error::PrepError;
use crate::name::hostile;
use crate::split_archive::{check_gaps, split_part};
use crate::stamp::changed_line;
use crate::sums::file_name;

/// Larger files that are no audio are not looked at.
const LARGEST_TABLE: u64 = 32 << 20;

/// Of larger ones the beginning, by which a format is known.
const BEGINNING: u64 = 512;

/// Archives and the folder that stands for what is in them.
pub struct Archives {
    folder: TempDir,
    path: PathBuf,
    sources: Vec<Source>,
    /// Source and number of the file, by path below the folder.
    places: HashMap<PathBuf, (u32, u32)>,
    notes: Vec<String>,
    warnings: Vec<String>,
}

enum Source {
    Zip(Archive),
    Tar(Tarball),
}

impl std::fmt::Debug for Archives {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Archives")
            .field("folder", &self.folder.path())
            .field("sources", &self.sources.len())
            .finish_non_exhaustive()
    }
}

/// Reads the corpus at `path`: the folder that it is unpacked in, one of its archives, or a folder of these. Archives are taken
/// where no unpacked recordings are found. `progress` is told what is read through, and bytes done and in all of it.
///
/// # Errors
/// As [`read_corpus`](crate::read_corpus), [`PrepError::UnsupportedArchive`], [`PrepError::BadArchive`] and [`PrepError::MissingParts`].
pub fn read_source(
    kind: CorpusKind,
    path: &Path,
    progress: &dyn Fn(&str, u64, u64),
) -> Result<(Corpus, Option<Archives>), PrepError> {
    read_source_with(kind, path, &ReadOptions::default(), progress)
}

/// The same, with Kaldi's lists and other tables read in another way. A tar that says itself who speaks, as WebDataset's and
/// WeSpeaker's do, is a table.
///
/// # Errors
/// As [`read_source`].
pub fn read_source_with(
    kind: CorpusKind,
    path: &Path,
    options: &ReadOptions<'_>,
    progress: &dyn Fn(&str, u64, u64),
) -> Result<(Corpus, Option<Archives>), PrepError> {
    let is_file = path.is_file();
    if !is_file {
        match read_corpus_with(kind, path, options) {
            Ok(corpus) if !corpus.manifest.utterances.is_empty() => return Ok((corpus, None)),
            unpacked => {
                let found = find(path, if kind == CorpusKind::Aishell { 3 } else { 2 })?;
                if found.is_empty() {
                    return match unsupported(path) {
                        Some(error) if unpacked.is_err() => Err(error),
                        _ => unpacked.map(|corpus| (corpus, None)),
                    };
                }
                return of_archives(kind, path, found, options, progress);
            }
        }
    }
    // A single file is known by its first bytes, whatever its name.
    match form(path)? {
        Form::Other => read_corpus_with(kind, path, options).map(|corpus| (corpus, None)),
        Form::Unsupported(kind) => Err(PrepError::UnsupportedArchive {
            name: file_name(path),
            kind,
        }),
        Form::Zip | Form::Tar => {
            if kind == CorpusKind::Folder
                && let Ok(corpus) = read_corpus_with(kind, path, options)
            {
                return Ok((corpus, None));
            }
            of_archives(kind, path, vec![vec![path.to_owned()]], options, progress)
        }
    }
}

/// An archive in a folder that is of a kind that is not read.
fn unsupported(folder: &Path) -> Option<PrepError> {
    let files = walkdir::WalkDir::new(folder)
        .max_depth(2)
        .sort_by_file_name();
    let mut files = files
        .into_iter()
        .flatten()
        .filter(|entry| entry.file_type().is_file());
    files.find_map(|entry| match form(entry.path()).ok()? {
        Form::Unsupported(kind) => Some(PrepError::UnsupportedArchive {
            name: entry.file_name().to_string_lossy().into_owned(),
            kind,
        }),
        _ => None,
    })
}

fn of_archives(
    kind: CorpusKind,
    path: &Path,
    found: Vec<Vec<PathBuf>>,
    options: &ReadOptions<'_>,
    progress: &dyn Fn(&str, u64, u64),
) -> Result<(Corpus, Option<Archives>), PrepError> {
    let archives = Archives::open(kind, path, &found, progress)?;
    let shown = |text: &str| archives.shown(text, path);
    let corpus =
        read_corpus_with(kind, archives.folder.path(), options).map_err(|error| match error {
            PrepError::NothingFound {
                corpus,
                found,
                layouts,
                ..
            } => PrepError::NothingFound {
                corpus,
                path: path.to_owned(),
                found: shown(&format!(
                    "{} archives were looked into; {found}",
                    archives.sources.len()
                )),
                layouts,
            },
            error => PrepError::InArchive {
                found: shown(&error.to_string()),
            },
        })?;
    Ok((corpus, Some(archives)))
}

/// What a file is, by its first bytes.
enum Form {
    Zip,
    Tar,
    /// An archive that is not read.
    Unsupported(&'static str),
    Other,
}

fn form(path: &Path) -> Result<Form, PrepError> {
    let mut begin = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(BEGINNING).read_to_end(&mut begin))
        .map_err(PrepError::io("open", path))?;
    Ok(match begin.as_slice() {
        [b'P', b'K', 3 | 5, 4 | 6, ..] => Form::Zip,
        [0x1f, 0x8b, ..] if is_tar(&file_name(path)) || holds_tar(path) => Form::Tar,
        [b'B', b'Z', b'h', ..] => Form::Unsupported("bzip2"),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => Form::Unsupported("xz"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Form::Unsupported("zstd"),
        [b'7', b'z', 0xbc, 0xaf, ..] => Form::Unsupported("7z"),
        [b'R', b'a', b'r', b'!', ..] => Form::Unsupported("RAR"),
        bytes if is_tar_header(bytes) || is_tar(&file_name(path)) => Form::Tar,
        _ => Form::Other,
    })
}

/// Whether the first block of a tar archive is this.
fn is_tar_header(bytes: &[u8]) -> bool {
    bytes.get(257..262) == Some(b"ustar")
}

/// Whether a gzipped file holds a tar archive.
fn holds_tar(path: &Path) -> bool {
    let mut begin = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| {
        flate2::read::MultiGzDecoder::new(file)
            .take(BEGINNING)
            .read_to_end(&mut begin)
    });
    read.is_ok() && is_tar_header(&begin)
}

fn is_archive(name: &str) -> bool {
    is_tar(name) || name.to_ascii_lowercase().ends_with(".zip")
}

/// The archives in a folder and the folders in it, so deep, each as its parts.
fn find(folder: &Path, max_depth: usize) -> Result<Vec<Vec<PathBuf>>, PrepError> {
    let mut split: std::collections::BTreeMap<PathBuf, Vec<(String, PathBuf)>> = Default::default();
    let mut found = Vec::new();
    let entries = walkdir::WalkDir::new(folder)
        .max_depth(max_depth)
        .sort_by_file_name();
    for entry in entries {
        let Ok(entry) = entry else { continue };
        let name = entry.file_name().to_string_lossy().into_owned();
        if !entry.file_type().is_file() {
            continue;
        }
        if let Some((stem, tag)) = split_part(&name) {
            let key = entry.path().with_file_name(stem);
            split
                .entry(key)
                .or_default()
                .push((tag.to_owned(), entry.path().to_owned()));
        } else if is_archive(&name) {
            found.push(vec![entry.path().to_owned()]);
        }
    }
    for (stem, mut parts) in split {
        parts.sort();
        check_gaps(&stem, &parts)?;
        found.push(parts.into_iter().map(|(_, path)| path).collect());
    }
    Ok(found)
}

impl Archives {
    /// A text about the folder that stands for the archives, as one about `path`, where they lie.
    pub(crate) fn shown(&self, text: &str, path: &Path) -> String {
        let folder = self.folder.path().display().to_string();
        text.replace(&folder, &path.display().to_string())
    }

    /// Where the archives lie.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Looks through archives, each given as its parts.
    fn open(
        kind: CorpusKind,
        path: &Path,
        found: &[Vec<PathBuf>],
        progress: &dyn Fn(&str, u64, u64),
    ) -> Result<Self, PrepError> {
        let place = std::env::temp_dir();
        let mut archives = Self {
            folder: tempfile::tempdir().map_err(PrepError::io("make a folder in", &place))?,
            path: path.to_owned(),
            sources: Vec::new(),
            places: HashMap::new(),
            notes: Vec::new(),
            warnings: Vec::new(),
        };
        for paths in found {
            // AISHELL's archives of speakers, whose own paths begin below `wav`.
            let below = match (kind, paths.first()) {
                (CorpusKind::Aishell, Some(first)) if path.is_dir() => first
                    .parent()
                    .and_then(|folder| folder.strip_prefix(path).ok())
                    .unwrap_or(Path::new(""))
                    .to_owned(),
                _ => PathBuf::new(),
            };
            archives.add(paths, &below, progress)?;
        }
        if kind == CorpusKind::Aishell && path.is_dir() {
            archives.take_genders(path)?;
        }
        Ok(archives)
    }

    /// The table of AISHELL's speakers that lies unpacked beside the archives of speakers.
    fn take_genders(&self, path: &Path) -> Result<(), PrepError> {
        const TABLE: &str = "resource_aishell/speaker.info";
        let above = path.parent().unwrap_or(path);
        let here = [path, above].map(|folder| folder.join(TABLE));
        let to = self.folder.path().join(TABLE);
        let Some(from) = here.iter().find(|table| table.is_file()) else {
            return Ok(());
        };
        std::fs::create_dir_all(to.parent().unwrap_or(&to))
            .and_then(|()| std::fs::copy(from, &to).map(|_| ()))
            .map_err(PrepError::io("copy", from))
    }

    /// Looks through one archive, whose paths begin `below` the folder.
    fn add(
        &mut self,
        paths: &[PathBuf],
        below: &Path,
        progress: &dyn Fn(&str, u64, u64),
    ) -> Result<(), PrepError> {
        let name = paths
            .first()
            .map(|path| file_name(path))
            .unwrap_or_default();
        let source = self.sources.len() as u32;
        let (before, mut refused) = (self.places.len(), Vec::new());
        let mut num_doubles = 0;
        let is_tar = match paths {
            [path] => matches!(form(path)?, Form::Tar),
            _ => false,
        };
        let report = |done, total| progress("reading through the archive", done, total);
        let new = match (is_tar, paths) {
            (true, [path]) => Source::Tar(Tarball::open(path, &report, &mut |number, met| {
                self.see((source, number), below, met, &mut refused, &mut num_doubles)
            })?),
            _ => {
                let archive = Archive::open(&name, paths)?;
                for index in 0..archive.len() {
                    let Some(entry) = archive.entry(index)? else {
                        continue;
                    };
                    let refusal = match hostile(&entry.name) {
                        None if entry.is_link => Some("a link, expected a file"),
                        refusal => refusal,
                    };
                    let is_small = entry.num_bytes <= LARGEST_TABLE;
                    let is_table = !is_audio_path(Path::new(&entry.name)) && is_small;
                    let bytes = match is_table && refusal.is_none() {
                        true => archive.read(index).unwrap_or_default(),
                        false => Vec::new(),
                    };
                    let met = Met {
                        name: &entry.name,
                        num_bytes: entry.num_bytes,
                        refusal,
                        content: &mut bytes.as_slice(),
                    };
                    self.see(
                        (source, index as u32),
                        below,
                        met,
                        &mut refused,
                        &mut num_doubles,
                    )?;
                }
                Source::Zip(archive)
            }
        };
        self.notes.push(format!(
            "{} files in `{name}`, which is read as it is",
            self.places.len() - before
        ));
        if let Some(first) = refused.first() {
            self.warnings.push(format!(
                "{} entries of `{name}` are refused, such as {first}",
                refused.len()
            ));
        }
        if num_doubles > 0 {
            self.warnings.push(format!(
                "{num_doubles} recordings of `{name}` are there more than once; the first of each is used"
            ));
        }
        self.sources.push(new);
        Ok(())
    }

    /// Puts what stands for a file of an archive into the folder.
    fn see(
        &mut self,
        place: (u32, u32),
        below: &Path,
        met: Met<'_>,
        refused: &mut Vec<String>,
        num_doubles: &mut u64,
    ) -> Result<(), PrepError> {
        if let Some(refusal) = met.refusal {
            refused.push(format!("`{}`: {refusal}", met.name.escape_debug()));
            return Ok(());
        }
        let path = self.folder.path().join(below).join(met.name);
        if self.places.contains_key(&path) {
            // Every archive of a corpus has its tables.
            *num_doubles += u64::from(is_audio_path(&path));
            return Ok(());
        }
        let mut put = || {
            std::fs::create_dir_all(path.parent().unwrap_or(self.folder.path()))?;
            let most = match met.num_bytes {
                _ if is_audio_path(&path) => 0,
                bytes if bytes <= LARGEST_TABLE => bytes,
                _ => BEGINNING,
            };
            let mut file = std::fs::File::create(&path)?;
            std::io::copy(&mut met.content.take(most), &mut file)
        };
        put().map_err(PrepError::io("write", &path))?;
        self.places.insert(path, place);
        Ok(())
    }

    /// Source and number of the file that `path` stands for.
    pub(crate) fn place(&self, path: &Path) -> Option<(u32, u32)> {
        self.places.get(path).copied()
    }

    /// Says in which order recordings will be asked for.
    pub(crate) fn set_order(&self, places: &[(u32, u32)]) {
        for (source, own) in self.sources.iter().enumerate() {
            if let Source::Tar(tarball) = own {
                let order = places
                    .iter()
                    .filter(|(number, _)| *number as usize == source);
                tarball.set_order(order.map(|&(_, file)| file).collect());
            }
        }
    }

    pub(crate) fn size(&self, (source, number): (u32, u32)) -> u64 {
        match &self.sources[source as usize] {
            Source::Zip(archive) => archive.place(number as usize).map_or(0, |(_, size)| size),
            Source::Tar(tarball) => tarball.size(number),
        }
    }

    pub(crate) fn read(&self, (source, number): (u32, u32)) -> Result<Vec<u8>, SourceFault> {
        match &self.sources[source as usize] {
            Source::Zip(archive) => archive.read(number as usize),
            Source::Tar(tarball) => tarball.read(number),
        }
    }

    pub(crate) fn stamp(&self, (source, number): (u32, u32)) -> String {
        match &self.sources[source as usize] {
            Source::Zip(archive) => archive.stamp(number as usize),
            Source::Tar(tarball) => tarball.stamp(),
        }
    }

    /// What of the archives has changed since they were looked through, in words.
    pub(crate) fn changed(&self) -> Option<String> {
        let changed = self.sources.iter().flat_map(|source| match source {
            Source::Zip(archive) => archive.parts().changed(),
            Source::Tar(tarball) if tarball.has_changed() => {
                vec![tarball.path().display().to_string()]
            }
            Source::Tar(_) => Vec::new(),
        });
        changed_line("archives", &changed.collect::<Vec<_>>())
    }

    pub(crate) fn notes(&self) -> &[String] {
        &self.notes
    }

    pub(crate) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Whether recordings can only be had one after another.
    pub(crate) fn is_sequential(&self) -> bool {
        self.sources
            .iter()
            .any(|source| matches!(source, Source::Tar(_)))
    }
}
