//! What a folder holds of a corpus: split archives, whole ones, unpacked trees, tables.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use speech_data::store::SourceFault;
use speech_data::walk;

use crate::archive::{Archive, MOST_BYTES};
use crate::archived::{Tarball, is_tar};
use crate::error::PrepError;
use crate::known::FILES;
use crate::name::{hostile, recording};
use crate::others::Others;
use crate::part_check::check_parts;
use crate::split_archive::{check_gaps, split_part};
use crate::stamp::{FileStamp, changed_line};
use crate::sums::{self, file_name};

/// The layouts that are looked for.
pub(crate) const LAYOUTS: &str =
    "  vox1_dev_wav_partaa, …ab, …ac, …ad   the parts of a split archive, not joined
  vox1_dev_wav.zip, vox1_test_wav.zip  whole archives; vox2_dev_aac_parta*, vox2_aac.zip, … alike
  vox1_dev_wav.tar.gz, any .tar        of recordings, as mirrors have them
  …/id10001/VIDEO/00001.wav            unpacked recordings below any folders; Vox2's end in .m4a
  vox1_meta.csv, vox2_meta.csv         gender, nationality and set of the speakers, where they are";

/// Where recordings come from.
pub(crate) enum Source {
    Archive(Archive),
    /// A tar archive, plain or gzipped.
    Tar(Tarball),
    /// Files below a folder, by their relative paths.
    Tree {
        root: PathBuf,
        files: Vec<String>,
        /// What each of them was when it was found.
        stamps: Vec<FileStamp>,
    },
}

impl Source {
    pub(crate) fn read(&self, entry: u32) -> Result<Vec<u8>, SourceFault> {
        match self {
            Self::Archive(archive) => archive.read(entry as usize),
            Self::Tar(tarball) => tarball.read(entry),
            Self::Tree {
                root,
                files,
                stamps,
            } => {
                let path = root.join(&files[entry as usize]);
                let size = std::fs::metadata(&path).map(|metadata| metadata.len());
                let planned = stamps[entry as usize].bytes;
                match size {
                    Ok(size) if size != planned => Err(SourceFault::Damaged(format!(
                        "it has {size} bytes and had {planned} when the folder was looked through: it is being written"
                    ))),
                    Ok(size) if size > MOST_BYTES => Err(SourceFault::Damaged(format!(
                        "it has {size} bytes, at most {MOST_BYTES} are expected"
                    ))),
                    Ok(_) => {
                        std::fs::read(&path).map_err(|error| SourceFault::Lost(error.to_string()))
                    }
                    Err(error) => Err(SourceFault::Lost(error.to_string())),
                }
            }
        }
    }

    /// What tells whether an entry has changed since it was found.
    pub(crate) fn stamp(&self, entry: u32) -> String {
        match self {
            Self::Archive(archive) => archive.stamp(entry as usize),
            Self::Tar(tarball) => tarball.stamp(),
            Self::Tree { stamps, .. } => stamps[entry as usize].text(),
        }
    }

    /// Says in which order entries will be asked for.
    pub(crate) fn set_order(&self, entries: Vec<u32>) {
        if let Self::Tar(tarball) = self {
            tarball.set_order(entries);
        }
    }

    /// Whether entries can only be had one after another.
    pub(crate) fn is_sequential(&self) -> bool {
        matches!(self, Self::Tar(_))
    }

    /// What of it has changed since it was found, in words.
    pub(crate) fn changed(&self) -> Option<String> {
        match self {
            Self::Archive(archive) => changed_line("archive's files", &archive.parts().changed()),
            Self::Tar(tarball) => {
                let changed = tarball.has_changed().then(|| file_name(tarball.path()));
                changed_line("archives", changed.as_slice())
            }
            Self::Tree {
                root,
                files,
                stamps,
            } => {
                let both = files.iter().zip(stamps);
                let changed =
                    both.filter(|(file, stamp)| FileStamp::at(&root.join(file)) != **stamp);
                let changed: Vec<String> = changed.map(|(file, _)| file.clone()).collect();
                changed_line("recordings", &changed)
            }
        }
    }
}

/// A recording in a source.
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) num_bytes: u64,
    pub(crate) source: u32,
    pub(crate) entry: u32,
    /// Whether its path or its archive speaks of a test set.
    pub(crate) is_test: bool,
}

