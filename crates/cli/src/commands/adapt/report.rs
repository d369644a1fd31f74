//! What `siamang adapt` says.

use std::fmt::Write as _;

use serde::Serialize;
use siamang::{FoundMap, Skipped, Watched};
use speaker_eval::{Interval, VerificationReport};

use crate::console::counted;

/// From so many speakers on, a training of the layers may find more than a map.
const ENOUGH_FOR_LAYERS: usize = 100;

#[derive(Serialize)]
pub(super) struct Report<'a> {
    /// The bundle; none where it was not written.
    pub(super) out: Option<String>,
    pub(super) model: String,
    /// Whether the equal error rate of speakers held out fell by more than chance.
    pub(super) helped: bool,
    pub(super) n_speakers: usize,
    pub(super) n_recordings: usize,
    /// Speakers that have trials.
    pub(super) n_speakers_tried: usize,
    /// Whether trials of one speaker are of two sessions.
    pub(super) across_sessions: bool,
    /// Copies of each recording through other channels.
    pub(super) n_copies: usize,
    #[serde(flatten)]
    pub(super) found: &'a FoundMap,
    pub(super) also: &'a [Watched],
    pub(super) skipped: &'a [Skipped],
    pub(super) seconds: f64,
}

impl Report<'_> {
    /// What somebody should look at, a sentence each.
    pub(super) fn warnings(&self, knows_sessions: bool) -> Vec<String> {
        let mut warnings = Vec::new();
        if !self.across_sessions {
            warnings.push(format!(
                "{}: trials are of recordings of one session as well, where the microphone helps, and the map cannot learn what a new one changes",
                match knows_sessions {
                    true => "fewer than 8 speakers have two sessions",
                    false => "no sessions are known",
                }
            ));
        }
        for list in self.also {
            warnings.extend(list.warnings.iter().cloned());
            if list.num_skipped_trials > 0 {
                warnings.push(format!(
                    "list `{}`: {} are not scored, since recordings have no embedding",
                    list.list,
                    counted(list.num_skipped_trials, "trial")
                ));
            }
            if list.change.is_some_and(|change| change.eer.is_worse()) {
                warnings.push(format!(
                    "list `{}` is worse by more than chance: the adapted model has forgotten something of it",
                    list.list
                ));
            }
        }
        warnings
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "{} of {}; {} with two {} {} held out by turns\n",
            counted(self.n_recordings, "recording"),
            counted(self.n_speakers, "speaker"),
            counted(self.n_speakers_tried, "speaker"),
            match self.across_sessions {
                true => "sessions",
                false => "recordings",
            },
            if self.n_speakers_tried == 1 {
                "is"
            } else {
                "are"
            },
        );
        let (found, change) = (self.found, &self.found.change);
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "            EER %    95 % interval   minDCF     95 % interval"
        );
        for (name, report) in [("before", &found.before), ("after", &found.after)] {
            let _ = writeln!(text, "{}", line(name, report));
        }
        let _ = writeln!(
            text,
            "{:10} {:6.2} {:>16} {:8.4} {:>17}",
            "difference",
            100.0 * (change.eer.after - change.eer.before),
            percents(&change.eer.difference),
            change.min_dcf.after - change.min_dcf.before,
            costs(&change.min_dcf.difference),
        );
        let _ = writeln!(
            text,
            "{} of one speaker, {} of two, over draws of who is held out together\n",
            found.before.n_target, found.before.n_nontarget
        );
        if !self.also.is_empty() {
            self.add_lists(&mut text);
        }
        text.push_str(&self.verdict());
        text
    }

    fn add_lists(&self, text: &mut String) {
        let width = self.also.iter().map(|list| list.list.len()).max();
        let width = width.unwrap_or(0).max(4);
        let _ = writeln!(
            text,
            "{:width$}  before %  after %  difference, 95 % interval",
            "also"
        );
        for list in self.also {
            let difference = match &list.change {
                Some(change) => percents(&change.eer.difference),
                None => "not known".to_owned(),
            };
            let _ = writeln!(
                text,
                "{:width$} {:9.2} {:8.2}  {difference}",
                list.list,
                100.0 * list.before,
                100.0 * list.after,
            );
        }
        text.push('\n');
    }

    /// What became of it, and what to try next.
    fn verdict(&self) -> String {
        let found = self.found;
        let verdict = match (&self.out, self.helped) {
            (Some(out), true) => format!(
                "it helped: {}\nwrote `{out}`, threshold {:.3}\n",
                in_words(found),
                found.threshold
            ),
            (Some(out), false) => format!(
                "it is not shown to help: {}\nwrote `{out}` all the same, threshold {:.3}\n",
                in_words(found),
                found.threshold
            ),
            (None, _) if found.map.is_none() => {
                "it did not help, nothing was written: speakers held out like no map better than none\n"
                    .to_owned()
            }
            (None, _) => {
                "it did not help, nothing was written: the difference may be chance\n".to_owned()
            }
        };
        let next = match (self.n_speakers >= ENOUGH_FOR_LAYERS, &self.out) {
            (true, _) => format!(
                "with {} `siamang train --init MODEL`, which trains its layers further, is the next thing to try\n",
                counted(self.n_speakers, "speaker")
            ),
            (false, None) => {
                "more speakers with recordings of two days and microphones would tell more\n"
                    .to_owned()
            }
            (false, Some(_)) => String::new(),
        };
        verdict + &next
    }
}

fn in_words(found: &FoundMap) -> String {
    let choice = &found.choice;
    let mut words = format!(
        "the map subtracts {:.0} % of the mean and damps with a shrinkage of {:.2}",
        100.0 * choice.centre,
        choice.shrinkage
    );
    if let Some(directions) = &choice.directions {
        let _ = write!(
            words,
            ", and leaves {:.0} % of what is not among {} directions of speakers",
            100.0 * directions.rest,
            directions.rank
        );
    }
    words
}

fn line(name: &str, report: &VerificationReport) -> String {
    let interval = report.interval.as_ref();
    format!(
        "{name:10} {:6.2} {:>16} {:8.4} {:>17}",
        100.0 * report.eer,
        interval.map_or("not known".to_owned(), |one| percents(&one.eer)),
        report.min_dcf,
        interval.map_or("not known".to_owned(), |one| costs(&one.min_dcf)),
    )
}

fn percents(interval: &Interval) -> String {
    format!(
        "{:.2} to {:.2}",
        100.0 * interval.low,
        100.0 * interval.high
    )
}

fn costs(interval: &Interval) -> String {
    format!("{:.4} to {:.4}", interval.low, interval.high)
}
