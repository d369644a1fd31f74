//! The Jaccard error rate: how little each speaker of the reference has in common with his match.

use serde::{Deserialize, Serialize};
use speaker_eval::{SharedWeight, best_matching};

use super::sweep::Sums;
use crate::TurnsError;

/// The error of one speaker of the reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpeakerJaccard {
    /// Of the reference.
    pub speaker: String,
    /// Of the hypothesis, if any is matched.
    pub matched: Option<String>,
    /// 1 − |both speak| / |either speaks|, 0 to 1; 1 without a match.
    pub error: f64,
}

/// The mean over speakers; none where there are none.
pub fn mean_jaccard_error(speakers: &[SpeakerJaccard]) -> Option<f64> {
    let sum: f64 = speakers.iter().map(|speaker| speaker.error).sum();
    (!speakers.is_empty()).then(|| sum / speakers.len() as f64)
}

/// Jaccard indices are matched as whole numbers of 2^-40, so that a sum is within 1e-12 a speaker of the best.
const ONE: f64 = (1_u64 << 40) as f64;

/// Errors of all speakers of the reference who speak in what is scored.
///
/// As in DIHARD's plan and `dscore`: speakers are matched so that the mean error is least. `pyannote.metrics` matches
/// them as for the DER, by the time they share, and its rate is at least this one.
pub(super) fn jaccard_errors(
    sums: &Sums,
    reference: &[&str],
    hypothesis: &[&str],
) -> Result<Vec<SpeakerJaccard>, TurnsError> {
    let index = |speaker: usize, other: usize, shared: i64| {
        let both = i128::from(shared);
        both as f64 / (sums.reference[speaker] + sums.hypothesis[other] - both) as f64
    };
    let pairs: Vec<SharedWeight> = sums
        .shared
        .iter()
        .map(|(&(row, column), &shared)| SharedWeight {
            row,
            column,
            weight: ((index(row, column, shared) * ONE).round() as u64).max(1),
        })
        .collect();
    let matching = best_matching(reference.len(), hypothesis.len(), &pairs)?;
    let speakers = matching.into_iter().enumerate();
    let speaking = speakers.filter(|&(speaker, _)| sums.reference[speaker] > 0);
    Ok(speaking
        .map(|(speaker, matched)| SpeakerJaccard {
            speaker: reference[speaker].to_owned(),
            matched: matched.map(|other| hypothesis[other].to_owned()),
            error: matched.map_or(1.0, |other| {
                1.0 - index(speaker, other, sums.shared[&(speaker, other)])
            }),
        })
        .collect())
}
