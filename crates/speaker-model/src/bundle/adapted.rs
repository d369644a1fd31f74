//! The maps of a bundle that was adapted, as tensors beside its weights.

use std::collections::BTreeMap;
use std::path::Path;

use super::network;
use super::weights::NamedTensor;
use crate::ModelError;
use crate::adaptation::{Adaptation, AdaptedFrom};

/// Name of the matrix of a map, and of what is subtracted before it.
fn names(number: usize) -> [String; 2] {
    [
        format!("adaptation_{number}"),
        format!("adaptation_{number}_centre"),
    ]
}

/// As they are stored.
pub(super) fn tensors(
    adaptations: &[Adaptation],
) -> impl Iterator<Item = (String, NamedTensor)> + '_ {
    adaptations.iter().enumerate().flat_map(|(number, one)| {
        let [matrix, centre] = names(number);
        let of_centre = one.centre.as_ref().map(|values| {
            let (shape, values) = (vec![values.len()], values.clone());
            (centre, NamedTensor { shape, values })
        });
        // The centre has the dimensions of the matrix, but may not be there.
        let dim = one.matrix.len().isqrt();
        let (shape, values) = (vec![dim, dim], one.matrix.clone());
        [(matrix, NamedTensor { shape, values })]
            .into_iter()
            .chain(of_centre)
    })
}

/// Those that the configuration has, out of `tensors`.
pub(super) fn take(
    adapted: &[AdaptedFrom],
    dim: usize,
    tensors: &mut BTreeMap<String, NamedTensor>,
    path: &Path,
) -> Result<Vec<Adaptation>, ModelError> {
    let mut adaptations = Vec::with_capacity(adapted.len());
    for (number, from) in adapted.iter().enumerate() {
        let [matrix, centre] = names(number);
        let centre = network::vector(tensors, &centre, from.centred, dim, path)?;
        let matrix = network::values(tensors, &matrix, true, &[dim, dim], path)?;
        adaptations.push(Adaptation {
            centre,
            matrix: matrix.unwrap_or_default(),
        });
    }
    Ok(adaptations)
}
