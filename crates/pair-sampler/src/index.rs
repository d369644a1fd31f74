//! The utterances of one group, arranged so that partners are found without searching.
//!
//! A *place* is an index into [`GroupIndex::order`], where utterances are sorted by speaker, then session. A
//! speaker and a session are then ranges of places, and "any other session of this speaker" or "any other
//! speaker" is a range with a hole, from which a uniform draw takes constant time.

use std::ops::Range;

use crate::draws::Draws;
use speech_data::{Gender, Utterance};

/// One speaker of a group.
#[derive(Debug)]
pub(crate) struct SpeakerSpan {
    /// Index among all speakers of the manifest, sorted by name.
    pub(crate) speaker: u32,
    /// Places of the speaker's utterances.
    pub(crate) places: Range<usize>,
    /// The speaker's sessions, as indices into [`GroupIndex::sessions`].
    pub(crate) sessions: Range<usize>,
}

/// One group of utterances.
#[derive(Debug)]
pub(crate) struct GroupIndex {
    /// Utterance of each place.
    pub(crate) order: Vec<u32>,
    /// Speakers in order.
    pub(crate) speakers: Vec<SpeakerSpan>,
    /// Places of each session. An utterance without a known session is a session of its own.
    pub(crate) sessions: Vec<Range<usize>>,
    /// Speaker (index into `speakers`) of each place.
    speaker_at: Vec<u32>,
    /// Session (index into `sessions`) of each place.
    session_at: Vec<u32>,
    /// Gender at each place.
    pub(crate) gender_at: Vec<Option<Gender>>,
    /// Places of female and of male speakers.
    gendered: [Vec<u32>; 2],
}

impl GroupIndex {
    /// Arranges `members` (indices into `utterances`); `speaker_of[u]` numbers the speaker of utterance `u`.
    pub(crate) fn new(utterances: &[Utterance], speaker_of: &[u32], mut members: Vec<u32>) -> Self {
        let session = |u: u32| utterances[u as usize].session.as_deref();
        members.sort_by(|&a, &b| {
            (speaker_of[a as usize], session(a), a).cmp(&(speaker_of[b as usize], session(b), b))
        });
        let mut index = Self {
            speakers: Vec::new(),
            sessions: Vec::new(),
            speaker_at: Vec::with_capacity(members.len()),
            session_at: Vec::with_capacity(members.len()),
            gender_at: members
                .iter()
                .map(|&u| utterances[u as usize].gender)
                .collect(),
            gendered: [Vec::new(), Vec::new()],
            order: members,
        };
        for place in 0..index.order.len() {
            let utterance = index.order[place];
            let speaker = speaker_of[utterance as usize];
            let new_speaker = index.speakers.last().is_none_or(|s| s.speaker != speaker);
            let new_session = new_speaker
                || session(utterance).is_none()
                || session(utterance) != session(index.order[place - 1]);
            if new_session {
                index.sessions.push(place..place);
            }
            if new_speaker {
                let first = index.sessions.len() - 1;
                index.speakers.push(SpeakerSpan {
                    speaker,
                    places: place..place,
                    sessions: first..first,
                });
            }
            let num_sessions = index.sessions.len();
            if let (Some(span), Some(places)) =
                (index.speakers.last_mut(), index.sessions.last_mut())
            {
                span.places.end = place + 1;
                span.sessions.end = num_sessions;
                places.end = place + 1;
            }
            index.speaker_at.push(index.speakers.len() as u32 - 1);
            index.session_at.push(num_sessions as u32 - 1);
            if let Some(gender) = index.gender_at[place] {
                index.gendered[gender as usize].push(place as u32);
            }
        }
        index
    }

    /// Number of the speaker at a place, among all speakers of the manifest.
    pub(crate) fn speaker_number(&self, place: usize) -> u32 {
        self.speaker(place).speaker
    }

    /// The speaker at a place.
    pub(crate) fn speaker(&self, place: usize) -> &SpeakerSpan {
        &self.speakers[self.speaker_at[place] as usize]
    }

    /// How many utterances can be the same-speaker partner of the one at `place`.
    pub(crate) fn num_same(&self, place: usize, across_sessions: bool) -> usize {
        self.speaker(place).places.len() - self.barred(place, across_sessions).len()
    }

    /// A uniformly drawn same-speaker partner; `None` if there is none.
    pub(crate) fn draw_same(
        &self,
        place: usize,
        across_sessions: bool,
        draws: &mut Draws,
    ) -> Option<usize> {
        let places = &self.speaker(place).places;
        let barred = self.barred(place, across_sessions);
        let count = places.len() - barred.len();
        if count == 0 {
            return None;
        }
        let partner = places.start + draws.below(count);
        Some(if partner < barred.start {
            partner
        } else {
            partner + barred.len()
        })
    }

    /// What may not be the partner: the session, or the utterance alone.
    fn barred(&self, place: usize, across_sessions: bool) -> Range<usize> {
        if across_sessions {
            self.sessions[self.session_at[place] as usize].clone()
        } else {
            place..place + 1
        }
    }

    /// How many utterances can be the different-speaker partner of the one at `place`.
    pub(crate) fn num_different(&self, place: usize, same_gender: bool) -> usize {
        self.others(place, same_gender).2
    }

    /// A uniformly drawn utterance of another speaker, of the same gender if that is asked for and known at
    /// `place`; `None` if there is none.
    pub(crate) fn draw_different(
        &self,
        place: usize,
        same_gender: bool,
        draws: &mut Draws,
    ) -> Option<usize> {
        let (pool, own, count) = self.others(place, same_gender);
        if count == 0 {
            return None;
        }
        let drawn = draws.below(count);
        let at = if drawn < own.start {
            drawn
        } else {
            drawn + own.len()
        };
        Some(pool.map_or(at, |pool| pool[at] as usize))
    }

    /// The places to draw from (`None`: all), the range in it that belongs to the speaker of `place`, and the
    /// number of places outside that range.
    fn others(&self, place: usize, same_gender: bool) -> (Option<&[u32]>, Range<usize>, usize) {
        let own = &self.speaker(place).places;
        match self.gender_at[place].filter(|_| same_gender) {
            None => (None, own.clone(), self.order.len() - own.len()),
            Some(gender) => {
                let pool = self.gendered[gender as usize].as_slice();
                let start = pool.partition_point(|&p| (p as usize) < own.start);
                let end = pool.partition_point(|&p| (p as usize) < own.end);
                (Some(pool), start..end, pool.len() - (end - start))
            }
        }
    }
}
