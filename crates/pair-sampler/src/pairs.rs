//! The question's explicit pairs.

use crate::draws::Draws;
use crate::error::SamplerError;
use crate::index::GroupIndex;

/// What the pair sampler is asked for; see [`crate::SamplerConfig::Pairs`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct PairRule {
    pub(crate) pairs: usize,
    pub(crate) same_share: f64,
    pub(crate) across_sessions: bool,
    pub(crate) same_gender: bool,
}

/// The utterances that have a partner of either kind, as places.
#[derive(Debug)]
pub(crate) struct Anchors {
    same: Vec<u32>,
    different: Vec<u32>,
}

impl Anchors {
    /// Finds them; an error if the rule needs a kind of pair that `place` (for the message) does not have.
    pub(crate) fn new(
        index: &GroupIndex,
        rule: PairRule,
        place: &str,
    ) -> Result<Self, SamplerError> {
        let places = || 0..index.order.len() as u32;
        let anchors = Self {
            same: places()
                .filter(|&p| index.num_same(p as usize, rule.across_sessions) > 0)
                .collect(),
            different: places()
                .filter(|&p| index.num_different(p as usize, rule.same_gender) > 0)
                .collect(),
        };
        let missing = |kind, remedy| {
            Err(SamplerError::NoPairs {
                place: place.to_owned(),
                kind,
                remedy,
            })
        };
        if rule.same_share > 0.0 && anchors.same.is_empty() {
            return missing(
                "pair of one speaker",
                if rule.across_sessions {
                    "no speaker has two sessions or two utterances of unknown session: set `across_sessions = false` or leave the group out"
                } else {
                    "no speaker has two utterances: add data, leave the group out, or set `same_share = 0`"
                },
            );
        }
        if rule.same_share < 1.0 && anchors.different.is_empty() {
            return missing(
                "pair of different speakers",
                if rule.same_gender && index.gender_at.iter().any(Option::is_some) {
                    "no two speakers are of one gender: set `same_gender = false` or leave the group out"
                } else {
                    "there is only one speaker: add data, leave the group out, or set `same_share = 1`"
                },
            );
        }
        Ok(anchors)
    }

    /// Which speakers (indices into `index.speakers`) can occur in a pair.
    pub(crate) fn reached(&self, index: &GroupIndex, rule: PairRule) -> Vec<bool> {
        let mut reached = vec![false; index.speakers.len()];
        let mut mark = |anchors: &[u32]| {
            for (at, span) in index.speakers.iter().enumerate() {
                let first = anchors.partition_point(|&p| (p as usize) < span.places.start);
                reached[at] |= anchors
                    .get(first)
                    .is_some_and(|&p| (p as usize) < span.places.end);
            }
        };
        if rule.same_share > 0.0 {
            mark(&self.same);
        }
        if rule.same_share < 1.0 {
            mark(&self.different);
            // Those of unknown gender meet everybody, even who is alone of a gender and never drawn first.
            let unknown = |&p: &u32| index.gender_at[p as usize].is_none();
            if self.different.iter().any(unknown) {
                reached.fill(true);
            }
        }
        reached
    }

    /// The places of batch `step`: pair `i` is `(2i, 2i + 1)`. An utterance is drawn uniformly among those that
    /// have a partner (which equals drawing again until one has), its partner uniformly among those allowed.
    pub(crate) fn draw(
        &self,
        index: &GroupIndex,
        rule: PairRule,
        step: u64,
        draws: &mut Draws,
    ) -> Vec<usize> {
        let num_same = num_same(rule.pairs, rule.same_share, step);
        let mut places = Vec::with_capacity(2 * rule.pairs);
        for pair in 0..rule.pairs {
            // The same-speaker pairs evenly among the others: at half of each kind they alternate, same first.
            let same = pair * num_same % rule.pairs < num_same;
            let anchors = if same { &self.same } else { &self.different };
            let anchor = anchors[draws.below(anchors.len())] as usize;
            let partner = if same {
                index.draw_same(anchor, rule.across_sessions, draws)
            } else {
                index.draw_different(anchor, rule.same_gender, draws)
            };
            places.extend([anchor, partner.unwrap_or(anchor)]);
        }
        places
    }
}

/// Same-speaker pairs in batch `step`. Where `pairs · same_share` is not whole, steps differ by one so that the
/// share is right over time.
fn num_same(pairs: usize, same_share: f64, step: u64) -> usize {
    let a_step = pairs as f64 * same_share;
    // 0.29 · 100 is a little less than 29: products next to a whole number are taken for it.
    let whole = a_step.round();
    if (a_step - whole).abs() < 1e-9 {
        return whole as usize;
    }
    // Only the position within a long period matters, and keeps the products exact enough.
    let step = (step % (1 << 20)) as f64;
    ((a_step * (step + 1.0)).floor() - (a_step * step).floor()) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_kept_over_time() {
        assert_eq!(num_same(64, 0.5, 0), 32);
        assert_eq!(num_same(100, 0.29, 0), 29);
        assert_eq!(num_same(10, 0.0, 3), 0);
        assert_eq!(num_same(10, 1.0, 3), 10);
        let counts: Vec<usize> = (0..1000).map(|step| num_same(10, 0.333, step)).collect();
        assert!(counts.iter().all(|&c| c == 3 || c == 4));
        assert_eq!(counts.iter().sum::<usize>(), 3330);
    }
}
