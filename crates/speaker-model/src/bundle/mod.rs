//! A trained model as one directory that carries its own front end and its own test.
//!
//! | file | what |
//! |---|---|
//! | `bundle.toml` | [`BundleConfig`]: format version, features, encoder or graph, segmentation, origin |
//! | `weights.safetensors` | the encoder, `feature_mean` and `embedding_mean` where they are used, and `adaptation_N` of what it was adapted by |
//! | `graph.onnx` | the network, where it is a graph that others trained; `bundle.toml` has its SHA-256 |
//! | `self_test.json` | two made signals' embeddings; loading computes them again |
//! | `card.toml` | what was measured of the model: its [`Thresholds`], where they are known, and what else its makers say |
//! | `calibration.json`, `cohort.safetensors` | what its scores mean, where that is known, and the strangers beside whom they are seen: [`ModelCalibration`] |
//! | `speakers.txt` | hashes of the names of the speakers that it was trained on, where that is known: [`TrainingSpeakers`] |
//!
//! Bundles of format 1, which Siamang 0.1 wrote, are read like those of today's.

mod adapted;
mod calibration;
mod card;
mod config;
mod files;
mod format_1;
mod network;
mod self_test;
mod sound;
mod speakers;
pub(crate) mod weights;

use std::path::Path;

use audio_features::{FrontEnd, Normalisation};
use burn::tensor::Device;
use speaker_scoring::{AdaptationMap, Thresholds};

pub use calibration::{CalibratedOn, CalibrationGroup, ErrorsAt, ModelCalibration};
pub use card::{FittedOn, TeacherOrigin};
pub use config::{BundleConfig, FORMAT_VERSION, Imported, NetworkConfig, Origin};
pub use files::BundleFiles;
pub use network::encoder_of;
pub(crate) use self_test::compare;
pub use self_test::made_signals;
pub use sound::MeasuredSound;
pub use speakers::TrainingSpeakers;

use crate::ModelError;
use crate::adaptation::AdaptedFrom;
use crate::embedder::Embedder;
use crate::extractor::Extractor;
use crate::layers::ComputeType;
use crate::model::EmbeddingModel;
use card::Card;
use self_test::SelfTest;
use weights::WeightType;
pub use weights::{NamedTensor, TakenWeights, read as read_tensors};

const CONFIG_FILE: &str = "bundle.toml";
const SELF_TEST_FILE: &str = "self_test.json";
const FEATURE_MEAN: &str = "feature_mean";
const EMBEDDING_MEAN: &str = "embedding_mean";

/// A model in memory.
pub struct Bundle {
    config: BundleConfig,
    embedder: Embedder,
    card: Card,
    calibration: Option<ModelCalibration>,
    training_speakers: Option<TrainingSpeakers>,
}

impl Bundle {
    /// A bundle around `embedder`.
    #[must_use]
    pub fn new(embedder: Embedder, origin: Origin) -> Self {
        let network = match embedder.extractor() {
            Extractor::Encoder(encoder) => {
                NetworkConfig::Encoder(encoder.encoder().config().clone())
            }
            #[cfg(feature = "onnx")]
            Extractor::Graph(graph) => NetworkConfig::Graph(graph.config().clone()),
        };
        let config = BundleConfig {
            format_version: network.format_version(false),
            segmentation: embedder.segmentation(),
            centred: embedder.centre().is_some(),
            weights: WeightType::F32,
            origin,
            imported: None,
            adapted: Vec::new(),
            features: embedder.front_end().config().clone(),
            network,
        };
        Self {
            config,
            embedder,
            card: Card::default(),
            calibration: None,
            training_speakers: None,
        }
    }

    /// What `bundle.toml` holds; of a bundle in an older format, what it would hold today.
    #[must_use]
    pub fn config(&self) -> &BundleConfig {
        &self.config
    }

    /// What makes embeddings of recordings.
    #[must_use]
    pub fn embedder(&self) -> &Embedder {
        &self.embedder
    }

    /// The same, for keeps.
    #[must_use]
    pub fn into_embedder(self) -> Embedder {
        self.embedder
    }

    /// The thresholds of the model, as its card states them; empty where it states none.
    #[must_use]
    pub fn thresholds(&self) -> &Thresholds {
        &self.card.thresholds
    }

    /// What its card's thresholds were measured on, as far as the card says.
    #[must_use]
    pub fn measured_sound(&self) -> &MeasuredSound {
        &self.card.sound
    }

