//! Tensors that are taken out of a file under other names.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use foreign_weights::{ForeignFile, ForeignTensor};
use speaker_model::{EncoderConfig, NamedTensor, Segmentation};

/// What a network of somebody else's becomes.
pub(super) struct Translation {
    pub(super) encoder: EncoderConfig,
    pub(super) segmentation: Segmentation,
    pub(super) weights: BTreeMap<String, NamedTensor>,
    /// Tensors of the file that it does not need.
    pub(super) unused: Vec<String>,
}

/// What batch norm adds to a variance.
const NORM_EPSILON: f64 = 1e-5;

/// The tensors of a file, and those that were taken for an encoder.
pub(super) struct Taken<'f> {
    file: &'f ForeignFile,
    prefix: &'f str,
    used: BTreeSet<String>,
    weights: BTreeMap<String, NamedTensor>,
}

impl<'f> Taken<'f> {
    pub(super) fn new(file: &'f ForeignFile, prefix: &'f str) -> Self {
        Self {
            file,
            prefix,
            used: BTreeSet::new(),
            weights: BTreeMap::new(),
        }
    }

    /// What was taken, and what was not.
    pub(super) fn done(self, encoder: EncoderConfig, segmentation: Segmentation) -> Translation {
        // A counter of steps that batch norms keep is no weight.
        let unused =
            self.file.tensors.keys().filter(|name| {
                !self.used.contains(*name) && !name.ends_with(".num_batches_tracked")
            });
        Translation {
            encoder,
            segmentation,
            unused: unused.cloned().collect(),
            weights: self.weights,
        }
    }

