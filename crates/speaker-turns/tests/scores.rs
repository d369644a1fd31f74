//! What must hold for the scores of any turns.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use speaker_turns::{
    RecordingScore, Region, ResampleSettings, ScoredRegions, ScoringSettings, Turn, Turns,
    TurnsError, World, evaluate, pooled, score_recording,
};

fn turns(recording: &'static str) -> impl Strategy<Value = Turns> {
    let turn = (0_u32..40, 1_u32..10, 0_usize..5);
    prop::collection::vec(turn, 0..14).prop_map(move |turns| {
        let turns = turns.into_iter().map(|(start, length, speaker)| {
            let (start, end) = (f64::from(start) * 0.1, f64::from(start + length) * 0.1);
            Turn::new(start, end, ["a", "b", "c", "d", "e"][speaker])
        });
        Turns::new(recording, turns.collect()).unwrap()
    })
}

fn settings() -> impl Strategy<Value = ScoringSettings> {
    (0_u32..4, any::<bool>()).prop_map(|(collar, skip_overlap)| ScoringSettings {
        half_collar_s: f64::from(collar) * 0.1,
        skip_overlap,
    })
}

/// All ways to match up to five with up to five, by the time they share.
fn most_shared(reference: &Turns, hypothesis: &Turns) -> f64 {
    fn best(table: &[Vec<f64>], row: usize, taken: &mut Vec<bool>) -> f64 {
        let Some(shared) = table.get(row) else {
            return 0.0;
        };
        let mut most = best(table, row + 1, taken);
        for column in 0..shared.len() {
            if !taken[column] {
                taken[column] = true;
                most = most.max(shared[column] + best(table, row + 1, taken));
                taken[column] = false;
            }
        }
        most
    }
    let (reference, hypothesis) = (reference.joined(), hypothesis.joined());
    let of = |turns: &Turns, name: &str| -> Vec<Turn> {
        let turns = turns.turns().iter();
        turns.filter(|turn| turn.speaker == name).cloned().collect()
    };
    let shared = |a: &str, b: &str| -> f64 {
        let (a, b) = (of(&reference, a), of(&hypothesis, b));
        let both = a.iter().flat_map(|a| {
            b.iter()
                .map(move |b| (a.end_s.min(b.end_s) - a.start_s.max(b.start_s)).max(0.0))
        });
        both.sum()
    };
    let columns = hypothesis.speakers();
    let rows = reference.speakers().into_iter();
    let table: Vec<Vec<f64>> = rows
        .map(|row| columns.iter().map(|column| shared(row, column)).collect())
        .collect();
    best(&table, 0, &mut vec![false; columns.len()])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn parts_add_up(truth in turns("r"), answer in turns("r"), settings in settings()) {
        let score = score_recording(&truth, &answer, None, &settings).unwrap();
        let times = score.times;
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
        prop_assert!(close(times.reference_s, times.missed_s + times.confusion_s + times.correct_s));
        prop_assert!(close(times.hypothesis_s, times.false_alarm_s + times.confusion_s + times.correct_s));
        let matched: f64 = score.matched.iter().map(|pair| pair.shared_s).sum();
        prop_assert!(close(times.correct_s, matched));
        prop_assert!(score.jaccard.iter().all(|speaker| (0.0..=1.0).contains(&speaker.error)));
        prop_assert_eq!(score.speakers.reference, truth.speakers().len());
        prop_assert_eq!(score.speakers.hypothesis, answer.speakers().len());
    }

    #[test]
    fn no_matching_is_better(truth in turns("r"), answer in turns("r")) {
        let score = score_recording(&truth, &answer, None, &ScoringSettings::STRICT).unwrap();
        prop_assert!((score.times.correct_s - most_shared(&truth, &answer)).abs() < 1e-9);
    }

    #[test]
    fn the_truth_is_right_under_any_names(truth in turns("r"), settings in settings()) {
        let renamed = truth.turns().iter().map(|turn| {
            Turn::new(turn.start_s, turn.end_s, format!("{}-{}", turn.speaker.len(), turn.speaker))
        });
        let renamed = Turns::new("r", renamed.collect()).unwrap();
        let score = score_recording(&truth, &renamed, None, &settings).unwrap();
        prop_assert_eq!(score.times.errors_s(), 0.0);
        prop_assert!(score.jer().is_none_or(|jer| jer == 0.0));
    }

    #[test]
    fn how_speech_is_cut_is_of_no_account(truth in turns("r"), answer in turns("r"), settings in settings()) {
        let plain = score_recording(&truth, &answer, None, &settings).unwrap();
        let joined = score_recording(&truth.joined(), &answer.joined(), None, &settings).unwrap();
        prop_assert_eq!(plain, joined);
    }

    #[test]
    fn two_regions_share_what_one_has(truth in turns("r"), answer in turns("r"), at in 1_u32..49) {
        let map = |spans: &[(u32, u32)]| {
            let regions = spans.iter().map(|&(start, end)| Region {
                start_s: f64::from(start) * 0.1,
                end_s: f64::from(end) * 0.1,
            });
            ScoredRegions::new("r", regions.collect()).unwrap()
        };
        let (two, one) = (map(&[(at, 50), (0, at), (0, 1)]), map(&[(0, 50)]));
        let score = |map| score_recording(&truth, &answer, map, &ScoringSettings::STRICT).unwrap();
        prop_assert_eq!(score(Some(&two)), score(Some(&one)));
        prop_assert_eq!(score(Some(&one)), score(None));
    }

    #[test]
    fn a_pool_is_its_sums_whatever_the_order(a in turns("a"), b in turns("b"), c in turns("c"), answer in turns("a")) {
        let silent = |turns: &Turns| Turns::new(turns.recording(), vec![]).unwrap();
        let score = |truth: &Turns, answer: &Turns| {
            score_recording(truth, answer, None, &ScoringSettings::STRICT).unwrap()
        };
        let scores = [score(&a, &answer), score(&b, &silent(&b)), score(&c, &silent(&c))];
        let settings = ResampleSettings { resamples: 40, ..Default::default() };
        let pool = pooled(&scores, &settings).unwrap();
        let sum = |part: fn(&RecordingScore) -> f64| scores.iter().map(part).sum::<f64>();
        prop_assert!((pool.times.reference_s - sum(|score| score.times.reference_s)).abs() < 1e-9);
        prop_assert!((pool.times.missed_s - sum(|score| score.times.missed_s)).abs() < 1e-9);
        prop_assert_eq!(pool.der.value, pool.times.der());
        let mut turned = scores.to_vec();
        turned.rotate_left(1);
        prop_assert_eq!(pooled(&turned, &settings).unwrap(), pool);
    }
}

