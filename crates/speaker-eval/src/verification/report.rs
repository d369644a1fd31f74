//! The result of one trial list, as it is written down.

use serde::{Deserialize, Serialize};

use crate::{
    BootstrapIntervals, BootstrapSettings, EvalError, bootstrap_interval, eer, min_dcf, roc_auc,
};

/// Which list a result belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListIdentity {
    /// Name of the trial list or of the points, a file name say.
    pub name: String,
    /// Hash of its content, so that lists of one name are told apart.
    pub hash: String,
}

/// Everything about one scored trial list. Rates are between 0 and 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VerificationReport {
    /// The list.
    pub list: ListIdentity,
    /// Number of same-speaker trials.
    pub n_target: usize,
    /// Number of different-speaker trials.
    pub n_nontarget: usize,
    /// Equal error rate.
    pub eer: f64,
    /// Threshold of the equal error rate.
    pub eer_threshold: f64,
    /// Normalised minimum detection cost.
    pub min_dcf: f64,
    /// Threshold of the minimum detection cost.
    pub min_dcf_threshold: f64,
    /// Prior of a target trial in the detection cost.
    pub p_target: f64,
    /// Cost of a miss in the detection cost.
    pub c_miss: f64,
    /// Cost of a false alarm in the detection cost.
    pub c_false_alarm: f64,
    /// Area under the ROC.
    pub roc_auc: f64,
    /// Mean score of same-speaker trials.
    pub mean_same: f64,
    /// Mean score of different-speaker trials.
    pub mean_different: f64,
    /// Intervals over speakers; none where the list does not tell the speakers.
    pub interval: Option<BootstrapIntervals>,
}

/// Measures a scored list; `settings` holds the detection cost's parameters too. `speakers` are
/// those of either side of each trial, for the intervals.
///
/// # Errors
/// As [`crate::eer`], [`crate::min_dcf`] and [`crate::bootstrap_interval`].
pub fn verification_report(
    list: ListIdentity,
    scores: &[f32],
    is_target: &[bool],
    speakers: Option<(&[usize], &[usize])>,
    settings: &BootstrapSettings,
) -> Result<VerificationReport, EvalError> {
    let rate = eer(scores, is_target)?;
    let cost = min_dcf(scores, is_target, &settings.dcf)?;
    let interval = speakers
        .map(|(a, b)| bootstrap_interval(scores, is_target, a, b, settings))
        .transpose()?;
    Ok(VerificationReport {
        list,
        n_target: rate.num_target,
        n_nontarget: rate.num_nontarget,
        eer: rate.eer,
        eer_threshold: rate.threshold,
        min_dcf: cost.min_dcf,
        min_dcf_threshold: cost.threshold,
        p_target: cost.parameters.p_target,
        c_miss: cost.parameters.c_miss,
        c_false_alarm: cost.parameters.c_false_alarm,
        roc_auc: roc_auc(scores, is_target)?,
        mean_same: mean_score(scores, is_target, true),
        mean_different: mean_score(scores, is_target, false),
        interval,
    })
}

/// Mean score of the trials of one kind; the list has been checked to hold some.
pub(crate) fn mean_score(scores: &[f32], is_target: &[bool], kind: bool) -> f64 {
    let trials = scores.iter().zip(is_target);
    let (sum, count) = trials
        .filter(|&(_, &target)| target == kind)
        .fold((0.0, 0_u64), |(sum, count), (&score, _)| {
            (sum + f64::from(score), count + 1)
        });
    sum / count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_names_list_counts_and_parameters() {
        let list = ListIdentity {
            name: "dev.txt".to_owned(),
            hash: "ab12".to_owned(),
        };
        let scores = [0.9, 0.5, 0.1, 0.3];
        let is_target = [true, true, false, false];
        let settings = BootstrapSettings::default();
        let report = verification_report(list, &scores, &is_target, None, &settings).unwrap();
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["list"]["name"], "dev.txt");
        assert_eq!(
            (&json["n_target"], &json["n_nontarget"]),
            (&2.into(), &2.into())
        );
        assert_eq!((&json["eer"], &json["min_dcf"]), (&0.0.into(), &0.0.into()));
        assert_eq!(
            (&json["p_target"], &json["c_miss"]),
            (&0.01.into(), &1.0.into())
        );
        assert!((report.mean_same - 0.7).abs() < 1e-6);
        assert!((report.mean_different - 0.2).abs() < 1e-6);
        assert!(report.interval.is_none());
    }
}
