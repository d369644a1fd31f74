//! What every batch must be, for any manifest and seed; frequencies against closed forms.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "helpers of tests, which clippy.toml does not cover"
)]

use std::collections::{BTreeMap, BTreeSet};

use pair_sampler::{
    BatchPlan, BatchSampler, Crop, CropConfig, Gender, GroupBy, Manifest, SamplerConfig,
    SamplerError, Utterance,
};
use proptest::prelude::*;

/// A speaker: sessions' sizes (the first is of unknown session), gender, corpus.
type Speaker = (Vec<usize>, Option<Gender>, usize);

fn speakers(least: usize) -> impl Strategy<Value = Vec<Speaker>> {
    let gender = prop_oneof![
        Just(None),
        Just(Some(Gender::Female)),
        Just(Some(Gender::Male))
    ];
    let sessions = prop::collection::vec(0usize..4, 1..4).prop_map(|mut sizes| {
        if sizes.iter().sum::<usize>() == 0 {
            sizes[0] = 1;
        }
        sizes
    });
    prop::collection::vec((sessions, gender, 0usize..3), least..25)
}

fn manifest(speakers: &[Speaker]) -> Manifest {
    let mut utterances = Vec::new();
    for (s, (sessions, gender, corpus)) in speakers.iter().enumerate() {
        for (session, &size) in sessions.iter().enumerate() {
            for number in 0..size {
                let id = format!("s{s:04}/{session}/{number:03}.wav");
                let mut utterance = Utterance::new(id.clone(), id, format!("s{s:04}"));
                utterance.session = (session > 0).then(|| session.to_string());
                utterance.gender = *gender;
                utterance
                    .columns
                    .insert("corpus".to_owned(), format!("c{corpus}"));
                utterances.push(utterance);
            }
        }
    }
    Manifest::new("root", utterances)
}

/// `speakers` with `each` utterances of unknown session.
fn plain(speakers: usize, each: usize) -> Manifest {
    manifest(&vec![(vec![each], None, 0); speakers])
}

fn sampler(
    manifest: &Manifest,
    config: SamplerConfig,
    seed: u64,
) -> Result<BatchSampler, SamplerError> {
    BatchSampler::new(manifest, config, CropConfig::Random, None, seed)
}

fn by_speaker(plan: &BatchPlan) -> BTreeMap<usize, Vec<usize>> {
    let mut found: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for item in &plan.items {
        found.entry(item.speaker).or_default().push(item.utterance);
    }
    found
}

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

#[test]
fn uniform_batches_have_the_same_speaker_share_of_the_closed_form() {
    // 40 speakers with equally many utterances: 1/S of the pairs (method 1.2.7).
    let even = plain(40, 8);
    let config = SamplerConfig::Uniform { segments: 100 };
    let even = sampler(&even, config, 1).unwrap();
    assert!((even.expected_same_share() - 1.0 / 40.0).abs() < 1e-12);
    // One with 100 of 200: a half squared, and a hundred speakers with one each.
    let mut one = vec![(vec![1], None, 0); 101];
    one[0].0[0] = 100;
    let uneven = sampler(&manifest(&one), config, 1).unwrap();
    assert!((uneven.expected_same_share() - (0.25 + 100.0 / 40_000.0)).abs() < 1e-12);
    for (sampler, steps) in [(even, 2000), (uneven, 500)] {
        let mut same = 0usize;
        for step in 0..steps {
            for utterances in by_speaker(&sampler.batch(0, step)).values() {
                same += utterances.len() * (utterances.len() - 1) / 2;
            }
        }
        let share = same as f64 / (steps as f64 * 4950.0);
        let expected = sampler.expected_same_share();
        assert!((share / expected - 1.0).abs() < 0.01, "{share} {expected}");
    }
}

#[test]
fn uniform_batches_draw_every_utterance_equally() {
    let sampler = sampler(&plain(10, 5), SamplerConfig::Uniform { segments: 50 }, 3).unwrap();
    let mut counts = [0u32; 50];
    let mut thirds = [0u32; 3];
    for step in 0..1000 {
        for item in sampler.batch(0, step).items {
            counts[item.utterance] += 1;
            thirds[item.crop.start_frame(12, 10, 0.01)] += 1;
        }
    }
    let chi = |counts: &[u32]| {
        let mean = 50_000.0 / counts.len() as f64;
        counts
            .iter()
            .map(|&c| (f64::from(c) - mean).powi(2) / mean)
            .sum::<f64>()
    };
    // Chi-square bounds at one in a thousand for 49 and for 2 degrees of freedom.
    assert!(chi(&counts) < 85.4, "{counts:?}");
    assert!(chi(&thirds) < 13.8, "{thirds:?}");
}

#[test]
fn p_by_k_and_pairs_state_their_share() {
    let pk = SamplerConfig::Pk {
        speakers: 20,
        segments: 5,
    };
    let share = sampler(&plain(40, 8), pk, 0).unwrap().expected_same_share();
    // Method 1.4, P12: 2m(1 − share) = 5.7576 for 20 × 5 and m = 3.
    assert!((6.0 * (1.0 - share) - 5.7576).abs() < 5e-5);
}

