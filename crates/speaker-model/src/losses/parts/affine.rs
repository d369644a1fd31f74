//! A learned scale and offset of cosines.

use burn::module::Param;
use burn::tensor::Tensor;

use crate::ModelError;

/// # Errors
/// [`ModelError::Config`] for an offset that is no number.
pub(in crate::losses) fn check_offset(offset: f64) -> Result<(), ModelError> {
    if offset.is_finite() {
        return Ok(());
    }
    Err(ModelError::Config {
        field: "loss.offset",
        found: offset.to_string(),
        expected: "a finite number",
    })
}

/// Least scale: a learned one must not turn likeness into its opposite.
const LEAST_SCALE: f64 = 1e-6;

/// w · cosine + b, with w above 0.
pub(in crate::losses) fn affine(
    cosines: &Tensor<2>,
    scale: &Param<Tensor<1>>,
    offset: &Param<Tensor<1>>,
) -> Tensor<2> {
    let scale = scale.val().clamp_min(LEAST_SCALE);
    cosines.clone() * scale.unsqueeze() + offset.val().unsqueeze()
}
