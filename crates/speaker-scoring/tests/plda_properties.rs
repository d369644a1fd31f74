//! What must hold for any model of speakers, what is refused, and what is stored.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use serde_json::{Value, json};
use speaker_scoring::{EmbeddingMatrix, Plda, PldaSettings, ScoringError};

const DIM: usize = 4;
type Rows = Vec<[f32; DIM]>;

fn matrix(rows: &Rows) -> EmbeddingMatrix {
    EmbeddingMatrix::from_rows(rows).unwrap()
}

/// Recordings of seven speakers, from one to three each.
fn recordings() -> (Rows, Vec<usize>) {
    let wave = |at: usize, step: f64| (at as f64 * step).sin();
    let labels: Vec<usize> = (0..15).map(|at| at * at % 7 * 10 + at % 2).collect();
    let row = |(at, &label): (usize, &usize)| {
        std::array::from_fn(|axis| {
            (1.5 * wave(label * 5 + axis, 1.7) + 0.6 * wave(at * 7 + axis * 3, 2.3) + 0.4) as f32
        })
    };
    (labels.iter().enumerate().map(row).collect(), labels)
}

fn fitted(settings: &PldaSettings) -> Plda {
    let (rows, labels) = recordings();
    Plda::fit(&matrix(&rows), &labels, settings).unwrap()
}

fn with_lda(lda: Option<usize>) -> PldaSettings {
    PldaSettings {
        lda,
        ..PldaSettings::default()
    }
}

#[test]
fn one_speaker_scores_higher_than_two() {
    let (rows, labels) = recordings();
    let model = fitted(&with_lda(Some(3)));
    let (mut same, mut other) = (Vec::new(), Vec::new());
    for a in 0..rows.len() {
        for b in 0..a {
            let score = model.score_pair(&rows[a], &rows[b]).unwrap();
            match labels[a] == labels[b] {
                true => same.push(score),
                false => other.push(score),
            }
        }
    }
    let mean = |scores: Vec<f64>| scores.iter().sum::<f64>() / scores.len() as f64;
    assert!(mean(same) > 0.5 && mean(other) < -0.5);
}

#[test]
fn more_recordings_say_more_than_their_mean() {
    let (rows, _) = recordings();
    let model = fitted(&with_lda(None));
    let one = model.statistics(&rows[..1]).unwrap();
    let thrice = model.statistics(&[rows[0], rows[0], rows[0]]).unwrap();
    assert_eq!((one.count(), thrice.count()), (1, 3));
    let other = model.statistics(&rows[1..2]).unwrap();
    let [few, many] = [&one, &thrice].map(|side| model.compare(side, &other).unwrap());
    assert!((few - many).abs() > 1e-3);
}

#[test]
fn data_that_cannot_support_a_model_are_refused() {
    let (rows, labels) = recordings();
    let fit = |rows: &Rows, labels: &[usize], settings: &PldaSettings| {
        Plda::fit(&matrix(rows), labels, settings).unwrap_err()
    };
    let default = PldaSettings::default();
    assert!(matches!(
        fit(&rows, &labels[1..], &default),
        ScoringError::LengthMismatch {
            name: "speakers",
            found: 14,
            expected: 15
        }
    ));
    assert!(matches!(
        fit(&rows, &[3; 15], &default),
        ScoringError::TooFewSpeakers {
            found: 1,
            expected: 2
        }
    ));
    let mut once: Vec<usize> = (0..15).collect();
    once[1] = 0;
    assert!(matches!(
        fit(&rows, &once, &default),
        ScoringError::TooFewRepeated {
            found: 1,
            expected: 2
        }
    ));
    // Copies of one recording, however loud.
    let copies: Rows = (0..6)
        .map(|at| rows[at / 2].map(|value| value * (1 + at) as f32))
        .collect();
    assert_eq!(
        fit(&copies, &[0, 0, 1, 1, 2, 2], &default),
        ScoringError::NoSpread
    );
    for (lda, smoothing, wrong) in [
        (Some(0), 0.0, "lda"),
        (Some(DIM + 1), 0.0, "lda"),
        (None, 1.1, "smoothing"),
        (None, f64::NAN, "smoothing"),
    ] {
        let settings = PldaSettings {
            lda,
            smoothing,
            iterations: 2,
        };
        assert!(matches!(
            fit(&rows, &labels, &settings),
            ScoringError::InvalidParameter { name, .. } if name == wrong
        ));
    }
    // Two speakers have one discriminant.
    let two: Vec<usize> = (0..15).map(|at| at % 2).collect();
    assert!(Plda::fit(&matrix(&rows), &two, &with_lda(Some(1))).is_ok());
    assert!(matches!(
        fit(&rows, &two, &with_lda(Some(2))),
        ScoringError::InvalidParameter { name: "lda", .. }
    ));
}

