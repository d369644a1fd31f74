//! The score of several recordings together.

use serde::{Deserialize, Serialize};
use speaker_eval::{Interval, percentile_interval};

use super::bootstrap::{ResampleSettings, draw};
use super::{ErrorTimes, RecordingScore, SpeakerCountErrors};
use crate::TurnsError;

/// A rate and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The rate; none where the reference has no speech.
    pub value: Option<f64>,
    /// The central share of the rates of resamples of the recordings; none of a single recording, and none where fewer
    /// than half of the resamples have a rate.
    pub interval: Option<Interval>,
}

/// The score of several recordings together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PooledScore {
    /// Number of recordings.
    pub recordings: usize,
    /// Sums over the recordings (s).
    pub times: ErrorTimes,
    /// Diarization error rate: the sum of all errors as a share of all speech, so that long recordings count for more.
    pub der: Estimate,
    /// Missed speech as a share of the reference's.
    pub missed: Estimate,
    /// False alarms as a share of the reference's speech.
    pub false_alarm: Estimate,
    /// Confused speech as a share of the reference's.
    pub confusion: Estimate,
    /// Jaccard error rate: the mean over the speakers of all recordings, as in `dscore`.
    pub jer: Estimate,
    /// Numbers of speakers.
    pub speakers: SpeakerCountErrors,
    /// Share of the resamples inside the intervals.
    pub confidence: f64,
    /// Number of resamples drawn.
    pub resamples: usize,
}

/// What the rates of some recordings are made of.
#[derive(Default)]
struct Totals {
    times: ErrorTimes,
    /// Sum of the Jaccard errors, and of how many speakers.
    jaccard: (f64, usize),
}

impl Totals {
    fn add(&mut self, score: &RecordingScore) {
        self.times.add(&score.times);
        let errors = score.jaccard.iter().map(|speaker| speaker.error);
        self.jaccard.0 += errors.sum::<f64>();
        self.jaccard.1 += score.jaccard.len();
    }

    /// DER, its three parts and JER.
    fn rates(&self) -> [Option<f64>; 5] {
        let (sum, number) = self.jaccard;
        [
            self.times.der(),
            self.times.missed(),
            self.times.false_alarm(),
            self.times.confusion(),
            (number > 0).then(|| sum / number as f64),
        ]
    }
}

/// Pools recordings that were scored with the same settings. Intervals are percentiles over resamples of the recordings:
/// errors within one are not independent.
///
/// # Errors
/// [`TurnsError::NoRecording`] without any, [`TurnsError::DuplicateRecording`], [`TurnsError::InvalidParameter`] of the
/// settings.
pub fn pooled(
    scores: &[RecordingScore],
    settings: &ResampleSettings,
) -> Result<PooledScore, TurnsError> {
    settings.check()?;
    if scores.is_empty() {
        return Err(TurnsError::NoRecording);
    }
    // In order of their names, so that the order of the list is of no account.
    let mut scores: Vec<&RecordingScore> = scores.iter().collect();
    scores.sort_by(|a, b| a.recording.cmp(&b.recording));
    if let Some(pair) = scores
        .windows(2)
        .find(|pair| pair[0].recording == pair[1].recording)
    {
        return Err(TurnsError::DuplicateRecording {
            list: "scores",
            recording: pair[0].recording.clone(),
        });
    }
    let mut all = Totals::default();
    scores.iter().for_each(|score| all.add(score));
    let mut drawn: [Vec<f64>; 5] = Default::default();
    if scores.len() > 1 {
        for resample in 0..settings.resamples as u64 {
            let mut totals = Totals::default();
            draw(scores.len(), settings, resample).for_each(|index| totals.add(scores[index]));
            for (values, rate) in drawn.iter_mut().zip(totals.rates()) {
                values.extend(rate);
            }
        }
    }
    let mut rates = all.rates().into_iter().zip(drawn).map(|(value, drawn)| {
        let enough = scores.len() > 1 && drawn.len() * 2 >= settings.resamples;
        Estimate {
            value,
            interval: enough.then(|| percentile_interval(drawn, settings.confidence)),
        }
    });
    let none = Estimate {
        value: None,
        interval: None,
    };
    let mut next = || rates.next().unwrap_or(none);
    Ok(PooledScore {
        recordings: scores.len(),
        times: all.times,
        der: next(),
        missed: next(),
        false_alarm: next(),
        confusion: next(),
        jer: next(),
        speakers: SpeakerCountErrors::new(scores.iter().map(|score| score.speakers)),
        confidence: settings.confidence,
        resamples: settings.resamples,
    })
}
