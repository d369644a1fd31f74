//! What a run says about itself, and what it has said: the journal, the history that is judged, and which findings have been told.

use std::collections::BTreeMap;
use std::path::Path;

use diagnosis::journal::{Choice, Event, Journal, JournalWriter};
use diagnosis::{Diagnosis, Facts, Finding, Measurements, Name, Run, Severity, Verdict, judge};

use crate::TrainError;
use crate::options::{Notice, Notify};

/// Writes the journal of a run, and judges the run by it.
pub(super) struct Recorder<'a> {
    journal: JournalWriter,
    history: Run,
    told: Told,
    notify: Notify<'a>,
}

/// Which findings have been told, and how grave they were then.
#[derive(Debug, Default)]
struct Told(BTreeMap<Name, Severity>);

impl Told {
    /// Those of `findings` that are new, or graver than when they were told.
    fn news(&mut self, findings: &[Finding]) -> Vec<Finding> {
        let mut news = Vec::new();
        for finding in findings {
            let told = self.0.insert(finding.name, finding.severity);
            if told.is_none_or(|told| finding.severity > told) {
                news.push(finding.clone());
            }
            if let Some(told) = told {
                self.0.insert(finding.name, told.max(finding.severity));
            }
        }
        news
    }
}

impl<'a> Recorder<'a> {
    /// Opens the journal in the directory `run` of a run with `facts`, which goes on from the step `resumed_at` or is new.
    ///
    /// # Errors
    /// [`TrainError::Journal`] where it cannot be read or written.
    pub(super) fn open(
        run: &Path,
        facts: Facts,
        resumed_at: Option<u64>,
        notify: Notify<'a>,
    ) -> Result<Self, TrainError> {
        let journal = JournalWriter::open(run, resumed_at)?;
        let history = Run::new(facts, &Journal::read(run)?.events);
        let mut told = Told::default();
        // What has been told of a run that goes on.
        let _ = told.news(&judge(&history).findings);
        Ok(Self {
            journal,
            history,
            told,
            notify,
        })
    }

    /// Journals an event, and shows it.
    ///
    /// # Errors
    /// [`TrainError::Journal`] where it cannot be written.
    pub(super) fn record(&mut self, event: &Event) -> Result<(), TrainError> {
        self.journal.write(event)?;
        self.history.add(event);
        self.show(event);
        Ok(())
    }

    /// Shows an event that the journal has already.
    pub(super) fn show(&self, event: &Event) {
        (self.notify)(Notice::Event(event));
    }

    /// Journals the checks before the first step, which are all that there is to tell of them.
    ///
    /// # Errors
    /// As [`Self::record`].
    pub(super) fn record_preflight(&mut self, event: &Event) -> Result<(), TrainError> {
        self.record(event)?;
        let findings = judge(&self.history).findings;
        let _ = self.told.news(&findings);
        Ok(())
    }

    /// Judges the run by these measurements too: the diagnosis, and what is new about it.
    pub(super) fn judge(&mut self, measurements: &Measurements) -> (Diagnosis, Vec<Finding>) {
        self.history.measured(measurements.clone());
        let diagnosis = judge(&self.history);
        let news = self.told.news(&diagnosis.findings);
        (diagnosis, news)
    }

    /// Journals which model to use, where that is known, `end`, the end of the run, and what the run amounts to.
    ///
    /// # Errors
    /// As [`Self::record`].
    pub(super) fn end(
        &mut self,
        end: Event,
        choice: Option<Choice>,
    ) -> Result<Verdict, TrainError> {
        if let Some(choice) = choice {
            self.record(&Event::Choice(choice))?;
        }
        let step = end.step();
        self.record(&end)?;
        let diagnosis = judge(&self.history);
        let findings = self.told.news(&diagnosis.findings);
        let verdict = diagnosis.verdict;
        self.record(&Event::Verdict {
            step,
            verdict,
            findings,
        })?;
        Ok(verdict)
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test that cannot prepare its data has failed"
    )]
    use diagnosis::journal::EndReason;
    use std::sync::Mutex;

    use diagnosis::journal::StepSummary;

    use super::*;

    fn unlucky(severity: Severity) -> Finding {
        Finding {
            name: Name::Plateau,
            severity,
            measured: String::new(),
            expected: String::new(),
            reason: String::new(),
            remedy: String::new(),
            step: 0,
        }
    }

    #[test]
    fn a_finding_is_told_once_and_again_where_it_has_become_graver() {
        let mut told = Told::default();
        let mut news = |severity| told.news(&[unlucky(severity)]).len();
        let course = [
            Severity::Note,
            Severity::Note,
            Severity::Suspect,
            Severity::Note,
            Severity::Suspect,
            Severity::Broken,
        ];
        assert_eq!(course.map(&mut news), [1, 0, 1, 0, 0, 1]);
    }

    #[test]
    fn what_is_recorded_is_shown_and_judged_at_the_end() {
        let run = tempfile::tempdir().unwrap();
        let shown = Mutex::new(Vec::new());
        let notify = |notice: Notice<'_>| {
            if let Notice::Event(event) = notice {
                shown.lock().unwrap().push(event.clone());
            }
        };
        let open =
            |resumed_at| Recorder::open(run.path(), Facts::default(), resumed_at, &notify).unwrap();
        let mut recorder = open(None);
        let lost = Event::Steps(StepSummary {
            step: 10,
            loss: f64::NAN,
            ..StepSummary::default()
        });
        recorder.record(&lost).unwrap();
        let end = Event::End {
            step: 10,
            reason: EndReason::NonFinite,
            seconds: Some(2.5),
            training_seconds: None,
        };
        let verdict = recorder.end(end, None).unwrap();
        assert_eq!(verdict, Verdict::Broken);
        let journal = Journal::read(run.path()).unwrap();
        assert_eq!(journal.events.len(), shown.lock().unwrap().len());
        assert_eq!(journal.end(), Some(EndReason::NonFinite));
        // A run that goes on has been told of it before.
        let (_, news) = open(Some(10)).judge(&Measurements::default());
        assert_eq!(news, []);
    }
}
