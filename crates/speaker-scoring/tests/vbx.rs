//! VBx against its formulas in NumPy: `golden/vbx.json`, made by `golden/make_vbx.py`; and what must hold for any segments.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::Value;
use speaker_scoring::{
    EmbeddingMatrix, MAX_DISTANCE_BYTES, Plda, PldaSettings, ScoringError, VbxClusters,
    VbxSettings, vbx,
};

/// Sums are in another order; the chain is in logarithms here and scaled there.
const TOLERANCE: f64 = 1e-8;

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/vbx.json")).unwrap()
}

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

fn run(case: &Value, iterations: usize) -> VbxClusters {
    let features: Vec<f64> = read(&case["features"]);
    let phi: Vec<f64> = read(&case["phi"]);
    let labels: Vec<usize> = read(&case["labels"]);
    let settings = VbxSettings {
        iterations,
        ..read(&case["settings"])
    };
    vbx(&features, &phi, &labels, &settings, MAX_DISTANCE_BYTES).unwrap()
}

#[test]
fn rounds_are_those_of_the_paper() {
    for case in golden()["cases"].as_array().unwrap() {
        let rounds = case["rounds"].as_array().unwrap();
        for (at, round) in rounds.iter().enumerate() {
            let found = run(case, at + 1);
            assert_eq!(found.bounds.len(), at + 1);
            let bound: f64 = read(&round["bound"]);
            let error = (found.bounds[at] - bound).abs();
            assert!(error < TOLERANCE * bound.abs().max(1.0), "{at}: {error}");
            let mut expected: Vec<f64> = read(&round["pi"]);
            expected.sort_by(|a, b| b.total_cmp(a));
            let mut shares = found.shares.clone();
            shares.sort_by(|a, b| b.total_cmp(a));
            for (at, expected) in expected.iter().enumerate() {
                // Those that are dropped hold less than 1e-7.
                match shares.get(at) {
                    Some(share) => assert!((share - expected).abs() < TOLERANCE),
                    None => assert!(*expected < 1e-7),
                }
            }
        }
    }
}

#[test]
fn responsibilities_and_their_end_are_those_of_the_paper() {
    for case in golden()["cases"].as_array().unwrap() {
        let rounds = case["rounds"].as_array().unwrap();
        let found = run(case, read(&case["settings"]["iterations"]));
        // It ends by itself in the same round.
        assert_eq!(found.bounds.len(), rounds.len());
        let expected: Vec<Vec<f64>> = read(&case["gamma"]);
        let pi: Vec<f64> = read(&rounds.last().unwrap()["pi"]);
        let speakers = found.shares.len();
        let mut is_left = vec![true; pi.len()];
        let mut column_of = Vec::new();
        for speaker in 0..speakers {
            let ours: Vec<f64> = found
                .responsibilities
                .iter()
                .skip(speaker)
                .step_by(speakers)
                .copied()
                .collect();
            let near = (0..pi.len()).find(|&column| {
                let theirs = expected.iter().map(|row| row[column]);
                is_left[column]
                    && ours
                        .iter()
                        .zip(theirs)
                        .all(|(a, b)| (a - b).abs() < TOLERANCE)
            });
            is_left[near.unwrap()] = false;
            column_of.push(near.unwrap());
        }
        assert!((0..pi.len()).all(|column| !is_left[column] || pi[column] < 1e-7));
        for (row, &label) in expected.iter().zip(&found.labels) {
            let best = row.iter().copied().fold(0.0, f64::max);
            assert!(row[column_of[label]] > best - TOLERANCE);
        }
    }
}

