//! One scored list: histograms, detection error trade-off, and its two points that have names.

use speaker_eval::{
    DcfParameters, DetPoint, Eer, Interval, MinDcf, det_points, eer, min_dcf, rates_at,
};
use statrs::function::erf::erfc_inv;

use crate::ReportError;
use crate::development::{Decision, DevList, DevTrial};
use crate::interval::eer_interval;

/// Bins of a histogram.
const NUM_BINS: usize = 48;

/// Error rates below it have no place on a DET plot.
pub(crate) const LOWEST_RATE: f64 = 0.001;

/// Two points of a curve closer than this, in probits, are drawn as one.
const MIN_GAP: f64 = 0.02;

/// A list with its scores and what follows from them.
#[derive(Clone, Debug)]
pub(crate) struct Verification {
    pub(crate) name: String,
    pub(crate) scores: Vec<f32>,
    pub(crate) eer: Eer,
    /// Of the EER, at 95 % confidence, where there are speakers enough to say it.
    pub(crate) interval: Option<Interval>,
    pub(crate) cost: MinDcf,
    pub(crate) histogram: Histogram,
    /// Thinned to what can be told apart.
    pub(crate) det: Vec<DetPoint>,
    /// Miss and false-alarm rate at the threshold of the minimum cost.
    pub(crate) at_min_dcf: (f64, f64),
    /// The same at the threshold that the model decides by.
    pub(crate) at_decision: Option<(f64, f64)>,
}

/// Shares of target and non-target scores.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Histogram {
    /// The middle of each bin.
    pub(crate) centres: Vec<f64>,
    /// Share of the target trials in it, 0 to 1.
    pub(crate) same: Vec<f64>,
    /// Share of the non-target trials in it.
    pub(crate) different: Vec<f64>,
    /// Area that both have in common, 0 to 1.
    pub(crate) overlap: f64,
}

impl Verification {
    /// Of the scores of a list over recordings of `speakers`.
    pub(crate) fn new(
        list: &DevList,
        scores: Vec<f32>,
        speakers: &[usize],
        decision: Option<&Decision>,
    ) -> Result<Self, ReportError> {
        let is_target: Vec<bool> = list.trials.iter().map(|trial| trial.is_target).collect();
        let rate = eer(&scores, &is_target)?;
        let cost = min_dcf(&scores, &is_target, &DcfParameters::default())?;
        let points = det_points(&scores, &is_target)?;
        // Rates at the lowest cost: of the last point that its threshold accepts.
        let at = points
            .iter()
            .rev()
            .find(|point| point.threshold >= cost.threshold);
        Ok(Self {
            name: list.name.clone(),
            histogram: Histogram::new(&scores, &is_target),
            eer: rate,
            cost,
            interval: {
                let side = |of: fn(&DevTrial) -> usize| -> Vec<usize> {
                    list.trials
                        .iter()
                        .map(|trial| speakers[of(trial)])
                        .collect()
                };
                let (first, second) = (side(|trial| trial.first), side(|trial| trial.second));
                eer_interval(&scores, &is_target, &first, &second)
            },
            at_decision: decision
                .map(|decision| rates_at(&scores, &is_target, decision.threshold))
                .and_then(|(misses, alarms)| misses.zip(alarms)),
            at_min_dcf: at.map_or((1.0, 0.0), |point| (point.p_miss, point.p_false_alarm)),
            det: thinned(&points),
            scores,
        })
    }
}

impl Histogram {
    /// Of scores that are known to be finite and of both kinds.
    fn new(scores: &[f32], is_target: &[bool]) -> Self {
        let (low, high) = scores
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &score| {
                (low.min(score.into()), high.max(score.into()))
            });
        let width = ((high - low) / NUM_BINS as f64).max(1e-6);
        let mut counts = [[0_u32; NUM_BINS]; 2];
        for (&score, &target) in scores.iter().zip(is_target) {
            let bin = ((f64::from(score) - low) / width) as usize;
            counts[usize::from(target)][bin.min(NUM_BINS - 1)] += 1;
        }
        let shares = counts.map(|counts| {
            let total = f64::from(counts.iter().sum::<u32>()).max(1.0);
            counts.map(|count| f64::from(count) / total)
        });
        let [different, same] = shares;
        Self {
            centres: (0..NUM_BINS)
                .map(|bin| low + (bin as f64 + 0.5) * width)
                .collect(),
            overlap: same.iter().zip(&different).map(|(a, b)| a.min(*b)).sum(),
            same: same.to_vec(),
            different: different.to_vec(),
        }
    }
}

/// The point of the standard normal distribution below which a share of `rate` lies; rates are kept from 0 and 1, where it is infinite.
pub(crate) fn probit(rate: f64) -> f64 {
    -std::f64::consts::SQRT_2 * erfc_inv(2.0 * rate.clamp(LOWEST_RATE, 1.0 - LOWEST_RATE))
}

fn thinned(points: &[DetPoint]) -> Vec<DetPoint> {
    let place = |point: &DetPoint| (probit(point.p_false_alarm), probit(point.p_miss));
    let mut kept: Vec<DetPoint> = Vec::new();
    for point in points {
        let is_far = kept.last().is_none_or(|last| {
            let ((x, y), (last_x, last_y)) = (place(point), place(last));
            (x - last_x).abs().max((y - last_y).abs()) > MIN_GAP
        });
        if is_far {
            kept.push(*point);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probits_are_those_of_the_tables() {
        for (rate, expected) in [
            (0.5, 0.0),
            (0.158_655_25, -1.0),
            (0.975, 1.959_963_98),
            (0.001, -3.090_232_3),
        ] {
            assert!(
                (probit(rate) - expected).abs() < 1e-6,
                "{rate}: {}",
                probit(rate)
            );
        }
        assert!(probit(0.0).is_finite() && probit(1.0).is_finite());
    }

    #[test]
    fn overlap_is_the_common_area() {
        let apart = Histogram::new(&[0.9, 0.8, 0.1, 0.0], &[true, true, false, false]);
        assert_eq!(apart.overlap, 0.0);
        let alike = Histogram::new(&[0.5, 0.0, 0.5, 0.0], &[true, true, false, false]);
        assert!((alike.overlap - 1.0).abs() < 1e-12);
        assert!((alike.same.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let one_value = Histogram::new(&[0.5; 4], &[true, true, false, false]);
        assert!((one_value.overlap - 1.0).abs() < 1e-12);
    }
}
