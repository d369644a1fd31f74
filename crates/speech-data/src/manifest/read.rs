//! Telling apart what a path may be: a folder, a table, a Kaldi directory, a split file.

use std::path::Path;

use super::Manifest;
use crate::error::DataError;

impl Manifest {
    /// Reads a manifest of any supported form, told apart by what is there: a folder with `wav.scp` is Kaldi's,
    /// one with `split.tsv` follows the split file, any other folder names speakers by its folders; of files,
    /// `wav.scp` stands for its folder, JSON lines begin with `{`, everything else is a table.
    ///
    /// `root` is the folder that relative paths start from; by default the folder itself or the table's folder.
    ///
    /// # Errors
    /// What the reader of that form fails with.
    pub fn read(path: &Path, root: Option<&Path>) -> Result<Self, DataError> {
        if path.is_dir() {
            let split = path.join("split.tsv");
            if path.join("wav.scp").is_file() {
                return super::kaldi::read(path, root.unwrap_or(path));
            }
            if split.is_file() {
                return Self::from_table(&split, root.unwrap_or(path));
            }
            return Self::from_folder(path);
        }
        let folder = path.parent().unwrap_or_else(|| Path::new(""));
        Self::from_table(path, root.unwrap_or(folder))
    }

    /// The protocol's split file: a table with the columns `path speaker corpus session gender split seconds`,
    /// `-` for unknown. A relative `split_tsv` that does not exist is looked for in `data_root`.
    ///
    /// # Errors
    /// See [`Manifest::from_table`].
    pub fn with_split_file(data_root: &Path, split_tsv: &Path) -> Result<Self, DataError> {
        let beside = data_root.join(split_tsv);
        let file = if split_tsv.exists() || !beside.exists() {
            split_tsv
        } else {
            &beside
        };
        Self::from_table(file, data_root)
    }
}
