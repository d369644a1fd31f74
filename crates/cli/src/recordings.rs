//! PATHS: recordings, folders of them, manifests, stores, standard input.

use std::path::{Path, PathBuf};

use anyhow::Result;
use siamang::{Given, Input, gather_with};
use speech_data::Filter;

use crate::console::Console;
use crate::fault::{ExitStatus, usage};
use crate::stdin::{self, StandardInput};
use crate::tables::TableArgs;

/// Recordings, and whether some that seem to belong to them are not among them.
pub(crate) struct Recordings {
    pub(crate) inputs: Vec<Input>,
    /// Each kind of what was left out has been named.
    pub(crate) is_less: bool,
}

impl Recordings {
    /// How a command ends that did all it could with them.
    pub(crate) fn status(&self, done: ExitStatus) -> ExitStatus {
        match done {
            ExitStatus::Done if self.is_less => ExitStatus::SomeSkipped,
            other => other,
        }
    }
}

/// All recordings that `paths` mean, in order, each once. `filters` choose among manifests' rows.
pub(crate) fn gather(
    paths: &[PathBuf],
    filters: &[Filter],
    tables: &TableArgs,
    console: &Console,
) -> Result<Recordings> {
    let mut given = Vec::new();
    for path in paths {
        if path != Path::new("-") {
            given.push(Given::Path(path.clone()));
            continue;
        }
        match stdin::read()? {
            StandardInput::Paths(listed) => given.extend(listed.into_iter().map(Given::File)),
            StandardInput::Recording(bytes) => given.push(Given::Bytes {
                name: stdin::NAME.to_owned(),
                bytes,
            }),
        }
    }
    let gathered = gather_with(given, filters, &tables.options())?;
    gathered.notes.iter().for_each(|note| console.detail(note));
    gathered
        .warnings
        .iter()
        .for_each(|warning| console.warn(warning));
    gathered
        .left_out
        .iter()
        .for_each(|reason| console.skipped(reason));
    Ok(Recordings {
        is_less: !gathered.left_out.is_empty(),
        inputs: gathered.inputs,
    })
}

/// Refuses filters where nothing has columns.
pub(crate) fn check_filters(paths: &[PathBuf], filters: &[Filter]) -> Result<()> {
    siamang::check_filters(paths, filters).map_err(|error| {
        usage(
            "`--filter` needs a manifest or a store, and none of the paths is one",
            error.remedy().unwrap_or_default(),
        )
    })
}
