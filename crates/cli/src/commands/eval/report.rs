//! What `siamang eval` prints.

use std::fmt::Write as _;

use serde::Serialize;
use siamang::{Centre, Evaluation, LEAST_SPEECH_S, LlrEvaluation, SpeakerOverlap};
use speaker_eval::VerificationReport;
use speech_data::PairCounts;

use crate::console::{counted, thousands};

/// Figures of one list.
#[derive(Serialize)]
pub(super) struct ListReport {
    #[serde(flatten)]
    report: VerificationReport,
    /// Model or file that the embeddings or scores come from.
    origin: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    centre: Option<Centre>,
    n_recordings: usize,
    n_trials: usize,
    n_skipped_trials: usize,
    /// Whether every trial of the list was measured.
    is_complete: bool,
    /// Whether targets have lower scores than the others, as distances have.
    looks_inverted: bool,
    /// Trials of a recording with itself, trials that repeat others.
    #[serde(flatten)]
    pairs: PairCounts,
    /// Speakers of the list that the model was trained on, by their names, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    training_speakers: Option<SpeakerOverlap>,
    /// Targets whose recordings are of one session (video), where sessions are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    n_same_session_targets: Option<usize>,
    /// The same figures without these targets, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    without_same_session: Option<Box<VerificationReport>>,
    /// The same figures without trials of a recording with itself, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    without_self_trials: Option<Box<VerificationReport>>,
    /// Recordings with too little speech for a verdict.
    unheard: Vec<String>,
    /// Trials of these.
    n_unheard_trials: usize,
    /// The same figures without these trials, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    without_unheard: Option<Box<VerificationReport>>,
    /// What the model's log-likelihood ratios are worth, where it is calibrated.
    #[serde(skip_serializing_if = "Option::is_none")]
    llr: Option<LlrEvaluation>,
}

impl ListReport {
    pub(super) fn new(
        evaluation: Evaluation,
        origin: &str,
        centre: Option<Centre>,
        overlap: Option<SpeakerOverlap>,
    ) -> Self {
        Self {
            origin: origin.to_owned(),
            centre,
            n_recordings: evaluation.num_recordings,
            n_trials: evaluation.num_trials,
            n_skipped_trials: evaluation.num_skipped_trials,
            is_complete: evaluation.num_skipped_trials == 0,
            looks_inverted: evaluation.report.eer > 0.5,
            pairs: evaluation.pairs,
            training_speakers: overlap,
            n_same_session_targets: evaluation.num_same_session_targets,
            without_same_session: evaluation.without_same_session,
            without_self_trials: evaluation.without_self_trials,
            unheard: evaluation.unheard,
            n_unheard_trials: evaluation.num_unheard_trials,
            without_unheard: evaluation.without_unheard,
            llr: evaluation.llr,
            report: evaluation.report,
        }
    }

    /// Whether every trial was measured.
    pub(super) fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// What somebody should look at, a sentence each.
    pub(super) fn warnings(&self) -> Vec<String> {
        let name = &self.report.list.name;
        let mut warnings = Vec::new();
        let without = |report: &Option<Box<VerificationReport>>| match report {
            Some(report) => format!(
                ": EER {:.2} % with them, {:.2} % without",
                100.0 * self.report.eer,
                100.0 * report.eer
            ),
            None => String::new(),
        };
        if let Some(first) = self.unheard.first() {
            warnings.push(format!(
                "list `{name}`: {} with less than {LEAST_SPEECH_S} s of speech, such as `{first}`, {} in {} of {}, whose scores say nothing of who speaks{}",
                counted(self.unheard.len(), "recording"),
                if self.unheard.len() == 1 { "is" } else { "are" },
                thousands(self.n_unheard_trials),
                counted(self.n_trials, "trial"),
                without(&self.without_unheard),
            ));
        }
        if self.pairs.n_self_trials > 0 {
            let without = without(&self.without_self_trials);
            warnings.push(format!(
                "list `{name}`: {} of {} {} of a recording with itself, which no voice decides; the figures have {} as the list does{without}",
                thousands(self.pairs.n_self_trials),
                counted(self.n_trials, "trial"),
                if self.pairs.n_self_trials == 1 { "is" } else { "are" },
                if self.pairs.n_self_trials == 1 { "it" } else { "them" },
            ));
        }
        if self.looks_inverted {
            warnings.push(format!(
                "list `{name}`: the scores look inverted, since targets have {} on average, others {}: the larger a score, the more alike two voices; distances want a minus sign",
                shown(self.report.mean_same),
                shown(self.report.mean_different)
            ));
        }
        warnings
    }
}

