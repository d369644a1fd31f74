//! What was found, and what it amounts to.

use serde::{Deserialize, Serialize};

use crate::Name;

/// How much a finding matters: the words that checks, findings, journals and the commands have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing; a healthy training may show it.
    #[serde(alias = "information")]
    Note,
    /// Probably harms the result.
    Suspect,
    /// Nothing can come of it.
    Broken,
}

impl Severity {
    /// The word that stands for it in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Suspect => "suspect",
            Self::Broken => "broken",
        }
    }
}

/// One thing that is, or may be, wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Which.
    pub name: Name,
    /// How much it matters.
    pub severity: Severity,
    /// What was measured, with its numbers.
    pub measured: String,
    /// What a healthy training shows.
    pub expected: String,
    /// Why that is, in a sentence.
    pub reason: String,
    /// What to try next.
    pub remedy: String,
    /// Step at which it was found; 0 is before the first.
    pub step: u64,
}

/// What all findings amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing beyond notes.
    Healthy,
    /// Something probably harms the result.
    Suspect,
    /// Nothing can come of it.
    Broken,
}

impl Verdict {
    /// The word that stands for it in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Suspect => "suspect",
            Self::Broken => "broken",
        }
    }
}

/// All findings of a run, most likely cause first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// What they amount to.
    pub verdict: Verdict,
    /// Causes before what they bring about and notes last; among causes the gravest first.
    pub findings: Vec<Finding>,
}

impl Diagnosis {
    /// Orders `findings`, keeps the gravest of each name (the latest among equals) and sums them up.
    #[must_use]
    pub fn of(mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|finding| {
            (
                finding.name,
                std::cmp::Reverse((finding.severity, finding.step)),
            )
        });
        findings.dedup_by_key(|finding| finding.name);
        findings.sort_by_key(|finding| {
            let is_note = finding.severity == Severity::Note;
            let severity = std::cmp::Reverse(finding.severity);
            (is_note, finding.name.is_effect(), severity, finding.name)
        });
        let gravest = findings.iter().map(|finding| finding.severity).max();
        let verdict = match gravest {
            Some(Severity::Broken) => Verdict::Broken,
            Some(Severity::Suspect) => Verdict::Suspect,
            Some(Severity::Note) | None => Verdict::Healthy,
        };
        Self { verdict, findings }
    }

    /// The finding of this name, if there is one.
    #[must_use]
    pub fn find(&self, name: Name) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.name == name)
    }
}