#[test]
fn the_question_alternates_and_counts_its_steps_in_files() {
    let config = SamplerConfig::Pairs {
        pairs: 64,
        same_share: 0.5,
        across_sessions: false,
        same_gender: true,
    };
    let sampler = sampler(&plain(50, 10), config, 1).unwrap();
    assert_eq!(sampler.steps_per_epoch(), 500 / 64);
    let plan = sampler.batch(0, 0);
    for (at, (a, b)) in plan.pairs.unwrap().into_iter().enumerate() {
        let same = plan.items[a].speaker == plan.items[b].speaker;
        assert_eq!(same, at % 2 == 0);
    }
}

#[test]
fn the_fixed_crop_is_the_same_at_every_visit() {
    let fixed = CropConfig::Fixed { start_s: 0.1 };
    let config = SamplerConfig::Uniform { segments: 8 };
    let sampler = BatchSampler::new(&plain(4, 2), config, fixed, None, 0).unwrap();
    for item in sampler.batch(3, 1).items {
        assert_eq!(item.crop, Crop::StartS(0.1));
    }
}

#[test]
fn a_speaker_of_one_utterance_repeats_it_with_other_crops() {
    let config = SamplerConfig::Pk {
        speakers: 2,
        segments: 3,
    };
    let plan = sampler(&plain(2, 1), config, 0).unwrap().batch(0, 0);
    for utterances in by_speaker(&plan).values() {
        assert!(utterances.iter().all(|&u| u == utterances[0]));
    }
    assert_ne!(plan.items[0].crop, plan.items[1].crop);
    assert_ne!(plan.items[0].seed, plan.items[1].seed);
}

#[test]
fn speakers_without_a_partner_are_named() {
    use Gender::{Female, Male};
    // 0: two sessions; 1: one session; 2: the only man.
    let speakers = [
        (vec![0, 2, 2], Some(Female), 0),
        (vec![0, 2], Some(Female), 0),
        (vec![0, 2], Some(Male), 0),
    ];
    let config = |same_share| SamplerConfig::Pairs {
        pairs: 4,
        same_share,
        across_sessions: true,
        same_gender: true,
    };
    let unreachable =
        |speakers: &[Speaker], share| sampler(&manifest(speakers), config(share), 0).unwrap();
    assert_eq!(unreachable(&speakers, 0.5).unreachable_speakers(), [2]);
    assert_eq!(unreachable(&speakers, 1.0).unreachable_speakers(), [1, 2]);
    let mut unknown = speakers.to_vec();
    unknown.push((vec![1], None, 0));
    let everyone = unreachable(&unknown, 0.5).unreachable_speakers();
    assert!(everyone.is_empty());
}

#[test]
fn settings_that_cannot_work_say_why() {
    let manifest = manifest(&[
        (vec![0, 2], Some(Gender::Female), 0),
        (vec![0, 2], Some(Gender::Male), 1),
        (vec![2], None, 1),
    ]);
    let pairs = |same_share, across_sessions, same_gender| SamplerConfig::Pairs {
        pairs: 2,
        same_share,
        across_sessions,
        same_gender,
    };
    let uniform = SamplerConfig::Uniform { segments: 4 };
    let by = |column: &str, weights: &[(&str, f64)]| {
        Some(GroupBy {
            column: column.to_owned(),
            weights: weights
                .iter()
                .map(|(name, weight)| ((*name).to_owned(), *weight))
                .collect(),
        })
    };
    let pk = SamplerConfig::Pk {
        speakers: 4,
        segments: 2,
    };
    for (config, group_by, expected) in [
        (
            SamplerConfig::Uniform { segments: 1 },
            None,
            "sampler.segments = 1: expected 2 to",
        ),
        (
            pairs(1.5, false, false),
            None,
            "sampler.same_share = 1.5: expected a share",
        ),
        (
            pairs(f64::NAN, false, false),
            None,
            "sampler.same_share = NaN",
        ),
        (
            pk,
            None,
            "the manifest: 3 speakers, but a batch needs 4 different ones",
        ),
        (
            uniform,
            by("corpus", &[]),
            "group `c0` of column `corpus`: 1 speakers, but a batch needs 2",
        ),
        (
            uniform,
            by("copus", &[]),
            "no column `copus`; the columns here are `id`, `speaker`, `session`, `gender`, `corpus`",
        ),
        (
            uniform,
            by("corpus", &[("c0", 0.0)]),
            "`c1` has none; name every group",
        ),
        (
            uniform,
            by("corpus", &[("c2", 1.0)]),
            "`c2` is none of the groups; its groups are `c0`, `c1`",
        ),
        (
            uniform,
            by("corpus", &[("c0", -1.0), ("c1", 1.0)]),
            "-1 of `c0` is not a number",
        ),
        (
            uniform,
            by("corpus", &[("c0", 0.0), ("c1", 0.0)]),
            "their sum must be",
        ),
        (
            uniform,
            by("corpus", &[("c0", 1e-9), ("c1", 1.0)]),
            "less than 0.0001",
        ),
        (
            pairs(0.5, true, false),
            by("corpus", &[("c0", 1.0), ("c1", 0.0)]),
            "no pair of one speaker can be drawn; no speaker has two sessions",
        ),
        (
            pairs(0.5, false, false),
            by("corpus", &[("c0", 1.0), ("c1", 0.0)]),
            "no pair of different speakers can be drawn; there is only one speaker",
        ),
    ] {
        let error = BatchSampler::new(&manifest, config, CropConfig::Random, group_by, 0)
            .expect_err(expected)
            .to_string();
        assert!(error.contains(expected), "{error}\n{expected}");
    }
    let nan = CropConfig::Fixed { start_s: f64::NAN };
    assert!(BatchSampler::new(&manifest, uniform, nan, None, 0).is_err());
    let nobody = Manifest::new("", Vec::new());
    let error = sampler(&nobody, uniform, 0).unwrap_err().to_string();
    assert!(error.contains("the manifest: 0 speakers"), "{error}");
}

