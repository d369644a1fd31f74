//! Costs of log-likelihood ratios against lir, psrcal, expected_cost and scikit-learn: `golden/calibration.json`, made by
//! `golden/make_calibration.py`.
//!
//! Where the peers define something else, that is not compared: a ratio exactly at Bayes' threshold is accepted here and rejected by psrcal
//! and expected_cost; lir's empirical cross-entropy is infinite where a probability rounds to 1, so that sure and wrong ratios are
//! compared with psrcal alone; lir's isotonic ratios are interpolated for scores that were not fitted, where we have none; expected_cost
//! looks for its lowest cost between tied trials too; calibration errors of psrcal and scikit-learn have other bins, which are ours for the
//! lists here alone.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde::Deserialize;
use speaker_eval::{
    DcfParameters, act_dcf, bayes_error_curve, calibration_error, cllr, cross_entropy,
    isotonic_llrs, min_cllr,
};

/// Both sides compute in f64 from the same f32 ratios.
const TOLERANCE: f64 = 1e-9;

/// Of expected_cost's lowest cost, whose rates are f32: against the cost, since it is divided by a prior.
const SINGLE: f64 = 1e-6;

#[derive(Deserialize)]
struct Golden {
    priors: Vec<f64>,
    settings: Vec<[f64; 3]>,
    cases: Vec<Case>,
    calibration_errors: Vec<CalibrationError>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    llrs: Vec<f64>,
    is_target: String,
    cllr: f64,
    min_cllr: f64,
    /// By rising score; none is infinite.
    isotonic: Vec<(Option<f64>, usize)>,
    entropies: Entropies,
    costs: Costs,
    curve: Curve,
}

#[derive(Deserialize)]
struct Entropies {
    psrcal: Vec<f64>,
    lir: Vec<Option<f64>>,
}

#[derive(Deserialize)]
struct Costs {
    psrcal: Vec<f64>,
    expected_cost: Vec<f64>,
}

#[derive(Deserialize)]
struct Curve {
    log_odds: Vec<f64>,
    actual: Vec<f64>,
    sklearn: Vec<f64>,
    expected_cost: Vec<Option<f64>>,
}

#[derive(Deserialize)]
struct CalibrationError {
    name: String,
    llrs: Vec<f64>,
    is_target: String,
    sklearn: f64,
    psrcal: Option<f64>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/calibration.json")).unwrap()
}

fn list(llrs: &[f64], is_target: &str) -> (Vec<f32>, Vec<bool>) {
    let llrs = llrs.iter().map(|&llr| llr as f32).collect();
    (llrs, is_target.chars().map(|kind| kind == '1').collect())
}

fn close(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!(
        (found - expected).abs() <= tolerance * expected.abs().max(1.0),
        "{what}: found {found}, expected {expected}"
    );
}

#[test]
fn costs_in_bits_agree_with_lir() {
    let golden = golden();
    assert!(golden.cases.len() >= 12);
    for case in golden.cases {
        let (llrs, is_target) = list(&case.llrs, &case.is_target);
        let found = cllr(&llrs, &is_target).unwrap();
        close(found, case.cllr, TOLERANCE, &case.name);
        let least = min_cllr(&llrs, &is_target).unwrap();
        close(least, case.min_cllr, TOLERANCE, &case.name);
    }
}

#[test]
fn pooled_ratios_agree_with_lir() {
    for case in golden().cases {
        let (llrs, is_target) = list(&case.llrs, &case.is_target);
        let found = isotonic_llrs(&llrs, &is_target).unwrap();
        let mut order: Vec<usize> = (0..llrs.len()).collect();
        order.sort_by(|&a, &b| llrs[a].total_cmp(&llrs[b]));
        let ends = [f64::NEG_INFINITY, f64::INFINITY];
        let mut places = order.into_iter();
        for (run, &(ratio, num_trials)) in case.isotonic.iter().enumerate() {
            for place in places.by_ref().take(num_trials) {
                match ratio {
                    Some(ratio) => close(found[place], ratio, TOLERANCE, &case.name),
                    // Of one kind alone: none but the first run can be of different speakers.
                    None if is_target[place] => assert_eq!(found[place], ends[1], "{}", case.name),
                    None => assert_eq!((found[place], run), (ends[0], 0), "{}", case.name),
                }
            }
        }
        assert_eq!(places.next(), None, "{}", case.name);
    }
}

#[test]
fn entropies_agree_with_psrcal_and_lir() {
    let golden = golden();
    let mut num_by_lir = 0;
    for case in &golden.cases {
        let (llrs, is_target) = list(&case.llrs, &case.is_target);
        for (index, &prior) in golden.priors.iter().enumerate() {
            let what = format!("{} at {prior}", case.name);
            let found = cross_entropy(&llrs, &is_target, prior).unwrap();
            close(found, case.entropies.psrcal[index], TOLERANCE, &what);
            if let Some(expected) = case.entropies.lir[index] {
                close(found, expected, TOLERANCE, &what);
                num_by_lir += 1;
            }
        }
    }
    assert!(num_by_lir >= 50, "{num_by_lir}");
}

#[test]
fn costs_of_decisions_agree_with_psrcal_and_expected_cost() {
    let golden = golden();
    for case in &golden.cases {
        let (llrs, is_target) = list(&case.llrs, &case.is_target);
        for (index, &[p_target, c_miss, c_false_alarm]) in golden.settings.iter().enumerate() {
            let parameters = DcfParameters {
                p_target,
                c_miss,
                c_false_alarm,
            };
            let what = format!("{} at {parameters:?}", case.name);
            let found = act_dcf(&llrs, &is_target, &parameters).unwrap();
            close(found, case.costs.psrcal[index], TOLERANCE, &what);
            close(found, case.costs.expected_cost[index], TOLERANCE, &what);
        }
    }
}

#[test]
fn bayes_errors_agree_with_expected_cost_and_scikit_learn() {
    let mut num_untied = 0;
    for case in golden().cases {
        let (llrs, is_target) = list(&case.llrs, &case.is_target);
        let curve = bayes_error_curve(&llrs, &is_target, &case.curve.log_odds).unwrap();
        for (index, point) in curve.iter().enumerate() {
            let what = format!("{} at {}", case.name, point.log_odds);
            close(point.actual, case.curve.actual[index], TOLERANCE, &what);
            close(point.minimum, case.curve.sklearn[index], TOLERANCE, &what);
            if let Some(expected) = case.curve.expected_cost[index] {
                // Its error is that of a rate, and grows with what is divided by.
                let scale = 1.0 + point.log_odds.abs().exp();
                close(point.minimum, expected, SINGLE * scale, &what);
                num_untied += 1;
            }
        }
    }
    assert!(num_untied >= 50, "{num_untied}");
}

#[test]
fn calibration_errors_agree_with_scikit_learn_and_psrcal() {
    for case in golden().calibration_errors {
        let (llrs, is_target) = list(&case.llrs, &case.is_target);
        let found = calibration_error(&llrs, &is_target).unwrap();
        close(found, case.sklearn, TOLERANCE, &case.name);
        if let Some(expected) = case.psrcal {
            close(found, expected, TOLERANCE, &case.name);
        }
    }
}
