//! Reads a journal.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use super::{EndReason, Evaluation, Event, JOURNAL_FILE, JournalError, Start, StepSummary};

/// The largest file that is read; a journal of a million lines has less.
const MAX_BYTES: u64 = 1 << 30;

/// The lines of a journal, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Journal {
    /// The lines of known kinds; of steps and evaluations the last one about each step.
    pub events: Vec<Event>,
    /// Lines that are no events at all, such as the half-written last one of a run that was killed.
    pub num_unreadable: usize,
}

/// What every line has.
#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "event")]
    _event: String,
}

impl Journal {
    /// Reads the journal in the directory of a run. A last line that is only half written, as in a run that goes on, and lines
    /// of kinds that this version does not know are passed over.
    ///
    /// # Errors
    /// [`JournalError::NotARun`] where there is none, [`JournalError`] where it cannot be read or is larger than 1 GiB.
    pub fn read(run: &Path) -> Result<Self, JournalError> {
        let path = run.join(JOURNAL_FILE);
        let file = File::open(&path).map_err(|error| JournalError::opening(run, error))?;
        Ok(Self::parse(&bytes_of(&file, &path)?))
    }

    /// The journal in `bytes`, which may be anything.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Self {
        let mut journal = Self::default();
        let mut places = HashMap::new();
        for line in bytes.split(|&byte| byte == b'\n') {
            if line.trim_ascii().is_empty() {
                continue;
            }
            let Ok(event) = serde_json::from_slice::<Event>(line) else {
                let is_event = serde_json::from_slice::<Kind>(line).is_ok();
                journal.num_unreadable += usize::from(!is_event);
                continue;
            };
            let is_evaluation = matches!(event, Event::Evaluation(_));
            if !is_evaluation && !matches!(event, Event::Steps(_)) {
                journal.events.push(event);
                continue;
            }
            let place = places.entry((is_evaluation, event.step()));
            let place = *place.or_insert(journal.events.len());
            match journal.events.get_mut(place) {
                Some(earlier) => *earlier = event,
                None => journal.events.push(event),
            }
        }
        journal
    }

    /// The first start.
    #[must_use]
    pub fn start(&self) -> Option<&Start> {
        self.starts().next()
    }

    /// Every time that the run began or went on.
    pub fn starts(&self) -> impl DoubleEndedIterator<Item = &Start> + Clone {
        self.events.iter().filter_map(|event| match event {
            Event::Start(start) => Some(start),
            _ => None,
        })
    }

    /// EER on speakers that are trained on, 0 to 1, by step, where it was measured.
    #[must_use]
    pub fn training_eers(&self) -> BTreeMap<u64, f64> {
        let measured = self.events.iter().filter_map(|event| match event {
            Event::Diagnosis {
                step, measurements, ..
            } => Some((*step, measurements.train_eer?)),
            _ => None,
        });
        measured.collect()
    }

    /// Means over the steps between two lines.
    pub fn steps(&self) -> impl DoubleEndedIterator<Item = &StepSummary> + Clone {
        self.events.iter().filter_map(|event| match event {
            Event::Steps(summary) => Some(summary),
            _ => None,
        })
    }

    /// Evaluations on the development trials.
    pub fn evaluations(&self) -> impl DoubleEndedIterator<Item = &Evaluation> + Clone {
        self.events.iter().filter_map(|event| match event {
            Event::Evaluation(evaluation) => Some(evaluation),
            _ => None,
        })
    }

    /// Why the run has ended, where it has: a run that went on after an end has not.
    #[must_use]
    pub fn end(&self) -> Option<EndReason> {
        let last = self.events.iter().rev().find_map(|event| match event {
            Event::Start(_) => Some(None),
            Event::End { reason, .. } => Some(Some(*reason)),
            _ => None,
        });
        last.flatten()
    }

    /// The evaluation with the lowest mean EER of the trained network, where there is one.
    #[must_use]
    pub fn best(&self) -> Option<&Evaluation> {
        let trained = self.evaluations().filter(|evaluation| evaluation.step > 0);
        let rated = trained.filter_map(|evaluation| Some((evaluation, evaluation.mean_eer?)));
        let best = rated.min_by(|(_, a), (_, b)| a.total_cmp(b));
        best.map(|(evaluation, _)| evaluation)
    }

    /// Mean EER of the untrained network, 0 to 1, where the run has measured it.
    #[must_use]
    pub fn untrained_eer(&self) -> Option<f64> {
        self.evaluations()
            .find_map(|evaluation| evaluation.untrained_eer)
    }
}

/// The bytes of `file`, which lies at `path`.
pub(super) fn bytes_of(file: &File, path: &Path) -> Result<Vec<u8>, JournalError> {
    let found = file.metadata().map_err(JournalError::io(path))?.len();
    if found > MAX_BYTES {
        return Err(JournalError::TooLarge {
            path: path.to_owned(),
            found,
            limit: MAX_BYTES,
        });
    }
    let mut bytes = Vec::new();
    let mut file = file;
    file.read_to_end(&mut bytes)
        .map_err(JournalError::io(path))?;
    Ok(bytes)
}
