//! Band powers relative to the recording's own level, over a floor that follows it.

use crate::feature_config::Compression;
use crate::features::Features;
use crate::loudness::loud_level_db;
use crate::relative_level_config::RelativeLevel;

/// What is loud.
const LOUD_QUANTILE: f64 = 0.95;
const RANGE_DB: f64 = 40.0;

impl RelativeLevel {
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
