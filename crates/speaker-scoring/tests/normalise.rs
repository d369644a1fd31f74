//! Normalised scores against NumPy: `golden/normalise.json`, made by `golden/make_normalise.py`; and what must hold for any.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use serde_json::Value;
use speaker_scoring::{Cohort, EmbeddingMatrix, normalised};

/// All is summed in 64 bits, in another order.
const TOLERANCE: f64 = 1e-10;

fn matrix(value: &Value) -> EmbeddingMatrix {
    let rows: Vec<Vec<f32>> = serde_json::from_value(value.clone()).unwrap();
    EmbeddingMatrix::from_rows(&rows).unwrap()
}

fn floats(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).unwrap()
}

#[test]
fn normalised_scores_agree_with_numpy() {
    let golden: Value = serde_json::from_str(include_str!("golden/normalise.json")).unwrap();
    let cohort = Cohort::new(matrix(&golden["cohort"])).unwrap();
    let embeddings = matrix(&golden["embeddings"]);
    let pairs: Vec<(usize, usize)> = serde_json::from_value(golden["pairs"].clone()).unwrap();
    let scores = floats(&golden["scores"]);
    for case in golden["cases"].as_array().unwrap() {
        let top = case["top"].as_u64().map(|top| top as usize);
        let found = cohort.statistics_of(&embeddings, top).unwrap();
        for (name, of) in [("mean", 0), ("deviation", 1)] {
            for (found, expected) in found.iter().zip(floats(&case[name])) {
                let found = [found.mean, found.deviation][of];
                assert!((found - expected).abs() < TOLERANCE, "{top:?} {name}");
            }
        }
        let expected = floats(&case["normalised"]);
        assert_eq!(expected.len(), pairs.len());
        for ((&(a, b), &score), expected) in pairs.iter().zip(&scores).zip(expected) {
            let found = normalised(score, &found[a], &found[b]);
            // Of two cosines the deviation may be small.
            let tolerance = TOLERANCE * expected.abs().max(1.0) * 10.0;
            assert!(
                (found - expected).abs() < tolerance,
                "{top:?}: {found} {expected}"
            );
        }
    }
}

fn rows(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Vec<f32>>> {
    let finite = any::<f32>().prop_filter("finite", |value| value.is_finite());
    let value = prop_oneof![4 => -2.0_f32..2.0, 1 => finite];
    prop::collection::vec(prop::collection::vec(value, 5), count)
}

proptest! {
    #[test]
    fn any_scores_stay_finite_and_symmetric(
        strangers in rows(2..12),
        embeddings in rows(2..4),
        top in prop::option::of(2_usize..14),
    ) {
        let matrix = EmbeddingMatrix::from_rows(&strangers).unwrap();
        let cohort = Cohort::new(matrix).unwrap();
        let embeddings = EmbeddingMatrix::from_rows(&embeddings).unwrap();
        let found = cohort.statistics_of(&embeddings, top).unwrap();
        let score = normalised(0.3, &found[0], &found[1]);
        prop_assert!(score.is_finite());
        prop_assert_eq!(score, normalised(0.3, &found[1], &found[0]));
        // Another order of the cohort changes nothing.
        let reversed: Vec<Vec<f32>> = strangers.into_iter().rev().collect();
        let reversed = Cohort::new(EmbeddingMatrix::from_rows(&reversed).unwrap()).unwrap();
        prop_assert_eq!(reversed.statistics_of(&embeddings, top).unwrap(), found);
    }
}
