//! What holds for any manifest, setting and seed.

use std::collections::{BTreeMap, BTreeSet};

use pair_sampler::{BatchSampler, Crop, CropConfig, GroupBy, SamplerConfig};
use proptest::prelude::*;

use crate::made::{by_speaker, manifest, sampler, speakers};

fn configs() -> impl Strategy<Value = SamplerConfig> {
    prop_oneof![
        (2usize..40).prop_map(|segments| SamplerConfig::Uniform { segments }),
        (2usize..6, 2usize..6)
            .prop_map(|(speakers, segments)| SamplerConfig::Pk { speakers, segments }),
        (1usize..20, 0.0..=1.0, any::<bool>(), any::<bool>()).prop_map(
            |(pairs, same_share, across_sessions, same_gender)| SamplerConfig::Pairs {
                pairs,
                same_share,
                across_sessions,
                same_gender
            }
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_batch_depends_on_seed_epoch_and_step_alone(
        speakers in speakers(6), config in configs(), seed: u64, epoch: u64, step: u64,
        shuffled in prop::collection::vec(0u64..1000, 0..5),
    ) {
        let manifest = manifest(&speakers);
        let Ok(first) = sampler(&manifest, config, seed) else { return Ok(()); };
        let plan = first.batch(epoch, step);
        for other in shuffled {
            first.batch(epoch, other);
        }
        prop_assert_eq!(&plan, &first.batch(epoch, step));
        let second = sampler(&manifest, config, seed).unwrap();
        prop_assert_eq!(&plan, &second.batch(epoch, step));
        // Seeds of items and places of crops differ even where utterances are few.
        for other in [
            first.batch(epoch, step ^ 1),
            first.batch(epoch ^ 1, step),
            sampler(&manifest, config, seed ^ 1).unwrap().batch(epoch, step),
        ] {
            prop_assert_ne!(&plan, &other);
        }
    }

    #[test]
    fn items_name_their_speaker_and_lie_in_the_manifest(
        speakers in speakers(6), config in configs(), seed: u64, step in 0u64..50,
    ) {
        let manifest = manifest(&speakers);
        let Ok(sampler) = sampler(&manifest, config, seed) else { return Ok(()); };
        let names = manifest.speakers();
        prop_assert_eq!(sampler.num_speakers(), names.len());
        for item in sampler.batch(1, step).items {
            prop_assert_eq!(&manifest.utterances[item.utterance].speaker, names[item.speaker]);
            match item.crop {
                Crop::Position(u) => prop_assert!((0.0..1.0).contains(&u)),
                Crop::StartS(_) => prop_assert!(false),
            }
        }
    }

    #[test]
    fn p_by_k_is_exact_and_spreads_over_utterances_and_sessions(
        speakers in speakers(6), p in 2usize..7, k in 2usize..6, seed: u64, step in 0u64..50,
    ) {
        let manifest = manifest(&speakers);
        let config = SamplerConfig::Pk { speakers: p, segments: k };
        let plan = sampler(&manifest, config, seed).unwrap().batch(0, step);
        prop_assert!(plan.pairs.is_none());
        let found = by_speaker(&plan);
        prop_assert_eq!(found.len(), p);
        for (speaker, utterances) in found {
            prop_assert_eq!(utterances.len(), k);
            let (sessions, ..) = &speakers[speaker];
            let total: usize = sessions.iter().sum();
            let different: BTreeSet<usize> = utterances.iter().copied().collect();
            prop_assert_eq!(different.len(), k.min(total));
            // Utterances of unknown session count as a session each.
            let num_sessions = sessions[0] + sessions[1..].iter().filter(|&&n| n > 0).count();
            let met: BTreeSet<_> = utterances.iter().map(|&u| {
                let utterance = &manifest.utterances[u];
                utterance.session.clone().unwrap_or_else(|| utterance.id.clone())
            }).collect();
            prop_assert_eq!(met.len(), k.min(num_sessions));
        }
    }

    #[test]
    fn an_epoch_of_p_by_k_visits_all_speakers_evenly(
        speakers in speakers(6), p in 2usize..7, k in 2usize..4, seed: u64, epoch in 0u64..3,
    ) {
        let manifest = manifest(&speakers);
        let config = SamplerConfig::Pk { speakers: p, segments: k };
        let sampler = sampler(&manifest, config, seed).unwrap();
        let mut visits = vec![0u64; speakers.len()];
        for step in 0..sampler.steps_per_epoch() {
            for speaker in by_speaker(&sampler.batch(epoch, step)).into_keys() {
                visits[speaker] += 1;
            }
        }
        let (least, most) = (visits.iter().min().unwrap(), visits.iter().max().unwrap());
        prop_assert!(*least >= 1 && most - least <= 1, "{:?}", visits);
    }

    #[test]
    fn pairs_keep_their_rules(
        speakers in speakers(6), pairs in 1usize..20, share in 0.0..=1.0, seed: u64,
        across_sessions: bool, same_gender: bool,
    ) {
        let manifest = manifest(&speakers);
        let config = SamplerConfig::Pairs { pairs, same_share: share, across_sessions, same_gender };
        let Ok(sampler) = sampler(&manifest, config, seed) else { return Ok(()); };
        let steps = 40;
        let mut num_same = 0;
        let mut seen = BTreeSet::new();
        for step in 0..steps {
            let plan = sampler.batch(0, step);
            let indices = plan.pairs.unwrap();
            prop_assert_eq!(indices.len(), pairs);
            for (at, (a, b)) in indices.into_iter().enumerate() {
                prop_assert_eq!((a, b), (2 * at, 2 * at + 1));
                let (a, b) = (plan.items[a], plan.items[b]);
                seen.extend([a.speaker, b.speaker]);
                let [one, two] = [a, b].map(|item| &manifest.utterances[item.utterance]);
                if a.speaker == b.speaker {
                    num_same += 1;
                    prop_assert_ne!(a.utterance, b.utterance);
                    if across_sessions && one.session.is_some() {
                        prop_assert_ne!(&one.session, &two.session);
                    }
                } else if same_gender && one.gender.is_some() {
                    prop_assert_eq!(one.gender, two.gender);
                }
            }
        }
        let expected = share * pairs as f64 * steps as f64;
        prop_assert!((f64::from(num_same) - expected).abs() <= 1.0 + 1e-6);
        for speaker in sampler.unreachable_speakers() {
            prop_assert!(!seen.contains(&speaker));
        }
    }

    #[test]
    fn a_batch_has_one_group_and_groups_have_their_share(
        speakers in speakers(12), weights in prop::collection::vec(1u32..20, 3), seed: u64,
        k in 2usize..4, uniform: bool,
    ) {
        let manifest = manifest(&speakers);
        let corpora: BTreeSet<&str> =
            manifest.utterances.iter().filter_map(|u| u.column("corpus")).collect();
        let weights: BTreeMap<String, f64> = corpora.iter().zip(&weights)
            .map(|(corpus, &weight)| ((*corpus).to_owned(), f64::from(weight))).collect();
        let total: f64 = weights.values().sum();
        let by = GroupBy { column: "corpus".to_owned(), weights: weights.clone() };
        let config = if uniform {
            SamplerConfig::Uniform { segments: 10 }
        } else {
            SamplerConfig::Pk { speakers: 2, segments: k }
        };
        let Ok(sampler) = BatchSampler::new(&manifest, config, CropConfig::Random, Some(by), seed)
        else { return Ok(()); };
        let steps = sampler.steps_per_epoch();
        let mut batches: BTreeMap<String, u64> = BTreeMap::new();
        let mut visits = vec![0u64; speakers.len()];
        for step in 0..steps {
            let plan = sampler.batch(2, step);
            let met: BTreeSet<&str> = plan.items.iter()
                .filter_map(|item| manifest.utterances[item.utterance].column("corpus")).collect();
            prop_assert_eq!(met.len(), 1);
            *batches.entry(met.into_iter().collect()).or_default() += 1;
            for speaker in by_speaker(&plan).into_keys() {
                visits[speaker] += 1;
            }
        }
        for (corpus, weight) in weights {
            let expected = weight / total * steps as f64;
            prop_assert!((batches[&corpus] as f64 - expected).abs() <= 1.0 + 1e-9);
            if !uniform {
                let group = visits.iter().zip(&speakers)
                    .filter(|(_, (.., c))| format!("c{c}") == corpus).map(|(v, _)| *v);
                let (least, most) = (group.clone().min().unwrap(), group.max().unwrap());
                prop_assert!(least >= 1 && most - least <= 2, "{:?}", visits);
            }
        }
    }
}
