//! The properties that follow from the question's loss and accuracy by algebra.

use burn::tensor::Device;
use proptest::prelude::*;

use super::*;

fn settings(shape: Shape) -> Settings {
    Settings {
        shape,
        ..Settings::question()
    }
}

fn column(values: &[f64]) -> Tensor<2> {
    let values: Vec<f32> = values.iter().map(|&v| v as f32).collect();
    let shape = [values.len(), 1];
    Tensor::from_data(TensorData::new(values, shape), &Device::flex().autodiff()).require_grad()
}

/// The loss of distances as they are, and its gradient.
fn of_distances(d: &[f64], same: &[bool], settings: &Settings) -> (f64, Vec<f64>) {
    let labels: Vec<f64> = same.iter().map(|&same| f64::from(u8::from(same))).collect();
    let (labels, d) = (column(&labels), column(d));
    let loss = match settings.shape {
        Shape::Broadcast => broadcast(&labels, d.clone(), settings),
        Shape::Kept => labels.clone() * d.clone() + (-labels + 1.0) * hinge(d.clone(), settings),
    }
    .mean();
    let gradients = loss.backward();
    let gradient = d.grad(&gradients).unwrap().into_data();
    let value = f64::from(loss.into_scalar::<f32>());
    (value, gradient.iter::<f64>().collect())
}

/// What numpy makes of `np.mean(y[:, None] * d + (1 - y[:, None]) * np.mean(np.maximum(0, m - d), axis=-1))`.
fn outer(d: &[f64], same: &[bool], margin: f64) -> f64 {
    let hinge = d.iter().map(|d| (margin - d).max(0.0)).sum::<f64>() / d.len() as f64;
    let mut sum = 0.0;
    for &same in same {
        let y = f64::from(u8::from(same));
        for d in d {
            sum += y * d + (1.0 - y) * hinge;
        }
    }
    sum / (d.len() * d.len()) as f64
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 2e-6 * a.abs().max(b.abs()).max(1.0)
}

fn pairs_and_labels() -> impl Strategy<Value = (Vec<f64>, Vec<bool>)> {
    (1_usize..20).prop_flat_map(|count| {
        (
            prop::collection::vec(-3.0..6.0_f64, count),
            prop::collection::vec(any::<bool>(), count),
        )
    })
}

proptest! {
    /// The broadcast loss is p·mean d + (1 − p)·mean relu(m − d), whatever the order of the labels.
    #[test]
    fn labels_enter_only_through_their_mean((d, mut same) in pairs_and_labels(), margin in 0.5..3.0_f64) {
        let settings = Settings { margin, ..settings(Shape::Broadcast) };
        let (value, gradient) = of_distances(&d, &same, &settings);
        prop_assert!(near(value, outer(&d, &same, margin)));
        let p = share(&same);
        let count = d.len() as f64;
        let attraction = d.iter().sum::<f64>() / count;
        let repulsion = d.iter().map(|d| (margin - d).max(0.0)).sum::<f64>() / count;
        prop_assert!(near(value, p * attraction + (1.0 - p) * repulsion));
        same.reverse();
        let (other, other_gradient) = of_distances(&d, &same, &settings);
        prop_assert!(near(value, other));
        prop_assert!(gradient.iter().zip(&other_gradient).all(|(a, b)| near(*a, *b)));
    }

    /// Below the margin every distance has the slope (2p − 1) / B, above it p / B.
    #[test]
    fn its_slope_depends_on_the_share_alone((d, same) in pairs_and_labels()) {
        prop_assume!(d.iter().all(|d| (d - 1.0).abs() > 1e-3));
        let (_, gradient) = of_distances(&d, &same, &settings(Shape::Broadcast));
        let (p, count) = (share(&same), d.len() as f64);
        for (d, slope) in d.iter().zip(gradient) {
            let expected = if *d < 1.0 { 2.0 * p - 1.0 } else { p };
            prop_assert!(near(slope, expected / count), "{} {}", slope, expected / count);
        }
    }

    /// With half of the pairs of one speaker, accuracy cannot pass 0.5.
    #[test]
    fn accuracy_has_a_ceiling(mut d in prop::collection::vec(-3.0..6.0_f64, 2..20)) {
        d.truncate(d.len() / 2 * 2);
        let same: Vec<bool> = (0..d.len()).map(|pair| pair % 2 == 0).collect();
        let found = accuracy(&d, &same, Shape::Broadcast);
        let all_zero_or_one = d.iter().all(|d| (-0.5..=1.5).contains(d));
        prop_assert!(found <= 0.5);
        prop_assert_eq!((found - 0.5).abs() < 1e-12, all_zero_or_one);
    }

    /// The later threshold metric, d < 0.4, is 0.5 for every d: labels and hits are broadcast against each other too.
    #[test]
    fn the_threshold_metric_is_one_half(d in prop::collection::vec(-3.0..6.0_f64, 2..20)) {
        let same: Vec<bool> = (0..d.len() / 2 * 2).map(|pair| pair % 2 == 0).collect();
        let hits = d.iter().map(|&d| d < 0.4);
        let equal: Vec<bool> = hits.flat_map(|hit| same.iter().map(move |&same| same == hit)).collect();
        prop_assert!((share(&equal) - 0.5).abs() < 1e-12);
    }
}

