//! What is known of a value before the graph runs: its type and sizes, and its numbers where they are few and follow from the
//! sizes.

use std::sync::Arc;

/// Axes of a tensor.
pub(crate) const MOST_AXES: usize = 8;

/// Numbers that are followed: shapes, axes, bounds of slices.
pub(crate) const MOST_KNOWN: u64 = 64;

/// Types as the runtime has them: integers of 32 bits, truth values among them, and f32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Float,
    Int,
    Bool,
}

impl Type {
    pub(crate) fn is_float(self) -> bool {
        self == Type::Float
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) kind: Type,
    pub(crate) shape: Vec<u64>,
    /// The numbers in order, as the runtime has them.
    pub(crate) numbers: Option<Arc<[f64]>>,
}

impl Value {
    pub(crate) fn unknown(kind: Type, shape: Vec<u64>) -> Self {
        Self {
            kind,
            shape,
            numbers: None,
        }
    }

    /// Numbers of a shape that has as many. Integers saturate at 32 bits, as in the runtime.
    pub(crate) fn known(kind: Type, shape: Vec<u64>, numbers: Vec<f64>) -> Self {
        let mut value = Self::unknown(kind, shape);
        if numbers.len() as u64 <= MOST_KNOWN {
            let whole = |x: f64| x.clamp(f64::from(i32::MIN), f64::from(i32::MAX));
            value.numbers = Some(match kind {
                Type::Float => numbers.into(),
                _ => numbers.into_iter().map(whole).collect(),
            });
        }
        value
    }

    pub(crate) fn len(&self) -> u64 {
        self.shape
            .iter()
            .fold(1, |len, &size| len.saturating_mul(size))
    }

    /// Bytes in the runtime.
    pub(crate) fn bytes(&self) -> u64 {
        self.len().saturating_mul(4)
    }

    pub(crate) fn rank(&self) -> usize {
        self.shape.len()
    }
}
