//! `merge`.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Instant;

use audio_features::store::{PackProgress, StoreError, StoreSummary, merge};

use super::{Figures, Progress, Screen, Status, report};
use crate::corpus_plan::TRIALS_FOLDER;
use crate::disk::{bytes_below, check_room};
use crate::error::PrepError;

/// Join the parts that `prepare --shard I/N` made into one store.
///
/// The result has the same bytes as a store that was made in one piece. Interrupted, the same command goes on.
#[derive(Clone, Debug, clap::Args)]
pub struct MergeArgs {
    /// The parts, all of them, in any order.
    #[arg(required = true, value_name = "PART")]
    pub parts: Vec<PathBuf>,
    /// Folder of the whole store.
    #[arg(long, value_name = "STORE")]
    pub out: PathBuf,
}

impl MergeArgs {
    /// Does it, and prints progress and summary.
    ///
    /// # Errors
    /// [`PrepError`]; nothing is printed for it.
    pub fn run(&self, screen: Screen) -> Result<Status, PrepError> {
        let begin = Instant::now();
        self.check_room()?;
        let progress = Progress::new(screen);
        let last = Mutex::new(PackProgress::default());
        let summary: Result<StoreSummary, StoreError> = merge(&self.out, &self.parts, &|state| {
            if let Ok(mut last) = last.lock() {
                *last = *state;
            }
            progress.packing(state);
        });
        progress.end();
        let summary = summary?;
        self.copy_lists()?;
        let last = last.into_inner().unwrap_or_default();
        let figures = Figures::new(0.0, begin.elapsed().as_secs_f64(), &last);
        Ok(report(screen, &self.out, &summary, &[], &[], &figures))
    }

    /// Every part has the corpus's own trial lists, and they are the same.
    fn copy_lists(&self) -> Result<(), PrepError> {
        let lists = self.parts.iter().map(|part| part.join(TRIALS_FOLDER));
        let Some(from) = lists.into_iter().find(|folder| folder.is_dir()) else {
            return Ok(());
        };
        let to = self.out.join(TRIALS_FOLDER);
        std::fs::create_dir_all(&to).map_err(PrepError::io("make", &to))?;
        for entry in std::fs::read_dir(&from).map_err(PrepError::io("read", &from))? {
            let path = entry.map_err(PrepError::io("read", &from))?.path();
            if let Some(name) = path.file_name() {
                std::fs::copy(&path, to.join(name)).map_err(PrepError::io("copy", &path))?;
            }
        }
        Ok(())
    }

    fn check_room(&self) -> Result<(), PrepError> {
        let parts: u64 = self.parts.iter().map(|part| bytes_below(part)).sum();
        let needed = parts.saturating_sub(bytes_below(&self.out));
        check_room(&self.out, needed)
    }
}
