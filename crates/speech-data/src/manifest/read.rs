//! Telling apart what a path may be: a folder, a table, a Kaldi directory, a split file.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::options::ReadOptions;
use super::{Manifest, forms};
use crate::error::DataError;
use crate::problem::{Problem, ProblemKind};
use crate::walk::AudioFiles;

impl Manifest {
    /// Reads a manifest of any supported form in which every recording has a speaker; see [`read_with`](Self::read_with).
    ///
    /// # Errors
    /// What the reader of that form fails with.
    pub fn read(path: &Path, root: Option<&Path>) -> Result<Self, DataError> {
        Self::read_with(
            path,
            &ReadOptions {
                root,
                ..ReadOptions::default()
            },
        )
    }

    /// Reads a manifest of any supported form, told apart by what is there: a folder with `wav.scp` is Kaldi's,
    /// one with `split.tsv` follows the split file, any other folder names speakers by its folders; of files see
    /// [`from_table`](Self::from_table).
    ///
    /// # Errors
    /// What the reader of that form fails with.
    pub fn read_with(path: &Path, options: &ReadOptions<'_>) -> Result<Self, DataError> {
        if !path.is_dir() {
            return forms::read(path, options);
        }
        let below = ReadOptions {
            root: Some(options.root.unwrap_or(path)),
            ..*options
        };
        let split = path.join("split.tsv");
        if path.join("wav.scp").is_file() {
            let mut manifest = forms::read(path, &below)?;
            if split.is_file() {
                let message = "there is `wav.scp` beside it, which is read instead; name this one to have it read";
                let note = Problem::at(ProblemKind::LeftOut, &split, message);
                manifest.notes.push(note);
            }
            return Ok(manifest);
        }
        if split.is_file() {
            return forms::read(&split, &below);
        }
        match Self::from_folder(path) {
            Err(error @ DataError::NothingFound { .. }) => {
                let archives = AudioFiles::below(path).archives;
                match archives.is_empty() {
                    true => Err(error),
                    false => Self::of_archives(path, &archives, options),
                }
            }
            read => read,
        }
    }

    /// All recordings of the archives of a folder.
    fn of_archives(
        folder: &Path,
        archives: &[PathBuf],
        options: &ReadOptions<'_>,
    ) -> Result<Self, DataError> {
        let (mut utterances, mut notes, mut faulty) = (Vec::new(), Vec::new(), Vec::new());
        let mut seen = HashSet::new();
        for archive in archives {
            let manifest = forms::read(archive, options)?;
            notes.extend(manifest.notes);
            faulty.extend(manifest.faulty);
            for mut utterance in manifest.utterances {
                // Two archives may have the same keys.
                if !seen.insert(utterance.id.clone()) {
                    utterance.id = utterance.location.to_string();
                }
                utterances.push(utterance);
            }
        }
        let mut manifest = Self::new(folder, utterances);
        manifest.notes = notes;
        manifest.faulty = faulty;
        Ok(manifest)
    }

    /// Reads a table whose relative paths start from `root`: CSV (comma, semicolon or tab between fields, quotes
    /// allowed), TSV (`.tsv`: nothing but tabs), JSON lines, a JSON array or a JSON object of objects, or a Kaldi
    /// directory (the directory itself or a `.scp` file).
    ///
    /// Columns are found by name: the path, the speaker, and where there are such columns, session, gender,
    /// split and seconds; `audio_filepath`, `spk_id`, `duration` and other usual names are understood. Further
    /// columns are kept. Nothing and `-` mean unknown. `start_s` and `end_s`, `start` and `stop` (seconds or samples), NeMo's
    /// `offset` and `duration`, or a `duration` shorter than the file bound a part of a file; a `channel` means one of
    /// several. Of several parts of one file each has its bounds in its name: `a.wav#t=1.5,4`.
    ///
    /// # Errors
    /// [`DataError::Header`] without a column for path or speaker; [`DataError::BadManifest`] with every
    /// bad line at once, those of [`Manifest::validate`] included; [`DataError::NothingFound`] for a table
    /// without rows.
    pub fn from_table(file: &Path, root: &Path) -> Result<Self, DataError> {
        forms::read(
            file,
            &ReadOptions {
                root: Some(root),
                ..ReadOptions::default()
            },
        )
    }

    /// The protocol's split file: a table with the columns `path speaker corpus session gender split seconds`,
    /// `-` for unknown. A relative `split_tsv` that does not exist is looked for in `data_root`.
    ///
    /// # Errors
    /// See [`Manifest::from_table`].
    pub fn with_split_file(data_root: &Path, split_tsv: &Path) -> Result<Self, DataError> {
        Self::with_split_file_with(data_root, split_tsv, &ReadOptions::default())
    }

    /// The same, read in another way.
    ///
    /// # Errors
    /// See [`Manifest::from_table`].
    pub fn with_split_file_with(
        data_root: &Path,
        split_tsv: &Path,
        options: &ReadOptions<'_>,
    ) -> Result<Self, DataError> {
        let beside = data_root.join(split_tsv);
        let is_here = split_tsv.exists() || options.given(split_tsv).is_some();
        let file = match is_here || !beside.exists() {
            true => split_tsv,
            false => &beside,
        };
        forms::read(
            file,
            &ReadOptions {
                root: Some(options.root.unwrap_or(data_root)),
                ..*options
            },
        )
    }
}
