//! What a file from elsewhere holds.

use std::collections::BTreeMap;

use crate::element::Element;
use crate::error::{Fault, shown};

/// A tensor as it lies in the file, its numbers as f32.
#[derive(Clone, Debug, PartialEq)]
pub struct ForeignTensor {
    /// Its sizes, the slowest first; none for a single number.
    pub shape: Vec<usize>,
    /// Its numbers, rows first, as many as the product of its sizes.
    pub values: Vec<f32>,
    /// What they were in the file.
    pub element: Element,
}

/// Something in a file that is no tensor, or a tensor that is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Its name, or that of the container of several.
    pub name: String,
    /// What it is.
    pub what: String,
    /// How many of them there are.
    pub count: usize,
}

/// What the readers of all kinds of files give.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    pub(crate) tensors: BTreeMap<String, ForeignTensor>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) left_out: Vec<LeftOut>,
}

impl Contents {
    /// Adds a tensor, whose name must be new.
    pub(crate) fn add(&mut self, name: &str, tensor: ForeignTensor) -> Result<(), Fault> {
        match self.tensors.insert(name.to_owned(), tensor) {
            None => Ok(()),
            Some(_) => Err(Fault::Malformed(format!(
                "it has two tensors named `{}`",
                shown(name)
            ))),
        }
    }

    /// Counts something that is left out; things of one kind and name are one entry.
    pub(crate) fn leave_out(&mut self, name: &str, what: &str) {
        let same = |entry: &&mut LeftOut| entry.name == name && entry.what == what;
        match self.left_out.iter_mut().rev().take(4).find(same) {
            Some(entry) => entry.count += 1,
            None => self.left_out.push(LeftOut {
                name: name.to_owned(),
                what: what.to_owned(),
                count: 1,
            }),
        }
    }
}

/// The number of values of a shape that a file claims; `None` if no memory could hold as many.
pub(crate) fn num_values(shape: &[u64]) -> Option<u64> {
    // A size of 0 does not excuse the others.
    let mut others = shape.iter().filter(|size| **size != 0);
    let product = others.try_fold(1u64, |product, size| product.checked_mul(*size))?;
    Some(if shape.contains(&0) { 0 } else { product })
}
