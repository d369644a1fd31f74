//! What a training leaves in its directory beside the trainer's own files: where its recordings are, for `siamang report`, and
//! scalars for TensorBoard.

use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use anyhow::{Error, Result};
use run_report::ScalarWriter;
use trainer::{Event, Notice, TrainData};

use crate::run_report::remember;

/// Sees every notice of a training.
pub(super) struct Extras<'a> {
    run: &'a Path,
    data: &'a TrainData,
    split: Option<&'a Path>,
    with_scalars: bool,
    scalars: OnceLock<Mutex<ScalarWriter>>,
    fault: Mutex<Option<Error>>,
}

impl<'a> Extras<'a> {
    pub(super) fn new(
        run: &'a Path,
        data: &'a TrainData,
        split: Option<&'a Path>,
        with_scalars: bool,
    ) -> Self {
        Self {
            run,
            data,
            split,
            with_scalars,
            scalars: OnceLock::new(),
            fault: Mutex::new(None),
        }
    }

    /// Writes what a notice brings; the first fault is kept for [`Self::finish`].
    pub(super) fn see(&self, notice: &Notice<'_>) {
        if let Notice::Event(event) = notice
            && let Err(error) = self.add(event)
        {
            let mut fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
            fault.get_or_insert(error);
        }
    }

    fn add(&self, event: &Event) -> Result<()> {
        if let Event::Start { step, .. } = event {
            remember(self.run, self.data, self.split)?;
            if self.with_scalars {
                let writer = ScalarWriter::create(&self.run.join("tensorboard"), *step)?;
                let _ = self.scalars.set(Mutex::new(writer));
            }
        }
        let (Some(writer), Some((step, scalars))) = (self.scalars.get(), scalars(event)) else {
            return Ok(());
        };
        let scalars: Vec<(&str, f64)> = scalars
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
            .collect();
        let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(writer.add(step, &scalars)?)
    }

    /// The first fault, if there was one.
    pub(super) fn finish(self) -> Result<()> {
        let fault = self.fault.into_inner();
        match fault.unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

/// The numbers of a line of the journal, and their step.
fn scalars(event: &Event) -> Option<(u64, Vec<(String, f64)>)> {
    match event {
        Event::Steps(steps) => {
            let scalars = [
                ("loss", steps.loss),
                ("loss/plateau", steps.plateau),
                ("divergence/same", steps.same_divergence),
                ("divergence/different", steps.different_divergence),
                ("gradient_norm", steps.gradient_norm),
                ("weight_norm", steps.weight_norm),
                ("learning_rate", steps.learning_rate),
                ("segments_per_second", steps.segments_per_second),
                ("wait_share", steps.wait_share),
            ];
            let named = scalars.map(|(name, value)| (name.to_owned(), value));
            Some((steps.step, named.to_vec()))
        }
        Event::Evaluation {
            step,
            lists,
            mean_eer,
            ..
        } => {
            let mean = mean_eer.map(|eer| ("dev_eer/mean".to_owned(), eer));
            let lists = lists
                .iter()
                .map(|list| (format!("dev_eer/{}", list.list), list.eer));
            Some((*step, mean.into_iter().chain(lists).collect()))
        }
        _ => None,
    }
}
