//! Spreads, histograms and units against closed forms.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use diagnosis::{LayerUnits, Spread, TwoHistograms};
use proptest::prelude::*;

/// ± each axis of `dim` dimensions, moved by `offset` along the first.
fn axes(dim: usize, offset: f32) -> Vec<Vec<f32>> {
    (0..2 * dim)
        .map(|i| {
            let mut row = vec![0.0; dim];
            row[i / 2] = if i % 2 == 0 { 1.0 } else { -1.0 };
            row[0] += offset;
            row
        })
        .collect()
}

#[test]
fn effective_rank_counts_directions() {
    // The covariance of ± axes is the identity over dim: its participation ratio is dim, whatever the offset.
    for (dim, offset) in [(2, 0.0), (5, 3.0), (40, 0.5)] {
        let spread = Spread::of(&axes(dim, offset)).unwrap();
        assert!(
            (spread.effective_rank - dim as f64).abs() < 1e-4,
            "{spread:?}"
        );
    }
    // More dimensions than rows go by the Gram matrix: three rows at right angles spread over two directions.
    let wide: Vec<Vec<f32>> = (0..3)
        .map(|i| (0..50).map(|d| f32::from(u8::from(d == i))).collect())
        .collect();
    assert!((Spread::of(&wide).unwrap().effective_rank - 2.0).abs() < 1e-6);
    let line: Vec<Vec<f32>> = (0..9u8)
        .map(|i| vec![f32::from(i), 2.0 * f32::from(i) + 1.0])
        .collect();
    assert!((Spread::of(&line).unwrap().effective_rank - 1.0).abs() < 1e-6);
    let point = vec![vec![1.0, 2.0, 3.0]; 7];
    let spread = Spread::of(&point).unwrap();
    assert_eq!(spread.effective_rank, 0.0);
    assert!((spread.offset_share - 1.0).abs() < 1e-9);
    assert!((spread.mean_norm - 14.0_f64.sqrt()).abs() < 1e-6 && spread.norm_deviation < 1e-6);
    assert_eq!(Spread::of(&[vec![1.0]]), None);
}

#[test]
fn offset_share_is_the_length_of_the_mean() {
    // Mean 3 along the first axis; mean square 9 + 1.
    let spread = Spread::of(&axes(5, 3.0)).unwrap();
    assert!(
        (spread.offset_share - 0.9_f64.sqrt()).abs() < 1e-6,
        "{spread:?}"
    );
    assert!(Spread::of(&axes(5, 0.0)).unwrap().offset_share < 1e-6);
}

#[test]
fn overlap_is_what_two_histograms_share() {
    let of = |same: &[f64], different: &[f64]| {
        let same = same.iter().map(|&v| (v, true));
        TwoHistograms::of(same.chain(different.iter().map(|&v| (v, false))))
            .map(|both| both.overlap)
    };
    assert_eq!(of(&[0.0, 0.1], &[0.9, 1.0]), Some(0.0));
    assert_eq!(of(&[0.0, 1.0], &[0.0, 1.0]), Some(1.0));
    assert_eq!(of(&[0.0, 1.0], &[1.0]), Some(0.5));
    assert_eq!(of(&[3.0], &[3.0, 3.0]), Some(1.0), "one value is one bin");
    assert_eq!(of(&[0.0], &[f64::NAN]), None);
}

#[test]
fn dead_and_saturated_units_are_counted() {
    // Alive, dead at 0, saturated at both ends, dead at 0.995.
    let rows: Vec<Vec<f32>> = (0..20u8)
        .map(|i| {
            vec![
                f32::from(i) / 20.0,
                0.0,
                if i % 2 == 0 { 0.999 } else { -0.999 },
                0.995,
            ]
        })
        .collect();
    let layer = LayerUnits::of("x", &rows, Some(1.0));
    assert_eq!(
        (layer.num_units, layer.num_dead, layer.num_saturated),
        (4, 2, 2)
    );
    assert_eq!(LayerUnits::of("x", &rows, None).num_saturated, 0);
    assert_eq!(LayerUnits::of("x", &[], None).num_units, 0);
}

proptest! {
    #[test]
    fn overlap_is_a_share_and_every_value_is_counted(
        values in prop::collection::vec((-1e3f64..1e3, any::<bool>()), 0..200),
    ) {
        if let Some(both) = TwoHistograms::of(values.iter().copied()) {
            prop_assert!((0.0..=1.0 + 1e-12).contains(&both.overlap));
            let counted: u64 = both.same.iter().chain(&both.different).sum();
            prop_assert_eq!(counted as usize, values.len());
        }
    }

    #[test]
    fn effective_rank_lies_between_one_and_the_dimensions(
        rows in prop::collection::vec(prop::collection::vec(-5f32..5.0, 4), 2..30),
    ) {
        let spread = Spread::of(&rows).unwrap();
        prop_assert!(spread.effective_rank <= 4.0 + 1e-6);
        prop_assert!(spread.effective_rank == 0.0 || spread.effective_rank >= 1.0 - 1e-6);
    }
}
