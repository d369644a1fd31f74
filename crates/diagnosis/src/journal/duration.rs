//! How long a run took.

use super::{Event, Journal};

/// How long a run took, over all its parts that say it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunDuration {
    /// From the begin to the end of each part, in s.
    pub seconds: f64,
    /// Of the steps alone, in s.
    pub training_seconds: Option<f64>,
    /// Whether every part of the run says it: one that was killed does not.
    pub is_whole: bool,
}

impl Journal {
    /// How long the run took, where a part of it says so.
    #[must_use]
    pub fn duration(&self) -> Option<RunDuration> {
        let num_parts = self.starts().count();
        let mut num_known = 0;
        let mut seconds = 0.0;
        let mut training = None;
        for event in &self.events {
            if let Event::End {
                seconds: Some(part),
                training_seconds,
                ..
            } = event
            {
                num_known += 1;
                seconds += part;
                training = training_seconds.or(training);
            }
        }
        (num_known > 0).then_some(RunDuration {
            seconds,
            training_seconds: training,
            is_whole: num_known >= num_parts,
        })
    }
}
