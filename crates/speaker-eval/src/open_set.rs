//! How well speakers are named among those who are enrolled, where others speak as well.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;

use crate::EvalError;
use crate::verification::{BootstrapSettings, Interval, percentile_interval};

/// One recording that was compared with all who are enrolled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Search {
    /// Score of the nearest of them.
    pub score: f64,
    /// Number of its speaker.
    pub speaker: usize,
    /// Whether the speaker is enrolled, and if so, whether the nearest is this speaker.
    pub is_right: Option<bool>,
}

/// Error rates of identification in an open set, as the face and speaker recognition evaluations of NIST define them: FPIR is the share of
/// searches for speakers who are not enrolled that give a name; FNIR the share of searches for speakers who are enrolled that do not give
/// their name first, at or above the threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct OpenSetRates {
    /// The rate of false names that the threshold is made for, 0 to 1.
    pub fpir_asked: f64,
    /// The lowest score that gives no more false names than that.
    pub threshold: f64,
    /// False names at it, 0 to 1.
    pub fpir: f64,
    /// Speakers who are enrolled and not named, 0 to 1.
    pub fnir: f64,
    /// Its interval, by drawing speakers; the threshold is made anew for each draw.
    pub fnir_interval: Interval,
    /// Share of searches for enrolled speakers whose nearest voice is theirs, whatever its score, 0 to 1.
    pub rank_1: f64,
    /// Searches for speakers who are enrolled.
    pub num_enrolled: usize,
    /// Searches for others.
    pub num_others: usize,
    /// All speakers.
    pub num_speakers: usize,
}

/// The rates at the threshold that gives a false name in a share of `fpir` of the searches for others.
///
/// # Errors
/// No search of either kind, a score that is not finite, settings outside their range.
pub fn open_set_rates(
    searches: &[Search],
    fpir: f64,
    settings: &BootstrapSettings,
) -> Result<OpenSetRates, EvalError> {
    settings.check()?;
    if !(0.0..1.0).contains(&fpir) {
        return Err(EvalError::InvalidParameter {
            name: "fpir",
            found: fpir,
            expected: "a share from 0 to below 1",
        });
    }
    if let Some(index) = searches.iter().position(|search| !search.score.is_finite()) {
        return Err(EvalError::NotFinite {
            name: "searches",
            index,
            value: searches[index].score as f32,
        });
    }
    let once = vec![1; searches.len()];
    let mut order: Vec<usize> = (0..searches.len()).collect();
    order.sort_by(|&a, &b| searches[b].score.total_cmp(&searches[a].score));
    let counted = Counted {
        searches,
        order: &order,
    };
    let num_others = searches
        .iter()
        .filter(|search| search.is_right.is_none())
        .count();
    let num_enrolled = searches.len() - num_others;
    let Some((threshold, fnir, found_fpir)) = counted.at(fpir, &once) else {
        return Err(match num_enrolled {
            0 => EvalError::NoTargetTrial {
                num_trials: searches.len(),
            },
            _ => EvalError::NoNontargetTrial {
                num_trials: searches.len(),
            },
        });
    };
    let mut speakers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, search) in searches.iter().enumerate() {
        speakers.entry(search.speaker).or_default().push(index);
    }
    let speakers: Vec<Vec<usize>> = speakers.into_values().collect();
    let drawn: Vec<f64> = (0..settings.resamples)
        .into_par_iter()
        .filter_map(|resample| {
            let mut random = ChaCha8Rng::seed_from_u64(settings.seed);
            random.set_stream(resample as u64);
            let mut weights = vec![0; searches.len()];
            for _ in 0..speakers.len() {
                let drawn = random.random_range(0..speakers.len());
                speakers[drawn]
                    .iter()
                    .for_each(|&index| weights[index] += 1);
            }
            counted.at(fpir, &weights).map(|(_, fnir, _)| fnir)
        })
        .collect();
    let is_right = |search: &&Search| search.is_right == Some(true);
    Ok(OpenSetRates {
        fpir_asked: fpir,
        threshold,
        fpir: found_fpir,
        fnir,
        fnir_interval: match drawn.is_empty() {
            true => Interval {
                low: 0.0,
                high: 1.0,
            },
            false => percentile_interval(drawn, settings.confidence),
        },
        rank_1: searches.iter().filter(is_right).count() as f64 / num_enrolled as f64,
        num_enrolled,
        num_others,
        num_speakers: speakers.len(),
    })
}

