//! The voices of a training, as babble behind one of them.

use audio_features::augment::Draws;
use sound_augment::Voices;
use speech_data::Manifest;

use super::SampleBank;
use super::speeds::voice;

/// Draws after which nobody else is taken to be there.
const TRIES: usize = 8;

/// Everybody but one speaker.
pub(super) struct Others<'a> {
    pub(super) bank: &'a SampleBank,
    pub(super) manifest: &'a Manifest,
    pub(super) speaker: &'a str,
}

impl Voices for Others<'_> {
    fn talk(&self, draws: &mut Draws, len: usize) -> Option<Vec<f32>> {
        let utterances = &self.manifest.utterances;
        let mut drawn = (0..TRIES).map(|_| &utterances[draws.below(utterances.len())]);
        let other = drawn.find(|utterance| voice(&utterance.speaker) != voice(self.speaker))?;
        drop(drawn);
        let num_samples = self.bank.num_samples(&other.location).ok()?;
        let mut start = draws.below(num_samples);
        let mut samples = Vec::with_capacity(len);
        // Begun again where it ends.
        while samples.len() < len && num_samples > 0 {
            let end = num_samples.min(start + len - samples.len());
            self.bank
                .read(&other.location, start..end, &mut samples)
                .ok()?;
            start = 0;
        }
        Some(samples).filter(|samples| samples.len() == len)
    }
}
