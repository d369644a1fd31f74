//! Confidence intervals by drawing speakers, not trials.

use std::collections::{BTreeSet, HashMap};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::dcf::{DcfParameters, min_dcf_of};
use super::eer::eer_of;
use super::ranking::{ScoreGroup, group, ranked, totals};
use crate::EvalError;

/// How an interval is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BootstrapSettings {
    /// Number of resamples, at least 1.
    pub resamples: usize,
    /// Resample `i` depends on this seed and `i` alone.
    pub seed: u64,
    /// Share of the resamples inside the interval, above 0 and below 1.
    pub confidence: f64,
    /// Prior and costs of the minDCF.
    pub dcf: DcfParameters,
}

impl Default for BootstrapSettings {
    /// 1000 resamples, seed 0, 95 %.
    fn default() -> Self {
        Self {
            resamples: 1000,
            seed: 0,
            confidence: 0.95,
            dcf: DcfParameters::default(),
        }
    }
}

/// A percentile interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Intervals of the two verification metrics.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BootstrapIntervals {
    /// Equal error rate, 0 to 1.
    pub eer: Interval,
    /// Normalised minimum detection cost.
    pub min_dcf: Interval,
    /// Share of the resamples inside.
    pub confidence: f64,
    /// Resamples that held both kinds of trials; the others cannot be scored and are left out.
    #[serde(rename = "resamples")]
    pub usable_resamples: usize,
    /// Number of speakers drawn from, which is also the number drawn each time.
    #[serde(rename = "n_speakers")]
    pub num_speakers: usize,
}

/// Percentile bootstrap over speakers: trials that share a speaker are not independent, so drawing
/// trials would give intervals that are too narrow.
///
/// Each resample draws as many speakers as the list has, with replacement. A non-target trial
/// counts as often as the product of its speakers' multiplicities, a target trial as often as its
/// speaker's. `speakers_a` and `speakers_b` name the speaker on each side of each trial. The result
/// does not depend on the number of threads.
///
/// # Errors
/// As [`crate::eer`]; a trial whose label contradicts its speakers; settings outside their range;
/// fewer than half of the resamples holding both kinds of trials.
pub fn bootstrap_interval(
    scores: &[f32],
    is_target: &[bool],
    speakers_a: &[usize],
    speakers_b: &[usize],
    settings: &BootstrapSettings,
) -> Result<BootstrapIntervals, EvalError> {
    let drawn = figures_of_draws(scores, is_target, speakers_a, speakers_b, settings)?;
    let num_speakers = drawn.num_speakers;
    let (eers, dcfs): (Vec<f64>, Vec<f64>) = drawn.figures.into_iter().flatten().unzip();
    let usable_resamples = enough(eers.len(), num_speakers, settings)?;
    Ok(BootstrapIntervals {
        eer: percentile_interval(eers, settings.confidence),
        min_dcf: percentile_interval(dcfs, settings.confidence),
        confidence: settings.confidence,
        usable_resamples,
        num_speakers,
    })
}

/// Figures of every draw of speakers; none where a draw lacks one kind of trials.
pub(super) struct Draws<T> {
    pub(super) figures: Vec<Option<T>>,
    pub(super) num_speakers: usize,
}

/// EER and minDCF of every draw.
pub(super) fn figures_of_draws(
    scores: &[f32],
    is_target: &[bool],
    speakers_a: &[usize],
    speakers_b: &[usize],
    settings: &BootstrapSettings,
) -> Result<Draws<(f64, f64)>, EvalError> {
    draws(
        scores,
        is_target,
        speakers_a,
        speakers_b,
        settings,
        |groups| (eer_of(groups).0, min_dcf_of(groups, &settings.dcf).0),
    )
}

