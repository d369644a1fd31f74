//! Frequencies against closed forms, with bounds that hold for nearly every seed and with a fixed one.

use pair_sampler::SamplerConfig;

use crate::made::{by_speaker, manifest, plain, sampler};

#[test]
fn uniform_batches_have_the_same_speaker_share_of_the_closed_form() {
    // 40 speakers with equally many utterances: 1/S of the pairs.
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
    // A collapsed batch costs 2m(1 − share) = 5.7576 for 20 × 5 and m = 3.
    assert!((6.0 * (1.0 - share) - 5.7576).abs() < 5e-5);
}
