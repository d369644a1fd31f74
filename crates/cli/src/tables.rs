//! How tables of recordings are read: the flags, and a table in the place of a folder.

use std::path::{Path, PathBuf};

use anyhow::Result;
use speech_data::{FaultyRows, Pipes, Problem, ProblemKind, ReadOptions, Speakers, is_table};

use crate::console::Console;
use crate::fault::usage;
use crate::hint::PIPES_HINT;
use crate::stdin;

/// Whether commands are run, for every command that reads tables.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct PipeArgs {
    /// Run the commands that a table has in the place of files (`sph2pipe -f wav -c 1 x.sph |`): those of a few known
    /// programs, without a shell.
    #[arg(long)]
    allow_pipes: bool,
}

impl PipeArgs {
    /// How the tables at `paths`, of which one may be standard input, are read by what needs all rows and all speakers.
    pub(crate) fn reading<'a>(
        &self,
        paths: impl IntoIterator<Item = &'a Path>,
    ) -> Result<TableReading> {
        let mut reading = TableReading {
            allow_pipes: self.allow_pipes,
            ..TableReading::default()
        };
        for path in paths {
            if stdin::is_meant(path) {
                reading.table = Some(stdin::bytes("a table")?);
            }
        }
        Ok(reading)
    }
}

/// How tables are read.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct TableArgs {
    /// Folder that a table's relative paths start from, and that `$data_root` in it stands for [default: the table's own].
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    #[command(flatten)]
    pipes: PipeArgs,
}

impl TableArgs {
    /// What the flags say, for what needs no speakers; `table` came by standard input.
    pub(crate) fn reading(&self, table: Option<Vec<u8>>) -> TableReading {
        TableReading {
            root: self.root.clone(),
            speakers: Speakers::Optional,
            faulty: FaultyRows::LeaveOut,
            allow_pipes: self.pipes.allow_pipes,
            table,
        }
    }
}

/// How tables are read, and the table that came by standard input.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableReading {
    root: Option<PathBuf>,
    speakers: Speakers,
    faulty: FaultyRows,
    pub(crate) allow_pipes: bool,
    /// The bytes of the table that is called `-`.
    pub(crate) table: Option<Vec<u8>>,
}

impl TableReading {
    /// The same, but rows that cannot be used are left out.
    pub(crate) fn without_faulty(self) -> Self {
        Self {
            faulty: FaultyRows::LeaveOut,
            ..self
        }
    }

    /// As libraries take it.
    pub(crate) fn options(&self) -> ReadOptions<'_> {
        ReadOptions {
            root: self.root.as_deref(),
            speakers: self.speakers,
            pipes: match self.allow_pipes {
                true => Pipes::Allowed,
                false => Pipes::Refused,
            },
            faulty: self.faulty,
            standard_input: self.table.as_deref(),
        }
    }
}

/// Says it, where rows were left out for their commands.
pub(crate) fn hint_at_pipes(faulty: &[Problem], console: &Console) {
    if faulty.iter().any(|one| one.kind == ProblemKind::Command) {
        console.note(PIPES_HINT);
    }
}

/// A folder or store, and the table that says what is in it, of `path` and `--split`: a table may stand in the place of the
/// folder that it lies in; one that comes by standard input starts from where the command runs.
pub(crate) fn folder_and_table(
    path: &Path,
    table: Option<&Path>,
) -> Result<(PathBuf, Option<PathBuf>)> {
    let is_here = path.exists() || stdin::is_meant(path);
    if path.is_dir() || !is_here || !is_table(path) {
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
