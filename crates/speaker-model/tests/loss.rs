//! The KL/hinge loss against a scalar oracle, finite differences and closed forms.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use std::cell::Cell;

use burn::tensor::{Device, Tensor, TensorData};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use speaker_model::{HeadConfig, KlHingeConfig, Weighting, all_pairs, explicit_pairs};

/// Margin 3, pairs as counted. These tests give the logits themselves, so that the head is never asked.
fn paper() -> KlHingeConfig {
    KlHingeConfig::with_head(HeadConfig::linear(1))
}

fn config(margin: f64, weighting: Weighting) -> KlHingeConfig {
    KlHingeConfig {
        margin,
        weighting,
        ..paper()
    }
}

fn log_softmax(row: &[f64]) -> Vec<f64> {
    let max = row.iter().copied().fold(f64::MIN, f64::max);
    let total = row.iter().map(|z| (z - max).exp()).sum::<f64>().ln() + max;
    row.iter().map(|z| z - total).collect()
}

fn kl(p: &[f64], q: &[f64]) -> f64 {
    p.iter().zip(q).map(|(p, q)| p.exp() * (p - q)).sum()
}

/// The loss as its definition reads, pair by pair.
fn oracle(rows: &[Vec<f64>], speakers: &[usize], config: &KlHingeConfig) -> f64 {
    let log_p: Vec<_> = rows.iter().map(|row| log_softmax(row)).collect();
    let (mut same, mut different) = (Vec::new(), Vec::new());
    for i in 0..rows.len() {
        for j in 0..rows.len() {
            let divergence = kl(&log_p[i], &log_p[j]);
            match (i == j, speakers[i] == speakers[j]) {
                (true, _) => {}
                (_, true) => same.push(divergence),
                (_, false) => different.push((config.margin - divergence).max(0.0)),
            }
        }
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let share = same.len() as f64 / (same.len() + different.len()) as f64;
    let weight = match config.weighting {
        Weighting::AsCounted => share,
        Weighting::Balanced => 0.5,
        Weighting::SameShare(weight) => weight,
    };
    2.0 * (weight * mean(&same) + (1.0 - weight) * mean(&different))
}

fn tensor(rows: &[Vec<f64>], device: &Device) -> Tensor<2> {
    let values: Vec<f32> = rows.iter().flatten().map(|&v| v as f32).collect();
    Tensor::from_data(TensorData::new(values, [rows.len(), rows[0].len()]), device)
}

fn loss(rows: &[Vec<f64>], speakers: &[usize], config: &KlHingeConfig) -> f64 {
    let pairs = all_pairs(tensor(rows, &Device::flex()), speakers, config).unwrap();
    f64::from(pairs.loss.into_scalar::<f32>())
}

fn batch() -> impl Strategy<Value = (Vec<Vec<f64>>, Vec<usize>)> {
    (2usize..7, 2usize..6).prop_flat_map(|(rows, columns)| {
        (
            prop::collection::vec(prop::collection::vec(-4.0..4.0, columns), rows),
            prop::collection::vec(0usize..3, rows),
        )
    })
}

fn weighting() -> impl Strategy<Value = Weighting> {
    prop_oneof![
        Just(Weighting::AsCounted),
        Just(Weighting::Balanced),
        (0.0..1.0).prop_map(Weighting::SameShare)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    // Sums of at most 30 terms of size below 20 in 32 bits: 1e-4 is fifty roundings.
    #[test]
    fn the_matrix_form_equals_the_definition((rows, speakers) in batch(), margin in 0.5..4.0, weighting in weighting()) {
        let config = config(margin, weighting);
        let (found, expected) = (loss(&rows, &speakers, &config), oracle(&rows, &speakers, &config));
        prop_assert!((found - expected).abs() < 1e-4 * expected.max(1.0), "{found} {expected}");
    }

    #[test]
    fn explicit_pairs_of_a_whole_batch_equal_the_matrix_form((rows, speakers) in batch(), weighting in weighting()) {
        let config = config(3.0, weighting);
        let cells: Vec<(usize, usize)> = (0..rows.len()).flat_map(|i| (0..i).map(move |j| (i, j))).collect();
        let side = |pick: fn(&(usize, usize)) -> usize| -> Vec<Vec<f64>> {
            cells.iter().map(|cell| rows[pick(cell)].clone()).collect()
        };
        let same: Vec<bool> = cells.iter().map(|&(i, j)| speakers[i] == speakers[j]).collect();
        let device = Device::flex();
        let (left, right) = (tensor(&side(|c| c.0), &device), tensor(&side(|c| c.1), &device));
        let explicit = explicit_pairs(left, right, &same, &config).unwrap().loss.into_scalar::<f32>();
        let expected = loss(&rows, &speakers, &config);
        prop_assert!((f64::from(explicit) - expected).abs() < 1e-4 * expected.max(1.0));
    }

    #[test]
    fn order_of_segments_does_not_matter((mut rows, mut speakers) in batch()) {
        let config = paper();
        let before = loss(&rows, &speakers, &config);
        rows.reverse();
        speakers.reverse();
        // The same 30 terms of size below 20 in another order, in 32 bits: fifty roundings, as above.
        prop_assert!((before - loss(&rows, &speakers, &config)).abs() < 1e-4 * before.max(1.0));
    }
}

// Central differences of the f64 oracle are good to 1e-8; the gradient itself is 32-bit.
#[test]
fn the_gradient_equals_finite_differences() {
    let settings = ProptestConfig {
        source_file: Some(file!()),
        ..ProptestConfig::with_cases(64)
    };
    let (checked, cells) = (Cell::new(0), Cell::new(0));
    let run =
        TestRunner::new(settings).run(&(batch(), weighting()), |((rows, speakers), weighting)| {
            let config = config(1.7, weighting);
            let logits = tensor(&rows, &Device::flex().autodiff()).require_grad();
            let pairs = all_pairs(logits.clone(), &speakers, &config).unwrap();
            let gradients = pairs.loss.backward();
            let gradient = logits.grad(&gradients).unwrap().into_data();
            let columns = rows[0].len();
            for (cell, found) in gradient.iter::<f32>().enumerate() {
                let at = |step: f64| {
                    let mut moved = rows.clone();
                    moved[cell / columns][cell % columns] += step;
                    oracle(&moved, &speakers, &config)
                };
                let fine = (at(1e-5) - at(-1e-5)) / 2e-5;
                let coarse = (at(1e-4) - at(-1e-4)) / 2e-4;
                cells.set(cells.get() + 1);
                // Where the two steps disagree a hinge has its kink in between, and there is no derivative.
                if (fine - coarse).abs() < 1e-6 {
                    checked.set(checked.get() + 1);
                    prop_assert!((f64::from(found) - fine).abs() < 1e-4, "{found} {fine}");
                }
            }
            Ok(())
        });
    assert!(run.is_ok(), "{}", run.unwrap_err());
    // Kinks are rare: a condition that leaves out more would leave the gradient untested.
    let (checked, cells) = (checked.get(), cells.get());
    assert!(
        10 * checked >= 9 * cells,
        "{checked} of {cells} cells were checked"
    );
}

#[test]
fn extreme_logits_neither_overflow_nor_lose_their_gradient() {
    let rows = vec![vec![300.0, 0.0, -300.0], vec![-300.0, 0.0, 300.0]];
    let logits = tensor(&rows, &Device::flex().autodiff()).require_grad();
    let pairs = all_pairs(logits.clone(), &[0, 0], &paper()).unwrap();
    // Both softmaxes are one-hot in 32 bits; the divergence is 600 nats in each direction all the same.
    assert!((pairs.loss.clone().into_scalar::<f32>() - 1200.0).abs() < 1e-2);
    let gradients = pairs.loss.backward();
    let gradient: Vec<f32> = logits
        .grad(&gradients)
        .unwrap()
        .into_data()
        .iter::<f32>()
        .collect();
    assert!(gradient.iter().all(|g| g.is_finite()) && gradient.iter().any(|g| g.abs() > 0.5));
}

#[test]
fn p7_a_collapsed_network_has_the_loss_of_the_question() {
    // Balanced pairs, margin 1: one direction is (1 − p) m = 0.5; ours sums both directions.
    let rows = vec![vec![0.3, -0.2, 0.9]; 4];
    let device = Device::flex();
    let config = KlHingeConfig {
        margin: 1.0,
        ..paper()
    };
    let pairs = explicit_pairs(
        tensor(&rows, &device),
        tensor(&rows, &device),
        &[true, false, true, false],
        &config,
    )
    .unwrap();
    assert!((pairs.loss.into_scalar::<f32>() / 2.0 - 0.5).abs() < 1e-6);
    assert!((config.plateau(2, 2) - 1.0).abs() < 1e-12);
}

#[test]
fn a_divergence_is_zero_only_where_the_outputs_agree() {
    let config = paper();
    let (x, y) = ([0.5; 128], [0.9; 128]);
    assert!(loss(&[x.to_vec(), y.to_vec()], &[0, 0], &config).abs() < 1e-5);
    assert!(loss(&[vec![0.5, 0.9], vec![0.9, 0.5]], &[0, 0], &config) > 0.05);
}

#[test]
fn p12_the_plateau_of_collapsed_outputs() {
    let paper = paper();
    // 20 speakers × 5 segments: 2 m (1 − (K − 1)/(PK − 1)).
    let speakers: Vec<usize> = (0..100).map(|i| i / 5).collect();
    let collapsed = loss(&vec![vec![0.1, 0.2, 0.3]; 100], &speakers, &paper);
    assert!((collapsed - 5.757_576).abs() < 1e-4, "{collapsed}");
    assert!((paper.plateau(200, 4750) - collapsed).abs() < 1e-4);
    // Independent draws from S speakers have 1/S same-speaker pairs in expectation.
    for (margin, num_speakers, expected) in [(3.0, 100, 5.940), (2.0, 100, 3.960), (3.0, 40, 5.850)]
    {
        let config = KlHingeConfig {
            margin,
            ..paper.clone()
        };
        assert!((config.plateau(1, num_speakers - 1) - expected).abs() < 1e-9);
    }
}

#[test]
fn p13_distinct_one_hots_cost_nothing() {
    let rows: Vec<Vec<f64>> = (0..100)
        .map(|i| (0..100).map(|k| if i == k { 60.0 } else { 0.0 }).collect())
        .collect();
    let speakers: Vec<usize> = (0..100).collect();
    assert!(loss(&rows, &speakers, &paper()).abs() < 1e-6);
}

#[test]
fn p14_margins_are_reached_by_unconfident_posteriors() {
    let cases = [
        (100, [0.281, 0.458, 0.603]),
        (40, [0.347, 0.537, 0.684]),
        (1000, [0.185, 0.325, 0.448]),
    ];
    for (n, masses) in cases {
        for (margin, mass) in [1.0, 2.0, 3.0].into_iter().zip(masses) {
            let row = |own: usize| -> Vec<f64> {
                let rest: f64 = (1.0 - mass) / (n - 1) as f64;
                (0..n)
                    .map(|k| if k == own { f64::ln(mass) } else { rest.ln() })
                    .collect()
            };
            let config = KlHingeConfig { margin, ..paper() };
            // The masses are given to three digits, which is ± 0.01 of a nat.
            assert!(loss(&[row(0), row(1)], &[0, 1], &config) < 0.02);
            let wider = KlHingeConfig {
                margin: margin + 0.1,
                ..config
            };
            assert!(loss(&[row(0), row(1)], &[0, 1], &wider) > 0.15);
        }
    }
}

#[test]
fn p15_exact_collapse_is_a_stationary_point_and_near_it_the_gradient_is_linear() {
    let direction: Vec<Vec<f64>> = (0..8)
        .map(|i| (0..10).map(|k| ((i * 10 + k) as f64 * 1.7).sin()).collect())
        .collect();
    let norm = |spread: f64| {
        let rows: Vec<Vec<f64>> = direction
            .iter()
            .map(|row| row.iter().map(|v| v * spread).collect())
            .collect();
        let logits = tensor(&rows, &Device::flex().autodiff()).require_grad();
        let pairs = all_pairs(logits.clone(), &[0, 0, 1, 1, 2, 2, 3, 3], &paper()).unwrap();
        let gradients = pairs.loss.backward();
        let gradient = logits.grad(&gradients).unwrap();
        f64::from(gradient.powf_scalar(2.0).sum().sqrt().into_scalar::<f32>())
    };
    assert!(norm(0.0) < 1e-7);
    let ratio = norm(0.02) / norm(0.01);
    assert!((ratio - 2.0).abs() < 0.05, "{ratio}");
}

#[test]
fn a_batch_of_one_kind_of_pair_has_a_defined_loss() {
    let rows = vec![vec![0.0, 1.0], vec![1.0, 0.0]];
    let device = Device::flex();
    for (speakers, same) in [([0, 0], 1), ([0, 1], 0)] {
        let pairs = all_pairs(tensor(&rows, &device), &speakers, &paper()).unwrap();
        assert_eq!((pairs.num_same, pairs.num_different), (same, 1 - same));
        assert!(pairs.loss.into_scalar::<f32>().is_finite());
    }
    assert!(all_pairs(tensor(&rows[..1], &device), &[0], &paper()).is_err());
    assert!(all_pairs(tensor(&rows, &device), &[0], &paper()).is_err());
}
