//! What a training leaves in its directory beside the trainer's own files: where its recordings are, for `siamang report`, and
//! scalars for TensorBoard.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use diagnosis::journal::{Event, Start};
use run_report::ScalarWriter;
use trainer::{Notice, TrainData};

use crate::commands::report::remember;
use crate::console::Console;
use crate::tables::TableReading;

/// Sees every notice of a training. What it cannot write is warned of: the training is worth more than its extras.
pub(super) struct Extras<'a> {
    run: &'a Path,
    data: &'a TrainData,
    split: Option<&'a Path>,
    reading: &'a TableReading,
    with_scalars: bool,
    scalars: Mutex<Option<ScalarWriter>>,
    faults: Mutex<Vec<String>>,
}

impl<'a> Extras<'a> {
    pub(super) fn new(
        run: &'a Path,
        data: &'a TrainData,
        split: Option<&'a Path>,
        reading: &'a TableReading,
        with_scalars: bool,
    ) -> Self {
        Self {
            run,
            data,
            split,
            reading,
            with_scalars,
            scalars: Mutex::new(None),
            faults: Mutex::new(Vec::new()),
        }
    }

    /// Writes what a notice brings; what fails is kept for [`Self::warn`].
    pub(super) fn see(&self, notice: &Notice<'_>) {
        let Notice::Event(event) = notice else { return };
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        if let Event::Start(Start { step, .. }) = event {
            let remembered = remember(self.run, self.data, self.split, self.reading);
            let begun = match self.with_scalars {
                true => self.begin(*step),
                false => Ok(()),
            };
            faults.extend([remembered, begun].into_iter().filter_map(fault));
        }
        faults.extend(fault(self.add(event)));
    }

    fn begin(&self, step: u64) -> Result<()> {
        let writer = ScalarWriter::create(&self.run.join("tensorboard"), step)?;
        *self.writer() = Some(writer);
        Ok(())
    }

    /// A file that cannot be written to is not tried again.
    fn add(&self, event: &Event) -> Result<()> {
        let mut writer = self.writer();
        let Some(open) = writer.as_mut() else {
            return Ok(());
        };
        let added = open.add_event(event);
        if added.is_err() {
            *writer = None;
        }
        Ok(added?)
    }

    fn writer(&self) -> std::sync::MutexGuard<'_, Option<ScalarWriter>> {
        self.scalars.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says what could not be written.
    pub(super) fn warn(self, console: &Console) {
        let faults = self.faults.into_inner();
        for fault in faults.unwrap_or_else(PoisonError::into_inner) {
            console.warn(&fault);
        }
    }
}

fn fault(result: Result<()>) -> Option<String> {
    result.err().map(|error| format!("{error:#}"))
}
