//! Single cases: presets, fixed crops, and settings that are refused.

use std::collections::BTreeMap;

use pair_sampler::{BatchSampler, Crop, CropConfig, GroupBy, SamplerConfig};
use speech_data::{Gender, Manifest};

use crate::made::{Speaker, by_speaker, manifest, plain, sampler};

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
            "no column `copus`, the columns here are `id`, `speaker`, `session`, `gender`, `corpus`",
        ),
        (
            uniform,
            by("corpus", &[("c0", 0.0)]),
            "`c1` has none; name every group",
        ),
        (
            uniform,
            by("corpus", &[("c2", 1.0)]),
            "`c2` is none of the groups, its groups are `c0`, `c1`",
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
            "no pair of one speaker can be drawn: no speaker has two sessions",
        ),
        (
            pairs(0.5, false, false),
            by("corpus", &[("c0", 1.0), ("c1", 0.0)]),
            "no pair of different speakers can be drawn: there is only one speaker",
        ),
    ] {
        let error = BatchSampler::new(&manifest, config, CropConfig::Random, group_by, 0)
            .expect_err(expected);
        let remedy = error.remedy().map(|remedy| format!(": {remedy}"));
        let error = error.to_string() + &remedy.unwrap_or_default();
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

/// Whoever resumes a run with a newer version must get the batches that the older one would have drawn. A
/// change here is a change of every run: say so in the changelog and in the purposes' names of `draws.rs`.
#[test]
fn batches_stay_what_they_were() {
    let manifest = plain(4, 3);
    let drawn = |config| {
        let plan = sampler(&manifest, config, 7).unwrap().batch(1, 2);
        let utterances: Vec<usize> = plan.items.iter().map(|item| item.utterance).collect();
        (utterances, plan.items[0].seed)
    };
    let uniform = SamplerConfig::Uniform { segments: 6 };
    assert_eq!(
        drawn(uniform),
        (vec![7, 3, 4, 2, 2, 8], 4_211_915_493_937_939_948)
    );
    let pk = SamplerConfig::Pk {
        speakers: 3,
        segments: 2,
    };
    assert_eq!(
        drawn(pk),
        (vec![3, 4, 11, 10, 0, 2], 8_016_609_513_406_674_476)
    );
    let pairs = SamplerConfig::Pairs {
        pairs: 3,
        same_share: 0.5,
        across_sessions: false,
        same_gender: false,
    };
    assert_eq!(
        drawn(pairs),
        (vec![7, 6, 4, 2, 2, 9], 4_211_915_493_937_939_948)
    );
}
