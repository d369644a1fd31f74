//! Ctrl-C while a store is being packed: what is done is kept, and the same command goes on.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result};
use corpus_prep::{PackPlan, PrepError, SetCount};
use speech_data::store::{SourceCopy, SourceFault, Store, StoreItem};

/// Set by Ctrl-C.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// A plan whose recordings can no longer be had after Ctrl-C, so that packing stops between two of them.
pub(super) struct Stoppable<'a>(&'a dyn PackPlan);

impl<'a> Stoppable<'a> {
    /// Listens for Ctrl-C from now on; a second one ends the process.
    ///
    /// # Errors
    /// The system's, where it cannot be listened for.
    pub(super) fn new(plan: &'a dyn PackPlan) -> Result<Self> {
        ctrlc::set_handler(|| {
            if INTERRUPTED.swap(true, Ordering::Relaxed) {
                std::process::abort();
            }
        })
        .context("cannot listen for Ctrl-C")?;
        Ok(Self(plan))
    }
}

/// Whether Ctrl-C was pressed.
pub(super) fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

impl PackPlan for Stoppable<'_> {
    fn items(&self) -> &[StoreItem] {
        self.0.items()
    }

    fn read(&self, index: usize) -> Result<Vec<u8>, SourceFault> {
        match is_interrupted() {
            true => Err(SourceFault::Lost("interrupted".to_owned())),
            false => self.0.read(index),
        }
    }

    fn stamp(&self, index: usize) -> Option<String> {
        self.0.stamp(index)
    }

    fn copy(&self, index: usize) -> Option<SourceCopy> {
        self.0.copy(index)
    }

    fn changed(&self) -> Vec<String> {
        self.0.changed()
    }

    fn is_sequential(&self) -> bool {
        self.0.is_sequential()
    }

    fn notes(&self) -> &[String] {
        self.0.notes()
    }

    fn warnings(&self) -> &[String] {
        self.0.warnings()
    }

    fn sets(&self) -> Vec<SetCount> {
        self.0.sets()
    }

    fn finish(&self, store: &Store) -> Result<Vec<String>, PrepError> {
        self.0.finish(store)
    }
}
