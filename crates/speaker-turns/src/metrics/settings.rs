//! What of a recording is scored.

use serde::{Deserialize, Serialize};

use crate::TurnsError;
use crate::time::MAX_TIME_S;

/// What is left out of the score.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoringSettings {
    /// How much before and after each boundary of a reference turn is not scored (s): HALF of what is left out around a
    /// boundary.
    ///
    /// 0.25 is NIST's collar, as `-c 0.25` of `md-eval`, `collar=0.25` of `spy-der` and `--collar 0.25` of `dscore`.
    /// The `collar` of `pyannote.metrics` is the whole width: 0.5 there is 0.25 here.
    pub half_collar_s: f64,
    /// Whether times in which two or more speak in the reference are not scored.
    pub skip_overlap: bool,
}

impl ScoringSettings {
    /// All of the recording: no collar, overlap is scored.
    pub const STRICT: Self = Self {
        half_collar_s: 0.0,
        skip_overlap: false,
    };
    /// As in NIST's earlier evaluations: 0.25 s on each side of a reference boundary and all overlap are left out.
    pub const FORGIVING: Self = Self {
        half_collar_s: 0.25,
        skip_overlap: true,
    };

    pub(crate) fn check(&self) -> Result<(), TurnsError> {
        if !(0.0..=MAX_TIME_S).contains(&self.half_collar_s) {
            return Err(TurnsError::InvalidParameter {
                name: "half_collar_s",
                found: self.half_collar_s,
                expected: crate::time::EXPECTED_TIME,
            });
        }
        Ok(())
    }
}

impl Default for ScoringSettings {
    /// [`Self::STRICT`].
    fn default() -> Self {
        Self::STRICT
    }
}
