//! P different speakers with K segments each.
//!
//! A group's speakers are walked in rounds of ⌈S/P⌉ batches. Each round visits every speaker once in a new
//! random order; the last batch is filled up with speakers that its round has already visited, and these go
//! through all speakers in turn, so that after any number of whole rounds no speaker has been visited more than
//! once oftener than another.

use crate::draws::{Draws, Purpose};
use crate::index::{GroupIndex, SpeakerSpan};

/// Batches in a round.
pub(crate) fn batches_per_round(index: &GroupIndex, speakers: usize) -> u64 {
    index.speakers.len().div_ceil(speakers) as u64
}

/// What fixes a walk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Walk {
    pub(crate) seed: u64,
    pub(crate) epoch: u64,
    pub(crate) group: u64,
}

/// The speakers (indices into `index.speakers`) of batch number `batch` of a walk: `speakers` different ones.
pub(crate) fn speakers_of_batch(
    index: &GroupIndex,
    speakers: usize,
    walk: Walk,
    batch: u64,
) -> Vec<usize> {
    let total = index.speakers.len();
    let per_round = batches_per_round(index, speakers);
    let round = batch / per_round;
    let start = (batch % per_round) as usize * speakers;
    let num_fill = per_round as usize * speakers - total;
    let Walk { seed, epoch, group } = walk;

    let mut fill: Vec<usize> = (0..total).collect();
    Draws::new(Purpose::SpeakerFill, &[seed, epoch, group]).shuffle(&mut fill);
    // The first of this round's fillers: rounds take `num_fill` each, one after another, around the circle.
    let offset = (u128::from(round) * num_fill as u128 % total as u128) as usize;
    fill.rotate_left(offset);
    fill.truncate(num_fill);

    let mut order: Vec<usize> = (0..total).collect();
    let mut draws = Draws::new(Purpose::SpeakerOrder, &[seed, epoch, group, round]);
    draws.shuffle(&mut order);
    // A filler must not be in the last batch by its own right, too: it changes places with another speaker.
    let last_batch = total - (speakers - num_fill);
    let mut is_fill = vec![false; total];
    fill.iter().for_each(|&speaker| is_fill[speaker] = true);
    for place in last_batch..total {
        while is_fill[order[place]] {
            let other = draws.below(last_batch);
            if !is_fill[order[other]] {
                order.swap(place, other);
            }
        }
    }
    order.extend(fill);
    order[start..start + speakers].to_vec()
}

/// `segments` places of one speaker: from as many sessions as possible, no utterance twice before all have
/// been taken. A speaker of few utterances repeats them (with other crops).
pub(crate) fn segments_of_speaker(
    index: &GroupIndex,
    span: &SpeakerSpan,
    segments: usize,
    draws: &mut Draws,
) -> Vec<usize> {
    let mut places = Vec::with_capacity(segments);
    while places.len() < segments {
        let wanted = (segments - places.len()).min(span.places.len());
        places.extend(spread(index, span, wanted, draws));
    }
    places
}

/// `wanted` different places of a speaker who has at least that many, spread over the sessions.
fn spread(index: &GroupIndex, span: &SpeakerSpan, wanted: usize, draws: &mut Draws) -> Vec<usize> {
    let sessions: Vec<_> = draws
        .distinct(span.sessions.len(), wanted)
        .into_iter()
        .map(|session| &index.sessions[span.sessions.start + session])
        .collect();
    // How many of each session: one in turn until there are enough.
    let mut quota = vec![0; sessions.len()];
    let mut taken = 0;
    while taken < wanted {
        for (quota, session) in quota.iter_mut().zip(&sessions) {
            if taken < wanted && *quota < session.len() {
                *quota += 1;
                taken += 1;
            }
        }
    }
    let mut places: Vec<usize> = Vec::with_capacity(wanted);
    for (session, quota) in sessions.into_iter().zip(quota) {
        let chosen = draws.distinct(session.len(), quota);
        places.extend(chosen.into_iter().map(|place| session.start + place));
    }
    places
}

/// Share of same-speaker pairs among all pairs of a batch: (K − 1) / (PK − 1).
pub(crate) fn same_share(speakers: usize, segments: usize) -> f64 {
    (segments as f64 - 1.0) / (speakers as f64 * segments as f64 - 1.0)
}
