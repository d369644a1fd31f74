//! A choice among columns: which is a row's own, how likely it is, and whether it is the nearest.

use burn::tensor::{Tensor, activation};

use super::rows::matrix;
use crate::ModelError;
use crate::losses::{LossBatch, Term};

/// Less than this no value of another column can be.
const FAR: f64 = 1e9;

/// 1 at each segment's own speaker and 0 elsewhere, `[batch, classes]` as `values` are.
///
/// # Errors
/// [`ModelError::Shape`] where labels do not fit.
pub(in crate::losses) fn own_classes(
    values: &Tensor<2>,
    batch: &LossBatch<'_>,
) -> Result<Tensor<2>, ModelError> {
    let [rows, classes] = values.dims();
    batch.check(rows)?;
    if let Some(label) = batch.labels.iter().find(|&&label| label >= classes) {
        return Err(ModelError::Shape {
            what: "the label of a segment",
            found: label.to_string(),
            expected: format!("a number below {classes}, the speakers of the training"),
        });
    }
    Ok(own_columns(values, batch.labels))
}

/// 1 at each row's own column and 0 elsewhere, of the shape of `values`.
pub(in crate::losses) fn own_columns(values: &Tensor<2>, own: &[usize]) -> Tensor<2> {
    let [rows, columns] = values.dims();
    let mut cells = vec![0.0; rows * columns];
    for (row, &column) in own.iter().enumerate() {
        cells[row * columns + column] = 1.0;
    }
    matrix(cells, [rows, columns], values)
}

/// Mean over the rows of −log softmax at their own columns, in nats.
pub(in crate::losses) fn cross_entropy(logits: Tensor<2>, own: &Tensor<2>) -> Tensor<1> {
    -mean_of_own(activation::log_softmax(logits, 1), own)
}

/// Mean over the rows of the values at their own columns.
pub(in crate::losses) fn mean_of_own(values: Tensor<2>, own: &Tensor<2>) -> Tensor<1> {
    let [rows, _] = values.dims();
    (values * own.clone()).sum() / rows.max(1) as f64
}

/// The largest value of each row beside its own, `[rows, 1]`.
fn largest_other(values: &Tensor<2>, own: &Tensor<2>) -> Tensor<2> {
    (values.clone() - own.clone() * FAR).max_dim(1)
}

/// Share of the rows whose own value lies above all others: none where all are alike.
pub(in crate::losses) fn accuracy(values: &Tensor<2>, own: &Tensor<2>) -> Tensor<1> {
    let values = values.clone().detach();
    let others = largest_other(&values, own);
    let own = (values * own.clone()).sum_dim(1);
    own.greater(others).float().mean()
}

/// Share of the rows of cosines whose nearest column is one of those that are 1 in `own`: none where all are alike.
pub(in crate::losses) fn nearest_is_own(cosines: &Tensor<2>, own: &Tensor<2>) -> Tensor<1> {
    let cosines = cosines.clone().detach();
    // A cosine less 4 is below all others.
    let of_own = (cosines.clone() - (-own.clone() + 1.0) * 4.0).max_dim(1);
    let of_others = (cosines - own.clone() * 4.0).max_dim(1);
    of_own.greater(of_others).float().mean()
}

/// How well the own columns are told from others by cosines (`[rows, columns]`): accuracy, mean cosine to the own and to the
/// nearest other.
pub(in crate::losses) fn cosine_terms(cosines: &Tensor<2>, own: &Tensor<2>) -> [Term; 3] {
    let cosines = cosines.clone().detach();
    [
        Term::new("accuracy", "", accuracy(&cosines, own)),
        Term::new("own_cosine", "", mean_of_own(cosines.clone(), own)),
        Term::new(
            "nearest_other_cosine",
            "",
            largest_other(&cosines, own).mean(),
        ),
    ]
}
