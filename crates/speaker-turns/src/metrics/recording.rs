//! The score of one recording.

use serde::{Deserialize, Serialize};
use speaker_eval::{SharedWeight, best_matching};

use super::jaccard::{SpeakerJaccard, jaccard_errors, mean_jaccard_error};
use super::scored::scored;
use super::sweep::sweep;
use super::{ErrorTimes, ScoringSettings, SpeakerCounts};
use crate::spans::Spans;
use crate::time::seconds;
use crate::{ScoredRegions, Turns, TurnsError};

/// A speaker of the reference and the one of the hypothesis that is taken for him.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatchedSpeakers {
    /// Of the reference.
    pub reference: String,
    /// Of the hypothesis.
    pub hypothesis: String,
    /// How long both speak at once in what is scored (s).
    pub shared_s: f64,
}

/// How wrong the hypothesis is about one recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordingScore {
    /// Which recording.
    pub recording: String,
    /// The parts of the DER.
    pub times: ErrorTimes,
    /// Who was taken for whom in the DER. The matching that makes it least; speakers who share no time are not matched.
    pub matched: Vec<MatchedSpeakers>,
    /// The parts of the JER, whose matching is its own.
    pub jaccard: Vec<SpeakerJaccard>,
    /// How many speak in the scored regions, collars and overlap included.
    pub speakers: SpeakerCounts,
}

impl RecordingScore {
    /// The diarization error rate; none where the reference has no speech in what is scored.
    pub fn der(&self) -> Option<f64> {
        self.times.der()
    }

    /// The Jaccard error rate, 0 to 1; none where the reference has no speech in what is scored.
    pub fn jer(&self) -> Option<f64> {
        mean_jaccard_error(&self.jaccard)
    }
}

/// Scores the turns of one recording against those of the reference, within `regions` or, without any, everywhere.
///
/// From boundary to boundary in whole nanoseconds, without frames. A speaker speaks or does not: his turns that touch or
/// overlap are one ([`Turns::joined`]), as in spy-der; `pyannote.metrics` counts them twice where they overlap.
///
/// Speakers are matched on what is scored, as in `pyannote.metrics`, so that no other matching has a lower rate. md-eval
/// (hence `dscore`) and spy-der match before collars and overlap are taken away: their confusion is the same where
/// nothing is, and otherwise at least as large; where several matchings are equally good there, it depends on which one
/// is found first, which the rate here does not.
///
/// # Errors
/// [`TurnsError::OtherRecording`], [`TurnsError::InvalidParameter`] of the settings; [`TurnsError::Matching`] for more
/// than a hundred years of speech.
pub fn score_recording(
    reference: &Turns,
    hypothesis: &Turns,
    regions: Option<&ScoredRegions>,
    settings: &ScoringSettings,
) -> Result<RecordingScore, TurnsError> {
    settings.check()?;
    let recording = reference.recording();
    let named = [
        ("hypothesis", Some(hypothesis.recording())),
        (
            "map of scored regions",
            regions.map(ScoredRegions::recording),
        ),
    ];
    for (what, name) in named {
        if let Some(name) = name.filter(|&name| name != recording) {
            return Err(TurnsError::OtherRecording {
                what,
                found: name.to_owned(),
                expected: recording.to_owned(),
            });
        }
    }
    let regions = regions.map_or_else(Spans::everything, ScoredRegions::spans);
    // Collars lie around the boundaries of turns, not around those of the regions that cut them.
    let whole: Vec<Spans> = reference.spans().into_values().collect();
    let scored = scored(&regions, &whole, settings);
    let (names, reference) = within(reference, &regions);
    let (others, hypothesis) = within(hypothesis, &regions);
    let speakers = SpeakerCounts {
        reference: names.len(),
        hypothesis: others.len(),
    };
    let cut = |side: &[Spans]| {
        side.iter()
            .map(|spans| spans.and(&scored))
            .collect::<Vec<_>>()
    };
    let sums = sweep(&cut(&reference), &cut(&hypothesis));

    let pairs: Vec<SharedWeight> = sums
        .shared
        .iter()
        .map(|(&(row, column), &shared)| SharedWeight {
            row,
            column,
            weight: shared.unsigned_abs(),
        })
        .collect();
    let matching = best_matching(names.len(), others.len(), &pairs)?;
    let mut correct = 0;
    let mut matched = Vec::new();
    for (speaker, other) in matching.into_iter().enumerate() {
        let Some(other) = other else { continue };
        let shared = i128::from(sums.shared[&(speaker, other)]);
        correct += shared;
        matched.push(MatchedSpeakers {
            reference: names[speaker].to_owned(),
            hypothesis: others[other].to_owned(),
            shared_s: seconds(shared),
        });
    }
    Ok(RecordingScore {
        recording: recording.to_owned(),
        times: ErrorTimes {
            reference_s: seconds(sums.reference.iter().sum()),
            hypothesis_s: seconds(sums.hypothesis.iter().sum()),
            missed_s: seconds(sums.missed),
            false_alarm_s: seconds(sums.false_alarm),
            confusion_s: seconds(sums.found - correct),
            correct_s: seconds(correct),
        },
        matched,
        jaccard: jaccard_errors(&sums, &names, &others)?,
        speakers,
    })
}

/// Who speaks within the regions, and when.
fn within<'a>(turns: &'a Turns, regions: &Spans) -> (Vec<&'a str>, Vec<Spans>) {
    let speakers = turns.spans().into_iter();
    speakers
        .map(|(name, spans)| (name, spans.and(regions)))
        .filter(|(_, spans)| spans.total() > 0)
        .unzip()
}
