//! A model: a bundle, the best one of a run, or the one that is built in.

use std::fmt;
use std::path::{Path, PathBuf};

use speaker_model::{
    Bundle, BundleFiles, ComputeType, Embedder, EmbeddingModel, MeasuredSound, ModelCalibration,
    TrainingSpeakers,
};
use speaker_scoring::{Centre, Thresholds};
use trainer::RunDirectory;

use super::builtin;
use crate::embeddings::Work;
use crate::error::Error;

/// What marks a bundle's directory.
const BUNDLE_FILE: &str = "bundle.toml";

/// What computes, and in which numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compute {
    /// Name of the device; [`speaker_model::available_devices`] lists those of this build.
    pub device: String,
    /// Number format of the recurrent layers' products.
    pub compute_type: ComputeType,
}

impl Default for Compute {
    /// The processor, in 32-bit numbers.
    fn default() -> Self {
        Self {
            device: "flex".to_owned(),
            compute_type: ComputeType::F32,
        }
    }
}

/// A model ready for use: recordings to embeddings, and the thresholds that its card states.
pub struct Model {
    bundle: Bundle,
    source: Source,
    compute: Compute,
}

/// Where a bundle was read.
#[derive(Debug)]
enum Source {
    Folder(PathBuf),
    Builtin,
}

impl fmt::Debug for Model {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Model")
            .field("name", &self.name())
            .field("compute", &self.compute)
            .finish_non_exhaustive()
    }
}

impl Model {
    /// The model that is built in.
    ///
    /// # Errors
    /// [`Error::Model`] where it does not embed as it did where it was made.
    pub fn builtin() -> Result<Self, Error> {
        Self::builtin_on(Compute::default())
    }

    /// As [`Self::builtin`], computing in another way.
    ///
    /// # Errors
    /// As [`Self::builtin`], and [`Error::Model`] for an unknown device.
    pub fn builtin_on(compute: Compute) -> Result<Self, Error> {
        let device = speaker_model::device(&compute.device)?;
        let bundle = Bundle::load_files(builtin::FILES, &device)?;
        Ok(Self::new(bundle, Source::Builtin, compute))
    }

    /// The bundle at `path`, or the best one of the run at `path`.
    ///
    /// # Errors
    /// [`Error::NotAModel`], and [`Error::Model`] for a bundle that does not embed as it did where it was made.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::load_on(path, Compute::default())
    }

    /// As [`Self::load`], computing in another way.
    ///
    /// # Errors
    /// As [`Self::load`], and [`Error::Model`] for an unknown device.
    pub fn load_on(path: impl AsRef<Path>, compute: Compute) -> Result<Self, Error> {
        let path = path.as_ref();
        if path.join(BUNDLE_FILE).is_file() {
            return Self::of_bundle(path, compute);
        }
        let run = RunDirectory::new(path);
        if run.has_checkpoint() {
            return Self::of_bundle(&run.best_bundle()?, compute);
        }
        let found = match (path.is_dir(), path.exists()) {
            (true, _) => "is neither a bundle (no `bundle.toml`) nor a run with a checkpoint",
            (false, true) => "is a file, expected the directory of a bundle or a run",
            (false, false) => "does not exist",
        };
        Err(Error::NotAModel {
            path: path.to_owned(),
            found,
        })
    }

    /// The best model of a training run: that of the checkpoint which the development trials chose.
    ///
    /// # Errors
    /// [`Error::Run`] where the run has no checkpoint, and as [`Self::load`].
    pub fn of_run(run: impl AsRef<Path>) -> Result<Self, Error> {
        let bundle = RunDirectory::new(run.as_ref()).best_bundle()?;
        Self::of_bundle(&bundle, Compute::default())
    }

    fn of_bundle(path: &Path, compute: Compute) -> Result<Self, Error> {
        let device = speaker_model::device(&compute.device)?;
        let bundle = Bundle::load(path, &device)?;
        Ok(Self::new(bundle, Source::Folder(path.to_owned()), compute))
    }

    fn new(bundle: Bundle, source: Source, compute: Compute) -> Self {
        Self {
            bundle: bundle.with_compute_type(compute.compute_type),
            source,
            compute,
        }
    }

    /// Where it was read, or that it is built in; for reports.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.source {
            Source::Folder(path) => path.display().to_string(),
            Source::Builtin => builtin::NAME.to_owned(),
        }
    }

    /// BLAKE3 of what decides its embeddings.
    ///
    /// # Errors
    /// [`Error::Model`] where its files cannot be read any more.
    pub fn hash(&self) -> Result<String, Error> {
        Ok(match &self.source {
            Source::Folder(path) => Bundle::hash(BundleFiles::Folder(path))?,
            Source::Builtin => Bundle::hash(builtin::FILES)?,
        })
    }

    /// Whom the model was trained on that made the embeddings of `work`, where it is still at its place and says so.
    #[must_use]
    pub fn training_speakers_of(work: &Work) -> Option<TrainingSpeakers> {
        of_files(work, |files| {
            Bundle::training_speakers_of(files).ok().flatten()
        })
    }

    /// What the scores of the embeddings of `work` mean, where the model that made them is still at its place and says so.
    #[must_use]
    pub fn calibration_of(work: &Work) -> Option<ModelCalibration> {
        let calibration = of_files(work, |files| Bundle::calibration_of(files).ok().flatten());
        calibration.filter(|_| work.centre == Centre::Model)
    }

    /// The thresholds that its card states; empty where it states none.
    #[must_use]
    pub fn thresholds(&self) -> &Thresholds {
        self.bundle.thresholds()
    }

    /// What these were measured on, as far as the card says.
    #[must_use]
    pub fn measured_sound(&self) -> &MeasuredSound {
        self.bundle.measured_sound()
    }

    /// How it computes.
    #[must_use]
    pub fn compute(&self) -> &Compute {
        &self.compute
    }

    /// The same, for keeps.
    #[must_use]
    pub fn into_bundle(self) -> Bundle {
        self.bundle
    }

    /// Configuration and network.
    #[must_use]
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// Values of an embedding.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.bundle.config().embedding_dim()
    }

    /// Rate of the samples that [`Self::embed_samples`] takes, in Hz.
    #[must_use]
    pub fn sample_rate_hz(&self) -> u32 {
        self.bundle.embedder().front_end().config().sample_rate_hz
    }

    /// What makes embeddings, with the mean of the training data subtracted or without.
    #[must_use]
    pub fn embedder(&self, centre: Centre) -> Embedder {
        let embedder = self.bundle.embedder().clone();
        match centre {
            Centre::Model => embedder,
            Centre::None | Centre::These => embedder.with_centre(None),
        }
    }
}

/// What `read` finds in the files of the model that made the embeddings of `work`, if they are still those.
fn of_files<T>(work: &Work, read: impl Fn(BundleFiles<'_>) -> Option<T>) -> Option<T> {
    let files = match work.model == builtin::NAME {
        true => builtin::FILES,
        false => BundleFiles::Folder(Path::new(&work.model)),
    };
    let is_it = Bundle::hash(files).is_ok_and(|hash| hash == work.model_hash);
    is_it.then(|| read(files))?
}
