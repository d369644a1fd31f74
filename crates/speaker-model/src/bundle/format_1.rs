//! Format 1 of bundles: that of Siamang 0.1, which knew one trunk and wrote down the loss's head.

use std::collections::BTreeMap;
use std::path::Path;

use audio_features::FeatureConfig;
use serde::Deserialize;

use super::config::{BundleConfig, NetworkConfig, OF_ENCODERS, Origin};
use super::weights::{NamedTensor, WeightType};
use crate::ModelError;
use crate::encoder::{EncoderConfig, InputConfig};
use crate::layers::{Activation, Direction};
use crate::poolings::{LastStateConfig, MeanConfig, MeanDeviationConfig, PoolingConfig};
use crate::projections::{LinearConfig, ProjectionConfig, UnitLengthConfig};
use crate::segments::Segmentation;
use crate::trunks::{LstmConfig, TrunkConfig};

/// What its `bundle.toml` holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Format1 {
    #[serde(rename = "format_version")]
    _format_version: u32,
    segmentation: Segmentation,
    centred: bool,
    precision: WeightType,
    origin: Origin,
    features: FeatureConfig,
    model: Model,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Model {
    num_bins: usize,
    #[serde(default)]
    embedding: Embedding,
    encoder: Encoder,
    head: Head,
}

/// Where the embedding is taken.
#[derive(Default, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Embedding {
    #[default]
    Pooled,
    /// The first layer of the head, which the bundle has with its standardisation inside: today's linear projection.
    FirstDense,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Encoder {
    num_layers: usize,
    #[serde(default)]
    direction: Direction,
    hidden: usize,
    dropout: f64,
    pooling: Pooling,
    #[serde(default = "one")]
    input_scale: f64,
    #[serde(default)]
    centre_input: bool,
    #[serde(default)]
    input_cepstra: usize,
    #[serde(default)]
    whiten_cepstra: bool,
    dense: Option<UnitLengthConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Pooling {
    LastState,
    Mean,
    MeanDeviation,
}

/// The loss's head, which no embedding needs but for the width of its first layer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    hidden: Vec<usize>,
    #[serde(rename = "activation")]
    _activation: Activation,
    #[serde(rename = "dropout")]
    _dropout: f64,
    #[serde(rename = "batch_norm", default)]
    _batch_norm: bool,
    #[serde(rename = "num_outputs")]
    _num_outputs: usize,
}

fn one() -> f64 {
    1.0
}

impl Format1 {
    /// Refuses what contradicts itself, and what no bundle of today can be.
    pub(super) fn check(&self, path: &Path) -> Result<(), ModelError> {
        let fault = |field: &str, found: String, expected: String, remedy| {
            Err(ModelError::Bundle {
                path: path.to_owned(),
                field: field.to_owned(),
                found,
                expected,
                remedy,
            })
        };
        let model = &self.model;
        if self.features.num_bins != model.num_bins {
            return fault(
                "model.num_bins",
                model.num_bins.to_string(),
                format!("{} as in features.num_bins", self.features.num_bins),
                "the front end belongs to another model",
            );
        }
        let is_first_dense = model.embedding == Embedding::FirstDense;
        if is_first_dense && model.head.hidden.is_empty() {
            return fault(
                "model.embedding",
                "first_dense".to_owned(),
                "pooled, or at least one layer in head.hidden".to_owned(),
                "compare the file with another bundle's",
            );
        }
        if is_first_dense && model.encoder.dense.is_some() {
            return fault(
                "model.embedding",
                "first_dense behind model.encoder.dense".to_owned(),
                "one projection".to_owned(),
                "use siamang 0.1 for this bundle: two layers behind the pooling are no longer an encoder",
            );
        }
        Ok(())
    }
}

impl From<Format1> for BundleConfig {
    fn from(old: Format1) -> Self {
        let Model {
            embedding,
            encoder,
            head,
            ..
        } = old.model;
        let projection = match (embedding, encoder.dense, head.hidden.first()) {
            (Embedding::FirstDense, _, Some(&width)) => ProjectionConfig::from(LinearConfig {
                width,
                standardise: false,
            }),
            (_, Some(dense), _) => ProjectionConfig::from(dense),
            _ => ProjectionConfig::default(),
        };
        Self {
            format_version: OF_ENCODERS,
            segmentation: old.segmentation,
            centred: old.centred,
            weights: old.precision,
            origin: old.origin,
            imported: None,
            adapted: Vec::new(),
            features: old.features,
            network: NetworkConfig::Encoder(EncoderConfig {
                input: InputConfig {
                    scale: encoder.input_scale,
                    centre: encoder.centre_input,
                    cepstra: encoder.input_cepstra,
                    whiten: encoder.whiten_cepstra,
                },
                trunk: TrunkConfig::from(LstmConfig {
                    num_layers: encoder.num_layers,
                    direction: encoder.direction,
                    hidden: encoder.hidden,
                    dropout: encoder.dropout,
                }),
                pooling: match encoder.pooling {
                    Pooling::LastState => PoolingConfig::from(LastStateConfig {}),
                    Pooling::Mean => PoolingConfig::from(MeanConfig {}),
                    Pooling::MeanDeviation => PoolingConfig::from(MeanDeviationConfig::default()),
                },
                projection,
            }),
        }
    }
}

/// Today's names of a bundle's tensors.
pub(super) fn renamed(tensors: BTreeMap<String, NamedTensor>) -> BTreeMap<String, NamedTensor> {
    const PARTS: [(&str, &str); 4] = [
        ("layers.", "trunk.layers."),
        ("whitening.", "input.whitening."),
        ("dense.", "projection.dense."),
        ("projection.", "projection.dense."),
    ];
    let today = |name: String| {
        let parts = PARTS.iter();
        let mut found =
            parts.filter_map(|(old, new)| Some(format!("{new}{}", name.strip_prefix(old)?)));
        found.next().unwrap_or(name)
    };
    let tensors = tensors.into_iter();
    tensors
        .map(|(name, tensor)| (today(name), tensor))
        .collect()
}