/// Draws speakers as [`bootstrap_interval`] does, and measures each draw by `figures`. Lists of the same speakers have the same draws,
/// whatever their scores.
pub(super) fn draws<T: Send>(
    scores: &[f32],
    is_target: &[bool],
    speakers_a: &[usize],
    speakers_b: &[usize],
    settings: &BootstrapSettings,
    figures: impl Fn(&[ScoreGroup]) -> T + Sync,
) -> Result<Draws<T>, EvalError> {
    settings.check()?;
    let order = ranked(scores, is_target)?;
    check_speakers(is_target, speakers_a, speakers_b)?;
    // Numbered in order of their ids, so that the order of the list is of no account.
    let speakers: BTreeSet<usize> = speakers_a.iter().chain(speakers_b).copied().collect();
    let num_speakers = speakers.len();
    let number: HashMap<usize, usize> = speakers.into_iter().zip(0..).collect();
    let trials: Vec<RankedTrial> = order
        .iter()
        .map(|&i| RankedTrial {
            score: scores[i],
            is_target: is_target[i],
            speaker_a: number[&speakers_a[i]],
            speaker_b: number[&speakers_b[i]],
        })
        .collect();

    let drawn: Vec<Option<T>> = (0..settings.resamples as u64)
        .into_par_iter()
        .map_init(
            || (vec![0_u64; num_speakers], Vec::new()),
            |(multiplicity, groups), resample| {
                draw_speakers(multiplicity, settings.seed, resample);
                let weighted = trials.iter().map(|trial| {
                    let weight = match trial.is_target {
                        true => multiplicity[trial.speaker_a],
                        false => multiplicity[trial.speaker_a] * multiplicity[trial.speaker_b],
                    };
                    (trial.score, trial.is_target, weight)
                });
                group(weighted, groups);
                let (targets, nontargets) = totals(groups);
                (targets > 0 && nontargets > 0).then(|| figures(groups))
            },
        )
        .collect();
    Ok(Draws {
        figures: drawn,
        num_speakers,
    })
}

/// The number of resamples that could be scored, if they are enough.
pub(super) fn enough(
    usable: usize,
    num_speakers: usize,
    settings: &BootstrapSettings,
) -> Result<usize, EvalError> {
    if usable * 2 < settings.resamples {
        return Err(EvalError::TooFewSpeakers {
            usable,
            resamples: settings.resamples,
            num_speakers,
        });
    }
    Ok(usable)
}

struct RankedTrial {
    score: f32,
    is_target: bool,
    speaker_a: usize,
    speaker_b: usize,
}

impl BootstrapSettings {
    /// Whether the settings are within their ranges.
    pub(crate) fn check(&self) -> Result<(), EvalError> {
        self.dcf.check()?;
        if self.resamples == 0 {
            return Err(EvalError::InvalidParameter {
                name: "resamples",
                found: 0.0,
                expected: "at least 1",
            });
        }
        if !(self.confidence > 0.0 && self.confidence < 1.0) {
            return Err(EvalError::InvalidParameter {
                name: "confidence",
                found: self.confidence,
                expected: "a share above 0 and below 1",
            });
        }
        Ok(())
    }
}

fn check_speakers(
    is_target: &[bool],
    speakers_a: &[usize],
    speakers_b: &[usize],
) -> Result<(), EvalError> {
    for (name, speakers) in [("speakers_a", speakers_a), ("speakers_b", speakers_b)] {
        if speakers.len() != is_target.len() {
            return Err(EvalError::LengthMismatch {
                name,
                reference: "scores",
                found: speakers.len(),
                expected: is_target.len(),
            });
        }
    }
    let sides = speakers_a.iter().zip(speakers_b);
    for (index, (&is_target, (&speaker_a, &speaker_b))) in is_target.iter().zip(sides).enumerate() {
        if is_target != (speaker_a == speaker_b) {
            return Err(EvalError::ContradictoryTrial {
                index,
                is_target,
                speaker_a,
                speaker_b,
            });
        }
    }
    Ok(())
}

/// Fills in how often each speaker was drawn in this resample.
fn draw_speakers(multiplicity: &mut [u64], seed: u64, resample: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(resample);
    multiplicity.fill(0);
    for _ in 0..multiplicity.len() {
        multiplicity[rng.random_range(0..multiplicity.len())] += 1;
    }
}

