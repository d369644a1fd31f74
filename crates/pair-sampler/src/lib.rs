//! Which crops of which utterances go together in step n.
//!
//! A [`BatchSampler`] draws batches of a [`Manifest`](speech_data::Manifest)'s utterances: a pure function of (seed,
//! epoch, step). [`make_trials`] draws verification trials with the same rules for partners.
//!
//! ```
//! use pair_sampler::{BatchSampler, CropConfig, SamplerConfig};
//! use speech_data::{Manifest, Utterance};
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
mod groups;
mod index;
mod make_trials;
mod pairs;
mod pk;
mod sampler;
mod schedule;
mod uniform;

pub use config::{GroupBy, SamplerConfig};
pub use crop::{Crop, CropConfig};
pub use error::SamplerError;
pub use make_trials::{MakeTrials, make_trials};
pub use sampler::{BatchItem, BatchPlan, BatchSampler};
