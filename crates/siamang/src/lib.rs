//! Who speaks? Recordings to embeddings that verify and cluster speakers.
//!
//! A model turns a recording into an embedding, a vector of length 1: the more alike two voices, the larger the cosine of
//! the angle between their vectors. One model is built in; `siamang train`, or the crate `trainer`, makes others.
//!
//! ```
//! use siamang::{ClusterOptions, Model, cluster, gather};
//!
//! # fn main() -> Result<(), siamang::Error> {
//! # let voices = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/voices");
//! # std::env::set_current_dir(voices).unwrap();
//! let model = Model::builtin()?;
//! // Two recordings, in any format.
//! let answer = model.verify("v01/s1/u1.ogg", "v01/s2/u1.ogg")?;
//! println!("cosine {:.2}, same speaker: {:?}", answer.score, answer.is_same_speaker());
//! // Many: on all cores, within bounded memory, in order; those that cannot be used come with the reason.
//! let recordings = gather(&["v01", "v02"])?;
//! let (embeddings, skipped) = model.embed(&recordings.inputs, &())?;
//! let groups = cluster(&embeddings.matrix, None, &ClusterOptions::of(&model))?;
//! for (name, group) in embeddings.ids.iter().zip(&groups.labels) {
//!     println!("speaker {group}: {name}");
//! }
//! # assert_eq!((skipped.len(), embeddings.ids.len()), (0, groups.labels.len()));
//! # assert_eq!(answer.is_same_speaker(), Some(true));
//! # Ok(())
//! # }
//! ```
//!
//! | what for | where to begin |
//! |---|---|
//! | one recording or two | [`Model::embed_file`], [`Model::embed_segments`], [`Model::embed_samples`], [`Model::verify`] |
//! | many recordings in memory | [`gather`], [`Model::embed`], [`embed_each`] |
//! | a file of embeddings (`.npy`, `.jsonl`, `.parquet`) | [`EmbeddingJob`], [`EmbeddingWriter`], [`read_embeddings`] |
//! | trial lists | [`TrialSource`], [`TrialPairs`], [`evaluate`] |
//! | the same name for the same voice | [`open_writer`], [`hear`], [`enrol`], [`open_register`], [`identify`], [`open_set`] |
//! | what scores mean, and decisions by them | [`calibrate`], [`Enrolment`], [`Model::llr`], [`Odds`] |
//! | who speaks where | [`cluster`], [`ClusterProtocol`] |
//! | a model for recordings of one's own | [`LabelledSet`], [`find_map`], [`adapted_bundle`] |
//!
//! Work on many recordings tells a [`Progress`] how far it has come and may be stopped by it. Nothing here prints.
//! Warnings are values, and errors say what is wrong and, by [`Error::remedy`], what to try next.
#![allow(
    clippy::cast_precision_loss,
    reason = "counts of recordings and samples are far below 2^52"
)]

mod adapt;
mod clusters;
mod decisions;
mod embeddings;
mod error;
mod import;
mod job;
mod model;
mod outcome;
mod progress;
mod recordings;
mod register;
pub mod shipped;
mod trials;

pub use adapt::{
    AdaptedData, FoundMap, LEAST_TO_ADAPT, LabelledSet, Watched, adapted_bundle, find_map,
    recordings_hash, watch,
};
pub use audio_features::{LEAST_SPEECH_S, Quality, SpeechDetector};
pub use clusters::{
    ClusterOptions, ClusterProtocol, Clustering, Draw, Drawn, Points, Pool, Stop,
    UNCALIBRATED_DISTANCE, cluster, parse_labels, read_labels,
};
pub use decisions::{
    CalibrationTrials, Enrolment, LlrEvaluation, Odds, WithoutLlr, calibrate, is_counted,
    loud_cuts, strangers, strength_in_words,
};
pub use embeddings::{
    DEFAULT_MEMORY_MB, EmbeddingSet, EmbeddingWriter, Format, LeftOut, Merged, Note, Record,
    Stream, Work, embed_each, merge_embeddings, read_embeddings, read_embeddings_of,
};
pub use error::{Error, ImportRemedy};
pub use foreign_weights::families::{Family, KNOWN, KnownNetwork, UNKNOWN};
pub use import::{
    Expected, FrontTrial, GRAPH_MEMORY_MB, Import, ImportOptions, LEAST_EXPECTED, compare_expected,
    compare_fronts, import,
};
pub use job::{EmbeddingJob, Made};
pub use model::{Compute, Model, Verification, unlike_measured};
pub use outcome::{Embedded, Skipped, by_reason};
pub use progress::Progress;
pub use recordings::{
    Channels, Gathered, Given, Input, check_filters, gather, gather_given, gather_with, of_channels,
};
pub use register::{
    Decision, EnrolOptions, Enrolled, Heard, Identified, IdentifyProtocol, IdentifyRule, LeastLike,
    Lost, Named, NotEnrolled, OpenSet, Reembedded, enrol, export_register, hear, identify,
    open_register, open_set, open_writer, quality_of, reembed,
};
pub use speaker_model::SegmentEmbedding;
pub use speaker_scoring::{Centre, Linkage, Scorer, Thresholds};
pub use trials::{
    Evaluation, FiledEmbeddings, ListScores, Naming, ScoreFile, SpeakerOverlap, TrialPairs,
    TrialSource, embeddings_of_names, evaluate, evaluate_scores, named_input, numbered, of_folders,
    of_id, speakers_of_trials,
};
pub use voice_register::{
    About, Damage, Entry, Owner, Register, RegisterError, Voice, Writer, voice_name,
};

/// The program that README.md shows is compiled with the documentation's examples.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
