//! Does a ready model hear what the labels say?

use crate::check::CheckVerdict::{Broken, Note, Passed, Suspect};
use crate::words::percent;
use crate::{Check, Name};

use super::labels::{COMPARE_COLUMNS, LABELS_WRONG, labels_are_wrong};

/// What a model that was trained elsewhere makes of training recordings and their labels. Rates are 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeardLabels {
    /// The model.
    pub model: String,
    /// EER of its embeddings on training labels: pairs of one label, and of two of a corpus.
    pub train_eer: f64,
    /// The pairs of one label that it is of.
    pub num_same: usize,
    /// EER on development trials, where there are enough.
    pub dev_eer: Option<f64>,
    /// Recordings that were compared with others of their label.
    pub num_recordings: usize,
    /// Those that sound clearly more like another label than like their own.
    pub num_strange: usize,
    /// One of them: its name, its label, and the label that it sounds like.
    pub strange: Option<[String; 3]>,
    /// Labels with several recordings.
    pub num_labels: usize,
    /// Those that sound as much like another label as like themselves.
    pub num_twins: usize,
    /// Two that sound alike.
    pub twins: Option<[String; 2]>,
    /// The share of pairs of a training and a development recording that a direction of its embeddings puts in the right order, of
    /// speakers that it was not found by; none of few.
    pub told_apart: Option<f64>,
    /// What asking it took, in s.
    pub seconds: f64,
}

/// An EER from which on the model does not know such voices: then it says nothing of their labels.
const DEAF: f64 = 0.25;

/// Same-label pairs that it takes.
const LEAST_PAIRS: usize = 30;

/// Share of strange recordings that means labels are wrong. Right labels of development speakers with three to eight recordings each
/// have 0 to 5 % (least and most of eight draws, five corpora together and alone), with a tenth of them changed 3 to 10 %, with a fifth 11 to
/// 21 %.
const STRANGE: f64 = 0.07;

/// The same that is worth a look.
const ODD: f64 = 0.03;

/// Strange recordings, or labels with a twin, that are no accident.
const FEW: usize = 3;

/// By how much labels are harder than development trials where several speakers share one, and what they then are at least.
const HARDER: [f64; 2] = [0.08, 0.18];

/// Share of labels with a twin that means speakers have several labels: right labels have 0 to 2 %, half of the speakers cut in
/// two 36 to 58 %, telephone calls in the place of speakers 22 %.
const TWINS: f64 = 0.08;

impl HeardLabels {
    /// Whether the model knows such voices well enough to judge their labels.
    #[must_use]
    pub fn can_judge(&self) -> bool {
        let easier = self.dev_eer.unwrap_or(1.0).min(self.train_eer);
        self.num_same >= LEAST_PAIRS && easier < DEAF
    }
}

/// Judges by the ears of a ready model whether recordings are of the speakers that their labels name.
#[must_use]
pub fn labels_sound_right(heard: &HeardLabels) -> Check {
    let strange = heard.num_strange as f64 / heard.num_recordings.max(1) as f64;
    let dev_eer = heard.dev_eer.unwrap_or(0.0);
    let [by, least] = HARDER;
    let is_hard = heard.train_eer > least && heard.train_eer > dev_eer + by;
    let some = heard.num_strange >= FEW && strange > STRANGE;
    let (name, verdict) = match () {
        () if labels_are_wrong(heard.train_eer, dev_eer) => (Name::LabelsWrong, Broken),
        () if some || is_hard => (Name::MislabelledSome, Suspect),
        () if heard.num_strange > 0 && strange > ODD => (Name::MislabelledSome, Note),
        () => (Name::MislabelledSome, Passed),
    };
    let of_dev = heard.dev_eer.map_or(String::new(), |eer| {
        format!(", development trials with {}", percent(eer))
    });
    let example = heard
        .strange
        .as_ref()
        .map_or(String::new(), |[recording, label, other]| {
            format!("; {recording} of {label} sounds like {other}")
        });
    let (reason, remedy) = match name {
        Name::LabelsWrong => (LABELS_WRONG, COMPARE_COLUMNS),
        _ => (
            "a recording under a wrong name draws two speakers together, and a label of several people asks for what cannot be; a network \
             that is small learns the average, one that is large learns the mistake by heart",
            "listen to the recordings that are named here, and compare the speaker column with the paths",
        ),
    };
    Check::new(
        name,
        verdict,
        format!(
            "{} of {} training recordings sound more like another speaker than like their own to {} ({}){example}; it tells \
             training labels apart with EER {}{of_dev}",
            heard.num_strange,
            heard.num_recordings,
            heard.model,
            percent(strange),
            percent(heard.train_eer),
        ),
        format!(
            "less than {}, and labels about as easy as development trials",
            percent(STRANGE)
        ),
        reason,
        remedy,
    )
}

