//! Numbers in JSON, which writes one that is not finite as `null`.

use serde::{Deserialize, Deserializer};

/// A number that every line has: `null` is one that was not finite.
pub(super) fn null_is_nan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

/// A number that a line may lack, for which `null` still is one that was not finite.
pub(super) fn null_is_known_nan<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<f64>, D::Error> {
    null_is_nan(deserializer).map(Some)
}

/// What stands for a number that an older line lacks.
pub(super) fn nan() -> f64 {
    f64::NAN
}
