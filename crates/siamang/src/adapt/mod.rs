//! A model for recordings of one's own: the linear map of its embeddings that few of them can tell, and whether it helps.

mod candidates;
mod channels;
mod find;
mod folds;
mod labelled;
mod watched;
mod written;

pub use find::{FoundMap, find_map};
pub use labelled::{LEAST_TO_ADAPT, LabelledSet};
pub use watched::{Watched, watch};
pub use written::{AdaptedData, adapted_bundle, recordings_hash};
