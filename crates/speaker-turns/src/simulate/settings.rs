//! What a made-up conversation is like, and what it is made of.

use serde::{Deserialize, Serialize};

/// What a conversation is like. Every draw is from the distribution that is stated here.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConversationSettings {
    /// Number of speakers, at least 1. They are drawn from those at hand, all alike, and each speaks at least once.
    pub num_speakers: usize,
    /// Length that is wished for (s), above 0 and at most 86,400. The conversation ends with the first utterance that
    /// reaches it after everybody has spoken, or earlier where nobody has an utterance left.
    pub seconds: f64,
    /// Mean of the pauses (s), 0 to 3,600: exponentially distributed, before the first utterance too.
    pub mean_pause_s: f64,
    /// Seconds in which two speak as a share of the seconds in which anybody does, 0 to 0.5. Where another speaker takes
    /// over while the conversation has less overlap than that, he begins early: by what is lacking times a number
    /// between 0.5 and 1.5, all alike, as far as there is room (90 % of either utterance, 0.1 s at least, and never
    /// three at once). Otherwise he begins after a pause. Short conversations of long utterances have less.
    pub overlap_share: f64,
    /// How unequally speakers speak, from 0 to below 1: who speaks next is drawn with weights 1, 1 − d, (1 − d)², … in an
    /// order of speakers that is drawn first. 0 is all alike. The first round has everybody once.
    pub dominance: f64,
    /// Gains of speakers lie between minus and plus this (dB), all alike, 0 to 60.
    pub gain_range_db: f64,
    /// How likely each speaker is on the telephone, 0 to 1.
    pub telephone_share: f64,
}

impl Default for ConversationSettings {
    /// Two speakers alike for a minute, pauses of half a second, 10 % overlap, gains within 3 dB, no telephone.
    fn default() -> Self {
        Self {
            num_speakers: 2,
            seconds: 60.0,
            mean_pause_s: 0.5,
            overlap_share: 0.1,
            dominance: 0.0,
            gain_range_db: 3.0,
            telephone_share: 0.0,
        }
    }
}

/// A recording of one speaker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Utterance {
    /// Its name, as whoever has its sound knows it.
    pub id: String,
    /// How long the speech in it lasts (s), 0.1 to 3,600. Silence at its ends should be cut off before.
    pub seconds: f64,
}

/// A speaker and what there is of him.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpeakerUtterances {
    /// His name.
    pub speaker: String,
    /// His recordings. Each is used at most once in a conversation.
    pub utterances: Vec<Utterance>,
}
