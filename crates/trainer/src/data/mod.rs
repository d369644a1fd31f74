//! Recordings to batches, and what a run was begun on.

mod apart;
mod bank;
mod batch;
mod changes;
mod content;
mod coverage;
mod disjoint;
mod entries;
mod fingerprint;
mod kept;
mod print;
mod room;
mod samples;
mod schedule;
mod skipped;
mod stamp;
mod teacher;
mod unlabelled;

pub(crate) use apart::{Apart, DevRecording};
pub use bank::{FeatureBank, Prepared, RawFeatures, default_cache_directory};
pub(crate) use batch::with_batches;
pub use batch::{Batch, BatchMaker, Taught};
pub(crate) use changes::Changes;
pub(crate) use coverage::Coverage;
pub(crate) use disjoint::check_disjoint;
pub(crate) use fingerprint::{DataFingerprint, data_hash};
pub(crate) use print::{Print, Prints};
pub(crate) use room::check_room;
pub use samples::SampleBank;
pub(crate) use samples::{LoadedSounds, SampleCrops, load};
pub use schedule::BatchSchedule;
pub use skipped::Skipped;
pub use teacher::Teacher;
pub(crate) use teacher::{Lessons, TeacherVectors};
pub(crate) use unlabelled::Unlabelled;
