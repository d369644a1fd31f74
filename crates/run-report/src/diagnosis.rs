//! What a diagnosis of the run found, as the page shows it.

use serde::{Deserialize, Serialize};

/// A diagnosis: a verdict and what it rests on. Reads the JSON of a doctor's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// In one word.
    pub verdict: Verdict,
    /// The most likely cause first; may be empty.
    pub findings: Vec<Finding>,
}

/// How the run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing to mend.
    Healthy,
    /// Something to look at.
    Suspect,
    /// Something to mend.
    Broken,
}

/// One thing that was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Finding {
    /// Its name.
    pub name: String,
    /// How bad it is, in a word.
    pub severity: String,
    /// What was measured.
    pub measured: String,
    /// What a healthy run shows.
    pub expected: String,
    /// Why it matters.
    pub reason: String,
    /// What to try.
    pub remedy: String,
    /// When it was found, in steps.
    pub step: Option<u64>,
}

impl Verdict {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Suspect => "suspect",
            Self::Broken => "broken",
        }
    }
}