#[test]
fn recordings_that_cannot_be_scored_are_refused() {
    let model = fitted(&with_lda(Some(2)));
    let row = [1.0_f32; DIM];
    assert!(matches!(
        model.score(&[row], &[] as &[[f32; DIM]]),
        Err(ScoringError::Empty { .. })
    ));
    assert!(matches!(
        model.score_pair(&row, &row[1..]),
        Err(ScoringError::DimensionMismatch {
            found: 3,
            expected: DIM,
            ..
        })
    ));
    assert!(matches!(
        model.score(&[row, [1.0, f32::INFINITY, 0.0, 0.0]], &[row]),
        Err(ScoringError::NotFinite { index: 1, .. })
    ));
    let embeddings = matrix(&vec![row; 3]);
    assert!(matches!(
        model.scores(&embeddings, &[(0, 1), (3, 0)]),
        Err(ScoringError::RowOutOfRange {
            index: 1,
            found: 3,
            num_rows: 3,
            ..
        })
    ));
    let narrow = EmbeddingMatrix::from_rows(&[[1.0, 2.0]]).unwrap();
    assert!(model.scores(&narrow, &[]).is_err());
    let other = fitted(&with_lda(Some(3))).statistics(&[row]).unwrap();
    let own = model.statistics(&[row]).unwrap();
    assert!(matches!(
        model.compare(&own, &other),
        Err(ScoringError::DimensionMismatch {
            index: 1,
            found: 3,
            expected: 2,
            ..
        })
    ));
}

