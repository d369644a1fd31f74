//! What one writes into a configuration file to choose a sampler.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::SamplerError;

/// How a batch is put together; in TOML `{ kind = "pk", speakers = 25, segments = 4 }`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum SamplerConfig {
    /// The paper's batches: each segment from an utterance drawn uniformly with replacement.
    Uniform {
        /// Segments in a batch; at least 2. The paper has 100.
        segments: usize,
    },
    /// P different speakers with K segments each; an epoch walks through all speakers evenly.
    Pk {
        /// Speakers in a batch (P); at least 2.
        speakers: usize,
        /// Segments of each speaker (K); at least 2, or there is no pair of one speaker.
        segments: usize,
    },
    /// The question's explicit pairs: pair *i* of one speaker and pair *i + 1* of two.
    Pairs {
        /// Pairs in a batch; at least 1. The question has 64.
        pairs: usize,
        /// Share of pairs of one speaker, in `[0, 1]`. The question has 0.5.
        same_share: f64,
        /// Never both utterances of a same-speaker pair from one session, where sessions are known. Speakers
        /// recorded in a single known session then occur in different-speaker pairs only.
        across_sessions: bool,
        /// Both speakers of a different-speaker pair of one gender, where the first one's is known.
        same_gender: bool,
    },
}

impl SamplerConfig {
    /// Refuses numbers that no sampler can draw by, whatever the recordings.
    ///
    /// # Errors
    /// [`SamplerError::BadSetting`] with the field, its value and what it may be.
    pub fn check(&self) -> Result<(), SamplerError> {
        let at_least = |field, found: usize, least: usize, expected| {
            // The upper limit keeps index arithmetic and memory harmless, far above any useful batch.
            if (least..=1 << 20).contains(&found) {
                return Ok(());
            }
            Err(SamplerError::BadSetting {
                field,
                found: found.to_string(),
                expected,
            })
        };
        match *self {
            Self::Uniform { segments } => {
                at_least("sampler.segments", segments, 2, "2 to 1048576 segments")
            }
            Self::Pk { speakers, segments } => {
                at_least("sampler.speakers", speakers, 2, "2 to 1048576 speakers")?;
                at_least("sampler.segments", segments, 2, "2 to 1048576 segments")?;
                let total = speakers.saturating_mul(segments);
                at_least(
                    "sampler.speakers × sampler.segments",
                    total,
                    2,
                    "at most 1048576",
                )
            }
            Self::Pairs {
                pairs, same_share, ..
            } => {
                at_least("sampler.pairs", pairs, 1, "1 to 1048576 pairs")?;
                if (0.0..=1.0).contains(&same_share) {
                    return Ok(());
                }
                Err(SamplerError::BadSetting {
                    field: "sampler.same_share",
                    found: same_share.to_string(),
                    expected: "a share between 0 and 1",
                })
            }
        }
    }
}

/// A column that groups batches: all items of a batch have the same value in it. With `corpus`, different
/// speakers cannot be told apart by the microphones of their corpora.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupBy {
    /// The column, `corpus` say. Utterances without a value form the group `-`.
    pub column: String,
    /// Share of batches of each group, up to a common factor. Empty: in proportion to the number of speakers.
    /// Otherwise every group is named; weight 0 leaves one out.
    #[serde(default)]
    pub weights: BTreeMap<String, f64>,
}
