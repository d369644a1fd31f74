//! PATHS: recordings, folders of them, manifests, stores, standard input.

use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;
use siamang::{Given, Input, gather_with};
use speech_data::{Filter, PassedOver};

use crate::console::Console;
use crate::fault::usage;
use crate::stdin::{self, StandardInput};
use crate::tables::{TableArgs, hint_at_pipes};

/// Recordings, and what seems to belong to them and is not among them.
pub(crate) struct Recordings {
    pub(crate) inputs: Vec<Input>,
    pub(crate) left_out: LeftOut,
}

/// What seems to belong to recordings that were given, and is not among them.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct LeftOut {
    /// Each kind of it, as it was named.
    reasons: Vec<String>,
    /// Rows of tables that cannot be used.
    faulty_rows: usize,
    /// Files of folders that are no recordings, or not known to be.
    folders: PassedOver,
}

impl LeftOut {
    /// Whether recordings are missing: a command that did all else ends with another exit code.
    pub(crate) fn is_less(&self) -> bool {
        !self.reasons.is_empty()
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
    let mut table = None;
    for path in paths {
        if !stdin::is_meant(path) {
            given.push(Given::Path(path.clone()));
            continue;
        }
        match stdin::read()? {
            StandardInput::Paths(listed) => given.extend(listed.into_iter().map(Given::File)),
            StandardInput::Recording(bytes) => given.push(Given::Bytes {
                name: stdin::NAME.to_owned(),
                bytes,
            }),
            StandardInput::Table(bytes) => {
                given.push(Given::Path(path.clone()));
                table = Some(bytes);
            }
        }
    }
    if table.is_none() {
        let others: Vec<PathBuf> = paths
            .iter()
            .filter(|path| !stdin::is_meant(path))
            .cloned()
            .collect();
        refuse_filters(&others, filters)?;
    }
    let gathered = gather_with(given, filters, &tables.reading(table).options())?;
    gathered.notes.iter().for_each(|note| console.detail(note));
    gathered
        .warnings
        .iter()
        .for_each(|warning| console.warn(warning));
    gathered
        .left_out
        .iter()
        .for_each(|reason| console.skipped(reason));
    hint_at_pipes(&gathered.faulty, console);
    Ok(Recordings {
        inputs: gathered.inputs,
        left_out: LeftOut {
            reasons: gathered.left_out,
            faulty_rows: gathered.faulty.len(),
            folders: gathered.passed_over,
        },
    })
}

/// Refuses filters where nothing has columns. What comes by standard input is not read yet.
pub(crate) fn check_filters(paths: &[PathBuf], filters: &[Filter]) -> Result<()> {
    match paths.iter().any(|path| stdin::is_meant(path)) {
        true => Ok(()),
        false => refuse_filters(paths, filters),
    }
}

fn refuse_filters(paths: &[PathBuf], filters: &[Filter]) -> Result<()> {
    siamang::check_filters(paths, filters).map_err(|error| {
        usage(
            "`--filter` needs a manifest or a store, and none of the paths is one",
            error.remedy().unwrap_or_default(),
        )
    })
}
