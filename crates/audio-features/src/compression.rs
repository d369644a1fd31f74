//! From band power to features and back.

use crate::fast_math::{exp_in_place, ln_in_place};
use crate::feature_config::Compression;

/// Kaldi's floor below the logarithm: the distance from 1 to the next `float`.
const KALDI_FLOOR: f32 = f32::EPSILON;
/// Factor on power inside [`Compression::Log10OnePlus10000`].
const FACTOR: f32 = 10_000.0;
/// What is added inside [`Compression::LnGuarded`]: 2^-24.
const GUARD: f32 = f32::EPSILON / 2.0;
/// Floor below [`Compression::Decibel`].
const DECIBEL_FLOOR: f32 = 1e-10;
/// Decibels per nat of power.
const DB_PER_NAT: f32 = 10.0 * std::f32::consts::LOG10_E;

impl Compression {
    /// Turns band powers into features, in place.
    #[inline(always)]
    pub(crate) fn compress(self, values: &mut [f32]) {
        match self {
            Self::Ln => {
                values.iter_mut().for_each(|v| *v = v.max(KALDI_FLOOR));
                ln_in_place(values);
            }
            Self::Log10OnePlus10000 => {
                values.iter_mut().for_each(|v| *v = 1.0 + FACTOR * *v);
                ln_in_place(values);
                values
                    .iter_mut()
                    .for_each(|v| *v *= std::f32::consts::LOG10_E);
            }
            Self::LnGuarded => {
                values.iter_mut().for_each(|v| *v += GUARD);
                ln_in_place(values);
            }
            Self::Decibel => {
                values.iter_mut().for_each(|v| *v = v.max(DECIBEL_FLOOR));
                ln_in_place(values);
                values.iter_mut().for_each(|v| *v *= DB_PER_NAT);
            }
            Self::Power => {}
        }
    }

    /// Turns features back into band powers, in place; what lay below the floor comes back as the
    /// floor.
    pub(crate) fn decompress(self, values: &mut [f32]) {
        match self {
            Self::Ln => exp_in_place(values),
            Self::Log10OnePlus10000 => {
                values
                    .iter_mut()
                    .for_each(|v| *v *= std::f32::consts::LN_10);
                exp_in_place(values);
                values
                    .iter_mut()
                    .for_each(|v| *v = ((*v - 1.0) / FACTOR).max(0.0));
            }
            Self::LnGuarded => {
                exp_in_place(values);
                values.iter_mut().for_each(|v| *v = (*v - GUARD).max(0.0));
            }
            Self::Decibel => {
                values.iter_mut().for_each(|v| *v /= DB_PER_NAT);
                exp_in_place(values);
            }
            Self::Power => {}
        }
    }

    /// Band power that silence is taken for: nothing below it is told apart.
    #[must_use]
    pub fn floor_power(self) -> f64 {
        let mut silence = [0.0];
        self.compress(&mut silence);
        self.power(f64::from(silence[0]))
    }

    /// Band power of one feature value.
    #[must_use]
    pub fn power(self, value: f64) -> f64 {
        match self {
            Self::Ln => value.exp(),
            Self::Log10OnePlus10000 => {
                (value * std::f64::consts::LN_10).exp_m1().max(0.0) / f64::from(FACTOR)
            }
            Self::LnGuarded => (value.exp() - f64::from(GUARD)).max(0.0),
            Self::Decibel => 10f64.powf(value / 10.0),
            Self::Power => value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_survive_compression() {
        let powers = [1e-3f32, 0.5, 1.0, 3e4, 1e9];
        for compression in [
            Compression::Ln,
            Compression::Log10OnePlus10000,
            Compression::LnGuarded,
            Compression::Decibel,
            Compression::Power,
        ] {
            let mut values = powers;
            compression.compress(&mut values);
            for (value, power) in values.iter().zip(powers) {
                let back = compression.power(f64::from(*value));
                assert!(
                    (back / f64::from(power) - 1.0).abs() < 3e-5,
                    "{compression:?} {power} {back}"
                );
            }
            compression.decompress(&mut values);
            for (value, power) in values.iter().zip(powers) {
                assert!(
                    (value / power - 1.0).abs() < 3e-5,
                    "{compression:?} {power} {value}"
                );
            }
        }
    }

    #[test]
    fn silence_gives_the_floor() {
        let mut values = [0.0f32, -0.0];
        Compression::Ln.compress(&mut values);
        assert_eq!(values, [f32::EPSILON.ln(); 2]);
        let mut values = [0.0f32];
        Compression::Log10OnePlus10000.compress(&mut values);
        assert_eq!(values, [0.0]);
        Compression::Log10OnePlus10000.decompress(&mut values);
        assert_eq!(values, [0.0]);
    }
}