/// Searches in the order of their scores, the highest first.
struct Counted<'a> {
    searches: &'a [Search],
    order: &'a [usize],
}

impl Counted<'_> {
    /// Threshold, FNIR and FPIR where each search counts as often as its weight; none without searches of both kinds.
    fn at(&self, fpir: f64, weights: &[u32]) -> Option<(f64, f64, f64)> {
        let total = |is_enrolled: bool| -> u64 {
            let pairs = self.searches.iter().zip(weights);
            let counted = pairs.filter(|(search, _)| search.is_right.is_some() == is_enrolled);
            counted.map(|(_, weight)| u64::from(*weight)).sum()
        };
        let (enrolled, others) = (total(true), total(false));
        if enrolled == 0 || others == 0 {
            return None;
        }
        let allowed = (fpir * others as f64 + 1e-9).floor() as u64;
        let (mut named, mut false_names) = (0, 0);
        let mut at = 0;
        let mut best = (f64::INFINITY, 0, 0);
        while at < self.order.len() {
            let score = self.searches[self.order[at]].score;
            while let Some(&index) = self.order.get(at)
                && self.searches[index].score == score
            {
                match self.searches[index].is_right {
                    None => false_names += u64::from(weights[index]),
                    Some(true) => named += u64::from(weights[index]),
                    Some(false) => {}
                }
                at += 1;
            }
            if false_names > allowed {
                break;
            }
            best = (score, named, false_names);
        }
        let (threshold, named, false_names) = best;
        Some((
            threshold,
            1.0 - named as f64 / enrolled as f64,
            false_names as f64 / others as f64,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(score: f64, speaker: usize, is_right: Option<bool>) -> Search {
        Search {
            score,
            speaker,
            is_right,
        }
    }

    #[test]
    fn rates_counted_by_hand() {
        let searches = [
            search(0.9, 0, Some(true)),
            search(0.8, 1, Some(false)),
            search(0.7, 2, None),
            search(0.6, 0, Some(true)),
            search(0.5, 3, None),
            search(0.4, 1, Some(true)),
            search(0.3, 3, None),
            search(0.2, 2, None),
        ];
        let at = |fpir| open_set_rates(&searches, fpir, &BootstrapSettings::default()).unwrap();
        let none = at(0.0);
        assert_eq!((none.threshold, none.fpir, none.fnir), (0.8, 0.0, 0.75));
        let one = at(0.25);
        assert_eq!((one.threshold, one.fpir, one.fnir), (0.6, 0.25, 0.5));
        let two = at(0.5);
        assert_eq!((two.threshold, two.fpir, two.fnir), (0.4, 0.5, 0.25));
        assert_eq!(
            (
                one.rank_1,
                one.num_enrolled,
                one.num_others,
                one.num_speakers
            ),
            (0.75, 4, 4, 4)
        );
        assert!(one.fnir_interval.low <= one.fnir && one.fnir <= one.fnir_interval.high);
    }

    #[test]
    fn one_kind_alone_cannot_be_measured() {
        let settings = BootstrapSettings::default();
        assert!(open_set_rates(&[search(0.5, 0, None)], 0.01, &settings).is_err());
        assert!(open_set_rates(&[search(0.5, 0, Some(true))], 0.01, &settings).is_err());
        let both = [search(f64::NAN, 0, None), search(0.5, 1, Some(true))];
        assert!(open_set_rates(&both, 0.01, &settings).is_err());
        let both = [search(0.1, 0, None), search(0.5, 1, Some(true))];
        assert!(open_set_rates(&both, 1.0, &settings).is_err());
        assert_eq!(open_set_rates(&both, 0.0, &settings).unwrap().fnir, 0.0);
    }
}
