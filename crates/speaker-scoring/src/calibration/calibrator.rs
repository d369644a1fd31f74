//! From what is known of a pair to a log-likelihood ratio.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::bounds::supported_range;
use super::evidence::{Evidence, Numbers, Term};
use super::regression::{self, RegressionSettings};
use crate::ScoringError;

/// A labelled pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabelledEvidence {
    /// What is known of it.
    pub evidence: Evidence,
    /// Whether one speaker is on both sides.
    pub is_target: bool,
    /// The list or corpus it is of, by number: all groups count alike, however many trials they have.
    pub group: usize,
}

/// How much a term counts, and where it was seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightedTerm {
    /// The term.
    pub term: Term,
    /// What 1 more of it adds to the log-likelihood ratio.
    pub weight: f64,
    /// From its 1st to its 99th percentile in the trials that were fitted.
    pub seen: [f64; 2],
}

/// An affine map from what is known of a pair to the logarithm of how many times likelier it is under one speaker than under two.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibrator {
    /// Its terms, the score or the normalised score among them.
    pub terms: Vec<WeightedTerm>,
    /// The ratio where all terms are 0.
    pub offset: f64,
    /// The smallest and the largest ratio that the trials support ([`supported_range`]), natural logarithms around 0.
    pub bounds: [f64; 2],
}

/// A log-likelihood ratio and what speaks against it.
#[derive(Debug, Clone, PartialEq)]
pub struct Llr {
    /// Natural logarithm; above 0 speaks for one speaker.
    pub value: f64,
    /// Whether it would be larger or smaller, but so few trials do not support more.
    pub is_bounded: bool,
    /// What the calibration has seen less of than the recordings have, in words: it was taken for as much as was seen.
    pub beyond: Vec<String>,
}

/// Why there is no ratio.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoLlr {
    /// The recordings are worse than those that were fitted.
    #[error("{found}, where the calibration has seen {seen}")]
    OutsideSeen {
        /// What these have, in words.
        found: String,
        /// From where to where the others lie, in words.
        seen: String,
    },
    /// A term is not known.
    #[error("the {term} is not known, which the calibration needs")]
    Unknown {
        /// The term.
        term: Term,
    },
}

/// Recordings may be so much worse than all that were seen, as a share of the range.
const SLACK: f64 = 0.02;

impl Calibrator {
    /// Fits `terms` to labelled pairs, the groups of which count alike.
    ///
    /// # Errors
    /// [`ScoringError::OneKindOfTrials`] where a kind is missing, [`ScoringError::UnknownTerm`] where a term of a pair is not known,
    /// [`ScoringError::FallingScore`] where a higher score speaks against one speaker, and those of settings out of range.
    pub fn fit(
        trials: &[LabelledEvidence],
        terms: &[Term],
        settings: &RegressionSettings,
    ) -> Result<Self, ScoringError> {
        if terms.is_empty() {
            return Err(ScoringError::Empty { name: "terms" });
        }
        let row = |(index, trial): (usize, &LabelledEvidence)| {
            let number = |term: &Term| {
                let value = Numbers::of(&trial.evidence).number(*term);
                value.ok_or(ScoringError::UnknownTerm { index, term: *term })
            };
            terms.iter().map(number).collect::<Result<Vec<f64>, _>>()
        };
        let rows = trials.iter().enumerate().map(row);
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        let is_target: Vec<bool> = trials.iter().map(|trial| trial.is_target).collect();
        let weights = group_weights(trials);
        let line = regression::fit(&rows, &is_target, &weights, settings)?;
        let weighted = terms.iter().zip(&line.weights).enumerate();
        let terms: Vec<WeightedTerm> = weighted
            .map(|(place, (&term, &weight))| WeightedTerm {
                term,
                weight,
                seen: middle(rows.iter().map(|row| row[place]).collect()),
            })
            .collect();
        let mut fitted = Self {
            terms,
            offset: line.offset,
            bounds: [f64::NEG_INFINITY, f64::INFINITY],
        };
        fitted.check_rises(trials)?;
        let llrs: Vec<f64> = rows
            .iter()
            .map(|row| {
                let products = fitted.terms.iter().zip(row);
                let products = products.map(|(one, value)| one.weight * value);
                fitted.offset + products.sum::<f64>()
            })
            .collect();
        fitted.bounds = supported_range(&llrs, &is_target)?;
        Ok(fitted)
    }