    /// The tensor of this name.
    pub(super) fn tensor(&mut self, name: &str) -> Result<&'f ForeignTensor, String> {
        let full = format!("{}{name}", self.prefix);
        let tensor = self
            .file
            .tensors
            .get(&full)
            .ok_or_else(|| format!("has no tensor `{full}`"))?;
        self.used.insert(full);
        Ok(tensor)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.file
            .tensors
            .contains_key(&format!("{}{name}", self.prefix))
    }

    /// Puts numbers in the place of a parameter.
    pub(super) fn put(&mut self, to: &str, shape: Vec<usize>, values: Vec<f32>) {
        self.weights
            .insert(to.to_owned(), NamedTensor { shape, values });
    }

    /// A convolution's weights, of whichever dimensions the parameter has: a dense layer is one of a kernel of 1.
    pub(super) fn filters<const D: usize>(&mut self, from: &str, to: &str) -> Result<(), String> {
        let tensor = self.tensor(&format!("{from}.weight"))?;
        let mut shape = tensor.shape.clone();
        while shape.len() < D {
            shape.push(1);
        }
        if shape.len() != D {
            return Err(format!(
                "has `{from}.weight` of sizes {:?}, expected {D} of them",
                tensor.shape
            ));
        }
        self.put(&format!("{to}.weight"), shape, tensor.values.clone());
        Ok(())
    }

    /// A convolution over frames and, where it has one, its bias.
    pub(super) fn frames(&mut self, from: &str, to: &str) -> Result<(), String> {
        self.filters::<3>(from, to)?;
        if self.has(&format!("{from}.bias")) {
            self.vector(&format!("{from}.bias"), &format!("{to}.bias"))?;
        }
        Ok(())
    }

    /// A vector as it is.
    pub(super) fn vector(&mut self, from: &str, to: &str) -> Result<(), String> {
        let tensor = self.tensor(from)?;
        self.put(to, vec![tensor.values.len()], tensor.values.clone());
        Ok(())
    }

    /// A batch norm; one without scale and shift has 1 and 0.
    pub(super) fn norm(&mut self, from: &str, to: &str) -> Result<(), String> {
        self.vector(&format!("{from}.running_mean"), &format!("{to}.mean"))?;
        self.vector(&format!("{from}.running_var"), &format!("{to}.variance"))?;
        let width = self.tensor(&format!("{from}.running_mean"))?.values.len();
        for (theirs, ours, value) in [("weight", "scale", 1.0), ("bias", "shift", 0.0)] {
            let (theirs, ours) = (format!("{from}.{theirs}"), format!("{to}.{ours}"));
            match self.has(&theirs) {
                true => self.vector(&theirs, &ours)?,
                false => self.put(&ours, vec![width], vec![value; width]),
            }
        }
        Ok(())
    }

    /// Scale and shift that a batch norm comes to.
    fn affine(&mut self, norm: &str) -> Result<(Vec<f64>, Vec<f64>), String> {
        let mut values = |part: &str, absent: Option<f64>| -> Result<Vec<f64>, String> {
            let name = format!("{norm}.{part}");
            match (self.has(&name), absent) {
                (false, Some(value)) => Ok(vec![value]),
                _ => Ok(self
                    .tensor(&name)?
                    .values
                    .iter()
                    .map(|&v| f64::from(v))
                    .collect()),
            }
        };
        let (mean, variance) = (values("running_mean", None)?, values("running_var", None)?);
        let (weight, bias) = (values("weight", Some(1.0))?, values("bias", Some(0.0))?);
        let at =
            |values: &[f64], index: usize| *values.get(index).or(values.first()).unwrap_or(&1.0);
        let scale: Vec<f64> = (0..variance.len())
            .map(|index| at(&weight, index) / (variance[index] + NORM_EPSILON).sqrt())
            .collect();
        let shift = (0..mean.len().min(scale.len()))
            .map(|index| at(&bias, index) - mean[index] * scale[index])
            .collect();
        Ok((scale, shift))
    }

    /// Adds a number to some inputs of the projection, by its bias.
    pub(super) fn raise_projection_input(&mut self, inputs: Range<usize>, by: f64) {
        let weight = self.weights.get("projection.dense.weight");
        let sums = weight.map_or(Vec::new(), |weight| {
            let width = weight.shape.get(1).copied().unwrap_or(0).max(1);
            let mut sums = vec![0.0; width];
            let rows = weight.values.chunks_exact(width).enumerate();
            for (_, row) in rows.filter(|(input, _)| inputs.contains(input)) {
                sums.iter_mut()
                    .zip(row)
                    .for_each(|(sum, &v)| *sum += f64::from(v));
            }
            sums
        });
        if let Some(bias) = self.weights.get_mut("projection.dense.bias") {
            for (bias, sum) in bias.values.iter_mut().zip(sums) {
                *bias = (f64::from(*bias) + by * sum) as f32;
            }
        }
    }

    /// The dense layer `[output, input]` that ends a network, as a projection `[input, output]`; a batch norm before it or
    /// behind it becomes a part of it.
    pub(super) fn projection(
        &mut self,
        dense: &str,
        norm_before: Option<&str>,
        norm_behind: Option<&str>,
    ) -> Result<usize, String> {
        let weight = self.tensor(&format!("{dense}.weight"))?;
        let output = weight.shape.first().copied().unwrap_or(0).max(1);
        let input = weight.values.len() / output;
        let bias_name = format!("{dense}.bias");
        let mut bias = vec![0.0; output];
        if self.has(&bias_name) {
            bias = self
                .tensor(&bias_name)?
                .values
                .iter()
                .map(|&v| f64::from(v))
                .collect();
        }
        let sizes = |name: &str| format!("has other sizes in `{name}` than in `{dense}.weight`");
        let mut matrix: Vec<f64> = weight.values.iter().map(|&v| f64::from(v)).collect();
        if let Some(norm) = norm_before {
            let (scale, shift) = self.affine(norm)?;
            if scale.len() != input || shift.len() != input {
                return Err(sizes(norm));
            }
            for (row, bias) in matrix.chunks_exact_mut(input.max(1)).zip(&mut bias) {
                for ((value, scale), shift) in row.iter_mut().zip(&scale).zip(&shift) {
                    *bias += *value * shift;
                    *value *= scale;
                }
            }
        }
        if let Some(norm) = norm_behind {
            let (scale, shift) = self.affine(norm)?;
            if scale.len() != output || shift.len() != output {
                return Err(sizes(norm));
            }
            for (index, row) in matrix.chunks_exact_mut(input.max(1)).enumerate() {
                row.iter_mut().for_each(|value| *value *= scale[index]);
                bias[index] = bias[index] * scale[index] + shift[index];
            }
        }
        if bias.len() != output {
            return Err(sizes(&bias_name));
        }
        let transposed = (0..input)
            .flat_map(|column| (0..output).map(move |row| (row, column)))
            .map(|(row, column)| matrix[row * input + column] as f32)
            .collect();
        self.put("projection.dense.weight", vec![input, output], transposed);
        let bias = bias.into_iter().map(|v| v as f32).collect();
        self.put("projection.dense.bias", vec![output], bias);
        Ok(output)
    }
}
