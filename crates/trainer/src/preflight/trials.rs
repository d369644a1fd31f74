//! Whether the development trials can judge a network.

use diagnosis::Check;
use diagnosis::preflight::{TrialFacts, trials_can_judge};
use speaker_model::LossChoice;

use super::recordings::self_trials;
use crate::evaluate::Statistics;
use crate::material::Material;

pub(super) fn trial_check<C: LossChoice>(
    material: &Material<'_, C>,
    statistics: &Statistics,
) -> Check {
    let (lists, _) = material.dev.lists();
    let mut facts = TrialFacts {
        num_self: self_trials(material),
        train_eer: statistics.unlabelled.map(|rates| rates.train_eer),
        statistics_eers: [
            statistics.dev_eer,
            statistics.whitened_eer,
            statistics.unlabelled.map(|rates| rates.dev_eer),
        ]
        .into_iter()
        .flatten()
        .collect(),
        ..TrialFacts::default()
    };
    for list in lists {
        for (&(a, b), &target) in list.trials.iter().zip(&list.targets) {
            match target {
                true => facts.num_target += 1,
                false => facts.num_nontarget += 1,
            }
            let [a, b] = [a, b].map(|number| &material.dev_recordings[number].1);
            if let (Some(a), Some(b)) = (a, b) {
                facts.num_known += 1;
                facts.num_contradicting += usize::from((a == b) != target);
            }
        }
    }
    trials_can_judge(&facts)
}
