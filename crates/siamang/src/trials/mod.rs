//! Trial lists: where their recordings are, their scores, and what these are worth.

mod evaluate;
mod naming;
mod score;
mod score_file;
mod source;
mod speakers;
mod trained;

pub(crate) use evaluate::sides;
pub use evaluate::{Evaluation, evaluate, evaluate_scores};
pub use naming::Naming;
pub use score::TrialPairs;
pub use score_file::{ListScores, ScoreFile};
pub use source::{FiledEmbeddings, TrialSource, embeddings_of_names, named_input};
pub use speakers::{numbered, of_folders, of_id};
pub use trained::{SpeakerOverlap, speakers_of_trials};
