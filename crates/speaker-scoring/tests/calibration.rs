//! Lines and bounds against psrcal, lir, scikit-learn and SciPy: `golden/calibration.json`, made by `golden/make_calibration.py`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde::Deserialize;
use speaker_scoring::{
    Calibrator, Evidence, LabelledEvidence, NoLlr, RegressionSettings, ScoreLine, ScoringError,
    Side, Term, supported_range,
};

#[derive(Deserialize)]
struct Golden {
    lines: Vec<Line>,
    several: Vec<Several>,
    bounds: Vec<Bounds>,
}

#[derive(Deserialize)]
struct Line {
    by: String,
    scores: Vec<f64>,
    labels: Vec<bool>,
    prior: f64,
    ridge: f64,
    weights: [f64; 1],
    offset: f64,
}

#[derive(Deserialize)]
struct Several {
    scores: Vec<f64>,
    shorter_s: Vec<f64>,
    longer_s: Vec<f64>,
    labels: Vec<bool>,
    prior: f64,
    ridge: f64,
    weights: Vec<f64>,
    offset: f64,
}

#[derive(Deserialize)]
struct Bounds {
    llrs: Vec<f64>,
    labels: Vec<bool>,
    bounds: [f64; 2],
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/calibration.json")).unwrap()
}

fn close(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!(
        (found - expected).abs() <= tolerance * expected.abs().max(1.0),
        "{what}: found {found}, expected {expected}"
    );
}

fn sides(seconds: [f64; 2]) -> [Side; 2] {
    seconds.map(|speech_s| Side {
        speech_s,
        band_hz: Some(7900.0),
    })
}

fn labelled(score: f64, seconds: [f64; 2], is_target: bool) -> LabelledEvidence {
    LabelledEvidence {
        evidence: Evidence {
            score,
            normalised: None,
            sides: sides(seconds),
        },
        is_target,
        group: 0,
    }
}

#[test]
fn lines_agree_with_psrcal_and_lir() {
    for line in golden().lines {
        let scores: Vec<f32> = line.scores.iter().map(|&score| score as f32).collect();
        let settings = RegressionSettings {
            prior: line.prior,
            ridge: line.ridge,
        };
        let found = ScoreLine::fit(&scores, &line.labels, &settings).unwrap();
        let what = format!("{} at {}", line.by, line.prior);
        for score in [-0.2, 0.3, 0.45, 0.9] {
            let expected = line.weights[0] * score + line.offset;
            close(found.llr(score), expected, 1e-6, &what);
        }
    }
}

#[test]
fn several_terms_agree_with_another_minimiser() {
    for case in golden().several {
        let trials: Vec<LabelledEvidence> = (0..case.scores.len())
            .map(|place| {
                let seconds = [case.longer_s[place], case.shorter_s[place]];
                labelled(case.scores[place], seconds, case.labels[place])
            })
            .collect();
        let terms = [Term::Score, Term::ShorterSpeech, Term::ScoreByShorterSpeech];
        let settings = RegressionSettings {
            prior: case.prior,
            ridge: case.ridge,
        };
        let found = Calibrator::fit(&trials, &terms, &settings).unwrap();
        for (one, &expected) in found.terms.iter().zip(&case.weights) {
            close(one.weight, expected, 1e-6, &one.term.to_string());
        }
        close(found.offset, case.offset, 1e-6, "offset");
        found.check().unwrap();
    }
}

#[test]
fn bounds_agree_with_lir() {
    for case in golden().bounds {
        let found = supported_range(&case.llrs, &case.labels).unwrap();
        for (found, expected) in found.into_iter().zip(case.bounds) {
            close(found, expected, 1e-9, "bound");
        }
    }
}

/// Scores around 0.6 and 0.2, of recordings of 1 to 4 s of speech.
fn ordinary() -> Vec<LabelledEvidence> {
    let trial = |place: usize| {
        let noise = (place as f64 * 0.754_877_666).fract() - 0.5;
        let is_target = place.is_multiple_of(2);
        let seconds = [
            1.0 + (place % 7) as f64 * 0.5,
            1.0 + (place % 5) as f64 * 0.75,
        ];
        labelled(
            if is_target { 0.6 } else { 0.2 } + 0.6 * noise,
            seconds,
            is_target,
        )
    };
    (0..400).map(trial).collect()
}

const TERMS: [Term; 3] = [Term::Score, Term::ShorterSpeech, Term::NarrowerBand];