fn shown(score: f64) -> String {
    format!("{score:.3}")
}

/// The table of all lists for people. Lists that are not whole come first.
pub(super) fn table(lists: &[ListReport]) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    for list in lists.iter().filter(|list| !list.is_complete) {
        let _ = writeln!(
            text,
            "INCOMPLETE: figures of list `{}` are of {} of its {} trials, {} {} missing",
            list.report.list.name,
            thousands(list.n_trials - list.n_skipped_trials),
            thousands(list.n_trials),
            thousands(list.n_skipped_trials),
            if list.n_skipped_trials == 1 {
                "is"
            } else {
                "are"
            }
        );
    }
    let rows: Vec<(&str, &VerificationReport)> = lists
        .iter()
        .flat_map(|list| {
            let name = list.report.list.name.as_str();
            let apart = [
                ("  sessions apart", &list.without_same_session),
                ("  self trials apart", &list.without_self_trials),
                ("  silence apart", &list.without_unheard),
            ];
            let apart = apart
                .into_iter()
                .filter_map(|(name, report)| Some((name, report.as_deref()?)));
            std::iter::once((name, &list.report)).chain(apart)
        })
        .collect();
    let width = rows
        .iter()
        .map(|(name, _)| name.len())
        .max()
        .unwrap_or(0)
        .max(4);
    let _ = writeln!(
        text,
        "{:width$}    EER %   95 % interval   minDCF     AUC  threshold  targets  others",
        "list"
    );
    for (name, report) in rows {
        let interval = report
            .interval
            .as_ref()
            .map_or("not known".to_owned(), |interval| {
                format!(
                    "{:.2} to {:.2}",
                    100.0 * interval.eer.low,
                    100.0 * interval.eer.high
                )
            });
        let _ = writeln!(
            text,
            "{:width$} {:8.2} {interval:>15} {:8.4} {:7.4} {:10.4} {:8} {:7}",
            name,
            100.0 * report.eer,
            report.min_dcf,
            report.roc_auc,
            report.eer_threshold,
            report.n_target,
            report.n_nontarget
        );
    }
    text += &ratios(lists, width);
    if let Some(ListReport {
        report,
        origin,
        centre,
        ..
    }) = lists.first()
    {
        let _ = writeln!(
            text,
            "minDCF at a target prior of {}, cost of a miss {}, of a false alarm {}; {} of {origin}",
            report.p_target,
            report.c_miss,
            report.c_false_alarm,
            if centre.is_some() {
                "embeddings"
            } else {
                "scores"
            }
        );
    }
    text
}

/// What the ratios are worth, of the lists that have any.
fn ratios(lists: &[ListReport], width: usize) -> String {
    let with_ratios = lists
        .iter()
        .filter_map(|list| Some((list, list.llr.as_ref()?)));
    let rows: Vec<(&ListReport, &LlrEvaluation)> = with_ratios.collect();
    let Some((_, first)) = rows.first() else {
        return String::new();
    };
    let mut text = format!(
        "{:width$}     Cllr   95 % interval   least  actDCF  minDCF  false alarms  misses  unused\n",
        "ratios"
    );
    for (list, llr) in &rows {
        let interval = llr.interval.map_or("not known".to_owned(), |interval| {
            format!("{:.3} to {:.3}", interval.cllr.low, interval.cllr.high)
        });
        let figures = &llr.figures;
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{:width$} {:8.3} {interval:>15} {:7.3} {:7.4} {:7.4} {:11.2} % {:5.1} % {:7}",
            list.report.list.name,
            figures.cllr,
            figures.min_cllr,
            figures.act_dcf,
            figures.min_dcf,
            100.0 * figures.false_alarms,
            100.0 * figures.misses,
            thousands(llr.without.num_trials)
        );
    }
    let _ = writeln!(
        text,
        "Cllr in bits, 1 for knowing nothing; errors of decisions from LLR {:+.1} on, which the prior and the costs ask for",
        first.threshold
    );
    text
}
