//! Whether one model is better than another on the same trials.

use serde::{Deserialize, Serialize};

use super::bootstrap::{
    BootstrapSettings, Interval, enough, figures_of_draws, percentile_interval,
};
use super::dcf::min_dcf;
use super::eer::eer;
use crate::EvalError;

/// A figure before and after, and their difference.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Before.
    pub before: f64,
    /// After.
    pub after: f64,
    /// Interval of after less before: below zero throughout, the figure fell; above, it rose; else neither is shown.
    pub difference: Interval,
}

impl Change {
    /// Whether the figure, an error, is lower than before by more than chance.
    #[must_use]
    pub fn is_better(&self) -> bool {
        self.difference.high < 0.0
    }

    /// Whether it is higher than before by more than chance.
    #[must_use]
    pub fn is_worse(&self) -> bool {
        self.difference.low > 0.0
    }
}

/// EER and minDCF of the same trials by two models.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PairedChange {
    /// Equal error rate, 0 to 1.
    pub eer: Change,
    /// Normalised minimum detection cost.
    pub min_dcf: Change,
    /// Share of the resamples inside the intervals.
    pub confidence: f64,
    /// Resamples that held both kinds of trials.
    #[serde(rename = "resamples")]
    pub usable_resamples: usize,
    /// Number of speakers drawn from.
    #[serde(rename = "n_speakers")]
    pub num_speakers: usize,
}

/// Compares the scores `before` and `after` of the same trials. Speakers are drawn as in [`crate::bootstrap_interval`], the
/// same ones for both: what makes a draw of speakers hard is hard for both, and leaves the difference.
///
/// # Errors
/// As [`crate::bootstrap_interval`].
pub fn paired_change(
    before: &[f32],
    after: &[f32],
    is_target: &[bool],
    speakers_a: &[usize],
    speakers_b: &[usize],
    settings: &BootstrapSettings,
) -> Result<PairedChange, EvalError> {
    let of = |scores| figures_of_draws(scores, is_target, speakers_a, speakers_b, settings);
    let (old, new) = (of(before)?, of(after)?);
    let pairs = old.figures.iter().zip(&new.figures);
    let (eers, costs): (Vec<f64>, Vec<f64>) = pairs
        .filter_map(|(old, new)| Some(((*old)?, (*new)?)))
        .map(|(old, new)| (new.0 - old.0, new.1 - old.1))
        .unzip();
    let usable_resamples = enough(eers.len(), old.num_speakers, settings)?;
    let cost = |scores| Ok::<f64, EvalError>(min_dcf(scores, is_target, &settings.dcf)?.min_dcf);
    Ok(PairedChange {
        eer: Change {
            before: eer(before, is_target)?.eer,
            after: eer(after, is_target)?.eer,
            difference: percentile_interval(eers, settings.confidence),
        },
        min_dcf: Change {
            before: cost(before)?,
            after: cost(after)?,
            difference: percentile_interval(costs, settings.confidence),
        },
        confidence: settings.confidence,
        usable_resamples,
        num_speakers: old.num_speakers,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bootstrap_interval;

    /// Scores of two models, whether trials are targets, and their speakers.
    type List = (Vec<f32>, Vec<f32>, Vec<bool>, Vec<usize>, Vec<usize>);

    /// All pairs of `num_speakers` speakers with three recordings each, scored by a hash; the same by a model that sees the
    /// difference by so much more.
    fn list(num_speakers: usize, gain: f32) -> List {
        let mut list = (vec![], vec![], vec![], vec![], vec![]);
        let speakers: Vec<usize> = (0..num_speakers * 3).map(|point| point / 3).collect();
        for (i, &a) in speakers.iter().enumerate() {
            for &b in &speakers[i + 1..] {
                let noise = (list.0.len() * 7919 % 1009) as f32 / 1009.0;
                let target = f32::from(u8::from(a == b));
                list.0.push(noise + 0.3 * target);
                list.1.push(noise + (0.3 + gain) * target);
                list.2.push(a == b);
                list.3.push(a);
                list.4.push(b);
            }
        }
        list
    }

    #[test]
    fn a_difference_is_surer_than_either_figure() {
        let (before, after, labels, a, b) = list(25, 0.1);
        let settings = BootstrapSettings::default();
        let change = paired_change(&before, &after, &labels, &a, &b, &settings).unwrap();
        assert!(change.eer.is_better() && !change.eer.is_worse());
        let alone = |scores| {
            bootstrap_interval(scores, &labels, &a, &b, &settings)
                .unwrap()
                .eer
        };
        let (old, new) = (alone(&before), alone(&after));
        // Apart, the two intervals overlap.
        assert!(new.high > old.low);
        let width = change.eer.difference.high - change.eer.difference.low;
        assert!(width < 0.5 * (old.high - old.low));
        let difference = change.eer.after - change.eer.before;
        assert!(change.eer.difference.low < difference && difference < change.eer.difference.high);
    }

    #[test]
    fn the_same_scores_do_not_differ_and_turned_around_the_sign_turns() {
        let (before, after, labels, a, b) = list(12, 0.2);
        let settings = BootstrapSettings::default();
        let same = paired_change(&before, &before, &labels, &a, &b, &settings).unwrap();
        assert_eq!(
            same.eer.difference,
            Interval {
                low: 0.0,
                high: 0.0
            }
        );
        assert!(!same.eer.is_better() && !same.eer.is_worse());
        let there = paired_change(&before, &after, &labels, &a, &b, &settings).unwrap();
        let back = paired_change(&after, &before, &labels, &a, &b, &settings).unwrap();
        assert!((there.eer.difference.low + back.eer.difference.high).abs() < 1e-12);
        assert!(back.min_dcf.is_worse() && there.min_dcf.is_better());
    }
}