/// What was found in a folder.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) sources: Vec<Source>,
    pub(crate) found: Vec<Found>,
    pub(crate) meta: Option<PathBuf>,
    /// Worth knowing, nothing wrong.
    pub(crate) notes: Vec<String>,
    /// Wrong, but not so that work must stop.
    pub(crate) warnings: Vec<String>,
}

/// One of the two corpora.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Corpus {
    Vox1,
    Vox2,
}

impl Corpus {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Vox1 => "voxceleb1",
            Self::Vox2 => "voxceleb2",
        }
    }

    /// Vox1's speakers are id10001 to id11251, Vox2's id00012 to id09272.
    fn has_speaker(self, speaker: &str) -> bool {
        (self == Self::Vox1) == (speaker >= "id10001")
    }

    /// Whether a file of this name may hold the corpus; both may lie in one folder.
    fn has_file(self, name: &str) -> bool {
        let other = match self {
            Self::Vox1 => ["vox2", "voxceleb2"],
            Self::Vox2 => ["vox1", "voxceleb1"],
        };
        let name = name.to_ascii_lowercase();
        !other.iter().any(|start| name.starts_with(start))
    }
}

/// Looks through a folder. `progress` is told what is done and bytes of it, as for [`sums::check`].
pub(crate) fn find(
    folder: &Path,
    corpus: Corpus,
    verify: bool,
    progress: &(dyn Fn(&str, u64, u64) + Sync),
) -> Result<Findings, PrepError> {
    let mut findings = Findings::default();
    let (mut zips, mut tars): (Vec<PathBuf>, Vec<PathBuf>) = Default::default();
    let mut groups: BTreeMap<PathBuf, Vec<(String, PathBuf)>> = BTreeMap::new();
    let mut tree = Vec::new();
    let mut others = Others::default();
    let meta_name = match corpus {
        Corpus::Vox1 => "vox1_meta.csv",
        Corpus::Vox2 => "vox2_meta.csv",
    };
    for entry in walk(folder) {
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(folder).to_owned();
            PrepError::io("look through", &path)(error.into())
        })?;
        if !entry.file_type().is_file() {
            continue;
        }
        let name = entry.file_name().to_string_lossy().into_owned();
        let below = entry.path().strip_prefix(folder).unwrap_or(entry.path());
        let mut below = below.to_string_lossy().replace('\\', "/");
        if below.is_empty() {
            // The archive itself was given.
            below.clone_from(&name);
        }
        if let Some((utterance, id)) = recording(&below) {
            if corpus.has_speaker(utterance.speaker) {
                let id = id.to_owned();
                let size = entry
                    .metadata()
                    .map_err(|error| PrepError::io("look at", entry.path())(error.into()))?;
                tree.push((id, below, FileStamp::of(&size)));
            }
        } else if name == meta_name {
            findings.meta.get_or_insert(entry.path().to_owned());
        } else if !corpus.has_file(&name) {
            continue;
        } else if let Some((stem, tag)) = split_part(&name) {
            let key = entry.path().with_file_name(stem);
            let group = groups.entry(key).or_default();
            group.push((tag.to_owned(), entry.path().to_owned()));
        } else if name.to_ascii_lowercase().ends_with(".zip") {
            zips.push(entry.path().to_owned());
        } else if is_tar(&name) {
            tars.push(entry.path().to_owned());
        } else {
            others.add(&below);
        }
    }
    if !tree.is_empty() {
        add_tree(&mut findings, folder, tree);
        if others.has_audio() {
            findings.warnings.push(format!(
                "{} files in `{}` are no utterances and left out: {others}",
                others.count(),
                folder.display()
            ));
        }
    }
    for (stem, mut parts) in groups {
        parts.sort();
        let joined = stem.with_extension("zip");
        if zips.contains(&joined) {
            findings.notes.push(format!(
                "`{}` is there joined and in parts; the joined one is used",
                file_name(&joined)
            ));
            continue;
        }
        check_gaps(&stem, &parts)?;
        let paths: Vec<PathBuf> = parts.into_iter().map(|(_, path)| path).collect();
        add_archive(&mut findings, corpus, &stem, &paths, verify, progress)?;
    }
    for zip in zips {
        let is_ours = file_name(&zip).to_ascii_lowercase().starts_with("vox");
        let paths = std::slice::from_ref(&zip);
        match add_archive(&mut findings, corpus, &zip, paths, verify, progress) {
            // Other archives in the folder are left alone.
            Err(_) if !is_ours && zip != folder => others.add(&file_name(&zip)),
            result => result?,
        }
    }
    for tar in tars {
        match add_tar(&mut findings, corpus, &tar, progress) {
            Err(_) if tar != folder && !file_name(&tar).to_ascii_lowercase().starts_with("vox") => {
                others.add(&file_name(&tar));
            }
            result => result?,
        }
    }
    if findings.found.is_empty() {
        return Err(PrepError::NothingFound {
            corpus: corpus.name(),
            path: folder.to_owned(),
            found: match others.count() {
                0 => "it holds no file of another kind either".to_owned(),
                1 => format!("it holds one other file: {others}"),
                count => format!("it holds {count} other files: {others}"),
            },
            layouts: LAYOUTS,
        });
    }
    Ok(findings)
}

