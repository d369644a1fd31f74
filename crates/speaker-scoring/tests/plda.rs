//! Models of speakers against SciPy and scikit-learn: `golden/plda.json`, made by `golden/make_plda.py`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::Value;
use speaker_scoring::{EmbeddingMatrix, Plda, PldaSettings};

/// Both sides are of 64 bits; theirs invert and factor matrices of up to 48 dimensions.
const TOLERANCE: f64 = 1e-8;

struct Golden {
    json: Value,
    rows: EmbeddingMatrix,
    labels: Vec<usize>,
    trials: EmbeddingMatrix,
    pairs: Vec<(usize, usize)>,
    sets: Vec<(Vec<usize>, Vec<usize>)>,
}

impl Golden {
    fn read() -> Self {
        let json: Value = serde_json::from_str(include_str!("golden/plda.json")).unwrap();
        let matrix = |name: &str| {
            let rows: Vec<Vec<f32>> = serde_json::from_value(json[name].clone()).unwrap();
            EmbeddingMatrix::from_rows(&rows).unwrap()
        };
        Self {
            rows: matrix("rows"),
            trials: matrix("trials"),
            labels: serde_json::from_value(json["labels"].clone()).unwrap(),
            pairs: serde_json::from_value(json["trial_pairs"].clone()).unwrap(),
            sets: serde_json::from_value(json["trial_sets"].clone()).unwrap(),
            json,
        }
    }

    /// The scores of pairs and of sets beside those of the case.
    fn compare(&self, model: &Plda, case: &Value) {
        let all = model.scores(&self.trials, &self.pairs).unwrap();
        for ((&(a, b), &found), expected) in self.pairs.iter().zip(&all).zip(floats(&case["pairs"]))
        {
            close(found, expected, &case["settings"]);
            let (a, b) = (self.trials.row(a), self.trials.row(b));
            assert_eq!(model.score_pair(a, b).unwrap(), found);
            assert_eq!(model.score_pair(b, a).unwrap(), found);
        }
        assert_eq!(self.sets.len(), case["sets"].as_array().unwrap().len());
        for ((a, b), expected) in self.sets.iter().zip(floats(&case["sets"])) {
            let side = |rows: &[usize]| -> Vec<&[f32]> {
                rows.iter().map(|&row| self.trials.row(row)).collect()
            };
            let found = model.score(&side(a), &side(b)).unwrap();
            close(found, expected, &case["settings"]);
        }
    }
}

fn floats(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).unwrap()
}

fn close(found: f64, expected: f64, what: &Value) {
    let difference = (found - expected).abs();
    assert!(
        difference < TOLERANCE * expected.abs().max(1.0),
        "{what}: {found} {expected}"
    );
}

#[test]
fn scores_of_given_covariances_are_scipys() {
    let golden = Golden::read();
    let given = &golden.json["given"];
    let model: Plda = serde_json::from_value(given["model"].clone()).unwrap();
    assert_eq!((model.dim(), model.kept()), (6, 5));
    golden.compare(&model, given);
}

#[test]
fn estimated_models_score_as_those_of_dense_matrices() {
    let golden = Golden::read();
    for case in golden.json["fits"].as_array().unwrap() {
        let settings: PldaSettings = serde_json::from_value(case["settings"].clone()).unwrap();
        let model = Plda::fit(&golden.rows, &golden.labels, &settings).unwrap();
        let expected = floats(&case["psi"]);
        assert_eq!(model.psi().len(), expected.len());
        for (&found, expected) in model.psi().iter().zip(expected) {
            close(found, expected, &case["settings"]);
        }
        golden.compare(&model, case);
    }
}