/// Judges by the ears of a ready model whether speakers have one label each.
#[must_use]
pub fn speakers_have_one_label(heard: &HeardLabels) -> Check {
    let share = heard.num_twins as f64 / heard.num_labels.max(1) as f64;
    let verdict = match heard.num_twins {
        0..FEW => Passed,
        _ if share > TWINS => Suspect,
        _ => Passed,
    };
    let example = heard
        .twins
        .as_ref()
        .map_or(String::new(), |[one, other]| format!("; {one} and {other}"));
    Check::new(
        Name::SplitSpeakers,
        verdict,
        format!(
            "{} of {} labels sound as much like another label as like themselves to {} ({}){example}",
            heard.num_twins,
            heard.num_labels,
            heard.model,
            percent(share),
        ),
        format!("less than {}", percent(TWINS)),
        "one person under two labels is pushed away from himself: the network learns what differs between his recordings, the room or the \
         call, in the place of his voice",
        "give every person one label: a call, a day or a file is no speaker",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CheckVerdict;

    fn heard() -> HeardLabels {
        HeardLabels {
            model: "ears".to_owned(),
            train_eer: 0.1,
            num_same: 100,
            dev_eer: Some(0.12),
            num_recordings: 160,
            num_strange: 2,
            num_labels: 40,
            num_twins: 1,
            ..HeardLabels::default()
        }
    }

    fn verdicts(heard: &HeardLabels) -> [(Name, CheckVerdict); 2] {
        [labels_sound_right(heard), speakers_have_one_label(heard)]
            .map(|check| (check.name, check.verdict))
    }

    #[test]
    fn right_labels_pass_and_wrong_ones_do_not() {
        use Name::{LabelsWrong, MislabelledSome, SplitSpeakers};
        let fine = (SplitSpeakers, Passed);
        assert_eq!(verdicts(&heard()), [(MislabelledSome, Passed), fine]);
        let with = |change: fn(&mut HeardLabels)| {
            let mut heard = heard();
            change(&mut heard);
            verdicts(&heard)
        };
        assert_eq!(
            with(|heard| heard.num_strange = 6),
            [(MislabelledSome, Note), fine]
        );
        assert_eq!(
            with(|heard| heard.num_strange = 14),
            [(MislabelledSome, Suspect), fine]
        );
        assert_eq!(
            with(|heard| heard.train_eer = 0.33),
            [(MislabelledSome, Suspect), fine]
        );
        assert_eq!(
            with(|heard| heard.train_eer = 0.6),
            [(LabelsWrong, Broken), fine]
        );
        assert_eq!(
            with(|heard| heard.num_twins = 8),
            [(MislabelledSome, Passed), (SplitSpeakers, Suspect)]
        );
    }

    #[test]
    fn a_model_that_is_deaf_to_such_voices_does_not_judge() {
        assert!(heard().can_judge());
        let deaf = HeardLabels {
            train_eer: 0.4,
            dev_eer: Some(0.38),
            ..heard()
        };
        assert!(!deaf.can_judge());
        let few = HeardLabels {
            num_same: 12,
            ..heard()
        };
        assert!(!few.can_judge());
    }
}
