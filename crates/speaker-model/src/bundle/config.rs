//! What `bundle.toml` holds.

use std::path::{Path, PathBuf};

use audio_features::FeatureConfig;
use serde::{Deserialize, Serialize};

use super::format_1::Format1;
use super::weights::WeightType;
use crate::ModelError;
use crate::encoder::EncoderConfig;
use crate::segments::Segmentation;

/// The format that this version writes, and the newest that it reads.
pub const FORMAT_VERSION: u32 = 2;

/// What `bundle.toml` holds: all that is needed to embed as the model was trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleConfig {
    /// See [`FORMAT_VERSION`].
    pub format_version: u32,
    /// How a recording is cut before it is embedded.
    pub segmentation: Segmentation,
    /// Whether the mean embedding of the training data is subtracted.
    pub centred: bool,
    /// How the weights are stored.
    pub weights: WeightType,
    /// Where the model comes from.
    pub origin: Origin,
    /// What it was imported from, where others trained it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<Imported>,
    /// The front end.
    pub features: FeatureConfig,
    /// The encoder.
    pub encoder: EncoderConfig,
}

/// A model that others trained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imported {
    /// Whose layout of weights and whose front end: `3d-speaker`, `wespeaker`, `speechbrain`, `resemblyzer` …
    pub family: String,
    /// The network, such as `CAM++`.
    pub network: String,
    /// Name of the file that was imported, with the member of an archive behind `!`.
    pub file: String,
    /// SHA-256 of that file.
    pub sha256: String,
    /// Its licence, as its authors state it, where that is known.
    pub licence: String,
    /// Who trained it and gives it out.
    pub authors: String,
}

/// Where a model comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The training data, in words.
    pub data: String,
    /// BLAKE3 of the training manifest's utterances and speakers.
    pub data_hash: String,
    /// Commit of the program that trained it.
    pub commit: String,
    /// Seed of the run.
    pub seed: u64,
    /// Training steps taken.
    pub step: u64,
}

impl BundleConfig {
    /// Dimensions of an embedding.
    #[must_use]
    pub fn embedding_dim(&self) -> usize {
        self.encoder.embedding_dim(self.features.num_bins)
    }

    /// Reads the text of the file at `path`, and says of which format it is.
    pub(super) fn parse(text: &str, path: &Path) -> Result<(Self, u32), ModelError> {
        // The version comes first: a newer format may have fields that this version does not know.
        #[derive(Deserialize)]
        struct Version {
            format_version: u32,
        }
        let parse_fault = |error: toml::de::Error| ModelError::Bundle {
            path: PathBuf::from(path),
            field: "configuration".to_owned(),
            found: error.message().to_owned(),
            expected: "the fields of a bundle".to_owned(),
            remedy: "compare the file with another bundle's",
        };
        let Version { format_version } = toml::from_str(text).map_err(parse_fault)?;
        let config: Self = match format_version {
            1 => {
                let old: Format1 = toml::from_str(text).map_err(parse_fault)?;
                old.check(path)?;
                old.into()
            }
            FORMAT_VERSION => toml::from_str(text).map_err(parse_fault)?,
            _ => {
                return Err(ModelError::Bundle {
                    path: PathBuf::from(path),
                    field: "format_version".to_owned(),
                    found: format_version.to_string(),
                    expected: format!("1 to {FORMAT_VERSION}"),
                    remedy: "the bundle was written by a newer siamang: update this one",
                });
            }
        };
        config.encoder.validate(config.features.num_bins)?;
        Ok((config, format_version))
    }
}
