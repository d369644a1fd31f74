//! What a training shows while it runs.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use diagnosis::journal::{Evaluation, Event, ListResult, Start, StepSummary, Yardstick};
use diagnosis::{Check, CheckVerdict, Finding, Name, Severity, TeacherAgreement};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use speech_data::message_kind;
use trainer::{Notice, Outcome, TrainConfig};

use super::ending::{Names, UNTRAINED, ending};
use crate::console::print_if_read;
use crate::context::Global;
use crate::hint::flags;

/// Progress on standard error, or the journal's lines on standard output with `--json`.
pub(crate) struct Display {
    bar: ProgressBar,
    json: bool,
    quiet: bool,
    verbose: bool,
    num_skipped: AtomicUsize,
    state: Mutex<State>,
}

/// What the last lines said, for those that follow.
struct State {
    dev: String,
    /// What the network before the first step is called.
    before: String,
    /// The ready model that the run is measured against.
    yardstick: Option<String>,
    /// What is counted before the first step.
    counted: String,
    last_line: Instant,
}

/// Recordings of one kind of reason that are named; the others are counted.
const MAX_NAMED: usize = 5;

/// Seconds between two lines where standard error is not a terminal.
const LINE_EVERY: Duration = Duration::from_secs(15);

impl Display {
    pub(crate) fn new(config: &TrainConfig, global: &Global) -> Self {
        let bar = ProgressBar::with_draw_target(
            Some(config.max_steps),
            ProgressDrawTarget::stderr_with_hz(4),
        );
        if !std::io::stderr().is_terminal() || global.quiet {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        Self {
            bar,
            json: global.json,
            quiet: global.quiet,
            verbose: global.verbose,
            num_skipped: AtomicUsize::new(0),
            state: Mutex::new(State {
                dev: String::new(),
                before: UNTRAINED.to_owned(),
                yardstick: None,
                counted: String::new(),
                last_line: Instant::now(),
            }),
        }
    }

    pub(crate) fn num_skipped(&self) -> usize {
        self.num_skipped.load(Ordering::Relaxed)
    }

    pub(crate) fn show(&self, notice: &Notice<'_>) {
        match notice {
            Notice::Preparing { done, total } => self.count("features", *done, *total),
            Notice::Listening { who, done, total } => {
                self.count(&format!("{who} hears"), *done, *total);
            }
            Notice::Skipped(skipped) => {
                self.num_skipped.fetch_add(skipped.len(), Ordering::Relaxed);
                let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
                for skip in *skipped {
                    let count = kinds
                        .entry(message_kind(&skip.reason, &skip.utterance))
                        .or_default();
                    *count += 1;
                    if *count <= MAX_NAMED {
                        self.always(&format!("skipped {}: {}", skip.utterance, skip.reason));
                    }
                }
                for (kind, count) in kinds {
                    if let more @ 1.. = count.saturating_sub(MAX_NAMED) {
                        self.always(&format!("skipped {more} more of this kind: {kind}"));
                    }
                }
            }
            Notice::Taken(words) => self.line(words),
            Notice::Warning(warning) => self.line(&format!("warning: {warning}")),
            Notice::Event(event) => {
                if self.json
                    && let Ok(line) = serde_json::to_string(event)
                {
                    // A reader that has gone away does not end a training.
                    let _ = writeln!(std::io::stdout(), "{line}");
                }
                self.event(event);
            }
        }
    }

    /// How many recordings are done, of something that begins at 1: on the bar, and now and then as a line where there is none.
    fn count(&self, what: &str, done: usize, total: usize) {
        let Ok(mut state) = self.state.lock() else {
            return;
        };
        if state.counted != what {
            state.counted = what.to_owned();
            state.last_line = Instant::now();
            self.bar.reset();
            self.bar.set_length(total as u64);
            let template = format!("{what} {{pos}}/{{len}} recordings, {{eta}} left");
            self.bar.set_style(style(&template));
        }
        self.bar.set_position(done as u64);
        if self.bar.is_hidden() && state.last_line.elapsed() >= LINE_EVERY {
            state.last_line = Instant::now();
            drop(state);
            let left = self.bar.eta().as_secs();
            self.line(&format!("{what} {done}/{total} recordings, {left} s left"));
        }
    }

    fn event(&self, event: &Event) {
        match event {
            Event::Start(start) => self.start(start),
            Event::Steps(summary) => self.steps(summary),
            Event::Evaluation(evaluation) => self.evaluation(evaluation),
            Event::Preflight {
                checks, seconds, ..
            } => self.preflight(checks, *seconds),
            Event::Diagnosis {
                measurements,
                findings,
                ..
            } => {
                if let Some(agreement) = &measurements.teacher {
                    self.agreement(agreement);
                }
                self.findings(findings);
            }
            Event::Verdict { findings, .. } => self.findings(findings),
            Event::Choice(_) | Event::Checkpoint { .. } | Event::End { .. } => {}
        }
    }

    /// What is new of a run.
    fn findings(&self, findings: &[Finding]) {
        // A healthy training stays quiet; but a dev EER that gets worse for a while wants a word.
        for finding in findings {
            let shown = finding.severity > Severity::Note
                || finding.name == Name::EverythingApart
                || self.verbose;
            if shown {
                self.finding(finding);
            }
        }
    }

    /// How near the student has come to its teacher.
    fn agreement(&self, agreement: &TeacherAgreement) {
        let parts = [
            (agreement.dev, "development"),
            (agreement.train, "training"),
        ];
        let parts = parts
            .into_iter()
            .filter_map(|(cosine, of)| Some(format!("{:.2} on {of} recordings", cosine?)));
        let parts: Vec<String> = parts.collect();
        if !parts.is_empty() {
            self.line(&format!("cosine to the teacher: {}", parts.join(", ")));
        }
    }

    fn start(&self, start: &Start) {
        let same = start.same_share.map_or(String::new(), |share| {
            format!(
                "; {:.1} % of a batch's pairs are of one speaker",
                100.0 * share
            )
        });
        self.line(&format!(
            "{} utterances of {} speakers; {} parameters{same}",
            start.num_utterances, start.num_speakers, start.num_parameters
        ));
        if let Some(teacher) = &start.teacher {
            let eer = teacher.dev_eer.map_or(String::new(), |eer| {
                format!(", dev EER {:.1} %{}", 100.0 * eer, by_list(&teacher.dev))
            });
            self.line(&format!("teacher: {}{eer}", teacher.name));
        }
        if let Some(share) = start.unlabelled_share {
            self.line(&format!(
                "{} recordings without labels, {:.0} % of each batch",
                start.num_unlabelled,
                100.0 * share
            ));
        }
        if let Some(yardstick) = &start.yardstick {
            self.line(&beside(yardstick, start.num_speakers));
        }
        if let Ok(mut state) = self.state.lock() {
            if let Some(initial) = &start.initial {
                state.before.clone_from(&initial.name);
            }
            let yardstick = start.yardstick.as_ref();
            state.yardstick = yardstick.map(|yardstick| yardstick.name.clone());
        }
        self.bar.reset();
        self.bar.set_length(start.max_steps);
        self.bar.set_position(start.step);
        self.bar
            .set_style(style("{pos}/{len} [{elapsed}, {eta} left] {wide_msg}"));
    }

    fn evaluation(&self, evaluation: &Evaluation) {
        let Some(mean) = evaluation.mean_eer else {
            return;
        };
        let text = format!("dev EER {:.1} %", 100.0 * mean);
        let Ok(mut state) = self.state.lock() else {
            return;
        };
        let untrained = evaluation.untrained_eer.map_or(String::new(), |eer| {
            format!(" ({} {:.1} %)", state.before, 100.0 * eer)
        });
        state.dev = format!("{text}{untrained}");
        drop(state);
        // The best of a run that is no better than an untrained network is nothing to speak of.
        let has_improved = evaluation.untrained_eer.is_none_or(|before| mean < before);
        let mark = match evaluation.best && has_improved {
            true => ", best so far",
            false => "",
        };
        self.line(&format!(
            "step {}: {text}{untrained}{mark}{}",
            evaluation.step,
            by_list(&evaluation.lists)
        ));
    }

    /// What the checks before the first step found; the notes are left to `siamang doctor`.
    fn preflight(&self, checks: &[Check], seconds: f64) {
        let count = |verdict| checks.iter().filter(|c| c.verdict == verdict).count();
        self.line(&format!(
            "checked in {seconds:.1} s: passed {}, note {}, suspect {}, broken {}",
            count(CheckVerdict::Passed),
            count(CheckVerdict::Note),
            count(CheckVerdict::Suspect),
            count(CheckVerdict::Broken),
        ));
        for finding in checks.iter().filter_map(Check::finding) {
            if finding.severity > Severity::Note {
                self.finding(&finding);
            }
        }
    }

    fn finding(&self, finding: &Finding) {
        let show = match finding.severity {
            Severity::Broken => Self::always,
            Severity::Note | Severity::Suspect => Self::line,
        };
        let text = format!(
            "{}: {}: {}\n  expected: {}\n  why: {}\n  try: {}{}",
            finding.severity.as_str(),
            finding.name,
            finding.measured,
            finding.expected,
            finding.reason,
            finding.remedy,
            flags(finding.name)
        );
        show(self, &text);
    }

    /// Shows how the recordings are prepared, and nothing else.
    pub(crate) fn prepare(&self, notice: &Notice<'_>) {
        if !matches!(notice, Notice::Event(_)) {
            self.show(notice);
        }
    }

    fn steps(&self, summary: &StepSummary) {
        let Ok(mut state) = self.state.lock() else {
            return;
        };
        let text = format!(
            "{} · {} · {:.0} segments/s · waiting {:.0} %",
            loss(summary),
            state.dev,
            summary.segments_per_second.unwrap_or(f64::NAN),
            100.0 * summary.wait_share.unwrap_or(f64::NAN),
        );
        self.bar.set_position(summary.step);
        if self.bar.is_hidden() && state.last_line.elapsed() >= LINE_EVERY {
            state.last_line = Instant::now();
            drop(state);
            self.line(&format!("step {}: {text}", summary.step));
        } else {
            self.bar.set_message(text);
        }
    }

    /// A line above the bar, on standard error, unless quiet.
    fn line(&self, text: &str) {
        if !self.quiet {
            self.always(text);
        }
    }

    /// A line that also the quiet want to see.
    fn always(&self, text: &str) {
        self.bar.suspend(|| {
            let _ = writeln!(std::io::stderr(), "{text}");
        });
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Says how the training ended and what to do with it.
    pub(crate) fn outcome(&self, outcome: &Outcome, out: &Path) -> Result<()> {
        if self.json {
            return Ok(());
        }
        let names = {
            let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            Names {
                before: state.before.clone(),
                yardstick: state.yardstick.clone(),
            }
        };
        let text = ending(outcome, &names, out);
        print_if_read(&text)
    }
}

/// How a ready model does on the trials that the run is measured by.
fn beside(yardstick: &Yardstick, num_speakers: usize) -> String {
    let Yardstick {
        name,
        dev,
        dev_eer,
        note,
        ..
    } = yardstick;
    let few = format!("{num_speakers} speakers are few to learn from");
    let note = note.as_deref();
    match dev_eer {
        Some(eer) => {
            let note = note.map_or(String::new(), |note| format!(" ({note})"));
            format!(
                "{few}: {name}, without any training, has dev EER {:.1} % on the same trials{}{note}",
                100.0 * eer,
                by_list(dev)
            )
        }
        None => format!(
            "{few}; {name} was not measured on the development trials: {}",
            note.unwrap_or("none of them can be used")
        ),
    }
}

/// The loss and what it is made of.
fn loss(summary: &StepSummary) -> String {
    let plateau = summary
        .when_alike
        .map_or(String::new(), |value| format!(" (plateau {value:.2})"));
    let terms = summary.terms.iter();
    let terms = terms.map(|term| format!(" · {} {:.2}", term.name.replace('_', " "), term.value));
    format!(
        "loss {:.3}{plateau}{}",
        summary.loss,
        terms.collect::<String>()
    )
}

fn by_list(lists: &[ListResult]) -> String {
    if lists.len() < 2 {
        return String::new();
    }
    let parts: Vec<String> = lists
        .iter()
        .map(|result| format!("{} {:.1}", result.list, 100.0 * result.eer))
        .collect();
    format!("; {}", parts.join(", "))
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
