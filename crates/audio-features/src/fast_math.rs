//! Logarithm and exponential over slices, written without branches so that they vectorise.
//!
//! Both follow Cephes' `logf` and `expf` (S. L. Moshier): split off the exponent, then a
//! polynomial. The library functions are called once a value and cost more than the FFT of a frame.

const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = -2.121_944_4e-4;

/// Natural logarithm of each value; for positive, finite, normal numbers within 2 units in the last
/// place.
#[inline(always)]
pub(crate) fn ln_in_place(values: &mut [f32]) {
    for value in values {
        *value = ln(*value);
    }
}

/// Exponential of each value; arguments beyond ±87 are clamped, so the result is finite.
pub(crate) fn exp_in_place(values: &mut [f32]) {
    for value in values {
        *value = exp(*value);
    }
}

#[inline(always)]
fn ln(x: f32) -> f32 {
    // Mantissa in [sqrt(1/2), sqrt(2)): subtracting the bits of sqrt(1/2) rounds the exponent so.
    let bits = x.to_bits().wrapping_sub(0x3f35_04f3);
    let exponent = (bits as i32) >> 23;
    let mantissa = f32::from_bits((bits & 0x007f_ffff).wrapping_add(0x3f35_04f3));
    let exponent = exponent as f32;
    let z = mantissa - 1.0;
    let z2 = z * z;
    let mut p = 7.037_683_6e-2;
    p = p * z - 1.151_461e-1;
    p = p * z + 1.167_699_9e-1;
    p = p * z - 1.242_014_1e-1;
    p = p * z + 1.424_932_3e-1;
    p = p * z - 1.666_805_7e-1;
    p = p * z + 2.000_071_5e-1;
    p = p * z - 2.499_999_4e-1;
    p = p * z + 3.333_333e-1;
    let tail = p * z * z2 + exponent * LN_2_LOW - 0.5 * z2;
    (z + tail) + exponent * LN_2_HIGH
}

#[inline(always)]
fn exp(x: f32) -> f32 {
    // Adding 1.5 * 2^23 rounds to the nearest integer n and leaves it in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 87.0);
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = x - n * LN_2_HIGH - n * LN_2_LOW;
    let mut p = 1.987_569_1e-4;
    p = p * r + 1.398_2e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_5e-1;
    p = p * r + 0.5;
    let mantissa = p * (r * r) + r + 1.0;
    // The clamp keeps n within ±126, so that 2^n is a normal number.
    let power_of_two = f32::from_bits((rounded.to_bits() << 23).wrapping_add(1f32.to_bits()));
    mantissa * power_of_two
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithm_against_f64() {
        let mut worst = 0f64;
        for bits in (0x0080_0000u32..0x7f80_0000).step_by(9_973) {
            let x = f32::from_bits(bits);
            let expected = f64::from(x).ln();
            let error = (f64::from(ln(x)) - expected).abs() / expected.abs().max(1e-3);
            worst = worst.max(error);
        }
        assert!(worst < 3e-7, "{worst:e}");
        assert_eq!(ln(1.0), 0.0);
    }

    #[test]
    fn exponential_against_f64() {
        let mut worst = 0f64;
        for i in -86_000..=86_000 {
            let x = i as f32 / 1_000.0;
            let expected = f64::from(x).exp();
            worst = worst.max((f64::from(exp(x)) / expected - 1.0).abs());
        }
        assert!(worst < 3e-7, "{worst:e}");
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(1e9).is_finite() && exp(-1e9) > 0.0);
    }
}
