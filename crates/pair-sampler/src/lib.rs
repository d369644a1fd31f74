//! Which crops of which utterances go together in step n.
//!
//! A [`Manifest`] lists utterances: from folders, tables, JSON lines, Kaldi directories or a split file. It is
//! validated as a whole, filtered by its columns, and given to a [`BatchSampler`], whose batches are a pure
//! function of (seed, epoch, step). A [`TrialList`] holds verification trials, read or made.
//!
//! ```
//! use pair_sampler::{BatchSampler, CropConfig, Manifest, SamplerConfig, Utterance};
//!
//! let utterances = ["ann/1", "ann/2", "bob/1", "bob/2", "eve/1"]
//!     .map(|id| Utterance::new(id, format!("voices/{id}.wav"), &id[..3]));
//! let manifest = Manifest::new("voices", utterances.to_vec());
//! let two_by_two = SamplerConfig::Pk { speakers: 2, segments: 2 };
//! let sampler = BatchSampler::new(&manifest, two_by_two, CropConfig::Random, None, 7)?;
//! let plan = sampler.batch(0, 3);
//! assert_eq!(plan.items.len(), 4);
//! assert_eq!(plan.items[0].speaker, plan.items[1].speaker);
//! assert_eq!(plan, sampler.batch(0, 3));
//! # Ok::<(), pair_sampler::SamplerError>(())
//! ```

mod config;
mod crop;
mod draws;
mod error;
mod filter;
mod folder;
mod groups;
mod index;
mod kaldi;
mod make_trials;
mod manifest;
mod pairs;
mod pk;
mod problem;
mod row;
mod sampler;
mod schedule;
mod table;
pub mod text;
mod trial_parts;
mod trial_summary;
mod trials;
mod uniform;
mod utterance;
mod validate;
mod voxceleb;

pub use config::{GroupBy, SamplerConfig};
pub use crop::{Crop, CropConfig};
pub use error::SamplerError;
pub use filter::Filter;
pub use make_trials::{MakeTrials, make_trials};
pub use manifest::Manifest;
pub use problem::{Problem, ProblemKind, ValidationReport};
pub use sampler::{BatchItem, BatchPlan, BatchSampler};
pub use trial_parts::TrialParts;
pub use trial_summary::{TrialSummary, same_session};
pub use trials::{Trial, TrialList};
pub use utterance::{Gender, Utterance};
pub use validate::ValidateOptions;
pub use voxceleb::{KNOWN_LISTS, KnownList, RecognisedBy, VOX1_O_REMOVED, VoxcelebName};
