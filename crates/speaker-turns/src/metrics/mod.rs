//! How wrong an answer to "who spoke when" is.

mod bootstrap;
mod counts;
mod evaluation;
mod jaccard;
mod pooled;
mod recording;
mod scored;
mod settings;
mod sweep;
mod times;

pub use bootstrap::ResampleSettings;
pub use counts::{SpeakerCountErrors, SpeakerCounts};
pub use evaluation::{Evaluation, RecordingEvaluation, World, evaluate};
pub use jaccard::{SpeakerJaccard, mean_jaccard_error};
pub use pooled::{Estimate, PooledScore, pooled};
pub use recording::{MatchedSpeakers, RecordingScore, score_recording};
pub use settings::ScoringSettings;
pub use times::ErrorTimes;
