//! Band powers relative to the recording's own level: what one writes in TOML.

use serde::{Deserialize, Serialize};

use crate::feature_error::FeatureError;

/// Features that do not depend on how loud a recording is, and that do not hear what lies far below its voice: the rounding of
/// a codec, a dither, the emptiness above a telephone's band.
///
/// Each band power is divided by the mean band power of the recording's loud frames (below which 95 % of those frames lie that are
/// at most 40 dB below the tenth loudest), and a constant `floor_db` below that is added: what noise of even power would do on
/// average. Bands that hold nothing come out alike, whatever emptied them.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct RelativeLevel {
    /// How far below the mean band power of the loud frames the floor lies, in dB.
    pub floor_db: f64,
}

impl RelativeLevel {
    pub(crate) fn validate(self) -> Result<(), FeatureError> {
        match (0.0..=60.0).contains(&self.floor_db) {
            true => Ok(()),
            // Kaldi's logarithm has a floor of its own, 69 dB below 1.
            false => Err(FeatureError::invalid(
                "relative_level.floor_db",
                self.floor_db,
                "0 to 60",
            )),
        }
    }
}
