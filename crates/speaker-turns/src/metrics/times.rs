//! The parts of a diarization error rate.

use serde::{Deserialize, Serialize};

/// Speaker time by what became of it: the length of each moment counts once for each speaker concerned.
///
/// At a moment with R speakers in the reference, H in the hypothesis and C of them matched to each other,
/// max(0, R − H) are missed, max(0, H − R) false alarms and min(R, H) − C confused (NIST, RT-09 evaluation plan).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorTimes {
    /// Speaker time of the reference that is scored (s): the denominator of every rate.
    pub reference_s: f64,
    /// Speaker time of the hypothesis that is scored (s).
    pub hypothesis_s: f64,
    /// Speech that no speaker of the hypothesis was given for (s).
    pub missed_s: f64,
    /// Speech of the hypothesis where fewer speak (s).
    pub false_alarm_s: f64,
    /// Speech that was given to another speaker (s).
    pub confusion_s: f64,
    /// Speech that was given to the speaker who is matched (s).
    pub correct_s: f64,
}

impl ErrorTimes {
    /// All that is wrong (s).
    pub fn errors_s(&self) -> f64 {
        self.missed_s + self.false_alarm_s + self.confusion_s
    }

    /// The diarization error rate: errors as a share of the reference's speaker time, which may exceed 1. There is none
    /// where the reference has no speech (`pyannote.metrics` says 0 or 1 there).
    pub fn der(&self) -> Option<f64> {
        self.rate(self.errors_s())
    }

    /// Missed speech as a share of the reference's.
    pub fn missed(&self) -> Option<f64> {
        self.rate(self.missed_s)
    }

    /// False alarms as a share of the reference's speech.
    pub fn false_alarm(&self) -> Option<f64> {
        self.rate(self.false_alarm_s)
    }

    /// Confused speech as a share of the reference's.
    pub fn confusion(&self) -> Option<f64> {
        self.rate(self.confusion_s)
    }

    fn rate(&self, errors_s: f64) -> Option<f64> {
        (self.reference_s > 0.0).then(|| errors_s / self.reference_s)
    }

    /// Adds those of another recording.
    pub(crate) fn add(&mut self, other: &Self) {
        self.reference_s += other.reference_s;
        self.hypothesis_s += other.hypothesis_s;
        self.missed_s += other.missed_s;
        self.false_alarm_s += other.false_alarm_s;
        self.confusion_s += other.confusion_s;
        self.correct_s += other.correct_s;
    }
}
