//! Where the next utterance begins. All times are whole nanoseconds; starts are whole milliseconds.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::ConversationSettings;
use crate::time::nanoseconds;

/// Starts lie on a grid of a millisecond, so that an RTTM file holds them exactly.
const MILLISECOND: i64 = 1_000_000;

/// The shortest overlap.
const SHORTEST_OVERLAP: i64 = 100 * MILLISECOND;

/// What of an utterance others may speak over.
const LARGEST_SHARE: f64 = 0.9;

/// What has been placed so far.
#[derive(Default)]
pub(super) struct Timeline {
    /// Speaker, start and end of the utterance that ends last.
    last: Option<(usize, i64, i64)>,
    /// Where the latest of all others ends.
    others_end: i64,
    /// How long anybody speaks.
    speech: i64,
    /// How long two speak.
    overlap: i64,
}

impl Timeline {
    /// Where all speech ends.
    pub(super) fn end(&self) -> i64 {
        self.last.map_or(0, |(_, _, end)| end)
    }

    /// Places an utterance of `speaker` and says where it begins.
    pub(super) fn place(
        &mut self,
        speaker: usize,
        length: i64,
        settings: &ConversationSettings,
        rng: &mut ChaCha8Rng,
    ) -> i64 {
        // Both are drawn each time, so that one draw does not move those that follow.
        let factor = 0.5 + rng.random::<f64>();
        let pause = -(1.0 - rng.random::<f64>()).ln() * settings.mean_pause_s;
        let overlap = self.overlap_for(speaker, length, settings.overlap_share, factor);
        let start = match overlap {
            Some(overlap) => up_to_grid(self.end() - overlap),
            None => up_to_grid(self.end() + nanoseconds(pause)),
        };
        let end = start + length;
        let overlap = (self.end() - start).max(0);
        self.overlap += overlap;
        self.speech += length - overlap;
        self.others_end = self.end();
        self.last = Some((speaker, start, end));
        start
    }

    /// By how much an utterance begins before the last one ends, if it does.
    fn overlap_for(&self, speaker: usize, length: i64, share: f64, factor: f64) -> Option<i64> {
        let (last_speaker, start, end) = self.last?;
        if last_speaker == speaker {
            return None;
        }
        // After an overlap of x, (overlap + x) / (speech + length − x) is the share.
        let speech = (self.speech + length) as f64;
        let lacking = (share * speech - self.overlap as f64) / (1.0 + share);
        let free = end - start.max(self.others_end);
        let shorter = length.min(end - start) as f64;
        let room = (free as f64).min(LARGEST_SHARE * shorter);
        let overlap = (lacking * factor).min(room) as i64;
        (overlap >= SHORTEST_OVERLAP).then_some(overlap)
    }
}

/// The next whole millisecond.
fn up_to_grid(at: i64) -> i64 {
    (at + MILLISECOND - 1).div_euclid(MILLISECOND) * MILLISECOND
}
