//! Speakers that are hard to know again (goats) and speakers that are taken for others (wolves), after Doddington et al. 1998.

use std::collections::BTreeMap;

use crate::development::Development;
use crate::verification::Verification;

/// How one speaker fares in the trials, each judged at its list's threshold of equal error rates.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SpeakerErrors {
    pub(crate) speaker: String,
    pub(crate) num_same: usize,
    pub(crate) num_missed: usize,
    pub(crate) num_different: usize,
    pub(crate) num_taken: usize,
    /// Whom it is taken for most often, and how often.
    pub(crate) most_taken_for: Option<(String, usize)>,
}

impl SpeakerErrors {
    /// Share of its same-speaker trials that are rejected, 0 to 1.
    pub(crate) fn miss_rate(&self) -> Option<f64> {
        (self.num_same > 0).then(|| self.num_missed as f64 / self.num_same as f64)
    }

    /// Share of its different-speaker trials that are accepted, 0 to 1.
    pub(crate) fn taken_rate(&self) -> Option<f64> {
        (self.num_different > 0).then(|| self.num_taken as f64 / self.num_different as f64)
    }
}

/// The errors of every speaker that trials name, in the order of their names.
pub(crate) fn speaker_errors(
    development: &Development,
    verifications: &[Verification],
) -> Vec<SpeakerErrors> {
    let (names, of_utterance) = development.speakers();
    let mut errors: Vec<SpeakerErrors> = names
        .iter()
        .map(|&speaker| SpeakerErrors {
            speaker: speaker.to_owned(),
            ..SpeakerErrors::default()
        })
        .collect();
    let mut taken: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for (list, verification) in development.lists.iter().zip(verifications) {
        for (trial, &score) in list.trials.iter().zip(&verification.scores) {
            let is_accepted = f64::from(score) >= verification.eer.threshold;
            let (a, b) = (of_utterance[trial.first], of_utterance[trial.second]);
            if trial.is_target {
                errors[a].num_same += 1;
                errors[a].num_missed += usize::from(!is_accepted);
                continue;
            }
            for (one, other) in [(a, b), (b, a)] {
                errors[one].num_different += 1;
                if is_accepted {
                    errors[one].num_taken += 1;
                    *taken.entry((one, other)).or_default() += 1;
                }
            }
        }
    }
    for (&(one, other), &count) in &taken {
        let most = &mut errors[one].most_taken_for;
        if most.as_ref().is_none_or(|(_, before)| count > *before) {
            *most = Some((names[other].to_owned(), count));
        }
    }
    errors.retain(|one| one.num_same + one.num_different > 0);
    errors
}
