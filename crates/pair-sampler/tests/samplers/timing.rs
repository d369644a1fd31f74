//! What a batch costs; prints, tests nothing.

use std::collections::BTreeMap;

use pair_sampler::{BatchSampler, CropConfig, Gender, GroupBy, SamplerConfig};

use crate::made::{Speaker, manifest};

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