#[test]
fn a_calibration_says_nothing_of_recordings_worse_than_it_has_seen() {
    let mut trials = ordinary();
    for (place, trial) in trials.iter_mut().enumerate() {
        let band = 6000.0 + 5.0 * place as f64;
        trial
            .evidence
            .sides
            .iter_mut()
            .for_each(|side| side.band_hz = Some(band));
    }
    let found = Calibrator::fit(&trials, &TERMS, &RegressionSettings::default()).unwrap();
    let evidence = |seconds: [f64; 2], band_hz: f64| Evidence {
        score: 0.5,
        normalised: None,
        sides: sides(seconds).map(|side| Side {
            band_hz: Some(band_hz),
            ..side
        }),
    };
    assert!(
        found
            .llr(&evidence([2.0, 3.0], 7000.0))
            .unwrap()
            .beyond
            .is_empty()
    );
    let short = found.llr(&evidence([0.3, 3.0], 7000.0)).unwrap_err();
    assert!(short.to_string().contains("0.30 s of speech"), "{short}");
    let narrow = found.llr(&evidence([2.0, 3.0], 3700.0)).unwrap_err();
    assert!(narrow.to_string().contains("3700 Hz"), "{narrow}");
    // More than was seen counts as much as was seen, and is said.
    let [long, longest] = [[4.0, 4.0], [60.0, 90.0]].map(|seconds| {
        let most = found.llr(&evidence(seconds, 7000.0)).unwrap();
        (most.value, most.beyond.len())
    });
    assert_eq!((long.1, longest.1), (0, 1));
    assert!((long.0 - longest.0).abs() < 1e-9, "{long:?} {longest:?}");
    for wrong in [f64::NAN, 0.0, -1.0] {
        let refused = found.llr(&evidence([wrong, 2.0], 7000.0));
        assert!(refused.is_err(), "{wrong}: {refused:?}");
    }
    let nan = Evidence {
        score: f64::NAN,
        ..evidence([2.0, 2.0], 7000.0)
    };
    assert_eq!(found.llr(&nan), Err(NoLlr::Unknown { term: Term::Score }));
}

#[test]
fn no_ratio_is_larger_than_so_many_trials_support() {
    let found =
        Calibrator::fit(&ordinary(), &[Term::Score], &RegressionSettings::default()).unwrap();
    let at = |score: f64| {
        let evidence = Evidence {
            score,
            normalised: None,
            sides: sides([2.0; 2]),
        };
        found.llr(&evidence).unwrap()
    };
    assert_eq!((at(5.0).value, at(5.0).is_bounded), (found.bounds[1], true));
    assert_eq!(
        (at(-5.0).value, at(-5.0).is_bounded),
        (found.bounds[0], true)
    );
    assert!(
        found.bounds[1] <= 201.0_f64.ln() + 0.03 && found.bounds[0] >= -(201.0_f64.ln() + 0.03)
    );
    assert!(!at(0.4).is_bounded);
}

#[test]
fn groups_count_alike_however_many_trials_they_have() {
    let small: Vec<LabelledEvidence> = ordinary().into_iter().take(40).collect();
    let large = ordinary().into_iter().map(|mut trial| {
        trial.group = 1;
        trial.evidence.score += 0.2;
        trial
    });
    let mut once = small.clone();
    once.extend(large);
    let mut often = once.clone();
    for _ in 0..4 {
        often.extend(small.iter().copied());
    }
    let fit = |trials: &[LabelledEvidence]| {
        Calibrator::fit(trials, &[Term::Score], &RegressionSettings::default()).unwrap()
    };
    let (once, often) = (fit(&once), fit(&often));
    close(often.terms[0].weight, once.terms[0].weight, 2e-3, "weight");
    close(often.offset, once.offset, 2e-3, "offset");
}

#[test]
fn what_no_calibration_can_be_made_of_is_refused() {
    let settings = RegressionSettings::default();
    let fit =
        |trials: &[LabelledEvidence], terms: &[Term]| Calibrator::fit(trials, terms, &settings);
    let mut inverted = ordinary();
    inverted
        .iter_mut()
        .for_each(|trial| trial.is_target = !trial.is_target);
    assert!(matches!(
        fit(&inverted, &[Term::Score]),
        Err(ScoringError::FallingScore { .. })
    ));
    let targets: Vec<LabelledEvidence> = ordinary()
        .into_iter()
        .filter(|trial| trial.is_target)
        .collect();
    assert!(matches!(
        fit(&targets, &[Term::Score]),
        Err(ScoringError::OneKindOfTrials { targets: true })
    ));
    assert!(matches!(
        fit(&[], &[Term::Score]),
        Err(ScoringError::Empty { .. })
    ));
    assert!(matches!(
        fit(&ordinary(), &[]),
        Err(ScoringError::Empty { .. })
    ));
    assert!(matches!(
        fit(&ordinary(), &[Term::Normalised]),
        Err(ScoringError::UnknownTerm {
            term: Term::Normalised,
            ..
        })
    ));
    for prior in [0.0, 1.0, f64::NAN] {
        let settings = RegressionSettings { prior, ..settings };
        let refused = Calibrator::fit(&ordinary(), &[Term::Score], &settings);
        assert!(matches!(
            refused,
            Err(ScoringError::InvalidParameter { name: "prior", .. })
        ));
    }
}

#[test]
fn trials_without_errors_have_a_finite_line() {
    let trials: Vec<LabelledEvidence> = (0..20)
        .map(|place| labelled(f64::from(place) / 20.0, [2.0; 2], place >= 10))
        .collect();
    let found = Calibrator::fit(&trials, &[Term::Score], &RegressionSettings::default()).unwrap();
    assert!(
        found.check().is_ok() && found.terms[0].weight > 0.0,
        "{found:?}"
    );
    assert!(found.bounds[1] < 11.0_f64.ln() + 0.03);
}
