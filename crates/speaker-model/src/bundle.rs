//! A trained model as one directory that carries its own front end and its own test.
//!
//! | file | what |
//! |---|---|
//! | `bundle.toml` | [`BundleConfig`]: format version, features, network, segmentation, origin |
//! | `weights.safetensors` | the encoder, and `projection`, `feature_mean` and `embedding_mean` where they are used |
//! | `self_test.json` | two made signals and their embeddings; loading runs them |

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use audio_features::{FeatureConfig, FrontEnd, Normalisation};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::ModelError;
use crate::config::{Arithmetic, EmbeddingLayer, ModelConfig};
use crate::embedder::Embedder;
use crate::encoder::Encoder;
use crate::head::Projection;
use crate::segments::Segmentation;
use crate::self_test::SelfTest;
use crate::weights::{self, NamedTensor, Precision};

/// The format that this version writes, and the newest that it reads.
pub const FORMAT_VERSION: u32 = 1;

const CONFIG_FILE: &str = "bundle.toml";
const WEIGHTS_FILE: &str = "weights.safetensors";
const SELF_TEST_FILE: &str = "self_test.json";
const FEATURE_MEAN: &str = "feature_mean";
const EMBEDDING_MEAN: &str = "embedding_mean";
const PROJECTION_WEIGHT: &str = "projection.weight";
const PROJECTION_BIAS: &str = "projection.bias";

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
    pub precision: Precision,
    /// Where the model comes from.
    pub origin: Origin,
    /// The front end.
    pub features: FeatureConfig,
    /// The network.
    pub model: ModelConfig,
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

/// A model in memory.
pub struct Bundle {
    /// What `bundle.toml` holds.
    pub config: BundleConfig,
    /// What makes embeddings of recordings.
    pub embedder: Embedder,
}

impl Bundle {
    /// A bundle around `embedder`, which embeds with the encoder of a network of configuration `model`.
    #[must_use]
    pub fn new(embedder: Embedder, model: ModelConfig, origin: Origin) -> Self {
        let config = BundleConfig {
            format_version: FORMAT_VERSION,
            segmentation: embedder.segmentation,
            centred: embedder.centre.is_some(),
            precision: Precision::F32,
            origin,
            features: embedder.front_end.config().clone(),
            model,
        };
        Self { config, embedder }
    }

    /// Writes the bundle's three files into `directory`, which is made where it is missing.
    ///
    /// # Errors
    /// [`ModelError::Io`], or [`ModelError::Bundle`] where the weights cannot be stored.
    pub fn save(&self, directory: &Path, precision: Precision) -> Result<(), ModelError> {
        std::fs::create_dir_all(directory).map_err(ModelError::io(directory))?;
        let mut tensors = weights::tensors_of(&self.embedder.encoder);
        let vectors = [
            (FEATURE_MEAN, self.embedder.front_end.global_mean()),
            (EMBEDDING_MEAN, self.embedder.centre.as_deref()),
        ];
        for (name, values) in vectors {
            if let Some(values) = values {
                let tensor = NamedTensor {
                    shape: vec![values.len()],
                    values: values.to_vec(),
                };
                tensors.insert(name.to_owned(), tensor);
            }
        }
        if let Some(projection) = &self.embedder.projection {
            let output = projection.bias.len();
            let parts = [
                (
                    PROJECTION_WEIGHT,
                    vec![projection.input, output],
                    &projection.weight,
                ),
                (PROJECTION_BIAS, vec![output], &projection.bias),
            ];
            for (name, shape, values) in parts {
                let values = values.clone();
                tensors.insert(name.to_owned(), NamedTensor { shape, values });
            }
        }
        weights::write(&directory.join(WEIGHTS_FILE), &tensors, precision)?;
        // Of 32-bit arithmetic, as loading runs it, whatever the embedder computes in.
        let embedder = self.embedder.clone().with_arithmetic(Arithmetic::F32);
        SelfTest::of(&embedder)?.write(&directory.join(SELF_TEST_FILE))?;
        let config = BundleConfig {
            precision,
            ..self.config.clone()
        };
        let path = directory.join(CONFIG_FILE);
        let text = toml::to_string(&config).map_err(|error| ModelError::Bundle {
            path: path.clone(),
            field: "configuration".to_owned(),
            found: error.to_string(),
            expected: "values that TOML can hold".to_owned(),
            remedy: "report this as a defect",
        })?;
        durable::write(&path, text.as_bytes()).map_err(ModelError::io(&path))
    }

    /// BLAKE3 of what decides the embeddings of the bundle in `directory`: its configuration and its weights.
    ///
    /// # Errors
    /// [`ModelError::Io`] for a file that cannot be read.
    pub fn hash(directory: &Path) -> Result<String, ModelError> {
        let mut hasher = blake3::Hasher::new();
        for name in [CONFIG_FILE, WEIGHTS_FILE] {
            let path = directory.join(name);
            let bytes = std::fs::read(&path).map_err(ModelError::io(&path))?;
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(&bytes);
        }
        Ok(hasher.finalize().to_hex().to_string())
    }

