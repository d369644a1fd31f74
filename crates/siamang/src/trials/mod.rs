//! Trial lists: where their recordings are, their scores, and what these are worth.

mod evaluate;
mod score;
mod source;
mod speakers;

pub use evaluate::{Evaluation, evaluate};
pub use score::TrialPairs;
pub use source::{FiledEmbeddings, TrialSource, embeddings_of_names, named_input};
pub use speakers::{numbered, of_folders, of_id};
