//! Against pyannote.metrics, spy-der and SciPy: `golden/golden.json`, made by `golden/make_golden.py`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde::Deserialize;
use speaker_turns::{
    RecordingScore, Region, ScoredRegions, ScoringSettings, Turn, Turns, score_recording,
};

/// Both sides compute in f64 from whole milliseconds; golden values have twelve decimals.
const TOLERANCE: f64 = 1e-9;

/// Speaker, start and end (ms).
type MillisecondTurn = (String, u32, u32);

#[derive(Deserialize)]
struct Case {
    reference: Vec<MillisecondTurn>,
    hypothesis: Vec<MillisecondTurn>,
    uem: Option<Vec<(u32, u32)>>,
    results: Vec<Expected>,
}

#[derive(Deserialize)]
struct Expected {
    half: f64,
    skip: bool,
    /// Of pyannote.metrics on joined turns: total, missed, false alarm, confusion, correct (s).
    der: [f64; 5],
    /// The same on turns as they are written, where that differs.
    raw: Option<[f64; 5]>,
    /// Of pyannote.metrics: number of speakers, sum of their errors.
    jer: [f64; 2],
    /// As in DIHARD's plan: the same.
    dihard: [f64; 2],
    /// Of spy-der: total, missed, false alarm, confusion (s).
    spyder: Option<[f64; 4]>,
}

fn turns(turns: &[MillisecondTurn]) -> Turns {
    let time = |milliseconds: u32| f64::from(milliseconds) / 1000.0;
    let turns = turns.iter();
    let turns = turns.map(|(speaker, start, end)| Turn::new(time(*start), time(*end), speaker));
    Turns::new("r", turns.collect()).unwrap()
}

/// Calls back with every case, its settings and our score.
fn each(mut check: impl FnMut(&str, &Expected, &RecordingScore)) -> usize {
    let cases: Vec<Case> = serde_json::from_str(include_str!("golden/golden.json")).unwrap();
    for (number, case) in cases.iter().enumerate() {
        let regions = case.uem.as_ref().map(|regions| {
            let region = |&(start, end): &(u32, u32)| Region {
                start_s: f64::from(start) / 1000.0,
                end_s: f64::from(end) / 1000.0,
            };
            ScoredRegions::new("r", regions.iter().map(region).collect()).unwrap()
        });
        let (reference, hypothesis) = (turns(&case.reference), turns(&case.hypothesis));
        for expected in &case.results {
            let settings = ScoringSettings {
                half_collar_s: expected.half,
                skip_overlap: expected.skip,
            };
            let score =
                score_recording(&reference, &hypothesis, regions.as_ref(), &settings).unwrap();
            check(&format!("case {number}, {settings:?}"), expected, &score);
        }
    }
    cases.len()
}

fn close(found: f64, expected: f64, what: &str) {
    let difference = (found - expected).abs();
    assert!(
        difference <= TOLERANCE,
        "{what}: found {found}, expected {expected}"
    );
}

fn parts(score: &RecordingScore) -> [f64; 5] {
    let times = score.times;
    [
        times.reference_s,
        times.missed_s,
        times.false_alarm_s,
        times.confusion_s,
        times.correct_s,
    ]
}

#[test]
fn der_and_its_parts_agree_with_pyannote_metrics() {
    let mut without_speech = 0;
    let cases = each(|name, expected, score| {
        for (found, expected) in parts(score).into_iter().zip(expected.der) {
            close(found, expected, name);
        }
        let [total, missed, false_alarm, confusion, _] = expected.der;
        match score.der() {
            Some(der) => close(der, (missed + false_alarm + confusion) / total, name),
            // Theirs is 0 or 1 here: ours is none, since a share of nothing is none.
            None => {
                close(total, 0.0, name);
                without_speech += 1;
            }
        }
    });
    assert_eq!(cases, 200);
    assert!(without_speech > 0);
}

/// spy-der matches before it takes collars and overlap away, and has more confusion where that makes a difference.
#[test]
fn der_and_its_parts_agree_with_spy_der() {
    let (mut compared, mut more) = (0, 0);
    each(|name, expected, score| {
        let Some(theirs) = expected.spyder else {
            return;
        };
        let ours = parts(score);
        for part in 0..3 {
            close(ours[part], theirs[part], name);
        }
        if expected.half == 0.0 && !expected.skip {
            close(ours[3], theirs[3], name);
        }
        assert!(theirs[3] >= ours[3] - TOLERANCE, "{name}");
        compared += 1;
        more += usize::from(theirs[3] > ours[3] + TOLERANCE);
    });
    assert!(
        compared > 600 && more > 0 && more * 5 < compared,
        "{more} of {compared}"
    );
}

#[test]
fn jer_agrees_with_dihard_and_is_at_most_that_of_pyannote_metrics() {
    let (mut equal, mut less) = (0, 0);
    each(|name, expected, score| {
        let [number, sum] = expected.dihard;
        close(score.jaccard.len() as f64, number, name);
        let Some(jer) = score.jer() else {
            assert_eq!(number, 0.0);
            return;
        };
        close(jer, sum / number, name);
        let theirs = expected.jer[1] / expected.jer[0];
        assert!(jer <= theirs + TOLERANCE, "{name}: {jer}, theirs {theirs}");
        match jer < theirs - TOLERANCE {
            true => less += 1,
            false => equal += 1,
        }
    });
    assert!(less > 0 && less * 10 < equal, "{less} less, {equal} equal");
}

/// pyannote.metrics takes turns of one speaker that overlap or touch as they are written: two at once count twice, and a
/// collar lies at each seam. Ours do not depend on how speech is cut into lines.
#[test]
fn turns_of_one_speaker_are_joined() {
    let mut different = 0;
    each(|_, expected, _| different += usize::from(expected.raw.is_some()));
    assert!(different > 0);

    let millisecond = |list: &[(&str, u32, u32)]| -> Vec<MillisecondTurn> {
        let list = list.iter();
        list.map(|&(speaker, start, end)| (speaker.to_owned(), start, end))
            .collect()
    };
    let one = turns(&millisecond(&[("a", 0, 4000)]));
    let cut = turns(&millisecond(&[
        ("a", 0, 2000),
        ("a", 2000, 3500),
        ("a", 3000, 4000),
    ]));
    let answer = turns(&millisecond(&[("x", 0, 3000)]));
    for settings in [ScoringSettings::STRICT, ScoringSettings::FORGIVING] {
        let [one, cut] =
            [&one, &cut].map(|truth| score_recording(truth, &answer, None, &settings).unwrap());
        assert_eq!(one, cut);
    }
    // pyannote.metrics 4.2.0: total 3.5 s joined, 2 s as written, with a collar of 0.5 and without overlap.
    let score = score_recording(&cut, &answer, None, &ScoringSettings::FORGIVING).unwrap();
    assert_eq!(score.times.reference_s, 3.5);
}

/// 0.25 is NIST's collar: 0.5 of pyannote.metrics, whose parameter is the whole width.
#[test]
fn the_collar_is_half_of_what_is_left_out() {
    let truth = turns(&[("a".to_owned(), 1000, 3000)]);
    let silent = turns(&[]);
    let score = score_recording(&truth, &silent, None, &ScoringSettings::FORGIVING).unwrap();
    assert_eq!((score.times.reference_s, score.times.missed_s), (1.5, 1.5));
}