fn add_tree(findings: &mut Findings, root: &Path, tree: Vec<(String, String, FileStamp)>) {
    let source = findings.sources.len() as u32;
    let mut files = Vec::with_capacity(tree.len());
    let mut stamps = Vec::with_capacity(tree.len());
    for (entry, (name, path, stamp)) in (0..).zip(tree) {
        findings.found.push(Found {
            name,
            num_bytes: stamp.bytes,
            source,
            entry,
            is_test: path.split('/').any(|part| part == "test"),
        });
        files.push(path);
        stamps.push(stamp);
    }
    findings.notes.push(format!(
        "{} unpacked recordings in `{}`",
        files.len(),
        root.display()
    ));
    findings.sources.push(Source::Tree {
        root: root.to_owned(),
        files,
        stamps,
    });
}

fn add_archive(
    findings: &mut Findings,
    corpus: Corpus,
    stem: &Path,
    paths: &[PathBuf],
    verify: bool,
    progress: &(dyn Fn(&str, u64, u64) + Sync),
) -> Result<(), PrepError> {
    let name = file_name(stem);
    let archive = match Archive::open(&name, paths) {
        Ok(archive) => archive,
        Err(error @ PrepError::Io { .. }) => return Err(error),
        Err(error) => return Err(diagnose(stem, paths, error, progress)),
    };
    check_parts(&archive)?;
    if verify {
        let report = |done, total| progress("checking sums", done, total);
        for checked in sums::check(paths, &report)? {
            findings.warnings.extend(checked.fault());
        }
    }
    let source = findings.sources.len() as u32;
    let before = findings.found.len();
    let of_test = name.contains("_test");
    let mut others = Others::default();
    let mut of_other_corpus = 0_u64;
    if archive.has_doubles {
        findings.warnings.push(format!(
            "entries of `{name}` have one name with others: of each name the last is used"
        ));
    }
    for index in 0..archive.len() {
        let Some(entry) = archive.entry(index)? else {
            continue;
        };
        let is_wanted = recording(&entry.name);
        let refusal = match hostile(&entry.name) {
            None if entry.is_link => Some("a link, expected a file"),
            refusal => refusal,
        };
        if let Some(refusal) = refusal {
            let shown = entry.name.escape_debug();
            findings
                .warnings
                .push(format!("`{shown}` in `{name}` is refused: {refusal}"));
            continue;
        }
        let Some((utterance, id)) = is_wanted else {
            others.add(&entry.name);
            continue;
        };
        if corpus.has_speaker(utterance.speaker) {
            findings.found.push(Found {
                name: id.to_owned(),
                num_bytes: entry.num_bytes,
                source,
                entry: index as u32,
                is_test: of_test || entry.name.split('/').any(|part| part == "test"),
            });
        } else {
            of_other_corpus += 1;
        }
    }
    findings.notes.push(format!(
        "{} recordings in `{name}` ({} {})",
        findings.found.len() - before,
        paths.len(),
        if paths.len() == 1 { "file" } else { "parts" }
    ));
    if others.count() > 0 {
        let line = format!(
            "{} entries of `{name}` are no utterances and left out: {others}",
            others.count()
        );
        match others.has_audio() {
            true => findings.warnings.push(line),
            false => findings.notes.push(line),
        }
    }
    if of_other_corpus > 0 {
        findings.notes.push(format!(
            "{of_other_corpus} recordings of `{name}` are of the other VoxCeleb and left out"
        ));
    }
    findings.sources.push(Source::Archive(archive));
    Ok(())
}

