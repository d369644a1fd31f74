//! Against scikit-learn and SciPy: `golden/golden.json`, made by `golden/make_golden.py`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::Value;
use speaker_eval::{DcfParameters, cluster_scores, det_points, eer, min_dcf, roc_auc};

/// Both sides compute in f64 from the same f32 scores; `brentq` stops within 1e-15.
const RATE_TOLERANCE: f64 = 1e-12;

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/golden.json")).unwrap()
}

fn floats(value: &Value) -> Vec<f64> {
    let values = value.as_array().unwrap().iter();
    values.map(|value| value.as_f64().unwrap()).collect()
}

fn ids(value: &Value) -> Vec<usize> {
    let values = value.as_array().unwrap().iter();
    values
        .map(|value| value.as_u64().unwrap() as usize)
        .collect()
}

fn close_to(found: f64, expected: f64, what: &str) {
    assert!(
        (found - expected).abs() <= RATE_TOLERANCE,
        "{what}: found {found}, expected {expected}"
    );
}

fn close(found: f64, expected: &Value, what: &str) {
    close_to(found, expected.as_f64().unwrap(), what);
}

#[test]
fn verification_agrees_with_scikit_learn() {
    for case in golden()["verification"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let scores: Vec<f32> = floats(&case["scores"]).iter().map(|&s| s as f32).collect();
        let is_target: Vec<bool> = serde_json::from_value(case["is_target"].clone()).unwrap();
        let rate = eer(&scores, &is_target).unwrap();
        close(rate.eer, &case["eer"], name);
        let auc = roc_auc(&scores, &is_target).unwrap();
        close(auc, &case["auc"], name);
        for (setting, expected) in case["min_dcf"].as_object().unwrap() {
            let setting: Vec<f64> = setting.split(' ').map(|v| v.parse().unwrap()).collect();
            let parameters = DcfParameters {
                p_target: setting[0],
                c_miss: setting[1],
                c_false_alarm: setting[2],
            };
            let cost = min_dcf(&scores, &is_target, &parameters).unwrap();
            close(cost.min_dcf, expected, name);
            assert_eq!(cost.parameters, parameters);
        }
    }
}

/// scikit-learn trims the ends of its curve, where one rate is 0 and the other could be better: its
/// points are a run of ours, and what is left over must be such an end.
#[test]
fn det_curve_agrees_with_scikit_learn() {
    for case in golden()["verification"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let scores: Vec<f32> = floats(&case["scores"]).iter().map(|&s| s as f32).collect();
        let is_target: Vec<bool> = serde_json::from_value(case["is_target"].clone()).unwrap();
        let mut ours = det_points(&scores, &is_target).unwrap();
        ours.reverse();
        let theirs: Vec<(f64, f64)> = floats(&case["det_miss"])
            .into_iter()
            .zip(floats(&case["det_false_alarm"]))
            .collect();
        let same = |ours: &speaker_eval::DetPoint, theirs: &(f64, f64)| {
            (ours.p_miss - theirs.0).abs() < RATE_TOLERANCE
                && (ours.p_false_alarm - theirs.1).abs() < RATE_TOLERANCE
        };
        let start = ours.iter().position(|point| same(point, &theirs[0]));
        let start = start.unwrap_or_else(|| panic!("{name}: the first point is missing"));
        for (ours, theirs) in ours[start..].iter().zip(&theirs) {
            assert!(same(ours, theirs), "{name}: {ours:?} is not {theirs:?}");
        }
        assert!(ours.len() >= start + theirs.len(), "{name}: points missing");
        for trimmed in ours[..start].iter().chain(&ours[start + theirs.len()..]) {
            assert!(
                trimmed.p_miss == 0.0 || trimmed.p_false_alarm == 0.0,
                "{name}: {trimmed:?} is not an end"
            );
        }
        for point in &ours {
            let accepted = |kind: bool| {
                let trials = scores.iter().zip(&is_target);
                let (hits, all) = trials.filter(|trial| *trial.1 == kind).fold(
                    (0, 0),
                    |(hits, all), (&score, _)| {
                        let hit = f64::from(score) >= point.threshold;
                        (hits + usize::from(hit), all + 1)
                    },
                );
                hits as f64 / f64::from(all)
            };
            close_to(1.0 - accepted(true), point.p_miss, name);
            close_to(accepted(false), point.p_false_alarm, name);
        }
    }
}

#[test]
fn partitions_agree_with_scikit_learn_and_scipy() {
    for case in golden()["partitions"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let scores = cluster_scores(&ids(&case["labels"]), &ids(&case["speakers"])).unwrap();
        close(scores.ari, &case["ari"], name);
        close(scores.nmi, &case["nmi"], name);
        close(scores.mr_hungarian, &case["mr"], name);
    }
}

/// As `points` of `golden/make_assignment.py`.
fn drawn(case: &Value) -> (Vec<usize>, Vec<usize>) {
    let number = |name: &str| case[name].as_u64().unwrap() as u32;
    let mut state = number("seed");
    let mut next = |bound: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((state >> 8) % bound) as usize
    };
    (0..number("points"))
        .map(|_| (next(number("speakers")), next(number("clusters"))))
        .unzip()
}

#[test]
fn large_tables_that_do_not_fit_are_assigned_as_by_scipy() {
    let golden: Value = serde_json::from_str(include_str!("golden/assignment.json")).unwrap();
    for case in golden["cases"].as_array().unwrap() {
        let (speakers, clusters) = drawn(case);
        let scores = cluster_scores(&clusters, &speakers).unwrap();
        let right = (1.0 - scores.mr_hungarian) * speakers.len() as f64;
        close_to(right, case["matched"].as_f64().unwrap(), &case.to_string());
    }
}
