//! How VBx works.

use serde::{Deserialize, Serialize};

use crate::ScoringError;

/// How [`vbx`](crate::vbx) works; the names in brackets are those of the paper.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VbxSettings {
    /// What an observation counts (F_A), above 0: less than 1 where neighbours say much the same.
    pub observations: f64,
    /// What the prior of speakers' places counts (F_B), above 0: the higher, the fewer speakers.
    pub prior: f64,
    /// The probability that the next segment is the same speaker's whoever speaks how often (P_loop), from 0 to below 1; 0 leaves time out.
    pub stay: f64,
    /// How sure the labels that all begins with are, 0 or more: a segment's own speaker is e to that as likely as any other.
    pub sureness: f64,
    /// Rounds at most, at least 1.
    pub iterations: usize,
    /// A round that raises the evidence bound by less is the last one, 0 or more.
    pub tolerance: f64,
}

impl Default for VbxSettings {
    /// Those of the authors' recipe for AMI, with 40 rounds.
    fn default() -> Self {
        Self {
            observations: 0.4,
            prior: 64.0,
            stay: 0.65,
            sureness: 7.0,
            iterations: 40,
            tolerance: 1e-6,
        }
    }
}

/// What numbers lie between for squares to stay finite; nothing sensible is near either.
const HUGE: f64 = 1e6;

impl VbxSettings {
    /// # Errors
    /// A setting outside of its range.
    pub(super) fn check(&self) -> Result<(), ScoringError> {
        let invalid = |name, found, expected| {
            Err(ScoringError::InvalidParameter {
                name,
                found,
                expected,
            })
        };
        for (name, found) in [("observations", self.observations), ("prior", self.prior)] {
            if !(1.0 / HUGE..=HUGE).contains(&found) {
                return invalid(name, found, "from 1e-6 to 1e6");
            }
        }
        if !(0.0..1.0).contains(&self.stay) {
            return invalid("stay", self.stay, "from 0 to below 1");
        }
        for (name, found) in [("sureness", self.sureness), ("tolerance", self.tolerance)] {
            if !(0.0..=HUGE).contains(&found) {
                return invalid(name, found, "from 0 to 1e6");
            }
        }
        match self.iterations {
            0 => invalid("iterations", 0.0, "at least 1"),
            _ => Ok(()),
        }
    }
}
