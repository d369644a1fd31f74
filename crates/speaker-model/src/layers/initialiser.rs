//! Keras' initialisers, from a seed and a parameter's name alone.
//!
//! Dense and input kernels are Glorot-uniform (Glorot & Bengio 2010), recurrent kernels orthogonal
//! (Saxe et al. 2014), biases 0 but for the forget gate's 1 (Jozefowicz et al. 2015).

use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::ModelError;

/// Makes the parameters of a network, each a function of a seed and its own name; or zeros of the right shapes, for weights
/// that are read from a file next.
#[derive(Debug)]
pub struct Initialiser<'a> {
    source: Source,
    device: &'a Device,
    num_dense: usize,
}

#[derive(Debug)]
enum Source {
    Seed(u64),
    /// As many numbers as a file of weights holds: a network that wants more cannot be the file's, and is refused before
    /// memory is asked for.
    File {
        total: usize,
        left: usize,
    },
}

impl<'a> Initialiser<'a> {
    /// Draws from `seed`.
    #[must_use]
    pub fn seeded(seed: u64, device: &'a Device) -> Self {
        Self {
            source: Source::Seed(seed),
            device,
            num_dense: 0,
        }
    }

    /// Makes room for the weights of a file that holds `total` numbers.
    pub(crate) fn of_file(total: usize, device: &'a Device) -> Self {
        Self {
            source: Source::File { total, left: total },
            device,
            num_dense: 0,
        }
    }

    /// What the parameters are made for.
    #[must_use]
    pub fn device(&self) -> &'a Device {
        self.device
    }

    /// The name by which the next dense layer behind the pooling is drawn, whether it ends the encoder or is the loss's:
    /// they are numbered through, so that where the embedding is taken does not change a single draw.
    #[must_use]
    pub fn next_dense(&mut self) -> String {
        let name = format!("head.layers.{}", self.num_dense);
        self.num_dense += 1;
        name
    }

    /// The Glorot-uniform matrix called `name`, `[fan_in, fan_out]`.
    ///
    /// # Errors
    /// [`ModelError::Shape`] where the network has more parameters than the file that it is read from.
    pub fn kernel(
        &mut self,
        name: &str,
        sizes: [usize; 2],
    ) -> Result<Param<Tensor<2>>, ModelError> {
        let [fan_in, fan_out] = sizes;
        self.matrix(sizes, |seed| {
            glorot_uniform(fan_in, fan_out, &mut stream(seed, name))
        })
    }

    /// The orthogonal matrix called `name`, `[rows, columns]` with `rows <= columns`.
    ///
    /// # Errors
    /// As [`Self::kernel`].
    pub fn orthogonal(
        &mut self,
        name: &str,
        sizes: [usize; 2],
    ) -> Result<Param<Tensor<2>>, ModelError> {
        let [rows, columns] = sizes;
        self.matrix(sizes, |seed| {
            orthogonal(rows, columns, &mut stream(seed, name))
        })
    }

    /// The Glorot-uniform filters called `name`, `[output, input, kernel...]`: each output sees `input` times the kernel.
    ///
    /// # Errors
    /// As [`Self::kernel`].
    pub(crate) fn filters<const D: usize>(
        &mut self,
        name: &str,
        sizes: [usize; D],
    ) -> Result<Param<Tensor<D>>, ModelError> {
        let [output, input, kernel @ ..] = sizes.as_slice() else {
            return Err(ModelError::Shape {
                what: "dimensions of filters",
                found: D.to_string(),
                expected: "at least 2".to_owned(),
            });
        };
        let area = kernel
            .iter()
            .try_fold(1, |area: usize, &size| area.checked_mul(size));
        let fan = |channels: usize| area.and_then(|area| area.checked_mul(channels));
        let count = match (fan(*input), fan(*output)) {
            (Some(fan_in), Some(_)) => self.reserve([*output, fan_in])?,
            _ => self.reserve([usize::MAX, 2])?,
        };
        let values = match self.source {
            Source::Seed(seed) => {
                let area = area.unwrap_or(1);
                let limit = (6.0 / ((input + output) * area) as f32).sqrt();
                let mut rng = stream(seed, name);
                (0..count)
                    .map(|_| rng.random_range(-limit..limit))
                    .collect()
            }
            Source::File { .. } => vec![0.0; count],
        };
        Ok(Param::from_data(
            TensorData::new(values, sizes),
            self.device,
        ))
    }

    /// Zeros, `[count]`.
    ///
    /// # Errors
    /// As [`Self::kernel`].
    pub fn zeros(&mut self, count: usize) -> Result<Param<Tensor<1>>, ModelError> {
        self.constant(count, 0.0)
    }

    /// `count` times `value`.
    ///
    /// # Errors
    /// As [`Self::kernel`].
    pub fn constant(&mut self, count: usize, value: f32) -> Result<Param<Tensor<1>>, ModelError> {
        self.reserve([count, 1])?;
        Ok(self.vector(vec![value; count]))
    }

    /// Biases `[4 * hidden]` of an LSTM with gate order i, f, g, o.
    pub(crate) fn lstm_bias(&mut self, hidden: usize) -> Result<Param<Tensor<1>>, ModelError> {
        self.reserve([4, hidden])?;
        Ok(self.vector(lstm_bias(hidden)))
    }

    fn vector(&self, values: Vec<f32>) -> Param<Tensor<1>> {
        let shape = [values.len()];
        Param::from_data(TensorData::new(values, shape), self.device)
    }

    fn matrix(
        &mut self,
        sizes: [usize; 2],
        draw: impl FnOnce(u64) -> Vec<f32>,
    ) -> Result<Param<Tensor<2>>, ModelError> {
        let count = self.reserve(sizes)?;
        let values = match self.source {
            Source::Seed(seed) => draw(seed),
            // Drawing takes longer than reading the weights.
            Source::File { .. } => vec![0.0; count],
        };
        Ok(Param::from_data(
            TensorData::new(values, sizes),
            self.device,
        ))
    }

    /// Takes room for so many numbers, and says how many they are.
    pub(crate) fn reserve(&mut self, sizes: [usize; 2]) -> Result<usize, ModelError> {
        let count = sizes[0].checked_mul(sizes[1]);
        match &mut self.source {
            Source::Seed(_) => {}
            Source::File { total, left } => match count.and_then(|count| left.checked_sub(count)) {
                Some(rest) => *left = rest,
                None => {
                    return Err(ModelError::Shape {
                        what: "parameters that the network wants",
                        found: format!("more than {total}"),
                        expected: format!("the {total} numbers that the weights' file holds"),
                    });
                }
            },
        }
        count.ok_or_else(|| ModelError::Shape {
            what: "a matrix of parameters",
            found: format!("{} x {}", sizes[0], sizes[1]),
            expected: "one that fits in memory".to_owned(),
        })
    }
}

/// A generator for the parameter called `name`.
pub(crate) fn stream(seed: u64, name: &str) -> ChaCha8Rng {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    hasher.update(name.as_bytes());
    ChaCha8Rng::from_seed(*hasher.finalize().as_bytes())
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
fn lstm_bias(hidden: usize) -> Vec<f32> {
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
