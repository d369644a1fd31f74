//! The journal of a run, read for drawing: `journal.jsonl`, one event a line.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use crate::ReportError;

/// A journal of a million lines has less.
const MAX_BYTES: u64 = 1 << 30;

/// The lines of a journal by their kind, in order. Numbers that were not finite when they were written are absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Journal {
    /// The first start.
    pub start: Option<Start>,
    /// Means over the steps between two lines.
    pub steps: Vec<Steps>,
    /// Evaluations on the development trials.
    pub evaluations: Vec<Evaluation>,
    /// Why and when the run ended, where it has.
    pub end: Option<End>,
    /// Lines that are no JSON, as the last one of a run that was killed.
    pub num_unreadable: usize,
}

/// What a run says when it starts.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Start {
    /// Steps at most.
    pub max_steps: Option<u64>,
    /// Training speakers.
    pub num_speakers: Option<u64>,
    /// Training utterances.
    pub num_utterances: Option<u64>,
    /// Parameters of encoder and head.
    pub num_parameters: Option<u64>,
    /// Expected share of same-speaker pairs in a batch, 0 to 1.
    pub same_share: Option<f64>,
    /// Commit of the program.
    pub commit: Option<String>,
}

/// Means over some steps.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Steps {
    /// Steps taken.
    pub step: u64,
    /// Loss.
    pub loss: Option<f64>,
    /// Loss while all outputs are alike.
    pub plateau: Option<f64>,
    /// Mean divergence of same-speaker pairs (nats).
    pub same_divergence: Option<f64>,
    /// Mean divergence of different-speaker pairs (nats).
    pub different_divergence: Option<f64>,
    /// Gradient norm before clipping.
    pub gradient_norm: Option<f64>,
    /// Learning rate of the last of the steps.
    pub learning_rate: Option<f64>,
    /// Training segments a second, all included.
    pub segments_per_second: Option<f64>,
    /// Share of the time spent waiting for batches, 0 to 1.
    pub wait_share: Option<f64>,
}

/// An evaluation on the development trials.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Evaluation {
    /// Steps taken; 0 is the untrained network.
    pub step: u64,
    /// Result by list.
    pub lists: Vec<ListResult>,
    /// Mean EER over the lists, 0 to 1.
    pub mean_eer: Option<f64>,
    /// That of the untrained network.
    pub untrained_eer: Option<f64>,
    /// Whether it was the best so far.
    pub best: bool,
}

/// Result on one trial list.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ListResult {
    /// Name of the list.
    pub list: String,
    /// Equal error rate, 0 to 1.
    pub eer: Option<f64>,
    /// Minimum of the detection cost.
    pub min_dcf: Option<f64>,
}

/// The end of a run.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct End {
    /// Steps taken.
    pub step: u64,
    /// Why, as the journal says it: `max_steps`, `early_stop`, ….
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line {
    Start(Start),
    Steps(Steps),
    Evaluation(Evaluation),
    End(End),
    /// Events of other programs and times.
    #[serde(other)]
    Other,
}

impl Journal {
    /// Reads `journal.jsonl` at `path`. Unknown events are passed over; a later line about the same step replaces the earlier one.
    ///
    /// # Errors
    /// [`ReportError::Io`], [`ReportError::TooLarge`], and [`ReportError::EmptyJournal`] where nothing in it can be drawn.
    pub fn read(path: &Path) -> Result<Self, ReportError> {
        let mut file = File::open(path).map_err(ReportError::io(path))?;
        let found = file.metadata().map_err(ReportError::io(path))?.len();
        if found > MAX_BYTES {
            return Err(ReportError::TooLarge {
                path: path.to_owned(),
                found,
                limit: MAX_BYTES,
            });
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)
            .map_err(ReportError::io(path))?;
        let journal = Self::parse(&bytes);
        if journal.start.is_none() && journal.steps.is_empty() && journal.evaluations.is_empty() {
            return Err(ReportError::EmptyJournal {
                path: path.to_owned(),
            });
        }
        Ok(journal)
    }

    /// The journal in `bytes`, which may be anything.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Self {
        let mut journal = Self::default();
        let mut steps = BTreeMap::new();
        let mut evaluations = BTreeMap::new();
        for line in bytes.split(|&byte| byte == b'\n') {
            if line.trim_ascii().is_empty() {
                continue;
            }
            match serde_json::from_slice(line) {
                Ok(Line::Start(start)) => journal.start = journal.start.or(Some(start)),
                Ok(Line::Steps(line)) => {
                    steps.insert(line.step, line);
                }
                Ok(Line::Evaluation(line)) => {
                    evaluations.insert(line.step, line);
                }
                Ok(Line::End(end)) => journal.end = Some(end),
                Ok(Line::Other) => {}
                Err(_) => journal.num_unreadable += 1,
            }
        }
        journal.steps = steps.into_values().collect();
        journal.evaluations = evaluations.into_values().collect();
        journal
    }

    /// The evaluation with the lowest mean EER of the trained network, where there is one.
    #[must_use]
    pub fn best(&self) -> Option<&Evaluation> {
        let rate = |evaluation: &Evaluation| evaluation.mean_eer.unwrap_or(f64::INFINITY);
        self.evaluations
            .iter()
            .filter(|evaluation| evaluation.step > 0 && evaluation.mean_eer.is_some())
            .min_by(|a, b| rate(a).total_cmp(&rate(b)))
    }

    /// Mean EER of the untrained network, 0 to 1, where the run has measured it.
    #[must_use]
    pub fn untrained_eer(&self) -> Option<f64> {
        self.evaluations
            .iter()
            .find_map(|evaluation| evaluation.untrained_eer)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_events_are_kept_and_others_passed_over() {
        let text = concat!(
            r#"{"event":"start","step":0,"max_steps":9,"num_speakers":3}"#,
            "\n",
            r#"{"event":"steps","step":5,"loss":null,"plateau":1.5}"#,
            "\n",
            r#"{"event":"steps","step":5,"loss":2.0}"#,
            "\n",
            r#"{"event":"weather","rain":true}"#,
            "\n",
            r#"{"event":"evaluation","step":0,"mean_eer":0.4,"untrained_eer":0.4,"lists":[]}"#,
            "\n",
            r#"{"event":"evaluation","step":5,"mean_eer":0.2,"lists":[{"list":"a","eer":0.2}]}"#,
            "\n",
            r#"{"event":"ste"#
        );
        let journal = Journal::parse(text.as_bytes());
        assert_eq!(journal.start.as_ref().unwrap().max_steps, Some(9));
        assert_eq!(journal.steps.len(), 1);
        assert_eq!(journal.steps[0].loss, Some(2.0));
        assert_eq!(journal.best().unwrap().step, 5);
        assert_eq!(journal.untrained_eer(), Some(0.4));
        assert_eq!(journal.num_unreadable, 1);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes: Vec<u8>) {
            let _ = Journal::parse(&bytes);
        }
    }
}