    /// Reads a bundle, refuses what does not match field by field, and runs its self-test.
    ///
    /// # Errors
    /// [`ModelError::Io`] for a file that cannot be read, [`ModelError::Bundle`] for a newer format, an
    /// unknown field, a missing or misshapen tensor, or embeddings other than the self-test's.
    pub fn load(directory: &Path, device: &Device) -> Result<Self, ModelError> {
        let config = read_config(&directory.join(CONFIG_FILE))?;
        let path = directory.join(WEIGHTS_FILE);
        let mut tensors = weights::read(&path)?;
        let wants_mean = config.features.normalisation == Normalisation::GlobalMean;
        let (bins, pooled, dim) = (
            config.model.num_bins,
            config.model.pooled_dim(),
            config.model.embedding_dim(),
        );
        let mut take =
            |name, wanted, shape: &[usize]| values(&mut tensors, name, wanted, shape, &path);
        let feature_mean = take(FEATURE_MEAN, wants_mean, &[bins])?;
        let embedding_mean = take(EMBEDDING_MEAN, config.centred, &[dim])?;
        let projects = config.model.embedding == EmbeddingLayer::FirstDense;
        let weight = take(PROJECTION_WEIGHT, projects, &[pooled, dim])?;
        let bias = take(PROJECTION_BIAS, projects, &[dim])?;
        let projection = weight.zip(bias).map(|(weight, bias)| Projection {
            input: pooled,
            weight,
            bias,
        });
        let front_end = FrontEnd::new(config.features.clone(), feature_mean)?;
        let device = device.clone().inner();
        let encoder = Encoder::new(config.model.num_bins, &config.model.encoder, None, &device);
        let encoder = weights::with_tensors(encoder, &mut tensors, &path)?;
        if let Some(name) = tensors.into_keys().next() {
            return Err(ModelError::Bundle {
                path,
                field: name,
                found: "a tensor of that name".to_owned(),
                expected: "only the tensors that `bundle.toml` describes".to_owned(),
                remedy: "take both files from one bundle",
            });
        }
        let mut embedder = Embedder::new(
            front_end,
            encoder,
            config.segmentation,
            embedding_mean,
            &device,
        );
        embedder.projection = projection;
        SelfTest::read(&directory.join(SELF_TEST_FILE))?.check(&embedder)?;
        Ok(Self { config, embedder })
    }
}

fn read_config(path: &Path) -> Result<BundleConfig, ModelError> {
    let text = std::fs::read_to_string(path).map_err(ModelError::io(path))?;
    let fault = |field: &str, found: String, expected: String, remedy| ModelError::Bundle {
        path: PathBuf::from(path),
        field: field.to_owned(),
        found,
        expected,
        remedy,
    };
    // The version comes first: a newer format may have fields that this version does not know.
    #[derive(Deserialize)]
    struct Version {
        format_version: u32,
    }
    let parse_fault = |error: toml::de::Error| {
        fault(
            "configuration",
            error.message().to_owned(),
            "the fields of a bundle".to_owned(),
            "compare the file with another bundle's",
        )
    };
    let Version { format_version } = toml::from_str(&text).map_err(parse_fault)?;
    if format_version > FORMAT_VERSION {
        return Err(fault(
            "format_version",
            format_version.to_string(),
            format!("at most {FORMAT_VERSION}"),
            "the bundle was written by a newer siamang: update this one",
        ));
    }
    let config: BundleConfig = toml::from_str(&text).map_err(parse_fault)?;
    config.model.validate()?;
    if config.features.num_bins != config.model.num_bins {
        return Err(fault(
            "model.num_bins",
            config.model.num_bins.to_string(),
            format!("{} as in features.num_bins", config.features.num_bins),
            "the front end belongs to another model",
        ));
    }
    Ok(config)
}

/// Takes the tensor `name` out of `tensors`, where it must be if and only if it is `wanted`.
fn values(
    tensors: &mut BTreeMap<String, NamedTensor>,
    name: &str,
    wanted: bool,
    shape: &[usize],
    path: &Path,
) -> Result<Option<Vec<f32>>, ModelError> {
    let found = match (tensors.remove(name), wanted) {
        (None, false) => return Ok(None),
        (Some(tensor), true) if tensor.shape == shape => return Ok(Some(tensor.values)),
        (None, true) => "missing".to_owned(),
        (Some(tensor), _) => format!("shape {:?}", tensor.shape),
    };
    Err(ModelError::Bundle {
        path: path.to_owned(),
        field: name.to_owned(),
        found,
        expected: if wanted {
            format!("shape {shape:?}")
        } else {
            "absent".to_owned()
        },
        remedy: "take weights and configuration from one bundle",
    })
}