#[test]
fn embeddings_of_a_model_are_clustered() {
    let dim = 6;
    let noise = |at: usize| {
        let mut random = ChaCha8Rng::seed_from_u64(at as u64);
        f32::from(random.next_u32() as u16) / 65536.0 - 0.5
    };
    let row = |speaker: usize, at: usize| -> Vec<f32> {
        let value =
            |axis: usize| noise(speaker * dim + axis + 7) + 0.25 * noise(1000 + at * dim + axis);
        (0..dim).map(value).collect()
    };
    let training: Vec<Vec<f32>> = (0..400).map(|at| row(at / 8, at)).collect();
    let speakers: Vec<usize> = (0..400).map(|at| at / 8).collect();
    let training = EmbeddingMatrix::from_rows(&training).unwrap();
    let model = Plda::fit(&training, &speakers, &PldaSettings::default()).unwrap();
    let truth: Vec<usize> = (0..60).map(|at| at / 10 % 3).collect();
    let rows: Vec<Vec<f32>> = truth
        .iter()
        .enumerate()
        .map(|(at, s)| row(100 + s, 500 + at))
        .collect();
    let rows = EmbeddingMatrix::from_rows(&rows).unwrap();
    let features = model.projected(&rows).unwrap();
    assert_eq!(features.len(), rows.len() * model.kept());
    // The score of a pair follows from the coordinates.
    let pair = model.score_pair(rows.row(0), rows.row(15)).unwrap();
    let of = |at: usize| &features[at * model.kept()..(at + 1) * model.kept()];
    let by_hand: f64 = (0..model.kept())
        .map(|axis| {
            let (a, b, psi) = (of(0)[axis], of(15)[axis], model.psi()[axis]);
            let evidence =
                |n: f64, sum: f64| 0.5 * (psi * sum * sum / (1.0 + n * psi) - (1.0 + n * psi).ln());
            evidence(2.0, a + b) - evidence(1.0, a) - evidence(1.0, b)
        })
        .sum();
    assert!((pair - by_hand).abs() < 1e-9);
    // Two labels for each speaker.
    let labels: Vec<usize> = truth
        .iter()
        .enumerate()
        .map(|(at, s)| s * 2 + at % 2)
        .collect();
    let settings = VbxSettings {
        observations: 1.0,
        prior: 4.0,
        stay: 0.9,
        ..VbxSettings::default()
    };
    let found = vbx(
        &features,
        model.psi(),
        &labels,
        &settings,
        MAX_DISTANCE_BYTES,
    )
    .unwrap();
    assert_eq!(found.labels, truth);
}

#[test]
fn what_is_damaged_is_refused() {
    let run = |features: &[f64], phi: &[f64], labels: &[usize], bytes| {
        vbx(features, phi, labels, &VbxSettings::default(), bytes).unwrap_err()
    };
    let many = MAX_DISTANCE_BYTES;
    assert!(matches!(
        run(&[], &[1.0], &[], many),
        ScoringError::Empty { name: "features" }
    ));
    assert!(matches!(
        run(&[1.0], &[], &[0], many),
        ScoringError::Empty { name: "phi" }
    ));
    assert!(matches!(
        run(&[1.0; 3], &[1.0; 2], &[0], many),
        ScoringError::DimensionMismatch {
            index: 1,
            found: 1,
            ..
        }
    ));
    assert!(matches!(
        run(&[1.0; 4], &[1.0; 2], &[0], many),
        ScoringError::LengthMismatch {
            found: 1,
            expected: 2,
            ..
        }
    ));
    assert!(matches!(
        run(&[1.0, 1.0, f64::NAN, 1.0], &[1.0; 2], &[0, 1], many),
        ScoringError::NotFinite { index: 1, .. }
    ));
    for (feature, phi) in [
        (1e31, 1.0),
        (1.0, -1.0),
        (1.0, f64::NAN),
        (1.0, f64::INFINITY),
    ] {
        let error = run(&[feature], &[phi], &[0], many);
        assert!(matches!(error, ScoringError::InvalidParameter { .. }));
        assert!(error.remedy().is_some());
    }
    assert!(matches!(
        run(&[1.0; 9], &[1.0], &[0, 1, 2, 3, 4, 5, 6, 7, 8], 99),
        ScoringError::TooManyPoints { num_points: 9, .. }
    ));
    for spoil in [
        |s: &mut VbxSettings| s.observations = 0.0,
        |s: &mut VbxSettings| s.prior = f64::NAN,
        |s: &mut VbxSettings| s.stay = 1.0,
        |s: &mut VbxSettings| s.sureness = -1.0,
        |s: &mut VbxSettings| s.iterations = 0,
        |s: &mut VbxSettings| s.tolerance = f64::INFINITY,
    ] {
        let mut settings = VbxSettings::default();
        spoil(&mut settings);
        let error = vbx(&[1.0], &[1.0], &[0], &settings, many).unwrap_err();
        assert!(matches!(error, ScoringError::InvalidParameter { .. }));
    }
}

