//! Sigmoid and tanh in plain f32 arithmetic: no branch, no call, no table, so that a loop over them becomes vector code.
//!
//! Both stand on `exp(x) = 2^n (1 + q(r))` with `n = round(x / ln 2)` and `|r| <= ln 2 / 2`; the polynomial is that of
//! Cephes' `expf`. Against f64 the absolute error stays below 2e-7 everywhere.

use std::f32::consts::LOG2_E;

/// ln 2 in two parts; the first has few enough bits that `n * LN2_HIGH` is exact.
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;
/// Adding 1.5 * 2^23 leaves the nearest integer in the low bits of the sum; the further 127 is the exponent's bias.
const ROUND: f32 = 12_582_912.0 + 127.0;

/// `2^n` and `q`, so that `exp(x) = 2^n + 2^n q`; `x` in -87..=87.
#[inline(always)]
fn exp_parts(x: f32) -> (f32, f32) {
    let shifted = x.mul_add(LOG2_E, ROUND);
    let n = shifted - ROUND;
    let scale = f32::from_bits(shifted.to_bits() << 23);
    let r = n.mul_add(-LN2_LOW, n.mul_add(-LN2_HIGH, x));
    let mut p = 1.987_569_1e-4_f32;
    p = p.mul_add(r, 1.398_2e-3);
    p = p.mul_add(r, 8.333_452e-3);
    p = p.mul_add(r, 4.166_579_6e-2);
    p = p.mul_add(r, 1.666_666_5e-1);
    p = p.mul_add(r, 0.5);
    (scale, (p * r).mul_add(r, r))
}

/// `1 / (1 + exp(-x))`.
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    let (scale, q) = exp_parts((-x).clamp(-87.0, 87.0));
    1.0 / (1.0 + scale.mul_add(q, scale))
}

/// Hyperbolic tangent, accurate relatively too near 0.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    let (scale, q) = exp_parts((2.0 * x).clamp(-30.0, 30.0));
    // exp(2x) - 1 without the cancellation.
    let e = scale.mul_add(q, scale - 1.0);
    e / (e + 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worst(approximation: fn(f32) -> f32, exact: fn(f64) -> f64) -> f64 {
        let dense = (-400_000..=400_000).map(|k| k as f32 * 2.5e-4);
        let tiny = (0..60).flat_map(|k| [2f32.powi(-k), -2f32.powi(-k)]);
        let huge = [
            1e4,
            -1e4,
            f32::MAX,
            f32::MIN,
            f32::INFINITY,
            f32::NEG_INFINITY,
        ];
        dense
            .chain(tiny)
            .chain(huge)
            .map(|x| (f64::from(approximation(x)) - exact(f64::from(x))).abs())
            .fold(0.0, f64::max)
    }

    #[test]
    fn sigmoid_is_within_2e_7_of_f64() {
        let error = worst(sigmoid, |x| 1.0 / (1.0 + (-x).exp()));
        assert!(error < 2e-7, "{error:e}");
    }

    #[test]
    fn tanh_is_within_2e_7_of_f64() {
        let error = worst(tanh, f64::tanh);
        assert!(error < 2e-7, "{error:e}");
    }

    #[test]
    fn tanh_keeps_its_relative_accuracy_near_zero() {
        for k in 0..100 {
            let x = 1.3f32 * 2f32.powi(-k);
            let exact = f64::from(x).tanh();
            assert!((f64::from(tanh(x)) - exact).abs() <= 4e-7 * exact, "{x:e}");
        }
    }

    #[test]
    fn nan_stays_nan() {
        assert!(sigmoid(f32::NAN).is_nan());
        assert!(tanh(f32::NAN).is_nan());
    }
}
