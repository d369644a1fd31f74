//! What the sampler draws.

use diagnosis::preflight::{
    Sessions, few_same_pairs, same_session_positives, unreachable_speakers,
};
use diagnosis::{Check, Name};
use pair_sampler::{BatchPlan, BatchSampler};
use speech_data::Manifest;

/// What the sampler draws, for a loss that compares segments with one another, or for one that does not.
pub(super) fn draw_checks(
    sampler: &BatchSampler,
    manifest: &Manifest,
    plans: &[BatchPlan],
    compares_segments: bool,
) -> Vec<Check> {
    let num_segments = plans.first().map_or(0, |plan| plan.items.len());
    let num_speakers = sampler.num_speakers();
    let unreachable = sampler.unreachable_speakers().len();
    let reachable = unreachable_speakers(unreachable, num_speakers);
    if !compares_segments {
        let skipped = [Name::FewSamePairs, Name::SameSessionPositives]
            .map(|name| Check::skipped(name, "the loss compares no segments with one another"));
        return std::iter::once(reachable).chain(skipped).collect();
    }
    vec![
        few_same_pairs(sampler.expected_same_share(), num_segments, num_speakers),
        reachable,
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

#[cfg(test)]
mod tests {
    use pair_sampler::{BatchItem, Crop};
    use speech_data::Utterance;

    use super::*;

    #[test]
    fn same_speaker_pairs_are_counted_by_what_their_sessions_are() {
        // Speaker, session.
        let known = [
            ("a", Some("x")),
            ("a", Some("x")),
            ("a", Some("y")),
            ("a", None),
        ];
        let utterances = (0..)
            .zip(known)
            .map(|(number, (speaker, session))| Utterance {
                session: session.map(str::to_owned),
                ..Utterance::new(format!("{number}"), format!("{number}.wav"), speaker)
            });
        let manifest = Manifest::new("corpus", utterances.collect());
        let item = |(utterance, speaker)| BatchItem {
            utterance,
            speaker,
            crop: Crop::StartS(0.0),
            seed: 0,
        };
        let plan = |items: &[(usize, usize)], pairs| BatchPlan {
            items: items.iter().copied().map(item).collect(),
            pairs,
        };
        // Recording 0 twice, 1 in its session, 2 in another, 3 in none that is known, and a stranger.
        let all = plan(&[(0, 0), (0, 0), (1, 0), (2, 0), (3, 0), (0, 1)], None);
        let found = sessions(&manifest, std::slice::from_ref(&all));
        assert_eq!(
            [
                found.same_recording,
                found.same_session,
                found.across,
                found.unknown
            ],
            [1, 2, 3, 4]
        );
        let drawn = plan(&[(0, 0), (2, 0), (0, 1)], Some(vec![(0, 1), (0, 2)]));
        let found = sessions(&manifest, &[drawn]);
        assert_eq!((found.across, found.same_recording), (1, 0));
    }
}
