//! What `bundle.toml` holds.

use std::path::{Path, PathBuf};

use audio_features::FeatureConfig;
use serde::{Deserialize, Serialize};

use super::format_1::Format1;
use super::weights::WeightType;
use crate::ModelError;
use crate::adaptation::AdaptedFrom;
use crate::encoder::EncoderConfig;
use crate::extractor::GraphConfig;
use crate::segments::Segmentation;

/// The newest format that this version reads.
pub const FORMAT_VERSION: u32 = 4;

/// The format of a bundle whose network is an encoder: older versions read it.
pub(super) const OF_ENCODERS: u32 = 2;

/// The format of a bundle whose network is a graph.
const OF_GRAPHS: u32 = 3;

/// The network of a bundle.
#[derive(Clone, Debug, PartialEq)]
pub enum NetworkConfig {
    /// An encoder, whose weights lie beside.
    Encoder(EncoderConfig),
    /// A graph that others trained, which lies beside.
    Graph(GraphConfig),
}

impl NetworkConfig {
    /// The format that a bundle of such a network is written in: one that was adapted is read by this version's like alone.
    #[must_use]
    pub fn format_version(&self, is_adapted: bool) -> u32 {
        match self {
            _ if is_adapted => FORMAT_VERSION,
            Self::Encoder(_) => OF_ENCODERS,
            Self::Graph(_) => OF_GRAPHS,
        }
    }
}

/// What `bundle.toml` holds: all that is needed to embed as the model was trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct BundleConfig {
    /// [`NetworkConfig::format_version`]; 1 in bundles of Siamang 0.1.
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
    pub imported: Option<Imported>,
    /// What it was adapted from, in the order in which that was done.
    pub adapted: Vec<AdaptedFrom>,
    /// The front end.
    pub features: FeatureConfig,
    /// The network: `[encoder]` or `[graph]`.
    pub network: NetworkConfig,
}

/// The same as it is written.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format_version: u32,
    segmentation: Segmentation,
    centred: bool,
    weights: WeightType,
    origin: Origin,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    imported: Option<Imported>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    adapted: Vec<AdaptedFrom>,
    features: FeatureConfig,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    encoder: Option<EncoderConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    graph: Option<GraphConfig>,
}

impl TryFrom<Written> for BundleConfig {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let network = match (written.encoder, written.graph) {
            (Some(encoder), None) => NetworkConfig::Encoder(encoder),
            (None, Some(graph)) => NetworkConfig::Graph(graph),
            (None, None) => return Err("no network: missing field `encoder` or `graph`"),
            (Some(_), Some(_)) => return Err("two networks: `encoder` and `graph`"),
        };
        Ok(Self {
            format_version: written.format_version,
            segmentation: written.segmentation,
            centred: written.centred,
            weights: written.weights,
            origin: written.origin,
            imported: written.imported,
            adapted: written.adapted,
            features: written.features,
            network,
        })
    }
}

impl From<BundleConfig> for Written {
    fn from(config: BundleConfig) -> Self {
        let (encoder, graph) = match config.network {
            NetworkConfig::Encoder(encoder) => (Some(encoder), None),
            NetworkConfig::Graph(graph) => (None, Some(graph)),
        };
        Self {
            format_version: config.format_version,
            segmentation: config.segmentation,
            centred: config.centred,
            weights: config.weights,
            origin: config.origin,
            imported: config.imported,
            adapted: config.adapted,
            features: config.features,
            encoder,
            graph,
        }
    }
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
        match &self.network {
            NetworkConfig::Encoder(encoder) => encoder.embedding_dim(self.features.num_bins),
            NetworkConfig::Graph(graph) => graph.embedding_dim,
        }
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
            OF_ENCODERS..=FORMAT_VERSION => toml::from_str(text).map_err(parse_fault)?,
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
        if let NetworkConfig::Encoder(encoder) = &config.network {
            encoder.validate(config.features.num_bins)?;
        }
        Ok((config, format_version))
    }
}