    /// The ratio of a pair.
    ///
    /// # Errors
    /// [`NoLlr`] where the recordings are worse than any that the calibration has seen, or a term is not known.
    pub fn llr(&self, evidence: &Evidence) -> Result<Llr, NoLlr> {
        let mut numbers = Numbers::of(evidence);
        let mut beyond = Vec::new();
        for WeightedTerm { term, seen, .. } in
            self.terms.iter().filter(|one| one.term.is_a_quality())
        {
            let found = numbers
                .number(*term)
                .ok_or(NoLlr::Unknown { term: *term })?;
            let [low, high] = *seen;
            if found < low - SLACK * (high - low) - 1e-9 {
                return Err(NoLlr::OutsideSeen {
                    found: term.in_words(found),
                    seen: format!("{} and more", term.in_words(low)),
                });
            }
            if found > high + SLACK * (high - low) + 1e-9 {
                let (found, most) = (term.in_words(found), term.in_words(high));
                beyond.push(format!(
                    "{found} count as {most}: the calibration has seen no more"
                ));
            }
            numbers.hold(*term, high);
        }
        let mut value = self.offset;
        for WeightedTerm { term, weight, .. } in &self.terms {
            value += weight
                * numbers
                    .number(*term)
                    .ok_or(NoLlr::Unknown { term: *term })?;
        }
        let bounded = value.clamp(self.bounds[0], self.bounds[1]);
        Ok(Llr {
            value: bounded,
            is_bounded: bounded != value,
            beyond,
        })
    }

    /// Whether the score with a cohort is among the terms.
    #[must_use]
    pub fn needs_cohort(&self) -> bool {
        self.terms
            .iter()
            .any(|one| matches!(one.term, Term::Normalised | Term::NormalisedByShorterSpeech))
    }

    /// Whether the numbers of a file can be one that [`Self::fit`] made; where not, the field that is wrong and what was expected.
    ///
    /// # Errors
    /// The field, and what was expected there.
    pub fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let is_sound = |term: &WeightedTerm| {
            let [low, high] = term.seen;
            term.weight.is_finite() && low.is_finite() && high.is_finite() && low <= high
        };
        if self.terms.is_empty() || !self.terms.iter().all(is_sound) {
            return Err((
                "terms",
                "at least one, with a finite weight and a range of two numbers, the smaller first",
            ));
        }
        if !self.offset.is_finite() {
            return Err(("offset", "a finite number"));
        }
        let [low, high] = self.bounds;
        if !(low <= 0.0 && high >= 0.0 && low.is_finite() && high.is_finite()) {
            return Err(("bounds", "two finite numbers around 0"));
        }
        Ok(())
    }

    /// Refuses a map on which a higher score speaks against one speaker: labels or scores are the wrong way round, or say nothing.
    fn check_rises(&self, trials: &[LabelledEvidence]) -> Result<(), ScoringError> {
        let falls = |trial: &&LabelledEvidence| self.slope(&trial.evidence) <= 0.0;
        let num_falling = trials.iter().filter(falls).count();
        match 2 * num_falling > trials.len() {
            true => Err(ScoringError::FallingScore {
                num_falling,
                num_trials: trials.len(),
            }),
            false => Ok(()),
        }
    }

    /// What a score higher by 1 adds for recordings like these.
    fn slope(&self, evidence: &Evidence) -> f64 {
        let [a, b] = evidence.sides;
        let of = |one: &WeightedTerm| match one.term {
            Term::Score | Term::Normalised => one.weight,
            Term::ScoreByShorterSpeech | Term::NormalisedByShorterSpeech => {
                one.weight * a.speech_s.min(b.speech_s).ln()
            }
            _ => 0.0,
        };
        self.terms.iter().map(of).sum()
    }
}

/// Each group's trials of a kind have the same weight in all.
fn group_weights(trials: &[LabelledEvidence]) -> Vec<f64> {
    let mut counts: HashMap<(usize, bool), usize> = HashMap::new();
    let kind = |trial: &LabelledEvidence| (trial.group, trial.is_target);
    for trial in trials {
        *counts.entry(kind(trial)).or_default() += 1;
    }
    let weight = |trial: &LabelledEvidence| 1.0 / counts[&kind(trial)] as f64;
    trials.iter().map(weight).collect()
}

/// From the 1st to the 99th percentile.
fn middle(mut values: Vec<f64>) -> [f64; 2] {
    values.sort_unstable_by(f64::total_cmp);
    let place = |share: f64| (share * (values.len() - 1) as f64).round() as usize;
    [values[place(0.01)], values[place(0.99)]]
}
