//! The fields that lines had while there was one loss, and its terms stood in the schema.

use serde::Deserialize;

use super::terms::{PairFacts, Term};
use crate::TwoHistograms;

/// What an older line, or an older record of measurements, says of the KL/hinge loss.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct OlderFields {
    /// Mean divergence of same-speaker pairs (nats).
    same_divergence: Option<f64>,
    /// Mean divergence of different-speaker pairs (nats).
    different_divergence: Option<f64>,
    /// Mean hinge of different-speaker pairs (nats).
    different_hinge: Option<f64>,
    /// Divergences of the pairs of a batch.
    divergences: Option<TwoHistograms>,
    /// Share of different-speaker pairs closer than the margin.
    active_share: Option<f64>,
}

impl OlderFields {
    /// Puts into `terms` and `pairs` what the older fields say.
    pub(crate) fn complete(self, terms: &mut Vec<Term>, pairs: &mut Option<PairFacts>) {
        let named = [
            ("same_divergence", self.same_divergence),
            ("different_divergence", self.different_divergence),
            ("different_hinge", self.different_hinge),
        ];
        terms.extend(named.into_iter().filter_map(|(name, value)| {
            Some(Term {
                name: name.to_owned(),
                unit: "nats".to_owned(),
                value: value?,
            })
        }));
        let facts = PairFacts {
            same_distance: self.same_divergence,
            different_distance: self.different_divergence,
            active_share: self.active_share,
            distances: self.divergences,
        };
        if facts != PairFacts::default() {
            *pairs = Some(facts);
        }
    }
}
