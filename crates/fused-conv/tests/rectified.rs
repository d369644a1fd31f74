//! A layer behind a norm and a rectifier leaves out what is zero, and nobody can tell.
// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod instructions;

use fused_conv::{
    Activation, Activations, BatchNorm, Conv1d, Conv1dShape, Epilogue, Norm, RectifiedDense, View,
    ViewMut,
};
use instructions::with_all;
use proptest::prelude::*;

/// Numbers in ± 1 that look like chance.
fn values(seed: usize, len: usize) -> Vec<f32> {
    let hash = |index: usize| ((index + seed * 7919) as u32).wrapping_mul(2_654_435_761) >> 8;
    (0..len)
        .map(|index| (hash(index * 31 + 17) % 2001) as f32 / 1000.0 - 1.0)
        .collect()
}

/// The layer, and norm, rectifier and layer one after the other, of frames that lie in wider rows.
fn both(x: &[f32], [inputs, outputs]: [usize; 2], shift: f32) -> [Vec<f32>; 2] {
    let (gamma, variance) = (values(3, inputs), vec![1.0; inputs]);
    let (beta, mean) = (vec![shift; inputs], values(4, inputs));
    let norm = BatchNorm {
        weight: Some(&gamma),
        bias: Some(&beta),
        mean: &mean,
        variance: &variance,
        eps: 1e-5,
    };
    let bias = values(5, outputs);
    let epilogue = Epilogue {
        bias: Some(&bias),
        activation: Activation::Relu,
        ..Epilogue::default()
    };
    let weights = values(6, inputs * outputs);
    let wide = Conv1dShape::dense(inputs, outputs);
    let layer = RectifiedDense::new([inputs, outputs], &norm, &weights, &epilogue).unwrap();
    let dense = Conv1d::new(wide, &weights, &epilogue).unwrap();
    let norm = Norm::new(inputs, &norm, Activation::Relu).unwrap();
    let x = View::new(x, inputs + 3).unwrap();
    let x = x.channel_range(1..inputs + 1).unwrap();
    let mut found = Activations::new(x.rows(), outputs).unwrap();
    layer.forward(x, found.view_mut()).unwrap();
    let mut normed = Activations::new(x.rows(), inputs).unwrap();
    norm.forward(x, normed.view_mut()).unwrap();
    let mut expected = Activations::new(x.rows(), outputs).unwrap();
    dense
        .forward(normed.view(), None, expected.view_mut())
        .unwrap();
    [found.view().to_vec(), expected.view().to_vec()]
}

fn widths() -> impl Strategy<Value = usize> {
    prop_oneof![
        Just(1usize),
        1usize..20,
        Just(32),
        Just(64),
        60usize..140,
        300usize..340
    ]
}

proptest! {
    #[test]
    fn zeros_that_are_left_out_change_no_bit(
        inputs in widths(),
        outputs in widths(),
        frames in prop_oneof![1usize..12, 200usize..230],
        shift in -2.0f32..2.0,
    ) {
        let x = values(1, frames * (inputs + 3));
        with_all(|_| {
            let [found, expected] = both(&x, [inputs, outputs], shift);
            assert_eq!(found, expected);
        });
    }

    #[test]
    fn nothing_that_is_no_number_is_left_out(
        inputs in widths(),
        frames in 1usize..12,
        place in any::<prop::sample::Index>(),
        number in prop_oneof![Just(f32::NAN), Just(-f32::NAN)],
    ) {
        let mut x = values(1, frames * (inputs + 3));
        let at = place.index(frames * inputs);
        let (frame, input) = (at / inputs, at % inputs);
        x[frame * (inputs + 3) + 1 + input] = number;
        with_all(|_| {
            let [found, _] = both(&x, [inputs, 33], 0.1);
            for (row, found) in found.chunks(33).enumerate() {
                assert!(found.iter().all(|value| value.is_nan() == (row == frame)));
            }
        });
    }
}

#[test]
fn views_of_other_sizes_are_refused() {
    let ones = [1.0; 4];
    let norm = BatchNorm {
        weight: None,
        bias: None,
        mean: &ones,
        variance: &ones,
        eps: 1e-5,
    };
    let epilogue = Epilogue::default();
    assert!(RectifiedDense::new([4, 2], &norm, &[1.0; 7], &epilogue).is_err());
    assert!(RectifiedDense::new([3, 2], &norm, &[1.0; 6], &epilogue).is_err());
    let layer = RectifiedDense::new([4, 2], &norm, &[1.0; 8], &epilogue).unwrap();
    let x = [1.0; 12];
    for (channels, rows, outputs) in [(3, 4, 2), (4, 2, 2), (4, 3, 3)] {
        let mut out = vec![0.0; rows * outputs];
        let out = ViewMut::new(&mut out, outputs).unwrap();
        assert!(
            layer
                .forward(View::new(&x, channels).unwrap(), out)
                .is_err()
        );
    }
}
