//! A conversation drawn from a seed.

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::checks::usable;
use super::place::Timeline;
use super::{ConversationSettings, SpeakerUtterances};
use crate::time::{nanoseconds, seconds};
use crate::{Turn, Turns, TurnsError};

/// What a speaker is heard through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// As recorded.
    #[default]
    Direct,
    /// A telephone.
    Telephone,
}

/// Somebody who takes part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConversationSpeaker {
    /// His name.
    pub speaker: String,
    /// By how much all his utterances are made louder (dB).
    pub gain_db: f64,
    /// What he is heard through.
    pub channel: Channel,
}

/// An utterance and where it begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlacedUtterance {
    /// Whose, as a position in [`ConversationPlan::speakers`].
    pub speaker: usize,
    /// Its name, as it was handed in.
    pub utterance: String,
    /// Where it begins (s), a whole number of milliseconds.
    pub start_s: f64,
    /// How long it lasts (s), as it was handed in, to a nanosecond.
    pub seconds: f64,
}

/// A conversation to be mixed: who takes part, and which utterance of whom begins when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConversationPlan {
    /// The name of the recording that it becomes.
    pub recording: String,
    /// Where the last utterance ends (s).
    pub seconds: f64,
    /// Who takes part: first who speaks most by the weights of dominance.
    pub speakers: Vec<ConversationSpeaker>,
    /// In order of their starts.
    pub utterances: Vec<PlacedUtterance>,
}

impl ConversationPlan {
    /// The exact turns: one for each utterance.
    ///
    /// # Errors
    /// As [`Turns::new`], and [`TurnsError::InvalidParameter`] for an utterance of a speaker that is not there, of a plan
    /// that was not made by [`plan_conversation`].
    pub fn turns(&self) -> Result<Turns, TurnsError> {
        let utterances = self.utterances.iter();
        let turns = utterances.map(|utterance| {
            let speaker = self.speakers.get(utterance.speaker);
            let speaker = speaker.ok_or(TurnsError::InvalidParameter {
                name: "speaker",
                found: utterance.speaker as f64,
                expected: "a position in the list of speakers",
            })?;
            let end_s = utterance.start_s + utterance.seconds;
            Ok(Turn::new(utterance.start_s, end_s, &*speaker.speaker))
        });
        Turns::new(&*self.recording, turns.collect::<Result<_, TurnsError>>()?)
    }
}

/// Draws a conversation of these speakers. The same arguments give the same plan.
///
/// Nobody speaks while he speaks already, and at most two speak at once. Utterances of a speaker come in an order that is
/// drawn, each at most once; who has none left does not speak any more.
///
/// # Errors
/// [`TurnsError::InvalidParameter`] of the settings, [`TurnsError::NotEnoughSpeakers`], [`TurnsError::Duplicate`],
/// [`TurnsError::UtteranceLength`].
pub fn plan_conversation(
    recording: impl Into<String>,
    speakers: &[SpeakerUtterances],
    settings: &ConversationSettings,
    seed: u64,
) -> Result<ConversationPlan, TurnsError> {
    settings.check()?;
    let mut order = usable(speakers, settings.num_speakers)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    order.shuffle(&mut rng);
    order.truncate(settings.num_speakers);
    let taking_part = order.iter().map(|&index| ConversationSpeaker {
        speaker: speakers[index].speaker.clone(),
        gain_db: (2.0 * rng.random::<f64>() - 1.0) * settings.gain_range_db,
        channel: match rng.random::<f64>() < settings.telephone_share {
            true => Channel::Telephone,
            false => Channel::Direct,
        },
    });
    let taking_part = taking_part.collect();
    // The last of each list comes first.
    let mut left: Vec<Vec<usize>> = Vec::with_capacity(order.len());
    for &index in &order {
        let mut utterances: Vec<usize> = (0..speakers[index].utterances.len()).collect();
        utterances.shuffle(&mut rng);
        left.push(utterances);
    }
    let mut first_round: Vec<usize> = (0..order.len()).collect();
    first_round.shuffle(&mut rng);

    let mut timeline = Timeline::default();
    let mut utterances = Vec::new();
    let wished = nanoseconds(settings.seconds);
    while !first_round.is_empty() || timeline.end() < wished {
        let drawn = first_round
            .pop()
            .or_else(|| next_speaker(&left, settings.dominance, &mut rng));
        let Some(speaker) = drawn else { break };
        let Some(chosen) = left[speaker].pop() else {
            break;
        };
        let utterance = &speakers[order[speaker]].utterances[chosen];
        let length = nanoseconds(utterance.seconds);
        let start = timeline.place(speaker, length, settings, &mut rng);
        utterances.push(PlacedUtterance {
            speaker,
            utterance: utterance.id.clone(),
            start_s: seconds(start.into()),
            seconds: seconds(length.into()),
        });
    }
    Ok(ConversationPlan {
        recording: recording.into(),
        seconds: seconds(timeline.end().into()),
        speakers: taking_part,
        utterances,
    })
}

/// Draws among those who have something left to say.
fn next_speaker(left: &[Vec<usize>], dominance: f64, rng: &mut ChaCha8Rng) -> Option<usize> {
    let mut weights = Vec::with_capacity(left.len());
    let mut weight = 1.0;
    for utterances in left {
        weights.push(if utterances.is_empty() { 0.0 } else { weight });
        weight *= 1.0 - dominance;
    }
    let mut place = rng.random::<f64>() * weights.iter().sum::<f64>();
    let mut last = None;
    for (speaker, weight) in weights.into_iter().enumerate() {
        if weight > 0.0 {
            last = Some(speaker);
            if place < weight {
                break;
            }
            place -= weight;
        }
    }
    last
}
