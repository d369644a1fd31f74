//! The terms of a loss by name, as numbers.

use burn::tensor::Tensor;
use diagnosis::journal::Term;
use speaker_model::{LossOutput, Pairwise};

/// What a loss is made of: values of one batch, or means over some.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Terms(Vec<Term>);

impl Terms {
    pub(crate) fn of(loss: &LossOutput) -> Self {
        let terms = loss.terms.iter().map(|term| Term {
            name: term.name.clone().into_owned(),
            unit: term.unit.to_owned(),
            value: scalar(&term.value),
        });
        Self(terms.collect())
    }

    /// Adds the values of another batch of the same loss.
    pub(crate) fn add(&mut self, other: &Self) {
        if self.0.is_empty() {
            self.0.clone_from(&other.0);
            return;
        }
        for (term, other) in self.0.iter_mut().zip(&other.0) {
            term.value += other.value;
        }
    }

    /// Every value divided by `count`.
    pub(crate) fn divided_by(&self, count: f64) -> Self {
        let divided = |term: &Term| Term {
            value: term.value / count,
            ..term.clone()
        };
        Self(self.0.iter().map(divided).collect())
    }

    /// Those that `is_known` says are of something.
    pub(crate) fn where_known(self, is_known: impl Fn(&str) -> bool) -> Self {
        let terms = self.0.into_iter();
        Self(terms.filter(|term| is_known(&term.name)).collect())
    }

    /// Mean distance of same-speaker pairs and of the others, of a loss that compares pairs.
    pub(crate) fn distances(&self, pairwise: Option<&Pairwise>) -> [Option<f64>; 2] {
        let value = |name: &str| {
            let mut terms = self.0.iter();
            terms.find_map(|term| (term.name == name).then_some(term.value))
        };
        match pairwise {
            Some(pairwise) => {
                [&pairwise.same_term, &pairwise.different_term].map(|name| value(name))
            }
            None => [None; 2],
        }
    }

    pub(crate) fn into_journal(self) -> Vec<Term> {
        self.0
    }
}

pub(crate) fn scalar(tensor: &Tensor<1>) -> f64 {
    f64::from(tensor.clone().into_scalar::<f32>())
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn terms(values: [f64; 2]) -> Terms {
        let names = ["near", "far"].into_iter();
        let terms = names.zip(values).map(|(name, value)| Term {
            name: name.to_owned(),
            unit: "nats".to_owned(),
            value,
        });
        Terms(terms.collect())
    }

    const PAIRWISE: Pairwise = Pairwise {
        same_term: Cow::Borrowed("near"),
        different_term: Cow::Borrowed("far"),
        margin: None,
        num_classes: None,
        same_weight: None,
    };

    #[test]
    fn means_over_batches_keep_names_and_units() {
        let mut sum = Terms::default();
        sum.add(&terms([1.0, 4.0]));
        sum.add(&terms([3.0, 8.0]));
        assert_eq!(sum.divided_by(2.0), terms([2.0, 6.0]));
    }

    #[test]
    fn the_distances_of_pairs_are_the_terms_that_the_loss_names() {
        let found = terms([2.0, 6.0]);
        assert_eq!(found.distances(Some(&PAIRWISE)), [Some(2.0), Some(6.0)]);
        assert_eq!(found.distances(None), [None; 2]);
        // A batch without pairs of two speakers says nothing of them.
        let known = found.where_known(|name| name == "near");
        assert_eq!(known.distances(Some(&PAIRWISE)), [Some(2.0), None]);
    }
}
