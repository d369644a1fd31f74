//! Who spoke when: turns, their files (RTTM, UEM), how wrong an answer is (DER, JER, number of speakers), and plans of
//! made-up conversations whose turns are known exactly.
//!
//! ```
//! use speaker_turns::{ScoringSettings, read_rttm, score_recording};
//!
//! let truth = b"SPEAKER call 1 0.000 4.000 <NA> <NA> Anna <NA> <NA>\n\
//!     SPEAKER call 1 4.500 3.000 <NA> <NA> Ben <NA> <NA>\n";
//! let answer = b"SPEAKER call 1 0.000 4.500 <NA> <NA> 1 <NA> <NA>\n\
//!     SPEAKER call 1 4.500 2.500 <NA> <NA> 2 <NA> <NA>\n";
//! let truth = read_rttm(truth, "truth.rttm")?.recordings;
//! let answer = read_rttm(answer, "answer.rttm")?.recordings;
//!
//! let score = score_recording(&truth[0], &answer[0], None, &ScoringSettings::STRICT)?;
//! // 0.5 s of false alarm and 0.5 s missed, of 7 s of speech.
//! assert_eq!(score.der(), Some(1.0 / 7.0));
//! assert_eq!(score.matched[0].hypothesis, "1");
//! # Ok::<(), speaker_turns::TurnsError>(())
//! ```

mod error;
mod lines;
mod metrics;
mod rttm;
mod simulate;
mod spans;
mod time;
mod turn;
mod uem;

pub use error::TurnsError;
pub use metrics::{
    ErrorTimes, Estimate, Evaluation, MatchedSpeakers, PooledScore, RecordingEvaluation,
    RecordingScore, ResampleSettings, ScoringSettings, SpeakerCountErrors, SpeakerCounts,
    SpeakerJaccard, World, evaluate, mean_jaccard_error, pooled, score_recording,
};
pub use rttm::{Rttm, RttmSkipped, read_rttm, write_rttm};
pub use simulate::{
    Channel, ConversationPlan, ConversationSettings, ConversationSpeaker, PlacedUtterance,
    SpeakerUtterances, Utterance, plan_conversation,
};
pub use time::MAX_TIME_S;
pub use turn::{Turn, Turns};
pub use uem::{Region, ScoredRegions, read_uem};