    /// The same bundle with other thresholds. Saving it writes down which weights they hold for.
    #[must_use]
    pub fn with_thresholds(mut self, thresholds: Thresholds) -> Self {
        self.card.thresholds = thresholds;
        // Others were measured on other recordings.
        self.card.sound = MeasuredSound::default();
        self.card.fitted_on = None;
        self.embedder = self.embedder.measured_from(None);
        self
    }

    /// The same bundle with other thresholds, and with the trials that they were fitted on.
    #[must_use]
    pub fn with_fitted_thresholds(self, thresholds: Thresholds, on: FittedOn) -> Self {
        let mut bundle = self.with_thresholds(thresholds);
        bundle.card.fitted_on = Some(on);
        bundle
    }

    /// The trials that its card's thresholds were fitted on, where a training fitted them.
    #[must_use]
    pub fn fitted_on(&self) -> Option<&FittedOn> {
        self.card.fitted_on.as_ref()
    }

    /// What its scores mean, where that is known.
    #[must_use]
    pub fn calibration(&self) -> Option<&ModelCalibration> {
        self.calibration.as_ref()
    }

    /// The same bundle, whose scores mean what `calibration` says.
    #[must_use]
    pub fn with_calibration(mut self, calibration: ModelCalibration) -> Self {
        self.calibration = Some(calibration);
        self
    }

    /// The same bundle, which says that others trained it.
    #[must_use]
    pub fn with_import(mut self, imported: Imported) -> Self {
        self.config.imported = Some(imported);
        self
    }

    /// The same bundle, whose embeddings go through `map`. Thresholds of the card and the calibration hold for it no longer, and are gone.
    ///
    /// # Errors
    /// [`ModelError::Shape`] for a map of other dimensions than embeddings have.
    pub fn adapted(mut self, map: &AdaptationMap, from: AdaptedFrom) -> Result<Self, ModelError> {
        let centred = self.embedder.centre().is_some();
        self.embedder = self.embedder.adapted(map)?;
        self.config.format_version = self.config.network.format_version(true);
        self.config.centred = self.embedder.centre().is_some();
        self.config.adapted.push(AdaptedFrom { centred, ..from });
        self.calibration = None;
        Ok(self.with_thresholds(Thresholds::default()))
    }

    /// Whom it was trained on, where it says so.
    #[must_use]
    pub fn training_speakers(&self) -> Option<&TrainingSpeakers> {
        self.training_speakers.as_ref()
    }

    /// The same bundle, which says whom it was trained on.
    #[must_use]
    pub fn with_training_speakers(mut self, speakers: TrainingSpeakers) -> Self {
        self.training_speakers = Some(speakers);
        self
    }

    /// The model that it learned from, where its card says so.
    #[must_use]
    pub fn teacher(&self) -> Option<&TeacherOrigin> {
        self.card.teacher.as_ref()
    }

    /// The same bundle, whose card says which model it learned from.
    #[must_use]
    pub fn with_teacher(mut self, teacher: TeacherOrigin) -> Self {
        self.card.teacher = Some(teacher);
        self
    }

    /// The same bundle, whose embedder computes with another number format of products.
    #[must_use]
    pub fn with_compute_type(self, compute_type: ComputeType) -> Self {
        Self {
            embedder: self.embedder.with_compute_type(compute_type),
            ..self
        }
    }

