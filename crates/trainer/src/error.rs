//! What can end a training before its time.

use std::path::PathBuf;

/// What to do about a teacher that no loss listens to.
pub(crate) const LISTEN: &str =
    "add `teacher_cosine` or `teacher_contrastive` to the losses, or leave the teacher out";

/// An error of this crate; each variant names the place, what was found and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A configuration that no training can have.
    #[error("{place}: {found}")]
    Config {
        /// File or field.
        place: String,
        /// What it says.
        found: String,
        /// What to write instead.
        remedy: &'static str,
    },
    /// A file that could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause, as the system gives it.
        source: std::io::Error,
    },
    /// A run directory or checkpoint that cannot be continued.
    #[error("{path}: {found}")]
    Checkpoint {
        /// The file or directory.
        path: PathBuf,
        /// What is wrong with it.
        found: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// A directory that holds no checkpoint.
    #[error("{path}: no checkpoint")]
    NoCheckpoint {
        /// The directory.
        path: PathBuf,
    },
    /// A directory for a new run that holds one already.
    #[error("{path}: a run already exists there")]
    RunExists {
        /// The directory.
        path: PathBuf,
    },
    /// A number of a configuration that no training can have.
    #[error("{field} is {found}, expected {expected}")]
    OutOfRange {
        /// The field.
        field: &'static str,
        /// Its value.
        found: f64,
        /// What it may be.
        expected: &'static str,
    },
    /// A development trial of a speaker who is trained on.
    #[error("trial list `{list}` names `{recording}` of speaker `{speaker}`, who is trained on")]
    TrainedSpeaker {
        /// The list's name.
        list: String,
        /// A recording of it.
        recording: String,
        /// Who speaks there.
        speaker: String,
    },
    /// A run that should go on with other recordings or trials.
    #[error("{path}: the run began with other data: {difference}")]
    OtherData {
        /// The run's directory.
        path: PathBuf,
        /// What differs.
        difference: String,
    },
    /// A run that should go on with another configuration.
    #[error("{path}: the run began with another configuration than the one it should go on with")]
    OtherConfiguration {
        /// The configuration that it began with.
        path: PathBuf,
    },
    /// The loss or its gradient was no longer a number.
    #[error("step {step}: the {what} is not finite, the batch was {utterances:?}")]
    NonFinite {
        /// The step.
        step: u64,
        /// Loss or gradient.
        what: &'static str,
        /// The batch's utterances.
        utterances: Vec<String>,
    },
    /// A recording that cannot be decoded.
    #[error(transparent)]
    Recording(#[from] audio_features::AudioError),
    /// A packed store that cannot be read.
    #[error(transparent)]
    Store(#[from] speech_data::store::StoreError),
    /// A recording that is shorter than one feature frame.
    #[error("{recording}: {num_samples} samples are too few for one feature frame")]
    TooShort {
        /// The recording.
        recording: String,
        /// Its length at the model's rate.
        num_samples: usize,
    },
    /// Whoever started the training asked to stop before its first step.
    #[error("interrupted before the first step")]
    Interrupted,
    /// A recording whose embedding points nowhere.
    #[error("{recording}: its embedding is made of {found}")]
    NoDirection {
        /// The recording.
        recording: String,
        /// What the embedding is made of.
        found: &'static str,
    },
    /// A loss that compares with a teacher's embeddings in a training without one.
    #[error("the loss compares with the embeddings of a teacher, and the training has none")]
    NoTeacher,
    /// A teacher that no loss listens to.
    #[error("teacher `{name}`: no loss of the configuration listens to it")]
    UnheardTeacher {
        /// The teacher's name.
        name: String,
    },
    /// A model to go on from whose network is a graph.
    #[error(
        "`{name}`: its network is a graph that others trained, which has no weights that a training could move"
    )]
    GraphModel {
        /// The model.
        name: String,
    },
    /// A model to go on from that hears recordings otherwise.
    #[error(
        "`{name}`: its weights were trained with `{field}` = {found}, and the configuration has {expected}"
    )]
    OtherFrontEnd {
        /// The model.
        name: String,
        /// The first field that differs.
        field: String,
        /// Its value in the model.
        found: String,
        /// Its value in the configuration.
        expected: String,
    },
    /// A model to go on from of which no tensor fits.
    #[error(
        "`{name}`: none of the {num} tensors of its encoder, whose trunk is `{found}`, fits the encoder of the configuration, whose trunk is `{expected}`"
    )]
    NothingTaken {
        /// The model.
        name: String,
        /// How many tensors it has.
        num: usize,
        /// Kind of its trunk.
        found: String,
        /// Kind of the configuration's.
        expected: String,
    },
    /// Recordings without labels that only a teacher could say something of, in a training without one.
    #[error(
        "recordings without labels are heard by losses on a teacher alone, and the training has no teacher"
    )]
    UnlabelledAlone,
    /// Too few recordings without labels are left.
    #[error(
        "{left} of {found} recordings without labels are left, and a training needs two: {reason}"
    )]
    FewUnlabelled {
        /// How many there were.
        found: usize,
        /// How many are left.
        left: usize,
        /// Why there are no more.
        reason: String,
    },
    /// Recordings of a trial list that cannot be embedded.
    #[error("{list}: {num_missing} of its recordings cannot be used, the first: {first}")]
    Trials {
        /// The list's name.
        list: String,
        /// How many.
        num_missing: usize,
        /// One of them and why.
        first: String,
    },
    /// A training step that takes more memory than there is.
    #[error(
        "a step on {num_segments} crops of {crop_frames} frames takes about {} of memory, and {} are free", bytes(*needed), bytes(*free)
    )]
    Memory {
        /// Bytes that it takes, by and large.
        needed: u64,
        /// Bytes that are free.
        free: u64,
        /// Segments in a batch.
        num_segments: usize,
        /// Frames of each.
        crop_frames: usize,
    },
    /// A directory for a run that is something else.
    #[error("{path} is a file, expected the directory of a run")]
    NotADirectory {
        /// The file.
        path: PathBuf,
    },
    /// A directory that another process trains in.
    #[error("{path}: another process{by} is training there")]
    Busy {
        /// The directory.
        path: PathBuf,
        /// Its number, in brackets, where it is known.
        by: String,
    },
    /// No training utterance is left.
    #[error("no training utterance is left of {num_found}: {reason}")]
    NoData {
        /// How many there were.
        num_found: usize,
        /// Why none is left.
        reason: String,
    },
    /// A thread that makes batches has panicked.
    #[error("a thread that makes batches has died")]
    WorkerDied,
    /// The journal of the run.
    #[error(transparent)]
    Journal(#[from] diagnosis::journal::JournalError),
    /// From the front end.
    #[error(transparent)]
    Features(#[from] audio_features::FeatureError),
    /// From the augmentation of samples.
    #[error(transparent)]
    Sound(#[from] sound_augment::SoundError),
    /// From the model.
    #[error(transparent)]
    Model(#[from] speaker_model::ModelError),
    /// From a manifest or a trial list.
    #[error(transparent)]
    Data(#[from] speech_data::DataError),
    /// From the sampler.
    #[error(transparent)]
    Sampler(#[from] pair_sampler::SamplerError),
    /// From the evaluation.
    #[error(transparent)]
    Eval(#[from] speaker_eval::EvalError),
}

impl TrainError {
    /// What to do about it, where there is something to say.
    pub fn remedy(&self) -> Option<&str> {
        Some(match self {
            Self::Recording(error) => return error.remedy(),
            Self::Store(error) => return error.remedy(),
            Self::Interrupted => {
                "give the same command again: recordings that were prepared are not prepared again"
            }
            Self::TooShort { .. } | Self::NoDirection { .. } => "leave the recording out",
            Self::NoTeacher => "name a teacher, or take its losses out of the configuration",
            Self::UnheardTeacher { .. } => LISTEN,
            Self::GraphModel { .. } => {
                "go on from a bundle of its weights as its authors give them out (PyTorch, safetensors), or learn from it as from a teacher"
            }
            Self::OtherFrontEnd { .. } | Self::NothingTaken { .. } => {
                "take `[features]` and `[encoder]` of the model's `bundle.toml`, or leave the configuration out: both are the model's then"
            }
            Self::UnlabelledAlone => "name a teacher, or leave the recordings out",
            Self::FewUnlabelled { .. } => "name more recordings, or leave those without labels out",
            Self::Trials { .. } => "correct the list or its root",
            Self::Memory { .. } => "lower `crop_frames` or the segments in a batch",
            Self::Busy { .. } => "wait for it, or choose another directory",
            Self::WorkerDied => "the panic above says where: report it as a defect",
            Self::Journal(error) => return error.remedy(),
            Self::Features(error) => return error.remedy(),
            Self::Sound(error) => return error.remedy(),
            Self::Model(error) => return error.remedy(),
            Self::Data(error) => return error.remedy(),
            Self::Sampler(error) => return error.remedy(),
            Self::Eval(error) => return error.remedy(),
            Self::Config { remedy, .. } | Self::Checkpoint { remedy, .. } => remedy,
            Self::NoCheckpoint { .. } => "train first, or give the directory of a run",
            Self::NotADirectory { .. } => "name a directory, which is made where there is none",
            Self::RunExists { .. } => "go on with it, or choose another directory",
            Self::OutOfRange { .. } => "compare it with the files in `configs/`",
            Self::TrainedSpeaker { .. } => {
                "take trials of other speakers, or keep this one out of the training"
            }
            Self::OtherData { .. } => {
                "resume with the data that it began with, or start another run"
            }
            Self::OtherConfiguration { .. } => {
                "resume with the configuration that it began with, or start another run"
            }
            Self::NonFinite { .. } => {
                "the last checkpoint is whole: lower `optimiser.learning_rate` or set `optimiser.clip_norm`"
            }
            _ => return None,
        })
    }

    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}

/// Bytes in words.
pub(crate) fn bytes(bytes: u64) -> String {
    let mib = bytes as f64 / f64::from(1 << 20);
    match mib {
        mib if mib < 1024.0 => format!("{mib:.0} MiB"),
        mib => format!("{:.1} GiB", mib / 1024.0),
    }
}
