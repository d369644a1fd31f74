//! A tensor's numbers from the record that holds its storage.

use crate::error::{Fault, shown};
use crate::limits::Budget;
use crate::pickle::View;
use crate::tensor::{ForeignTensor, num_values};

/// The tensors that share a storage are read together, in the order in which the file names the storages.
pub(super) struct Shared<'p> {
    /// The record.
    pub(super) key: &'p str,
    /// Bytes of the record that the tensors look at.
    pub(super) num_bytes: u64,
    /// The tensors.
    pub(super) views: Vec<(String, &'p View<'p>)>,
}

/// Sorts tensors by their storages. Every claim of sizes is checked here, and nothing has been read by then.
pub(super) fn by_storage<'p>(
    views: Vec<(String, &'p View<'p>)>,
    budget: &mut Budget,
) -> Result<Vec<Shared<'p>>, Fault> {
    let mut places = std::collections::HashMap::new();
    let mut all: Vec<Shared<'p>> = Vec::new();
    for (name, view) in views {
        let num_bytes = check(&name, view, budget)?;
        let key = view.storage.key;
        let place = *places.entry(key).or_insert(all.len());
        if place == all.len() {
            all.push(Shared {
                key,
                num_bytes: 0,
                views: Vec::new(),
            });
        }
        if let Some(shared) = all.get_mut(place) {
            shared.num_bytes = shared.num_bytes.max(num_bytes);
            shared.views.push((name, view));
        }
    }
    Ok(all)
}

/// Whether a tensor lies in its storage; the bytes of the record up to the storage's end.
fn check(name: &str, view: &View<'_>, budget: &mut Budget) -> Result<u64, Fault> {
    let outside = || {
        Fault::Malformed(format!(
            "tensor `{}` of sizes {:?} with strides {:?} from element {} on does not lie in its storage of {} elements",
            shown(name),
            view.shape,
            view.strides,
            view.offset,
            view.storage.num_elements
        ))
    };
    let count = num_values(&view.shape).ok_or_else(outside)?;
    let unit = view.element.num_bytes() as u64;
    // A storage without a type counts bytes.
    let stored = view
        .storage
        .element
        .map_or(1, |element| element.num_bytes() as u64);
    let total = view
        .storage
        .num_elements
        .checked_mul(stored)
        .ok_or_else(outside)?;
    if count > 0 {
        let mut steps = view.shape.iter().zip(&view.strides);
        let last = steps.try_fold(view.offset, |sum, (size, stride)| {
            sum.checked_add((size - 1).checked_mul(*stride)?)
        });
        let end = last.and_then(|last| last.checked_add(1)?.checked_mul(unit));
        if end.is_none_or(|end| end > total) {
            return Err(outside());
        }
    }
    budget.take(name, count)?;
    let first = view.storage.first.checked_mul(stored);
    first
        .and_then(|first| first.checked_add(total))
        .ok_or_else(outside)
}

/// A tensor that has been checked, of the bytes of its record.
pub(super) fn tensor(view: &View<'_>, record: &[u8]) -> Option<ForeignTensor> {
    let unit = view.element.num_bytes();
    let stored = view
        .storage
        .element
        .map_or(1, |element| element.num_bytes() as u64);
    let first = usize::try_from(view.storage.first * stored).ok()?;
    let storage = record.get(first..)?;
    let sizes = |sizes: &[u64]| -> Option<Vec<usize>> {
        sizes
            .iter()
            .map(|size| usize::try_from(*size).ok())
            .collect()
    };
    let (shape, strides) = (sizes(&view.shape)?, sizes(&view.strides)?);
    let offset = usize::try_from(view.offset).ok()?;
    let count: usize = usize::try_from(num_values(&view.shape)?).ok()?;
    let values = if count == 0 {
        Vec::new()
    } else if is_contiguous(&shape, &strides) {
        let start = offset.checked_mul(unit)?;
        let end = start.checked_add(count.checked_mul(unit)?)?;
        view.element.values(storage.get(start..end)?)
    } else {
        let mut values = Vec::with_capacity(count);
        let mut index = vec![0usize; shape.len()];
        let mut place = offset;
        for _ in 0..count {
            values.push(view.element.value(storage.get(place * unit..)?));
            // The next index, the last dimension fastest.
            for axis in (0..shape.len()).rev() {
                index[axis] += 1;
                place += strides[axis];
                if index[axis] < shape[axis] {
                    break;
                }
                place -= strides[axis] * shape[axis];
                index[axis] = 0;
            }
        }
        values
    };
    Some(ForeignTensor {
        shape,
        values,
        element: view.element,
    })
}

fn is_contiguous(shape: &[usize], strides: &[usize]) -> bool {
    let mut expected = 1;
    shape.iter().zip(strides).rev().all(|(size, stride)| {
        let fits = *size == 1 || *stride == expected;
        expected *= size;
        fits
    })
}
