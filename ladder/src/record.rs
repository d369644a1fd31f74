//! A run on disk: whole when it is there.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use diagnosis::{Diagnosis, Run};
use serde::{Deserialize, Serialize};

use crate::evaluate::Evaluation;
use crate::rung::Settings;

/// Everything that one run of a rung gave.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) rung: String,
    pub(crate) seed: u64,
    pub(crate) settings: Settings,
    /// Of the repository.
    pub(crate) commit: String,
    /// Model name of the processor.
    pub(crate) machine: String,
    /// For training, evaluation and checks together.
    pub(crate) seconds: f64,
    /// "Accuracy" as the question measures it, step by step.
    pub(crate) accuracy: Vec<f64>,
    /// What the diagnosis looked at.
    pub(crate) run: Run,
    pub(crate) diagnosis: Diagnosis,
    /// Untrained, at the step at which all are compared, and at the end.
    pub(crate) evaluations: Vec<Evaluation>,
}

fn path(folder: &Path, rung: &str, seed: u64) -> PathBuf {
    folder.join(format!("{rung}-{seed}.json"))
}

impl Record {
    /// The run of these settings, if it was finished.
    pub(crate) fn read(folder: &Path, rung: &str, seed: u64) -> Result<Option<Self>> {
        let path = path(folder, rung, seed);
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            other => other.with_context(|| format!("cannot read {}", path.display()))?,
        };
        let record = serde_json::from_str(&text)
            .with_context(|| format!("{} is no run of this version: remove it", path.display()))?;
        Ok(Some(record))
    }

    /// Written beside and renamed, so that an interruption leaves no half of it.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let path = path(folder, &self.rung, self.seed);
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(&mut file, self)?;
        file.flush()?;
        file.as_file().sync_all()?;
        file.persist(&path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(())
    }

    /// The evaluation at a step, if there was one.
    pub(crate) fn at(&self, step: u64) -> Option<&Evaluation> {
        self.evaluations
            .iter()
            .find(|evaluation| evaluation.step == step)
    }

    /// The loss at a step, counted from 1.
    pub(crate) fn loss_at(&self, step: u64) -> Option<f64> {
        let trace = &self.run.trace;
        trace
            .iter()
            .find(|point| point.step == step)
            .map(|point| point.loss)
    }
}
