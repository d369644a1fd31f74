//! Keras' initialisers, from a seed and a parameter's name alone.
//!
//! Dense and input kernels are Glorot-uniform (Glorot & Bengio 2010), recurrent kernels orthogonal
//! (Saxe et al. 2014), biases 0 but for the forget gate's 1 (Jozefowicz et al. 2015).

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A generator for the parameter called `name`.
pub(crate) fn stream(seed: u64, name: &str) -> ChaCha8Rng {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    hasher.update(name.as_bytes());
    ChaCha8Rng::from_seed(*hasher.finalize().as_bytes())
}

/// [`glorot_uniform`] of the parameter called `name`; zeros without a seed, for weights that are read from a file next.
pub(crate) fn kernel(seed: Option<u64>, name: &str, [fan_in, fan_out]: [usize; 2]) -> Vec<f32> {
    match seed {
        Some(seed) => glorot_uniform(fan_in, fan_out, &mut stream(seed, name)),
        None => vec![0.0; fan_in * fan_out],
    }
}

/// [`orthogonal`] in the same way. It takes longer than reading the weights.
pub(crate) fn recurrent(seed: Option<u64>, name: &str, [rows, columns]: [usize; 2]) -> Vec<f32> {
    match seed {
        Some(seed) => orthogonal(rows, columns, &mut stream(seed, name)),
        None => vec![0.0; rows * columns],
    }
}

/// `[fan_in, fan_out]`, row-major, uniform in ±√(6 / (`fan_in` + `fan_out`)).
pub(crate) fn glorot_uniform(fan_in: usize, fan_out: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let limit = (6.0 / (fan_in + fan_out) as f32).sqrt();
    (0..fan_in * fan_out)
        .map(|_| rng.random_range(-limit..limit))
        .collect()
}

/// `[rows, columns]` with `rows <= columns`, row-major, with orthonormal rows.
fn orthogonal(rows: usize, columns: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
    debug_assert!(rows <= columns);
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(rows);
    while basis.len() < rows {
        let mut row: Vec<f64> = (0..columns).map(|_| normal(rng)).collect();
        // Gram-Schmidt twice: once leaves errors of the order of the condition number.
        for _ in 0..2 {
            for other in &basis {
                let overlap: f64 = row.iter().zip(other).map(|(a, b)| a * b).sum();
                row.iter_mut()
                    .zip(other)
                    .for_each(|(a, b)| *a -= overlap * b);
            }
        }
        let norm = row.iter().map(|a| a * a).sum::<f64>().sqrt();
        row.iter_mut().for_each(|a| *a /= norm);
        basis.push(row);
    }
    basis.into_iter().flatten().map(|a| a as f32).collect()
}

/// A standard normal by Box and Muller's transform.
fn normal(rng: &mut impl Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}

/// Biases `[4 * hidden]` of an LSTM with gate order i, f, g, o.
pub(crate) fn lstm_bias(hidden: usize) -> Vec<f32> {
    let mut bias = vec![0.0; 4 * hidden];
    bias[hidden..2 * hidden].fill(1.0);
    bias
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_an_orthogonal_matrix_are_orthonormal() {
        let (rows, columns) = (24, 96);
        let matrix = orthogonal(rows, columns, &mut stream(1, "u"));
        for i in 0..rows {
            for j in 0..rows {
                let dot: f64 = (0..columns)
                    .map(|k| {
                        f64::from(matrix[i * columns + k]) * f64::from(matrix[j * columns + k])
                    })
                    .sum();
                assert!((dot - f64::from(u8::from(i == j))).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn glorot_has_its_closed_form_variance() {
        let weights = glorot_uniform(100, 300, &mut stream(1, "w"));
        let variance = weights.iter().map(|&w| f64::from(w).powi(2)).sum::<f64>() / 30_000.0;
        // Var U(-l, l) = l²/3 = 2 / (fan_in + fan_out); the sample's own deviation is 0.5 %.
        assert!((variance / (2.0 / 400.0) - 1.0).abs() < 0.03);
    }

    #[test]
    fn a_stream_depends_on_seed_and_name() {
        let draw = |seed, name| stream(seed, name).random::<u64>();
        assert_eq!(draw(1, "a"), draw(1, "a"));
        assert_ne!(draw(1, "a"), draw(2, "a"));
        assert_ne!(draw(1, "a"), draw(1, "b"));
    }
}
