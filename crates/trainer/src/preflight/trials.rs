//! Whether the development trials can judge a network.

use diagnosis::Check;
use diagnosis::preflight::{TrialFacts, trials_can_judge};
use rayon::prelude::*;
use speaker_model::LossChoice;

use super::edges::Edges;
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
    let dev = &material.dev;
    let edges: Vec<Option<Edges>> = (0..dev.names().len())
        .into_par_iter()
        .map(|number| Edges::of(&*dev.features(number).ok()?))
        .collect();
    let corpora = &material.dev_corpora;
    for list in lists {
        for (&(a, b), &target) in list.trials.iter().zip(&list.targets) {
            match target {
                true => facts.num_target += 1,
                false => facts.num_nontarget += 1,
            }
            let kind = usize::from(!target);
            if let (Some(a), Some(b)) = (&edges[a], &edges[b]) {
                facts.num_continued[kind] += usize::from(a.goes_on_in(b) || b.goes_on_in(a));
            }
            if let (Some(a), Some(b)) = (&corpora[a], &corpora[b]) {
                facts.num_across[kind] += usize::from(a != b);
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
