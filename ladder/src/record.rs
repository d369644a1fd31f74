//! A run on disk: whole when it is there.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use diagnosis::{Diagnosis, Run, judge};
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
    /// The run of a rung, as far as it was saved, with what the diagnosis of today says of it.
    pub(crate) fn read(folder: &Path, rung: &str, seed: u64) -> Result<Option<Self>> {
        let path = path(folder, rung, seed);
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            other => other.with_context(|| format!("cannot read {}", path.display()))?,
        };
        let mut record: Self = serde_json::from_str(&text)
            .with_context(|| format!("{} is no run of this version: remove it", path.display()))?;
        record.diagnosis = judge(&record.run);
        Ok(Some(record))
    }

    /// Steps of it that a run of `settings` for any number of steps has in common with it: steps are the same whatever
    /// the length.
    pub(crate) fn steps_of(&self, settings: &Settings) -> u64 {
        let of_one_length = Settings {
            steps: settings.steps,
            ..self.settings.clone()
        };
        match of_one_length == *settings {
            true => self.run.trace.len() as u64,
            false => 0,
        }
    }

    /// Whole or not at all.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let path = path(folder, &self.rung, self.seed);
        durable::write(&path, &serde_json::to_vec(self)?)
            .with_context(|| format!("cannot write {}", path.display()))
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

#[cfg(test)]
mod tests {
    use diagnosis::journal::StepSummary;

    use super::*;

    /// A longer run serves a shorter request, a shorter or another one does not.
    #[test]
    fn steps_count_whatever_the_length_that_was_asked_for() {
        let asked = |steps| Settings {
            steps,
            ..Settings::question()
        };
        let record = Record {
            rung: "question".to_owned(),
            seed: 1,
            settings: asked(100),
            commit: String::new(),
            machine: String::new(),
            seconds: 0.0,
            accuracy: Vec::new(),
            run: Run {
                trace: vec![StepSummary::default(); 100],
                ..Run::default()
            },
            diagnosis: judge(&Run::default()),
            evaluations: Vec::new(),
        };
        assert_eq!(record.steps_of(&asked(50)), 100);
        assert_eq!(record.steps_of(&asked(1500)), 100);
        let other = Settings {
            margin: 3.0,
            ..asked(50)
        };
        assert_eq!(record.steps_of(&other), 0);
        let folder = tempfile::tempdir().unwrap();
        record.write(folder.path()).unwrap();
        let read = Record::read(folder.path(), "question", 1).unwrap().unwrap();
        assert_eq!(read.steps_of(&asked(50)), 100);
    }
}
