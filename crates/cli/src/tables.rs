//! How tables of recordings are read: the flags, and a table in the place of a folder.

use std::path::{Path, PathBuf};

use anyhow::Result;
use speech_data::{Pipes, ReadOptions, Speakers, is_table};

use crate::fault::usage;

/// How tables are read.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct TableArgs {
    /// Folder that a table's relative paths start from, and that `$data_root` in it stands for [default: the table's own].
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// Run the commands that a table has in the place of files (`sph2pipe -f wav -c 1 x.sph |`): those of a few known
    /// programs, without a shell.
    #[arg(long)]
    allow_pipes: bool,
}

impl TableArgs {
    /// What the flags say, for what needs no speakers.
    pub(crate) fn options(&self) -> ReadOptions<'_> {
        ReadOptions {
            root: self.root.as_deref(),
            speakers: Speakers::Optional,
            pipes: match self.allow_pipes {
                true => Pipes::Allowed,
                false => Pipes::Refused,
            },
        }
    }
}

/// A folder or store, and the table that says what is in it, of `path` and `--split`: a table may stand in the place of the
/// folder that it lies in.
pub(crate) fn folder_and_table(
    path: &Path,
    table: Option<&Path>,
) -> Result<(PathBuf, Option<PathBuf>)> {
    if path.is_dir() || !path.exists() || !is_table(path) {
        return Ok((path.to_owned(), table.map(Path::to_owned)));
    }
    if let Some(table) = table {
        return Err(usage(
            format!(
                "`{}` is a table, and `--split {}` is another",
                path.display(),
                table.display()
            ),
            "give one table, or the folder and a table",
        ));
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    Ok((
        folder.unwrap_or_else(|| Path::new(".")).to_owned(),
        Some(path.to_owned()),
    ))
}