/// Segments, some of them copies, zeros or far away; variances, some of them 0; and any labels.
fn segments() -> impl Strategy<Value = (Vec<f64>, Vec<f64>, Vec<usize>)> {
    let value = prop_oneof![8 => -4.0..4.0, 1 => Just(0.0), 1 => Just(2.0), 1 => Just(1e30), 1 => -1e8..1e8];
    let phi = prop_oneof![4 => 0.01..20.0, 1 => Just(0.0), 1 => Just(1e30)];
    (1_usize..30, 1_usize..4).prop_flat_map(move |(count, dim)| {
        (
            prop::collection::vec(value.clone(), count * dim),
            prop::collection::vec(phi.clone(), dim),
            prop::collection::vec(0_usize..6, count),
        )
    })
}

fn settings() -> impl Strategy<Value = VbxSettings> {
    (1e-3..3.0, 1e-2..50.0, prop_oneof![Just(0.0), 0.0..0.999]).prop_map(
        |(observations, prior, stay)| VbxSettings {
            observations,
            prior,
            stay,
            iterations: 8,
            ..VbxSettings::default()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_segments_have_speakers((features, phi, labels) in segments(), settings in settings()) {
        let found = vbx(&features, &phi, &labels, &settings, MAX_DISTANCE_BYTES).unwrap();
        let speakers = found.shares.len();
        prop_assert_eq!(found.labels.len(), labels.len());
        prop_assert!(found.bounds.iter().all(|bound| bound.is_finite()));
        prop_assert!((found.shares.iter().sum::<f64>() - 1.0).abs() < 1e-5);
        let mut next = 0;
        for (row, &label) in found.responsibilities.chunks_exact(speakers).zip(&found.labels) {
            prop_assert!(label <= next && label < speakers);
            next = next.max(label + 1);
            prop_assert!(row.iter().all(|&value| value <= row[label] && value >= 0.0));
        }
    }

    /// The names of labels, and the signs of coordinates, mean nothing; the bound never falls; threads do not matter.
    #[test]
    fn what_means_nothing_changes_nothing((features, _, labels) in segments(), settings in settings()) {
        let features: Vec<f64> = features.iter().map(|value| value.clamp(-5.0, 5.0)).collect();
        let phi = vec![3.0; features.len() / labels.len()];
        let run = |features: &[f64], labels: &[usize]| {
            vbx(features, &phi, labels, &settings, MAX_DISTANCE_BYTES).unwrap()
        };
        let found = run(&features, &labels);
        for pair in found.bounds.windows(2) {
            prop_assert!(pair[1] >= pair[0] - 1e-9 * pair[0].abs().max(1.0));
        }
        let renamed: Vec<usize> = labels.iter().map(|label| 1000 - 7 * label).collect();
        prop_assert_eq!(&run(&features, &renamed), &found);
        let mirrored: Vec<f64> = features.iter().map(|value| -value).collect();
        prop_assert_eq!(&run(&mirrored, &labels), &found);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        prop_assert_eq!(&pool.install(|| run(&features, &labels)), &found);
    }
}
