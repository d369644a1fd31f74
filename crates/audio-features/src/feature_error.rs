//! What can be wrong with a feature configuration, a training mean or the feature cache.

use std::path::PathBuf;

/// Why features cannot be computed, normalised or cached.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeatureError {
    /// A configuration value lies outside its allowed range.
    #[error("feature configuration: `{field}` is {found}, expected {expected}")]
    InvalidConfig {
        /// Name of the field as it is written in TOML.
        field: &'static str,
        /// The value found there.
        found: String,
        /// The allowed values.
        expected: String,
    },
    /// A mel band is so narrow that no FFT bin falls into it: it would be constant.
    #[error(
        "feature configuration: mel band {band} ({low_hz:.1} to {high_hz:.1} Hz) holds no FFT bin"
    )]
    EmptyMelBand {
        /// Index of the band, from 0.
        band: usize,
        /// Lower edge of the band in Hz.
        low_hz: f64,
        /// Upper edge of the band in Hz.
        high_hz: f64,
    },
    /// `normalisation = "global_mean"` without the mean of the training data.
    #[error("`normalisation` is `global_mean`, but no training mean was given")]
    GlobalMeanMissing,
    /// A training mean is given for a normalisation that has no use for it.
    #[error("a training mean was given, but `normalisation` is not `global_mean`")]
    GlobalMeanUnused,
    /// The training mean does not fit the features.
    #[error("training mean: {found}, expected {expected} finite values, one per mel band")]
    GlobalMeanMismatch {
        /// What was found.
        found: String,
        /// Number of mel bands.
        expected: usize,
    },
    /// The feature cache cannot be read or written.
    #[error(
        "feature cache: cannot {action} `{path}`: {source}", path = path.display()
    )]
    Cache {
        /// What was attempted, as a verb phrase.
        action: &'static str,
        /// File or directory concerned.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
}

impl FeatureError {
    /// What to do about it, where there is something to say.
    pub fn remedy(&self) -> Option<&str> {
        Some(match self {
            Self::EmptyMelBand { .. } => "lower `num_bins` or raise `fft_size`",
            Self::GlobalMeanMissing => {
                "compute it with `mean_frame` over the training features, or load it with the model"
            }
            Self::GlobalMeanUnused => "leave the mean out or change `normalisation`",
            Self::Cache { .. } => {
                "check its permissions and free space, or choose another cache directory"
            }
            _ => return None,
        })
    }

    pub(crate) fn invalid(
        field: &'static str,
        found: impl std::fmt::Display,
        expected: impl Into<String>,
    ) -> Self {
        Self::InvalidConfig {
            field,
            found: found.to_string(),
            expected: expected.into(),
        }
    }
}
