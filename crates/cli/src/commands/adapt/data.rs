//! The recordings that a model is adapted to, and those of the lists that are watched.

use std::path::{Path, PathBuf};

use anyhow::Result;
use siamang::TrialSource;
use speech_data::{Manifest, column, split};

use super::args::Args;
use crate::context::Context;
use crate::tables::folder_and_table;
use crate::trials::say_of_manifest;

/// Recordings of known speakers.
pub(super) struct Mine {
    pub(super) manifest: Manifest,
    /// In words, for the bundle: names, not paths of one machine.
    pub(super) description: String,
    /// Whether recordings are missing that seem to belong to them.
    pub(super) is_less: bool,
}

impl Mine {
    pub(super) fn read(args: &Args, context: &Context) -> Result<Self> {
        let (root, table) = folder_and_table(&args.data, args.split.as_deref())?;
        let paths = [Some(&args.data), args.split.as_ref()];
        let paths = paths.into_iter().flatten().map(PathBuf::as_path);
        let reading = args.pipes.reading(paths)?.without_faulty();
        let manifest = Manifest::open_with(&root, table.as_deref(), &reading.options())?;
        let is_less = say_of_manifest(&manifest, &context.console);
        let mut filters = args.filters.clone();
        let has_splits = manifest.utterances.iter().any(|one| one.split.is_some());
        let is_chosen = filters.iter().any(|filter| filter.column == column::SPLIT);
        if has_splits && !is_chosen {
            filters.push(format!("{}={}", column::SPLIT, split::TRAIN).parse()?);
            context.console.note(
                "the table has splits: its `train` rows are adapted to; `--filter split=…` takes others",
            );
        }
        let name = |path: &Path| {
            let name = path.file_name();
            name.map(|name| name.to_string_lossy().into_owned())
        };
        let mut words = name(&root).unwrap_or_else(|| "recordings".to_owned());
        words.extend(
            table
                .as_deref()
                .and_then(name)
                .map(|table| format!(", {table}")),
        );
        words.extend(filters.iter().map(|filter| format!(", {filter}")));
        Ok(Self {
            manifest: manifest.filter(&filters)?,
            description: words,
            is_less,
        })
    }
}

/// Where the recordings of `--also` are.
pub(super) fn source_of_lists(args: &Args) -> Result<TrialSource> {
    let (root, table) = match &args.root {
        Some(root) => folder_and_table(root, None)?,
        None => folder_and_table(&args.data, args.split.as_deref())?,
    };
    let reading = args.pipes.reading([root.as_path()])?.without_faulty();
    Ok(TrialSource::open(
        Some(&root),
        table.as_deref(),
        &reading.options(),
    )?)
}