/// A tar of recordings, as mirrors have them.
fn add_tar(
    findings: &mut Findings,
    corpus: Corpus,
    path: &Path,
    progress: &(dyn Fn(&str, u64, u64) + Sync),
) -> Result<(), PrepError> {
    let name = file_name(path);
    let of_test = name.contains("_test");
    let source = findings.sources.len() as u32;
    let (mut found, mut refused) = (Vec::new(), Vec::new());
    let (mut others, mut of_other_corpus) = (Others::default(), 0_u64);
    let report = |done, total| progress("reading through the archive", done, total);
    let tarball = Tarball::open(path, &report, &mut |entry, met| {
        if let Some(refusal) = met.refusal {
            refused.push(format!("`{}`: {refusal}", met.name.escape_debug()));
            return Ok(());
        }
        match recording(met.name) {
            None => others.add(met.name),
            Some((utterance, _)) if !corpus.has_speaker(utterance.speaker) => of_other_corpus += 1,
            Some((_, id)) => found.push(Found {
                name: id.to_owned(),
                num_bytes: met.num_bytes,
                source,
                entry,
                is_test: of_test || met.name.split('/').any(|part| part == "test"),
            }),
        }
        Ok(())
    })?;
    findings.notes.push(format!(
        "{} recordings in `{name}`, which is read as it is",
        found.len()
    ));
    if let Some(first) = refused.first() {
        findings.warnings.push(format!(
            "{} entries of `{name}` are refused, such as {first}",
            refused.len()
        ));
    }
    if others.count() > 0 {
        let count = others.count();
        let line = format!("{count} entries of `{name}` are no utterances and left out: {others}");
        match others.has_audio() {
            true => findings.warnings.push(line),
            false => findings.notes.push(line),
        }
    }
    if of_other_corpus > 0 {
        findings.notes.push(format!(
            "{of_other_corpus} recordings of `{name}` are of the other VoxCeleb and left out"
        ));
    }
    findings.found.append(&mut found);
    findings.sources.push(Source::Tar(tarball));
    Ok(())
}

/// Says which part an archive that does not open fails by.
fn diagnose(
    stem: &Path,
    paths: &[PathBuf],
    error: PrepError,
    progress: &(dyn Fn(&str, u64, u64) + Sync),
) -> PrepError {
    let report = |done, total| progress("looking for the damaged part", done, total);
    let checked = match sums::check(paths, &report) {
        Ok(checked) => checked,
        Err(error) => return error,
    };
    let start = format!("{}_part", file_name(stem));
    let is_there = |name: &str| checked.iter().any(|part| part.name == name);
    // A zip that somebody split himself has fewer parts than the published one; its end is in the last of them.
    let has_end = paths.last().is_some_and(|path| has_end(path));
    let missing: Vec<(String, Option<&'static str>)> = FILES
        .iter()
        .filter(|known| !has_end && known.name.starts_with(&start) && !is_there(known.name))
        .map(|known| (known.name.to_owned(), Some(known.md5)))
        .collect();
    let present: Vec<String> = checked
        .iter()
        .map(|part| {
            part.fault()
                .unwrap_or_else(|| format!("`{}` ({} bytes)", part.name, part.bytes))
        })
        .collect();
    if !missing.is_empty() {
        return PrepError::MissingParts {
            folder: stem.parent().unwrap_or(Path::new("")).to_owned(),
            missing,
            present,
        };
    }
    match error {
        PrepError::BadArchive { name, found } => PrepError::BadArchive {
            name,
            found: format!("{found}; found {}", present.join(", ")),
        },
        error => error,
    }
}

/// Whether the file ends as a zip does: with the record behind its directory, and a comment at most.
fn has_end(path: &Path) -> bool {
    const LONGEST: u64 = 22 + 65_535;
    let end = || {
        let mut file = std::fs::File::open(path)?;
        let len = file.metadata()?.len();
        file.seek(SeekFrom::Start(len.saturating_sub(LONGEST)))?;
        let mut end = Vec::new();
        file.take(LONGEST).read_to_end(&mut end)?;
        Ok::<_, std::io::Error>(end)
    };
    end().is_ok_and(|end| end.windows(4).any(|window| window == b"PK\x05\x06"))
}