fn recording(name: &str, list: &[(f64, f64, &str)]) -> Turns {
    let turns = list.iter();
    let turns = turns.map(|&(start, end, speaker)| Turn::new(start, end, speaker));
    Turns::new(name, turns.collect()).unwrap()
}

#[test]
fn both_worlds_are_told_with_what_was_not_scored() {
    let truth = [
        recording("a", &[(0.0, 4.0, "x"), (3.0, 6.0, "y")]),
        recording("b", &[(0.0, 2.0, "x")]),
    ];
    let answer = [
        recording("a", &[(0.0, 4.1, "1"), (4.1, 6.0, "2")]),
        recording("c", &[(0.0, 2.0, "1")]),
    ];
    let all = evaluate(&truth, &answer, None, &ResampleSettings::default()).unwrap();
    assert_eq!((all.strict.recordings, all.recordings.len()), (2, 2));
    // Of 7 s, 1 s of overlap is missed and 0.1 s after it confused; of 2 s, all are missed.
    assert!((all.strict.der.value.unwrap() - 3.1 / 9.0).abs() < 1e-9);
    assert_eq!(all.recordings[0].forgiving.der(), Some(0.0));
    assert_eq!(all.without_hypothesis, ["b"]);
    assert_eq!(all.without_reference, ["c"]);
    assert_eq!(
        (all.strict.speakers.right, all.strict.speakers.too_few),
        (1, 1)
    );
    let interval = all.strict.der.interval.unwrap();
    let (low, high) = (all.recordings[0].strict.der().unwrap(), 1.0);
    assert_eq!((interval.low, interval.high), (low, high));

    let region = Region {
        start_s: 0.0,
        end_s: 1.0,
    };
    let map = [
        ScoredRegions::new("c", vec![region]).unwrap(),
        ScoredRegions::new("b", vec![region]).unwrap(),
    ];
    let all = evaluate(&truth, &answer, Some(&map), &ResampleSettings::default()).unwrap();
    assert_eq!(all.outside_map, ["a"]);
    assert_eq!(all.strict.times.false_alarm_s, 1.0);
    assert_eq!(all.recordings[1].strict.der(), None);
    assert!(all.without_reference.is_empty());
    let json = serde_json::to_string(&all).unwrap();
    assert_eq!(
        serde_json::from_str::<speaker_turns::Evaluation>(&json).unwrap(),
        all
    );
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let (a, b) = (recording("a", &[(0.0, 1.0, "x")]), recording("b", &[]));
    let strict = World::Strict.settings();
    assert!(matches!(
        score_recording(&a, &b, None, &strict),
        Err(TurnsError::OtherRecording {
            what: "hypothesis",
            ..
        })
    ));
    for half_collar_s in [-1.0, f64::NAN, f64::INFINITY] {
        let settings = ScoringSettings {
            half_collar_s,
            ..strict
        };
        assert!(score_recording(&a, &a, None, &settings).is_err());
    }
    let resamples = ResampleSettings::default();
    let twice = [a.clone(), a.clone()];
    for (truth, answer) in [(&twice[..], &twice[..1]), (&twice[..1], &twice[..])] {
        assert!(matches!(
            evaluate(truth, answer, None, &resamples),
            Err(TurnsError::DuplicateRecording { .. })
        ));
    }
    assert_eq!(
        evaluate(&[], &twice[..1], None, &resamples),
        Err(TurnsError::NoRecording)
    );
    let none = ResampleSettings {
        resamples: 0,
        ..resamples
    };
    assert!(evaluate(&twice[..1], &[], None, &none).is_err());
}

#[test]
fn intervals_follow_the_seed_alone() {
    let scores: Vec<RecordingScore> = (0..12)
        .map(|number| {
            let name = format!("r{number:02}");
            let truth = recording(&name, &[(0.0, 10.0, "x")]);
            let answer = recording(&name, &[(0.0, 10.0 - f64::from(number) * 0.5, "1")]);
            score_recording(&truth, &answer, None, &ScoringSettings::STRICT).unwrap()
        })
        .collect();
    let pool = pooled(&scores, &ResampleSettings::default()).unwrap();
    assert_eq!(pooled(&scores, &ResampleSettings::default()).unwrap(), pool);
    let interval = pool.der.interval.unwrap();
    assert!(interval.low < 0.275 && 0.275 < interval.high && interval.high - interval.low < 0.25);
    // One speaker each: the two rates are one.
    assert!((pool.jer.value.unwrap() - pool.der.value.unwrap()).abs() < 1e-12);
    let other = ResampleSettings {
        seed: 1,
        ..Default::default()
    };
    assert_ne!(
        pooled(&scores, &other).unwrap().der.interval,
        pool.der.interval
    );
    assert_eq!(pooled(&scores[..1], &other).unwrap().der.interval, None);
}
