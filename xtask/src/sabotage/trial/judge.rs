//! Was the first finding the cause, and did obeying help?

use crate::sabotage::case::{Case, Gain, Kind};
use crate::sabotage::trial::record::{Outcome, Record, Records};

/// An EER has to fall by this much to have become better: half a point of the mean of two lists.
const MARGIN: f64 = 0.005;

/// An EER that is higher by no more than this was not harmed.
const HARM: f64 = 0.01;

/// What is said of the spoiled training.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Judgement {
    pub(crate) right: bool,
    pub(crate) harmless: bool,
    pub(crate) measure: Option<&'static str>,
    pub(crate) before: Option<f64>,
    pub(crate) after: Option<f64>,
    pub(crate) better: Option<bool>,
}

impl Judgement {
    /// Writes it into a record.
    pub(crate) fn note(self, record: &mut Record) {
        record.right = self.right;
        record.harmless = self.harmless;
        record.measure = self.measure.map(str::to_owned);
        record.before = self.before;
        record.after = self.after;
        record.better = self.better;
    }
}

/// `has_clean_dev`: nothing was done to the development trials.
pub(crate) fn judge(
    case: &Case,
    spoiled: &Outcome,
    mended: Option<&Outcome>,
    has_clean_dev: bool,
) -> Judgement {
    let is_healthy = spoiled.verdict.as_deref() == Some("healthy");
    if case.kind == Kind::Healthy {
        return Judgement {
            right: is_healthy,
            ..Judgement::default()
        };
    }
    let mut judgement = compare(case, spoiled, mended, has_clean_dev);
    let named = spoiled
        .findings
        .first()
        .is_some_and(|first| case.right.contains(&first.name.as_str()));
    // A message about a setting has to name it.
    let settings = case.settings.iter().map(|setting| {
        let name = setting.path.rsplit_once('.');
        name.map_or(setting.path, |(_, name)| name)
    });
    let words: Vec<&str> = case.refusals.iter().copied().chain(settings).collect();
    let refused = spoiled.refusal.as_ref().is_some_and(|message| {
        let message = message.to_lowercase();
        words.iter().any(|word| message.contains(word))
    });
    let does_harm = match (judgement.before, judgement.after) {
        (Some(before), Some(after)) => before > after + HARM,
        _ => true,
    };
    judgement.harmless = case.may_be_harmless && is_healthy && !does_harm;
    judgement.right = match &spoiled.refusal {
        Some(_) => refused,
        None => named && !is_healthy || judgement.harmless,
    };
    judgement
}

/// Judges what is there by the cases as they are now.
pub(crate) fn judge_again(records: &mut Records, cases: &[Case]) {
    for record in &mut records.all {
        let case = cases.iter().find(|case| case.name == record.case);
        if let Some(case) = case.filter(|_| record.error.is_none()) {
            let has_clean_dev = record.measure.as_deref() == Some("dev");
            let mended = record.mended.as_ref();
            judge(case, &record.spoiled, mended, has_clean_dev).note(record);
        }
    }
}

fn compare(
    case: &Case,
    spoiled: &Outcome,
    mended: Option<&Outcome>,
    has_clean_dev: bool,
) -> Judgement {
    let Some(mended) = mended else {
        return Judgement::default();
    };
    let untruth = |outcome: &Outcome| -> Option<f64> {
        Some((outcome.dev_eer? - outcome.held_back_eer?).abs())
    };
    let both = |outcome: &Outcome| -> Option<f64> {
        Some(outcome.dev_eer?.midpoint(outcome.held_back_eer?))
    };
    let (measure, before, after) = match (case.gain, has_clean_dev) {
        (Gain::Truer, _) => ("truth", untruth(spoiled), untruth(mended)),
        (Gain::Lower, true) => ("dev", both(spoiled), both(mended)),
        (Gain::Lower, false) => ("held back", spoiled.held_back_eer, mended.held_back_eer),
    };
    // What gave no model gives one now.
    let better = match (before, after) {
        (Some(before), Some(after)) => after <= before - MARGIN,
        (None, Some(_)) => true,
        (_, None) => false,
    };
    Judgement {
        measure: Some(measure),
        before,
        after,
        better: Some(better),
        ..Judgement::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sabotage::bases::MIXED;
    use crate::sabotage::trial::record::Found;

    fn outcome(verdict: &str, first: &str, held_back_eer: f64) -> Outcome {
        Outcome {
            verdict: Some(verdict.to_owned()),
            findings: vec![Found {
                name: first.to_owned(),
                ..Found::default()
            }],
            dev_eer: Some(0.3),
            held_back_eer: Some(held_back_eer),
            ..Outcome::default()
        }
    }

    const CASE: Case =
        Case::spoiled("x", Kind::Audio, "x", MIXED, &["silent_crops"]).or_refused(&["silen"]);

    #[test]
    fn the_first_finding_has_to_name_the_cause_and_to_be_more_than_a_note() {
        let right = |case: Case, spoiled| judge(&case, &spoiled, None, false).right;
        assert!(right(CASE, outcome("suspect", "silent_crops", 0.4)));
        assert!(!right(CASE, outcome("suspect", "labels_wrong", 0.4)));
        assert!(!right(CASE, outcome("healthy", "silent_crops", 0.4)));
        let refused = |message: &str| Outcome {
            refusal: Some(message.to_owned()),
            ..Outcome::default()
        };
        assert!(right(CASE, refused("error: a.wav: only Silence")));
        assert!(!right(CASE, refused("error: no such file")));
        let healthy = Case::healthy("y", "y", MIXED);
        assert!(right(healthy, outcome("healthy", "long_crops", 0.4)));
        assert!(!right(healthy, outcome("suspect", "long_crops", 0.4)));
    }

    #[test]
    fn what_does_no_harm_may_be_called_healthy_where_the_case_says_so() {
        let mended = outcome("healthy", "", 0.4);
        let judged = |case: Case, eer| {
            let judged = judge(&case, &outcome("healthy", "", eer), Some(&mended), false);
            (judged.right, judged.harmless)
        };
        assert_eq!(judged(CASE.or_harmless(), 0.408), (true, true));
        assert_eq!(judged(CASE.or_harmless(), 0.42), (false, false));
        assert_eq!(judged(CASE, 0.408), (false, false));
    }

    #[test]
    fn better_is_lower_by_a_margin_or_nearer_to_the_truth() {
        let better = |case: Case, before, after, clean| {
            let (before, after) = (
                outcome("suspect", "", before),
                outcome("healthy", "", after),
            );
            judge(&case, &before, Some(&after), clean).better
        };
        assert_eq!(better(CASE, 0.4, 0.38, false), Some(true));
        assert_eq!(better(CASE, 0.4, 0.397, false), Some(false));
        // Development EERs are the same, and count half.
        assert_eq!(better(CASE, 0.4, 0.38, true), Some(true));
        assert_eq!(better(CASE, 0.4, 0.392, true), Some(false));
        assert_eq!(better(CASE.truer(), 0.5, 0.32, false), Some(true));
        assert_eq!(better(CASE.truer(), 0.32, 0.1, false), Some(false));
    }
}