/// With p = ½ the loss is half the mean of max(d, m): half the margin, flat, once all distances are below it.
#[test]
fn half_the_margin_without_a_gradient() {
    let same = [true, false, true, false];
    for margin in [1.0, 3.0] {
        let settings = Settings {
            margin,
            ..settings(Shape::Broadcast)
        };
        let (value, gradient) = of_distances(&[0.1, 0.9, -2.0, 0.3], &same, &settings);
        assert!(near(value, margin / 2.0));
        assert!(
            gradient.iter().all(|slope| slope.abs() < 1e-9),
            "{gradient:?}"
        );
        let d = [0.1, 9.0, -2.0, 5.0];
        let expected = 0.5 * d.iter().map(|d: &f64| d.max(margin)).sum::<f64>() / 4.0;
        assert!(near(of_distances(&d, &same, &settings).0, expected));
    }
}

/// A share below one half pushes all pairs apart, one above it draws all together.
#[test]
fn the_share_decides_where_all_pairs_go() {
    let slopes = |same: &[bool]| of_distances(&[0.2; 4], same, &settings(Shape::Broadcast)).1;
    assert!(
        slopes(&[true, false, false, false])
            .iter()
            .all(|&slope| slope < 0.0)
    );
    assert!(
        slopes(&[true, true, true, false])
            .iter()
            .all(|&slope| slope > 0.0)
    );
}

/// Distances that separate perfectly give 0.5 with the broadcast and 0 without it; all alike, 0.5.
#[test]
fn accuracy_is_upside_down_once_the_shape_is_right() {
    let same = [true, false, true, false];
    let perfect = [0.0, 1.0, 0.0, 1.0];
    assert_eq!(accuracy(&perfect, &same, Shape::Broadcast), 0.5);
    assert_eq!(accuracy(&perfect, &same, Shape::Kept), 0.0);
    assert_eq!(accuracy(&[0.0; 4], &same, Shape::Kept), 0.5);
}

/// A true collapse has the same 0.5, and there labels matter as soon as distances differ.
#[test]
fn a_collapse_looks_like_the_broadcast() {
    let same = [true, false, true, false];
    let swapped = [false, true, false, true];
    let loss = |d: &[f64], same: &[bool], shape| of_distances(d, same, &settings(shape)).0;
    assert!(near(loss(&[0.0; 4], &same, Shape::Kept), 0.5));
    assert!(near(loss(&[0.0; 4], &same, Shape::Broadcast), 0.5));
    let d = [0.1, 0.9, 0.2, 0.8];
    let far = |shape| (loss(&d, &same, shape) - loss(&d, &swapped, shape)).abs();
    assert!(far(Shape::Broadcast) < 1e-6 && far(Shape::Kept) > 0.5);
}

