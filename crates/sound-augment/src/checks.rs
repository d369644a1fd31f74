//! Values that a configuration may have.

use crate::error::SoundError;

/// A share or a probability.
pub(crate) fn share(field: &'static str, value: f64) -> Result<(), SoundError> {
    if (0.0..=1.0).contains(&value) {
        return Ok(());
    }
    Err(SoundError::invalid(field, value, "0 to 1"))
}

/// A range to draw from, within `low` to `high`.
pub(crate) fn range(
    field: &'static str,
    [from, to]: [f64; 2],
    low: f64,
    high: f64,
) -> Result<(), SoundError> {
    if low <= from && from <= to && to <= high {
        return Ok(());
    }
    Err(SoundError::invalid(
        field,
        format!("[{from}, {to}]"),
        format!("[lowest, highest] within {low} to {high}"),
    ))
}