#[test]
fn a_stored_model_comes_back_and_a_damaged_one_is_refused() {
    let (rows, _) = recordings();
    for lda in [None, Some(2)] {
        let model = fitted(&with_lda(lda));
        let stored = serde_json::to_value(&model).unwrap();
        let back: Plda = serde_json::from_str(&stored.to_string()).unwrap();
        let score = |model: &Plda| model.score_pair(&rows[0], &rows[1]).unwrap();
        assert!((score(&back) - score(&model)).abs() < 1e-12);
        let damage = |name: &str, value: Value| {
            let mut damaged = stored.clone();
            damaged[name] = value;
            serde_json::from_value::<Plda>(damaged)
                .unwrap_err()
                .to_string()
        };
        for name in ["centre", "mean", "transform", "psi"] {
            assert!(damage(name, json!([])).contains("expected"), "{name}");
            let mut longer = stored[name].clone();
            longer.as_array_mut().unwrap().push(json!(0.5));
            assert!(damage(name, longer).contains("of the model has"), "{name}");
        }
        assert!(damage("lda", json!([1.0, 2.0])).contains("`lda` of the model has 2 values"));
        assert!(damage("psi", json!(vec![-1.0; model.kept()])).contains("none below 0"));
        damage("surprise", json!(1));
    }
    let settings: PldaSettings = serde_json::from_str(r#"{"lda": 3}"#).unwrap();
    assert_eq!(settings, with_lda(Some(3)));
    assert!(serde_json::from_str::<PldaSettings>(r#"{"ldaa": 3}"#).is_err());
}

#[test]
fn any_number_of_threads_makes_the_same_model() {
    let (rows, labels) = recordings();
    let pairs: Vec<(usize, usize)> = (0..15).map(|at| (at, at * 4 % 15)).collect();
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap().install(|| {
            let model = Plda::fit(&matrix(&rows), &labels, &with_lda(Some(3))).unwrap();
            let scores = model.scores(&matrix(&rows), &pairs).unwrap();
            (model, scores)
        })
    };
    assert_eq!(with(1), with(3));
}

fn any_row() -> impl Strategy<Value = [f32; DIM]> {
    let finite = any::<f32>().prop_filter("finite", |value| value.is_finite());
    let value = prop_oneof![6 => -2.0_f32..2.0, 2 => Just(0.0), 1 => finite];
    prop::collection::vec(value, DIM).prop_map(|row| std::array::from_fn(|axis| row[axis]))
}

proptest! {
    #[test]
    fn scores_are_finite_symmetric_and_of_no_order(
        a in prop::collection::vec(any_row(), 1..5),
        b in prop::collection::vec(any_row(), 1..5),
        lda in prop::option::of(1_usize..=DIM),
    ) {
        let model = fitted(&with_lda(lda));
        let score = model.score(&a, &b).unwrap();
        prop_assert!(score.is_finite());
        prop_assert_eq!(score, model.score(&b, &a).unwrap());
        let reversed: Rows = a.iter().rev().copied().collect();
        prop_assert!((score - model.score(&reversed, &b).unwrap()).abs() < 1e-9);
    }

    /// Degenerate recordings too: zeros, copies, values of any size, fewer speakers than dimensions.
    #[test]
    fn any_recordings_make_a_model_or_a_reason(
        rows in prop::collection::vec(any_row(), 1..14),
        speakers in 1_usize..6,
        lda in prop::option::of(0_usize..=DIM),
        smoothing in prop_oneof![Just(0.0), 0.0..=1.0],
        iterations in 0_usize..12,
    ) {
        let labels: Vec<usize> = (0..rows.len()).map(|at| at % speakers).collect();
        let settings = PldaSettings { lda, iterations, smoothing };
        if let Ok(model) = Plda::fit(&matrix(&rows), &labels, &settings) {
            prop_assert!(model.psi().iter().all(|psi| psi.is_finite() && *psi >= 0.0));
            let pairs: Vec<_> = (0..rows.len()).map(|at| (at, 0)).collect();
            for score in model.scores(&matrix(&rows), &pairs).unwrap() {
                prop_assert!(score.is_finite());
            }
        }
    }

    #[test]
    fn a_rotation_and_another_order_of_recordings_change_nothing(
        angle in 0.0_f64..6.0,
        lda in prop::option::of(1_usize..=DIM),
        start in 0_usize..15,
    ) {
        let (rows, labels) = recordings();
        let model = fitted(&with_lda(lda));
        // Exact in 32 bits: axes change places and signs.
        let exact = |row: &[f32; DIM]| [-row[2], row[0], row[3], -row[1]];
        let (sine, cosine) = angle.sin_cos();
        let rounded = |row: &[f32; DIM]| {
            let (x, y) = (f64::from(row[0]), f64::from(row[2]));
            [(cosine * x - sine * y) as f32, row[1], (sine * x + cosine * y) as f32, row[3]]
        };
        let by_order = [&rows[start..], &rows[..start]].concat();
        let their_labels = [&labels[start..], &labels[..start]].concat();
        let by_exact: Rows = rows.iter().map(exact).collect();
        let by_rounded: Rows = rows.iter().map(rounded).collect();
        let cases = [
            (by_exact.clone(), labels.clone(), by_exact, 1e-7),
            (by_rounded.clone(), labels, by_rounded, 1e-3),
            (by_order, their_labels, rows.clone(), 1e-7),
        ];
        for (trained, labels, tried, tolerance) in cases {
            let other = Plda::fit(&matrix(&trained), &labels, &with_lda(lda)).unwrap();
            for at in 1..rows.len() {
                let expected = model.score_pair(&rows[0], &rows[at]).unwrap();
                let found = other.score_pair(&tried[0], &tried[at]).unwrap();
                let tolerance = tolerance * expected.abs().max(1.0);
                prop_assert!((found - expected).abs() < tolerance, "{found} {expected}");
            }
        }
    }
}
