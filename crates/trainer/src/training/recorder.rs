//! What a run says about itself, and what it has said: the journal, the history that is judged, and which findings have been told.

use std::collections::BTreeMap;
use std::path::Path;

use diagnosis::journal::{EndReason, Event, Journal, JournalWriter};
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

    /// Journals the end of the run and what it amounts to.
    ///
    /// # Errors
    /// As [`Self::record`].
    pub(super) fn end(&mut self, step: u64, reason: EndReason) -> Result<Verdict, TrainError> {
        self.record(&Event::End { step, reason })?;
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
