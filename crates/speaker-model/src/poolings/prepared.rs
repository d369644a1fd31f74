//! Poolings on slices, for inference.

use fused_conv::{ConvError, ViewMut};

use crate::ModelError;
use crate::trunks::States;

/// A pooling on our own kernels. One item a call, on one thread.
pub(crate) trait PreparedPooling: Send + Sync {
    /// What it makes of all states of one item, `[width]`.
    ///
    /// # Errors
    /// As the pooling that it was made of.
    fn pooled(&self, states: States) -> Result<Vec<f32>, ModelError>;
}

/// A vector of two halves, which `fill` writes: mean and deviation.
///
/// # Errors
/// Those of `fill`.
pub(super) fn halves(
    width: usize,
    fill: impl FnOnce(ViewMut<'_>, ViewMut<'_>) -> Result<(), ConvError>,
) -> Result<Vec<f32>, ModelError> {
    let mut both = vec![0.0; 2 * width];
    let (mean, deviation) = both.split_at_mut(width);
    fill(ViewMut::new(mean, width)?, ViewMut::new(deviation, width)?)?;
    Ok(both)
}
