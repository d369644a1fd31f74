//! How a network's parts are chosen: one tagged enum of configurations, and one of modules.

use crate::ModelError;
use crate::layers::Initialiser;

/// What one writes down about a part of an encoder.
pub(crate) trait PartConfig {
    /// What it describes.
    type Part;

    /// Refuses sizes and probabilities that no network can have.
    ///
    /// # Errors
    /// [`ModelError::Config`] with the field, its value and what it may be.
    fn validate(&self) -> Result<(), ModelError>;

    /// Number of features that come out where `input` go in.
    fn output_width(&self, input: usize) -> usize;

    /// The part for `input` features, with weights of `initialiser`.
    ///
    /// # Errors
    /// As [`Initialiser::kernel`].
    fn build(
        &self,
        input: usize,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<Self::Part, ModelError>;
}

/// A configuration that is small enough for numerical gradients: what tests go over every choice with.
pub(crate) trait Example {
    /// It.
    fn example() -> Self;
}

/// Declares the files of a folder and the two enums that choose among them: of configurations, which TOML tells apart by
/// `kind` (the type's name in snake case), and of modules.
macro_rules! choices {
    ($(#[$config_doc:meta])* $Config:ident, $(#[$part_doc:meta])* $vis:vis $Any:ident;
     $($file:ident::$Part:ident($PartConfig:ident)),+) => {
        $(mod $file;)+
        $(pub use $file::$PartConfig;)+
        $($vis use $file::$Part;)+

        $(#[$config_doc])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(tag = "kind", rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum $Config {
            $(
                #[doc = concat!("[`", stringify!($PartConfig), "`].")]
                $Part($PartConfig),
            )+
        }

        $(#[$part_doc])*
        #[derive(burn::module::Module, Debug)]
        #[allow(
            clippy::large_enum_variant,
            reason = "a network has one of each of its parts"
        )]
        #[non_exhaustive]
        $vis enum $Any {
            $(
                #[doc = concat!("[`", stringify!($Part), "`].")]
                $Part($Part),
            )+
        }

        impl $Config {
            /// A small configuration of every kind, in the order of their declaration: what tests go over all kinds with.
            #[must_use]
            pub fn examples() -> Vec<Self> {
                vec![$(Self::$Part(<$PartConfig as crate::choices::Example>::example())),+]
            }

            /// The settings, where they are those of kind `T`.
            #[must_use]
            pub fn downcast_ref<T: 'static>(&self) -> Option<&T> {
                match self {
                    $(Self::$Part(config) => (config as &dyn std::any::Any).downcast_ref(),)+
                }
            }

            /// The settings to be changed, where they are those of kind `T`.
            #[must_use]
            pub fn downcast_mut<T: 'static>(&mut self) -> Option<&mut T> {
                match self {
                    $(Self::$Part(config) => (config as &mut dyn std::any::Any).downcast_mut(),)+
                }
            }
        }

        $(
            impl From<$PartConfig> for $Config {
                fn from(config: $PartConfig) -> Self {
                    Self::$Part(config)
                }
            }
        )+
    };
}

/// [`choices!`] of parts of an encoder, whose configurations are [`PartConfig`]s.
macro_rules! parts {
    ($(#[$config_doc:meta])* $Config:ident, $(#[$part_doc:meta])* $Any:ident;
     $($file:ident::$Part:ident($PartConfig:ident)),+) => {
        crate::choices::choices! {
            $(#[$config_doc])* $Config, $(#[$part_doc])* pub(crate) $Any; $($file::$Part($PartConfig)),+
        }

        impl crate::choices::PartConfig for $Config {
            type Part = $Any;

            fn validate(&self) -> Result<(), crate::ModelError> {
                match self {
                    $(Self::$Part(config) => config.validate(),)+
                }
            }

            fn output_width(&self, input: usize) -> usize {
                match self {
                    $(Self::$Part(config) => config.output_width(input),)+
                }
            }

            fn build(
                &self,
                input: usize,
                initialiser: &mut crate::Initialiser<'_>,
            ) -> Result<$Any, crate::ModelError> {
                Ok(match self {
                    $(Self::$Part(config) => $Any::$Part(config.build(input, initialiser)?),)+
                })
            }
        }
    };
}

pub(crate) use {choices, parts};

/// Widest layer that a configuration may ask for.
const MAX_SIZE: usize = 65_536;

/// Refuses a size of 0, or one wider than any layer may be.
///
/// # Errors
/// [`ModelError::Config`] with the field.
pub fn check_size(field: &'static str, size: usize) -> Result<(), ModelError> {
    if (1..=MAX_SIZE).contains(&size) {
        return Ok(());
    }
    Err(ModelError::Config {
        field,
        found: size.to_string(),
        expected: "a size between 1 and 65536",
    })
}

/// Most layers, frames of a kernel and the like that a configuration may ask for.
const MAX_COUNT: usize = 1024;

/// Refuses a number of layers, of frames or the like that is 0, or absurd.
///
/// # Errors
/// [`ModelError::Config`] with the field.
pub fn check_count(field: &'static str, count: usize) -> Result<(), ModelError> {
    if (1..=MAX_COUNT).contains(&count) {
        return Ok(());
    }
    Err(ModelError::Config {
        field,
        found: count.to_string(),
        expected: "a number between 1 and 1024",
    })
}

/// Refuses what is not a probability of dropping something.
///
/// # Errors
/// [`ModelError::Config`] with the field.
pub fn check_dropout(field: &'static str, probability: f64) -> Result<(), ModelError> {
    if (0.0..1.0).contains(&probability) {
        return Ok(());
    }
    Err(ModelError::Config {
        field,
        found: probability.to_string(),
        expected: "a probability of at least 0 and below 1",
    })
}