    /// Writes the bundle's files into `directory`, which is made where it is missing.
    ///
    /// # Errors
    /// [`ModelError::Io`], or [`ModelError::Bundle`] where the weights cannot be stored.
    pub fn save(&self, directory: &Path, weight_type: WeightType) -> Result<(), ModelError> {
        std::fs::create_dir_all(directory).map_err(ModelError::io(directory))?;
        let vectors = [
            (FEATURE_MEAN, self.embedder.front_end().global_mean()),
            (EMBEDDING_MEAN, self.embedder.centre()),
        ];
        let vectors = vectors.into_iter().filter_map(|(name, values)| {
            let values = values?.to_vec();
            let shape = vec![values.len()];
            Some((name.to_owned(), NamedTensor { shape, values }))
        });
        network::write(
            self.embedder.extractor(),
            vectors
                .chain(adapted::tensors(self.embedder.adaptations()))
                .collect(),
            directory,
            weight_type,
        )?;
        // Of 32-bit products, as loading runs it, whatever the embedder computes with.
        let embedder = self.embedder.clone().with_compute_type(ComputeType::F32);
        SelfTest::of(&embedder)?.write(&directory.join(SELF_TEST_FILE))?;
        let hash = network::hash(BundleFiles::Folder(directory))?;
        self.card.write(directory, &hash)?;
        ModelCalibration::write(self.calibration.as_ref(), directory, &hash)?;
        TrainingSpeakers::write(self.training_speakers.as_ref(), directory)?;
        let config = BundleConfig {
            weights: weight_type,
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

    /// BLAKE3 of what decides the embeddings of the bundle of `files`: its configuration, and its weights or graph.
    ///
    /// # Errors
    /// [`ModelError::Io`] for a file that cannot be read.
    pub fn hash(files: BundleFiles<'_>) -> Result<String, ModelError> {
        let mut hasher = blake3::Hasher::new();
        let config = files.read(CONFIG_FILE)?;
        for bytes in std::iter::once(config).chain(network::files(files)?) {
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(&bytes);
        }
        Ok(hasher.finalize().to_hex().to_string())
    }

    /// Whom the bundle of `files` was trained on, where it says so; nothing else of it is read.
    ///
    /// # Errors
    /// [`ModelError::Io`] for a file that cannot be read, [`ModelError::Bundle`] for one that holds something else.
    pub fn training_speakers_of(
        files: BundleFiles<'_>,
    ) -> Result<Option<TrainingSpeakers>, ModelError> {
        TrainingSpeakers::read(&files)
    }

    /// What the scores of the bundle of `files` mean, where it says so; of its network nothing is made.
    ///
    /// # Errors
    /// [`ModelError::Io`] for a file that cannot be read, [`ModelError::Bundle`] for one that holds something else, or belongs to other
    /// weights.
    pub fn calibration_of(files: BundleFiles<'_>) -> Result<Option<ModelCalibration>, ModelError> {
        let path = files.path(CONFIG_FILE);
        let (config, _) = BundleConfig::parse(&files.read_text(CONFIG_FILE)?, &path)?;
        ModelCalibration::read(&files, config.embedding_dim(), || network::hash(files))
    }

    /// Reads a bundle, refuses what does not match field by field, and runs its self-test. No more memory is asked for than
    /// the weights' file has numbers for, whatever the configuration claims.
    ///
    /// # Errors
    /// [`ModelError::Io`] for a file that cannot be read, [`ModelError::Bundle`] for a newer format, an
    /// unknown field, a missing or misshapen tensor, another graph than the configuration has the SHA-256 of, or embeddings
    /// other than the self-test's.
    pub fn load(directory: &Path, device: &Device) -> Result<Self, ModelError> {
        Self::load_files(BundleFiles::Folder(directory), device)
    }

    /// As [`Self::load`], wherever the files are.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_files(files: BundleFiles<'_>, device: &Device) -> Result<Self, ModelError> {
        let config_path = files.path(CONFIG_FILE);
        let (config, format) = BundleConfig::parse(&files.read_text(CONFIG_FILE)?, &config_path)?;
        let path = files.path(network::WEIGHTS_FILE);
        let mut tensors = network::tensors(&files, &config.network)?;
        if format == 1 {
            tensors = format_1::renamed(tensors);
        }
        let wants_mean = config.features.normalisation == Normalisation::GlobalMean;
        let mut take =
            |name, wanted, length| network::vector(&mut tensors, name, wanted, length, &path);
        let feature_mean = take(FEATURE_MEAN, wants_mean, config.features.num_bins)?;
        let embedding_mean = take(EMBEDDING_MEAN, config.centred, config.embedding_dim())?;
        let adaptations =
            adapted::take(&config.adapted, config.embedding_dim(), &mut tensors, &path)?;
        let front_end = FrontEnd::new(config.features.clone(), feature_mean)?;
        let embedder = network::embedder(
            &config,
            &files,
            tensors,
            front_end,
            embedding_mean,
            &device.clone().inner(),
        )?
        .with_adaptations(adaptations);
        let test_path = files.path(SELF_TEST_FILE);
        SelfTest::parse(&files.read(SELF_TEST_FILE)?, &test_path)?.check(&embedder, &test_path)?;
        let mut hash = None;
        // Card and calibration ask for it, and one pass over the weights answers both.
        let mut weights = || match &hash {
            Some(known) => Ok(String::clone(known)),
            None => Ok(hash.insert(network::hash(files)?).clone()),
        };
        let card = Card::read(&files, &mut weights)?;
        let calibration = ModelCalibration::read(&files, config.embedding_dim(), &mut weights)?;
        let narrowest_hz = card.sound.band_hz.map(|[narrowest, _]| narrowest);
        Ok(Self {
            config,
            embedder: embedder.measured_from(narrowest_hz),
            card,
            calibration,
            training_speakers: TrainingSpeakers::read(&files)?,
        })
    }
}
