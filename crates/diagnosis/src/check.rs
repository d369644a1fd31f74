//! A question that is answered before the first step.

use serde::{Deserialize, Serialize};

use crate::{Finding, Name, Severity};

/// The answer to a check: one of the words of [`Severity`], or none. Aliases are the words of older journals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckVerdict {
    /// As it should be.
    Passed,
    /// Worth knowing, no defect.
    Note,
    /// Probably harms the result.
    #[serde(alias = "warning")]
    Suspect,
    /// Nothing can come of it.
    #[serde(alias = "failed")]
    Broken,
    /// Could not be answered; the reason says why.
    Skipped,
}

/// One check with its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// What would be wrong if it failed.
    pub name: Name,
    /// What was measured, with its numbers.
    pub measured: String,
    /// What was expected.
    pub expected: String,
    /// The answer.
    pub verdict: CheckVerdict,
    /// Why it matters, or why it could not be answered.
    pub reason: String,
    /// What to do where it did not pass; empty where it did.
    pub remedy: String,
}

impl Check {
    pub(crate) fn new(
        name: Name,
        verdict: CheckVerdict,
        measured: impl Into<String>,
        expected: impl Into<String>,
        reason: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let remedy = match verdict {
            CheckVerdict::Passed | CheckVerdict::Skipped => String::new(),
            _ => remedy.into(),
        };
        Self {
            name,
            measured: measured.into(),
            expected: expected.into(),
            verdict,
            reason: reason.into(),
            remedy,
        }
    }

    /// A check that could not be answered, and why.
    #[must_use]
    pub fn skipped(name: Name, reason: impl Into<String>) -> Self {
        Self::new(name, CheckVerdict::Skipped, "", "", reason, "")
    }

    /// The finding that the answer makes, if it makes one.
    ///
    /// A metric with a ceiling misleads who reads it and harms no training: that counts one degree less.
    #[must_use]
    pub fn finding(&self) -> Option<Finding> {
        let harms = self.name != Name::MetricCeiling;
        let severity = match self.verdict {
            CheckVerdict::Passed | CheckVerdict::Skipped => return None,
            CheckVerdict::Broken if harms => Severity::Broken,
            CheckVerdict::Broken => Severity::Suspect,
            CheckVerdict::Suspect if harms => Severity::Suspect,
            CheckVerdict::Suspect | CheckVerdict::Note => Severity::Note,
        };
        Some(Finding {
            name: self.name,
            severity,
            measured: self.measured.clone(),
            expected: self.expected.clone(),
            reason: self.reason.clone(),
            remedy: self.remedy.clone(),
            step: 0,
        })
    }
}
