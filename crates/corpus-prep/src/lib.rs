//! Archives and corpora to packed audio stores, without unpacking or joining anything on disk, and what is wrong with
//! data.
//!
//! ```no_run
//! use corpus_prep::{PackPlan, VoxcelebPlan, VoxcelebSources};
//! use speech_data::store::{Retry, StoreSettings};
//!
//! let sources = VoxcelebSources {
//!     vox1: Some("archives/vox1".into()),
//!     vox2: None,
//!     limit_speakers: Some(100),
//!     verify_parts: true,
//! };
//! let plan: &dyn PackPlan = &VoxcelebPlan::make(&sources, &|_, _, _| {})?;
//! println!("{} utterances of {} speakers", plan.items().len(), plan.num_speakers());
//! let summary = plan.pack("vox1.store".as_ref(), &StoreSettings::default(), None, Retry::Changed, &|_| {})?;
//! assert!(summary.complete);
//! # Ok::<(), corpus_prep::PrepError>(())
//! ```

mod archive;
mod archived;
mod check;
mod concat;
mod corpora;
mod corpus_plan;
mod disk;
mod error;
mod estimate;
mod find;
mod known;
mod merge;
mod meta;
mod name;
mod others;
mod part_check;
mod plan;
mod sets;
mod split_archive;
mod stamp;
mod sums;
mod voxceleb;

pub use archived::{Archives, read_source, read_source_with};
pub use check::{
    Balance, CheckOptions, CheckReport, CheckedData, Finding, SetCounts, SplitBalance, check,
    list_line,
};
pub use corpora::{Corpus, CorpusKind, read_corpus, read_corpus_with};
pub use corpus_plan::CorpusPlan;
pub use disk::{free_bytes, shown_bytes};
pub use error::PrepError;
pub use estimate::Estimate;
pub use merge::merge_stores;
pub use plan::PackPlan;
pub use sets::SetCount;
pub use voxceleb::{VoxcelebPlan, VoxcelebSources};
