//! What the sampler draws.

use diagnosis::Check;
use diagnosis::preflight::{
    Sessions, few_same_pairs, same_session_positives, unreachable_speakers,
};
use pair_sampler::{BatchPlan, BatchSampler};
use speech_data::Manifest;

/// What the sampler draws.
pub(super) fn draw_checks(
    sampler: &BatchSampler,
    manifest: &Manifest,
    plans: &[BatchPlan],
) -> Vec<Check> {
    let num_segments = plans.first().map_or(0, |plan| plan.items.len());
    let num_speakers = sampler.num_speakers();
    let unreachable = sampler.unreachable_speakers().len();
    vec![
        few_same_pairs(sampler.expected_same_share(), num_segments, num_speakers),
        unreachable_speakers(unreachable, num_speakers),
        same_session_positives(&sessions(manifest, plans)),
    ]
}

/// Where the same-speaker pairs of some batches come from.
fn sessions(manifest: &Manifest, plans: &[BatchPlan]) -> Sessions {
    let mut sessions = Sessions::default();
    for plan in plans {
        let num = plan.items.len();
        let pairs = match &plan.pairs {
            Some(pairs) => pairs.clone(),
            None => (0..num).flat_map(|b| (0..b).map(move |a| (a, b))).collect(),
        };
        for (a, b) in pairs {
            let (a, b) = (&plan.items[a], &plan.items[b]);
            if a.speaker != b.speaker {
                continue;
            }
            let session = |utterance: usize| &manifest.utterances[utterance].session;
            match (session(a.utterance), session(b.utterance)) {
                _ if a.utterance == b.utterance => sessions.same_recording += 1,
                (Some(a), Some(b)) if a == b => sessions.same_session += 1,
                (Some(_), Some(_)) => sessions.across += 1,
                _ => sessions.unknown += 1,
            }
        }
    }
    sessions
}
