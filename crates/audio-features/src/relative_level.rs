//! Band powers relative to the recording's own level, over a floor that follows it.

use serde::{Deserialize, Serialize};

use crate::feature_config::Compression;
use crate::feature_error::FeatureError;
use crate::features::Features;
use crate::loudness::loud_level_db;

/// What is loud.
const LOUD_QUANTILE: f64 = 0.95;
const RANGE_DB: f64 = 40.0;

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

    /// Applies it in place to raw log-mel of a recording whose frames have these levels in dB, those that were dropped included;
    /// silence comes out even.
    pub(crate) fn apply(self, compression: Compression, levels: &[f64], features: &mut Features) {
        let Some(loud_db) = loud_level_db(levels, LOUD_QUANTILE, Some(RANGE_DB)) else {
            return;
        };
        let mean = 10f64.powf(loud_db / 10.0) / features.num_bins() as f64;
        let scale = (1.0 / mean.max(f64::from(f32::MIN_POSITIVE))) as f32;
        let floor = 10f64.powf(-self.floor_db / 10.0) as f32;
        let values = features.data_mut();
        compression.decompress(values);
        values
            .iter_mut()
            .for_each(|power| *power = *power * scale + floor);
        compression.compress(values);
    }
}