#[test]
fn a_weight_of_zero_leaves_a_group_out_but_keeps_speaker_numbers() {
    let manifest = manifest(&[(vec![2], None, 0), (vec![2], None, 1), (vec![2], None, 1)]);
    let by = GroupBy {
        column: "corpus".to_owned(),
        weights: BTreeMap::from([("c0".to_owned(), 0.0), ("c1".to_owned(), 2.0)]),
    };
    let config = SamplerConfig::Uniform { segments: 4 };
    let sampler = BatchSampler::new(&manifest, config, CropConfig::Random, Some(by), 0).unwrap();
    assert_eq!(sampler.num_speakers(), 3);
    assert_eq!(sampler.unreachable_speakers(), [0]);
    assert!(sampler.batch(0, 0).items.iter().all(|i| i.speaker > 0));
}

#[test]
fn configuration_reads_and_refuses() {
    let pk: SamplerConfig =
        serde_json::from_str(r#"{"kind":"pk","speakers":25,"segments":4}"#).unwrap();
    assert_eq!(
        pk,
        SamplerConfig::Pk {
            speakers: 25,
            segments: 4
        }
    );
    let error = serde_json::from_str::<SamplerConfig>(r#"{"kind":"pk","speekers":25}"#)
        .unwrap_err()
        .to_string();
    assert!(error.contains("speekers") && error.contains("speakers"));
    let by: GroupBy = serde_json::from_str(r#"{"column":"corpus"}"#).unwrap();
    assert!(by.weights.is_empty());
}

/// Prints what a batch costs with as many utterances as VoxCeleb2's training part:
/// `cargo test --release -p pair-sampler --test samplers -- --ignored --nocapture`.
#[test]
#[ignore = "prints times"]
fn time_of_a_batch_at_the_size_of_voxceleb2() {
    use std::time::Instant;
    // 1,092,009 utterances of 5,994 speakers, eight a session.
    let speakers: Vec<Speaker> = (0..5994)
        .map(|s| {
            let size = 182 + usize::from(s < 1_092_009 - 5994 * 182);
            let mut sessions = vec![0];
            sessions.extend((0..size.div_ceil(8)).map(|k| (size - 8 * k).min(8)));
            let gender = Some(if s % 5 < 3 {
                Gender::Male
            } else {
                Gender::Female
            });
            (sessions, gender, s % 3)
        })
        .collect();
    let start = Instant::now();
    let manifest = manifest(&speakers);
    assert_eq!(manifest.utterances.len(), 1_092_009);
    println!("making the manifest: {:?}", start.elapsed());
    let pairs = SamplerConfig::Pairs {
        pairs: 64,
        same_share: 0.5,
        across_sessions: true,
        same_gender: true,
    };
    let pk = SamplerConfig::Pk {
        speakers: 25,
        segments: 4,
    };
    let uniform = SamplerConfig::Uniform { segments: 100 };
    for (name, config) in [("uniform", uniform), ("pk", pk), ("pairs", pairs)] {
        for group in [None, Some("corpus")] {
            let by = group.map(|column| GroupBy {
                column: column.to_owned(),
                weights: BTreeMap::new(),
            });
            let start = Instant::now();
            let sampler = BatchSampler::new(&manifest, config, CropConfig::Random, by, 0).unwrap();
            let built = start.elapsed();
            let steps = sampler.steps_per_epoch();
            let start = Instant::now();
            for step in 0..1000 {
                std::hint::black_box(sampler.batch(0, step * 7 % steps));
            }
            println!(
                "{name}, group {group:?}: built in {built:?}, {:?} a batch, {steps} steps an epoch",
                start.elapsed() / 1000
            );
        }
    }
}
