//! Whether a conversation can be made of this.

use std::collections::BTreeSet;

use super::{ConversationSettings, SpeakerUtterances};
use crate::TurnsError;

impl ConversationSettings {
    /// Whether the settings are within their ranges.
    pub(super) fn check(&self) -> Result<(), TurnsError> {
        if self.num_speakers == 0 {
            return Err(TurnsError::InvalidParameter {
                name: "num_speakers",
                found: 0.0,
                expected: "at least 1",
            });
        }
        let ranges = [
            ("seconds", self.seconds, 1e-3, 86_400.0, "0.001 to 86,400 s"),
            (
                "mean_pause_s",
                self.mean_pause_s,
                0.0,
                3600.0,
                "0 to 3,600 s",
            ),
            ("overlap_share", self.overlap_share, 0.0, 0.5, "0 to 0.5"),
            ("dominance", self.dominance, 0.0, 0.999, "0 to 0.999"),
            ("gain_range_db", self.gain_range_db, 0.0, 60.0, "0 to 60 dB"),
            ("telephone_share", self.telephone_share, 0.0, 1.0, "0 to 1"),
        ];
        for (name, found, low, high, expected) in ranges {
            if !(low..=high).contains(&found) {
                return Err(TurnsError::InvalidParameter {
                    name,
                    found,
                    expected,
                });
            }
        }
        Ok(())
    }
}

/// Whether speakers and utterances are named once, utterances have lengths in range, and speakers suffice. Gives the
/// positions of those who have an utterance.
pub(super) fn usable(
    speakers: &[SpeakerUtterances],
    wanted: usize,
) -> Result<Vec<usize>, TurnsError> {
    let mut names = BTreeSet::new();
    for SpeakerUtterances {
        speaker,
        utterances,
    } in speakers
    {
        unique(&mut names, "speaker", speaker)?;
        let mut ids = BTreeSet::new();
        for utterance in utterances {
            unique(&mut ids, "utterance", &utterance.id)?;
            if !(0.1..=3600.0).contains(&utterance.seconds) {
                return Err(TurnsError::UtteranceLength {
                    utterance: utterance.id.clone(),
                    found: utterance.seconds,
                    expected: "0.1 to 3,600 s",
                });
            }
        }
    }
    let with_speech = |&index: &usize| !speakers[index].utterances.is_empty();
    let usable: Vec<usize> = (0..speakers.len()).filter(with_speech).collect();
    if usable.len() < wanted {
        return Err(TurnsError::NotEnoughSpeakers {
            found: usable.len(),
            expected: wanted,
        });
    }
    Ok(usable)
}

fn unique<'a>(
    seen: &mut BTreeSet<&'a str>,
    kind: &'static str,
    name: &'a str,
) -> Result<(), TurnsError> {
    if seen.insert(name) {
        return Ok(());
    }
    Err(TurnsError::Duplicate {
        kind,
        found: name.to_owned(),
    })
}
