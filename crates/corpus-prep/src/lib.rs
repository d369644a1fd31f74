//! Archives of recordings to packed audio stores, without unpacking or joining anything on disk.
//!
//! ```no_run
//! use corpus_prep::{VoxcelebSources, VoxcelebPlan};
//! use audio_features::store::StoreSettings;
//!
//! let sources = VoxcelebSources {
//!     vox1: Some("archives/vox1".into()),
//!     vox2: None,
//!     limit_speakers: Some(100),
//!     verify_parts: true,
//! };
//! let plan = VoxcelebPlan::make(&sources, &|_, _, _| {})?;
//! println!("{} utterances of {} speakers", plan.num_utterances(), plan.num_speakers());
//! let summary = plan.pack("vox1.store".as_ref(), &StoreSettings::default(), None, &|_| {})?;
//! assert!(summary.complete);
//! # Ok::<(), corpus_prep::PrepError>(())
//! ```

mod archive;
#[cfg(feature = "command")]
pub mod command;
mod concat;
mod disk;
mod error;
mod estimate;
mod find;
mod known;
mod meta;
mod name;
mod sums;
mod voxceleb;

pub use disk::{bytes_below, free_bytes};
pub use error::PrepError;
pub use estimate::Estimate;
pub use find::LAYOUTS;
pub use known::{KnownSet, SETS};
pub use voxceleb::{SetCount, VoxcelebPlan, VoxcelebSources};