/// The central `confidence` share of `values`, ends interpolated between order statistics as NumPy's `percentile` does.
/// Of no values, both ends are NaN; a confidence outside 0 to 1 is taken as the nearer of the two.
pub fn percentile_interval(mut values: Vec<f64>, confidence: f64) -> Interval {
    if values.is_empty() {
        return Interval {
            low: f64::NAN,
            high: f64::NAN,
        };
    }
    values.sort_unstable_by(f64::total_cmp);
    let quantile = |share: f64| {
        let place = share * (values.len() - 1) as f64;
        let low = values[place.floor() as usize];
        let high = values[place.ceil() as usize];
        low + place.fract() * (high - low)
    };
    let tail = 0.5 * (1.0 - confidence.clamp(0.0, 1.0));
    Interval {
        low: quantile(tail),
        high: quantile(1.0 - tail),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{eer, min_dcf};

    /// All pairs of `num_speakers` speakers with two recordings each, scored by a hash.
    fn list(num_speakers: usize) -> (Vec<f32>, Vec<bool>, Vec<usize>, Vec<usize>) {
        let mut list = (vec![], vec![], vec![], vec![]);
        let speakers: Vec<usize> = (0..num_speakers * 2).map(|point| point / 2 + 100).collect();
        for (i, &a) in speakers.iter().enumerate() {
            for &b in &speakers[i + 1..] {
                let noise = (list.0.len() * 7919 % 1009) as f32 / 1009.0;
                list.0.push(noise + if a == b { 0.4 } else { 0.0 });
                list.1.push(a == b);
                list.2.push(a);
                list.3.push(b);
            }
        }
        list
    }

    #[test]
    fn interval_surrounds_the_estimate_and_narrows_with_confidence() {
        let (scores, labels, a, b) = list(30);
        let estimate = eer(&scores, &labels).unwrap().eer;
        let cost = min_dcf(&scores, &labels, &DcfParameters::default()).unwrap();
        let wide = bootstrap_interval(&scores, &labels, &a, &b, &Default::default()).unwrap();
        assert_eq!((wide.num_speakers, wide.usable_resamples), (30, 1000));
        assert!(wide.eer.low < estimate && estimate < wide.eer.high);
        assert!(wide.min_dcf.low <= cost.min_dcf && cost.min_dcf <= wide.min_dcf.high);
        let settings = BootstrapSettings {
            confidence: 0.5,
            ..Default::default()
        };
        let narrow = bootstrap_interval(&scores, &labels, &a, &b, &settings).unwrap();
        assert!(wide.eer.low < narrow.eer.low && narrow.eer.high < wide.eer.high);
    }

    #[test]
    fn result_does_not_depend_on_threads_or_trial_order() {
        let (scores, labels, a, b) = list(12);
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.unwrap().install(|| {
                bootstrap_interval(&scores, &labels, &a, &b, &Default::default()).unwrap()
            })
        };
        assert_eq!(run(1), run(3));
    }

    #[test]
    fn a_resample_weighs_trials_as_if_they_were_repeated() {
        let (scores, labels, a, b) = list(6);
        let settings = BootstrapSettings {
            resamples: 1,
            ..Default::default()
        };
        let one = bootstrap_interval(&scores, &labels, &a, &b, &settings).unwrap();
        // The same resample written out.
        let mut multiplicity = vec![0; 6];
        draw_speakers(&mut multiplicity, 0, 0);
        let times = |speaker: usize| multiplicity[speaker - 100];
        let (mut long_scores, mut long_labels) = (vec![], vec![]);
        for i in 0..scores.len() {
            let times = if labels[i] {
                times(a[i])
            } else {
                times(a[i]) * times(b[i])
            };
            long_scores.extend((0..times).map(|_| scores[i]));
            long_labels.extend((0..times).map(|_| labels[i]));
        }
        let written_out = eer(&long_scores, &long_labels).unwrap().eer;
        assert!((one.eer.low - written_out).abs() < 1e-15);
        assert_eq!(one.eer.low, one.eer.high);
    }

    #[test]
    fn contradictions_and_lone_speakers_are_refused() {
        let settings = BootstrapSettings::default();
        let labels = [true, false];
        let scores = [0.9, 0.1];
        assert!(matches!(
            bootstrap_interval(&scores, &labels, &[1, 1], &[2, 2], &settings),
            Err(EvalError::ContradictoryTrial { index: 0, .. })
        ));
        // Target trials of speaker 1 only, non-targets of 2 and 3: both kinds are rarely drawn.
        assert!(matches!(
            bootstrap_interval(&scores, &labels, &[1, 2], &[1, 3], &settings),
            Err(EvalError::TooFewSpeakers {
                num_speakers: 3,
                ..
            })
        ));
        let wrong = BootstrapSettings {
            confidence: 1.0,
            ..settings
        };
        assert!(bootstrap_interval(&scores, &labels, &[1, 2], &[1, 3], &wrong).is_err());
    }

    #[test]
    fn percentiles_follow_numpy() {
        // NumPy 2.4.6: numpy.percentile([1, 2, 4, 8], [10, 90]) = [1.3, 6.8]
        let interval = percentile_interval(vec![8.0, 2.0, 1.0, 4.0], 0.8);
        assert!((interval.low - 1.3).abs() < 1e-12 && (interval.high - 6.8).abs() < 1e-12);
    }
}
