//! PyTorch's values and gradients (`tests/golden/make_losses.py`).

use std::collections::BTreeMap;

use serde::Deserialize;
use speaker_model::{LossConfig, LossInput};

use crate::module::{Case, formula};

#[derive(Deserialize)]
struct Golden {
    dim: usize,
    num_speakers: usize,
    cases: Vec<GoldenCase>,
}

#[derive(Deserialize)]
struct GoldenCase {
    loss: LossConfig,
    labels: Vec<usize>,
    #[serde(default)]
    teacher_dim: Option<usize>,
    #[serde(default)]
    num_unlabelled: usize,
    pairs: Option<Vec<(usize, usize)>>,
    step: u64,
    value: f64,
    gradients: BTreeMap<String, Vec<f64>>,
}

/// PyTorch computes in 64 bits, ours in 32: a few hundred roundings, of numbers of up to the scale of 32 in the exponents. Relative to
/// the value, and to the largest number of a gradient. Found: 1.0e-6.
const TOLERANCE: f64 = 2e-5;

#[test]
fn values_and_gradients_equal_pytorchs() {
    let golden: Golden = serde_json::from_str(include_str!("../golden/losses.json")).unwrap();
    for expected in golden.cases {
        let input = LossInput {
            embedding_dim: golden.dim,
            num_speakers: golden.num_speakers,
            teacher_dim: expected.teacher_dim,
        };
        let num_unlabelled = expected.num_unlabelled;
        let labels = &expected.labels;
        let mut case = Case::partly_labelled(expected.loss, input, labels, num_unlabelled, formula);
        case.pairs = expected.pairs;
        case.step = expected.step;
        let config = &case.config;
        let (output, found) = case.run().unwrap();
        let value = f64::from(output.value.into_scalar::<f32>());
        let error = (value - expected.value).abs() / expected.value;
        assert!(error < TOLERANCE, "{config:?}: {value} {}", expected.value);
        assert!(
            found.keys().eq(expected.gradients.keys()),
            "{config:?}: {:?}",
            found.keys()
        );
        for (name, expected) in &expected.gradients {
            let (_, found) = &found[name];
            assert_eq!(found.len(), expected.len(), "{config:?}: {name}");
            // The gradient of an offset that no softmax hears is 0 but for rounding.
            let largest = expected.iter().fold(0.05_f64, |most, v| most.max(v.abs()));
            for (found, expected) in found.iter().zip(expected) {
                let error = (found - expected).abs() / largest;
                assert!(error < TOLERANCE, "{config:?}: {name}: {found} {expected}");
            }
        }
    }
}
