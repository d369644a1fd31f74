//! What can be wrong with a configuration of effects or with the sounds that they are made of.

/// Why samples cannot be augmented.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SoundError {
    /// A value lies outside its allowed range.
    #[error("augmentation of samples: `{field}` is {found}, expected {expected}")]
    InvalidConfig {
        /// Name of the field as it is written in TOML.
        field: &'static str,
        /// The value found there.
        found: String,
        /// The allowed values.
        expected: String,
    },
    /// An effect that is made of recordings has none.
    #[error("augmentation of samples: `{effect}` has no recordings to draw from")]
    NoSounds {
        /// Name of the effect as it is written in TOML.
        effect: &'static str,
    },
    /// A rate that cannot be brought to another.
    #[error("augmentation of samples: {up} / {down} is no ratio of sample rates")]
    Ratio {
        /// Samples made.
        up: usize,
        /// Of so many.
        down: usize,
    },
}

impl SoundError {
    /// What to do about it, where there is something to say.
    #[must_use]
    pub fn remedy(&self) -> Option<&str> {
        match self {
            Self::NoSounds { .. } => {
                Some("name a folder that holds some, or leave the effect out of the configuration")
            }
            Self::InvalidConfig { .. } | Self::Ratio { .. } => None,
        }
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
