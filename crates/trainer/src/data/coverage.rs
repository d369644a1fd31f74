//! Which training speakers and utterances a run has visited.

use super::batch::Batch;
use super::schedule::BatchSchedule;

/// Speakers and utterances that have been in some batch.
pub(crate) struct Coverage {
    speakers: Vec<bool>,
    utterances: Vec<bool>,
}

impl Coverage {
    pub(crate) fn new(num_speakers: usize, num_utterances: usize) -> Self {
        Self {
            speakers: vec![false; num_speakers],
            utterances: vec![false; num_utterances],
        }
    }

    pub(crate) fn visit(&mut self, batch: &Batch) {
        for (&speaker, &utterance) in batch.speakers.iter().zip(&batch.utterances) {
            self.speakers[speaker] = true;
            self.utterances[utterance] = true;
        }
    }

    /// Visits the batches of the steps before `step` again: the schedule is a pure function of the step, so a
    /// resumed run need not have stored them.
    pub(crate) fn replay(&mut self, schedule: &BatchSchedule, step: u64) {
        for past in 0..step {
            for item in schedule.plan(past).items {
                self.speakers[item.speaker] = true;
                self.utterances[item.utterance] = true;
            }
        }
    }

    pub(crate) fn num_speakers(&self) -> usize {
        self.speakers.iter().filter(|&&visited| visited).count()
    }

    pub(crate) fn num_utterances(&self) -> usize {
        self.utterances.iter().filter(|&&visited| visited).count()
    }
}