fn outputs(rows: &[&[f32]]) -> Tensor<2> {
    let shape = [rows.len(), rows[0].len()];
    let device = Device::flex().autodiff();
    Tensor::from_data(TensorData::new(rows.concat(), shape), &device).require_grad()
}

/// The clipped sum is no divergence, and what is clipped has no gradient.
#[test]
fn clipped_outputs_have_negative_distances_and_no_gradient() {
    let given = outputs(&[&[0.5, 2.0, 0.0], &[0.9, 3.0, 0.0]]);
    let settings = settings(Shape::Kept);
    let loss = batch_loss(given.clone(), &[true], &settings);
    let expected = 0.5 * (0.5_f64 / 0.9).ln();
    assert!(near(loss.distances[0], expected) && expected < 0.0);
    let gradients = loss.loss.backward();
    let gradient: Vec<f32> = given
        .grad(&gradients)
        .unwrap()
        .into_data()
        .iter::<f32>()
        .collect();
    assert!(gradient[0] != 0.0 && gradient[3] != 0.0);
    assert_eq!(
        [gradient[1], gradient[2], gradient[4], gradient[5]],
        [0.0; 4]
    );
    // One unit at its two ends is 16.1 apart, or nothing the other way round.
    let ends = outputs(&[&[1.0], &[0.0]]);
    let loss = batch_loss(ends.clone(), &[true], &settings);
    assert!((loss.distances[0] - 16.118).abs() < 1e-3);
}

/// All pairs against the plain loop over them in 64 bits, both directions and one.
#[test]
fn all_pairs_are_the_mean_over_pairs() {
    let rows: [&[f32]; 4] = [
        &[0.7, 0.2, 0.1],
        &[0.5, 0.3, 0.2],
        &[0.1, 0.1, 0.8],
        &[0.2, 0.6, 0.2],
    ];
    let speakers = [4, 4, 7, 9];
    for directions in [Directions::One, Directions::Both] {
        let settings = Settings {
            directions,
            ..Settings::pk()
        };
        let same = same_of(&speakers, true);
        let found = batch_loss(outputs(&rows), &same, &settings).value();
        let mut sum = 0.0;
        for i in 0..4 {
            for j in i + 1..4 {
                let [p, q] =
                    [i, j].map(|k| rows[k].iter().map(|&v| f64::from(v)).collect::<Vec<_>>());
                let kl = diagnosis::preflight::kl_divergence;
                let distances = match directions {
                    Directions::One => vec![kl(&p, &q)],
                    Directions::Both => vec![kl(&p, &q), kl(&q, &p)],
                };
                sum += pair_loss(&distances, speakers[i] == speakers[j], &settings);
            }
        }
        assert!(near(found, sum / 6.0));
    }
}

/// The loss of a collapsed batch is 2·m·(share of different pairs), 20 × 5 of margin 3: 5.7576.
#[test]
fn the_plateau_is_the_loss_of_outputs_all_alike() {
    let speakers: Vec<usize> = (0..100).map(|segment| segment / 5).collect();
    let same = same_of(&speakers, true);
    let settings = Settings::pk();
    assert!((plateau(&same, &settings) - 5.7576).abs() < 1e-4);
    let alike = Tensor::<2>::ones([100, 4], &Device::flex()) / 4.0;
    assert!((batch_loss(alike, &same, &settings).value() - 5.7576).abs() < 1e-3);
}

/// Under the softplus hinge that came later every distance has a positive slope: all pairs are drawn together.
#[test]
fn a_softplus_hinge_collapses() {
    let settings = Settings {
        hinge: Hinge::Softplus,
        margin: 3.0,
        ..settings(Shape::Broadcast)
    };
    let d = [-1.0, 0.0, 1.0, 2.9, 3.1, 8.0];
    let same = [true, false, true, false, true, false];
    let (_, gradient) = of_distances(&d, &same, &settings);
    for (d, slope) in d.iter().zip(gradient) {
        let expected = 0.5 / (1.0 + (3.0 - d).exp()) / 6.0;
        assert!(near(slope, expected) && slope > 0.0, "{slope} {expected}");
    }
}
