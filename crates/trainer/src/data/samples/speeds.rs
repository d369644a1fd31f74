//! Every recording at several speeds, each of them a further speaker's.

use sound_augment::{SoundError, Speed};
use speech_data::{Manifest, Utterance};

/// Between the name of a speaker and a speed.
const AT: &str = " ×";

/// The recordings of a training at all its speeds.
pub(crate) struct AtSpeeds {
    pub(crate) manifest: Manifest,
    /// Of each utterance the recording that it is made of, and 0 for the speed of that, else the number of one of `speeds` from 1.
    sources: Vec<(usize, u8)>,
    speeds: Vec<Speed>,
}

impl AtSpeeds {
    /// The recordings of `manifest` as they are, and at each of `factors`: as many utterances and speakers more.
    ///
    /// # Errors
    /// [`SoundError::InvalidConfig`] for a factor that there is not.
    pub(super) fn new(manifest: &Manifest, factors: &[f64]) -> Result<Self, SoundError> {
        let speeds: Result<Vec<Speed>, SoundError> =
            factors.iter().map(|&factor| Speed::new(factor)).collect();
        let mut all: Vec<(Utterance, (usize, u8))> = Vec::new();
        for (recording, utterance) in manifest.utterances.iter().enumerate() {
            all.push((utterance.clone(), (recording, 0)));
            for (factor, number) in factors.iter().zip(1..) {
                let mut faster = utterance.clone();
                faster.id += &format!("{AT}{factor}");
                faster.speaker += &format!("{AT}{factor}");
                all.push((faster, (recording, number)));
            }
        }
        all.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
        let (utterances, sources) = all.into_iter().unzip();
        let mut manifest = manifest.with_utterances(Vec::new());
        manifest.utterances = utterances;
        Ok(Self {
            manifest,
            sources,
            speeds: speeds?,
        })
    }

    /// The speed of an utterance; none for that of the recording.
    pub(super) fn of(&self, utterance: usize) -> Option<&Speed> {
        let (_, number) = self.source(utterance)?;
        self.speeds.get(number.checked_sub(1)?)
    }

    /// The recording that an utterance is made of, and the number of its speed: 0 for that of the recording.
    pub(super) fn source(&self, utterance: usize) -> Option<(usize, usize)> {
        let &(recording, number) = self.sources.get(utterance)?;
        Some((recording, usize::from(number)))
    }
}

/// Who speaks, at whatever speed.
pub(super) fn voice(speaker: &str) -> &str {
    speaker
        .rsplit_once(AT)
        .map_or(speaker, |(speaker, _)| speaker)
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test that cannot prepare its data has failed"
    )]
    use super::*;

    #[test]
    fn every_speed_has_its_own_speakers_and_the_order_is_that_of_a_manifest() {
        let utterances = ["a", "b"].map(|s| Utterance::new(format!("{s}/0"), s, s));
        let manifest = Manifest::new("root", utterances.to_vec());
        let all = AtSpeeds::new(&manifest, &[0.9, 1.1]).unwrap();
        assert_eq!(all.manifest.utterances.len(), 6);
        assert_eq!(all.manifest.speakers().len(), 6);
        for (number, utterance) in all.manifest.utterances.iter().enumerate() {
            assert_eq!(all.manifest.find(&utterance.id), Some(number));
            let len = all.of(number).map(|speed| speed.len(1_000));
            let expected = match utterance.speaker.rsplit_once('×') {
                Some((_, "0.9")) => Some(1_112),
                Some((_, "1.1")) => Some(910),
                _ => None,
            };
            assert_eq!(len, expected, "{}", utterance.id);
            assert!(["a", "b"].contains(&voice(&utterance.speaker)));
        }
        assert!(AtSpeeds::new(&manifest, &[3.0]).is_err());
    }
}
