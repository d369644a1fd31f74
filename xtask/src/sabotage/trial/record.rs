//! What is known of a case and seed: one JSON object a line.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// A finding of `siamang doctor`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) severity: String,
    pub(crate) measured: String,
    pub(crate) remedy: String,
}

/// What one training came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Outcome {
    /// The first line of the message, where nothing was trained.
    pub(crate) refusal: Option<String>,
    pub(crate) verdict: Option<String>,
    pub(crate) findings: Vec<Found>,
    pub(crate) untrained_eer: Option<f64>,
    /// Of the best checkpoint on its own development trials, 0 to 1.
    pub(crate) dev_eer: Option<f64>,
    /// The same on the trials that were held back.
    pub(crate) held_back_eer: Option<f64>,
    /// Seconds of the whole training.
    pub(crate) train_s: f64,
    /// Seconds of preflight and diagnosis.
    pub(crate) checks_s: f64,
}

impl Outcome {
    /// Preflight's and diagnosis's share of the training's time.
    pub(crate) fn checks_share(&self) -> f64 {
        match self.train_s > 0.0 {
            true => self.checks_s / self.train_s,
            false => 0.0,
        }
    }
}

/// A line of the results.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Record {
    pub(crate) case: String,
    pub(crate) kind: String,
    pub(crate) what: String,
    pub(crate) familiar: bool,
    pub(crate) seed: u64,
    /// `siamang --version`.
    pub(crate) version: String,
    pub(crate) command: String,
    pub(crate) settings: Vec<String>,
    pub(crate) verdict: String,
    /// The first finding's name, or that of a message which refuses.
    pub(crate) first: String,
    pub(crate) severity: String,
    pub(crate) names: Vec<String>,
    pub(crate) right: bool,
    /// Whether it was right because the sabotage did no harm.
    pub(crate) harmless: bool,
    pub(crate) spoiled: Outcome,
    pub(crate) mended: Option<Outcome>,
    /// What was compared: `dev` (the mean of both lists), `held back` or `truth`.
    pub(crate) measure: Option<String>,
    pub(crate) before: Option<f64>,
    pub(crate) after: Option<f64>,
    pub(crate) better: Option<bool>,
    pub(crate) train_s: f64,
    pub(crate) checks_s: f64,
    pub(crate) checks_share: f64,
    /// What kept the harness from finishing the case.
    pub(crate) error: Option<String>,
}

/// The results so far.
pub(crate) struct Records {
    pub(crate) all: Vec<Record>,
}

impl Records {
    /// Those in a file, of each case and seed the last; none where there is no file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        if !path.exists() {
            return Ok(Self { all: Vec::new() });
        }
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let mut all: Vec<Record> = Vec::new();
        let mut places = HashMap::new();
        // A line that was cut short is trained again.
        for line in text.lines() {
            let Ok(record) = serde_json::from_str::<Record>(line) else {
                continue;
            };
            let place = *places
                .entry((record.case.clone(), record.seed))
                .or_insert(all.len());
            match all.get_mut(place) {
                Some(known) => *known = record,
                None => all.push(record),
            }
        }
        Ok(Self { all })
    }

    /// Whether a case is done, for better or worse.
    pub(crate) fn has(&self, case: &str, seed: u64) -> bool {
        self.all
            .iter()
            .any(|one| one.case == case && one.seed == seed && one.error.is_none())
    }
}

/// Adds a line.
pub(crate) fn append(path: &Path, record: &Record) -> Result<()> {
    let mut line = serde_json::to_string(record)?;
    line.push('\n');
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(file.write_all(line.as_bytes())?)
}
