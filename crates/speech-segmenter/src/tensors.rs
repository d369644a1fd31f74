//! Weights by name, checked before anything is made of them.

use crate::SegmentError;

/// A tensor of the file of weights.
#[derive(Clone, Copy, Debug)]
pub struct Tensor<'a> {
    /// Its sizes, the slowest first.
    pub shape: &'a [usize],
    /// Its numbers, rows first.
    pub values: &'a [f32],
}

/// Finds tensors and holds them to the sizes that the network has: what comes from elsewhere may claim any.
pub(crate) struct Tensors<F>(pub(crate) F);

impl<'a, F: Fn(&str) -> Option<Tensor<'a>>> Tensors<F> {
    /// The numbers of a tensor: as many as the sizes say, all finite.
    pub(crate) fn get(&self, name: &str, expected: &[usize]) -> Result<&'a [f32], SegmentError> {
        let Some(Tensor { shape, values }) = (self.0)(name) else {
            return Err(SegmentError::NoTensor {
                name: name.to_owned(),
            });
        };
        if shape != expected {
            return Err(SegmentError::Shape {
                name: name.to_owned(),
                found: shape.to_vec(),
                expected: expected.to_vec(),
            });
        }
        let num_values = expected.iter().product();
        if values.len() != num_values {
            return Err(SegmentError::Length {
                name: name.to_owned(),
                found: values.len(),
                expected: num_values,
            });
        }
        match values.iter().position(|value| !value.is_finite()) {
            None => Ok(values),
            Some(index) => Err(SegmentError::Weight {
                name: name.to_owned(),
                index,
                found: values[index],
                expected: "a finite number",
            }),
        }
    }
}

/// `[columns, rows]` of `[rows, columns]`.
pub(crate) fn transposed(values: &[f32], columns: usize) -> Vec<f32> {
    let column = |column| values.iter().skip(column).step_by(columns);
    (0..columns).flat_map(column).copied().collect()
}
