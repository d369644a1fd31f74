//! Maps of embeddings against scikit-learn and SciPy: `golden/adaptation.json`, made by `golden/make_adaptation.py`; and what must hold for any.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use serde_json::Value;
use speaker_scoring::{
    EmbeddingMatrix, MapChoice, ScoringError, SpeakerDirections, SpeakerSpread, cosine,
};

/// Embeddings are rounded to 32 bits, and so are the maps.
const TOLERANCE: f64 = 2e-6;

struct Golden {
    json: Value,
    rows: EmbeddingMatrix,
    copies: Vec<EmbeddingMatrix>,
    speakers: Vec<usize>,
    sessions: Vec<Option<usize>>,
    pairs: Vec<(usize, usize)>,
}

impl Golden {
    fn read() -> Self {
        let json: Value = serde_json::from_str(include_str!("golden/adaptation.json")).unwrap();
        let rows: Vec<Vec<f32>> = serde_json::from_value(json["rows"].clone()).unwrap();
        let copies: Vec<Vec<Vec<f32>>> = serde_json::from_value(json["copies"].clone()).unwrap();
        let number = |name: &str| json[name].as_u64().unwrap() as usize;
        let (sessions, takes) = (number("sessions"), number("takes"));
        let places = 0..rows.len();
        Self {
            speakers: places.clone().map(|at| at / (sessions * takes)).collect(),
            sessions: places.map(|at| Some(at / takes)).collect(),
            rows: EmbeddingMatrix::from_rows(&rows).unwrap(),
            copies: copies
                .iter()
                .map(|rows| EmbeddingMatrix::from_rows(rows).unwrap())
                .collect(),
            pairs: serde_json::from_value(json["pairs"].clone()).unwrap(),
            json,
        }
    }

    /// The cosines of the pairs, by the map and by the quick way, beside those of the case.
    fn compare(&self, spread: &SpeakerSpread, choice: MapChoice, case: &Value) {
        let by_map = spread.map(&choice).unwrap().applied(&self.rows).unwrap();
        let quick = spread.mapped(&self.rows, &[choice]).unwrap();
        let expected = case["cosines"].as_array().unwrap().iter();
        for (&(a, b), expected) in self.pairs.iter().zip(expected) {
            for mapped in [&by_map, &quick[0]] {
                let found = f64::from(cosine(mapped.row(a), mapped.row(b)));
                let difference = (found - expected.as_f64().unwrap()).abs();
                assert!(difference < TOLERANCE, "{difference:e}: {case}");
            }
        }
    }
}

#[test]
fn damping_is_the_inverse_root_of_scikit_learns_shrunk_covariance() {
    let golden = Golden::read();
    for case in golden.json["cases"].as_array().unwrap() {
        let unknown = vec![None; golden.sessions.len()];
        let sessions = match case["sessions"].as_bool().unwrap() {
            true => &golden.sessions,
            false => &unknown,
        };
        let count = case["copies"].as_u64().unwrap() as usize;
        let spread = SpeakerSpread::of(
            &golden.rows,
            &golden.speakers,
            sessions,
            &golden.copies[..count],
        );
        let spread = spread.unwrap();
        let choice = MapChoice {
            centre: case["centre"].as_f64().unwrap(),
            shrinkage: case["shrinkage"].as_f64().unwrap(),
            directions: None,
        };
        golden.compare(&spread, choice, case);
    }
}

#[test]
fn directions_of_speakers_are_those_of_discriminant_analysis() {
    let golden = Golden::read();
    let unknown = vec![None; golden.sessions.len()];
    let spread = SpeakerSpread::of(&golden.rows, &golden.speakers, &unknown, &[]).unwrap();
    for case in golden.json["lda"].as_array().unwrap() {
        let choice = MapChoice {
            centre: 1.0,
            shrinkage: case["shrinkage"].as_f64().unwrap(),
            directions: Some(SpeakerDirections {
                rank: case["rank"].as_u64().unwrap() as usize,
                rest: 0.0,
            }),
        };
        golden.compare(&spread, choice, case);
    }
}

/// Speakers along one axis, whose recordings differ along another: the second is what is damped.
#[test]
fn a_direction_that_is_known_to_disturb_is_taken_out() {
    let rows = [
        [1.0, 0.5, 0.1],
        [1.0, -0.5, 0.1],
        [-1.0, 0.5, 0.1],
        [-1.0, -0.5, 0.1],
    ];
    let rows = EmbeddingMatrix::from_rows(&rows).unwrap();
    let spread = SpeakerSpread::of(&rows, &[0, 0, 1, 1], &[None; 4], &[]).unwrap();
    assert_eq!((spread.num_speakers(), spread.num_across()), (2, 2));
    let choice = MapChoice {
        shrinkage: 0.01,
        ..MapChoice::IDENTITY
    };
    let mapped = spread.map(&choice).unwrap().applied(&rows).unwrap();
    assert!(cosine(rows.row(0), rows.row(1)) < 0.61);
    assert!(cosine(mapped.row(0), mapped.row(1)) > 0.98);
    // One over the root of 0.01 + 0.99 * 3: the other two directions have no spread at all.
    let matrix = spread.map(&choice).unwrap().matrix;
    assert!((f64::from(matrix[4]) - (1.0 / 2.98_f64).sqrt()).abs() < 1e-6);
    assert!((f64::from(matrix[0]) - 10.0).abs() < 1e-4);
}

/// One session a speaker: what another channel changes is known by copies alone, and has the weight of what differs within sessions.
#[test]
fn copies_show_the_direction_of_channels() {
    let rows = [
        [1.0, 0.0, 0.3],
        [1.0, 0.0, -0.3],
        [0.0, 1.0, 0.3],
        [0.0, 1.0, -0.3],
    ];
    let copy = rows.map(|[a, b, c]| [a, b + 0.01, c]);
    let [rows, copy] = [rows, copy].map(|rows| EmbeddingMatrix::from_rows(&rows).unwrap());
    let sessions = [Some(0); 4];
    let choice = MapChoice {
        shrinkage: 0.1,
        ..MapChoice::IDENTITY
    };
    let matrix = |copies: &[EmbeddingMatrix]| {
        let spread = SpeakerSpread::of(&rows, &[0, 0, 1, 1], &sessions, copies).unwrap();
        assert_eq!((spread.num_across(), spread.num_within()), (0, 2));
        spread.map(&choice).unwrap().matrix
    };
    let (plain, with_copies) = (matrix(&[]), matrix(std::slice::from_ref(&copy)));
    // Without them two of three directions are without spread; with them the second has the third one's.
    assert!((plain[0] / plain[4] - 1.0).abs() < 1e-3 && plain[8] < 0.3 * plain[0]);
    assert!(with_copies[4] < 0.5 * with_copies[0]);
    let short = copy.select(&[0]).unwrap();
    assert!(matches!(
        SpeakerSpread::of(&rows, &[0, 0, 1, 1], &sessions, &[short]),
        Err(ScoringError::LengthMismatch { name: "copies", .. })
    ));
}

#[test]
fn labels_that_teach_nothing_are_refused_with_what_is_needed() {
    let rows = EmbeddingMatrix::from_rows(&[[1.0, 0.0], [0.0, 1.0]]).unwrap();
    let of = |speakers: &[usize]| SpeakerSpread::of(&rows, speakers, &[None; 2], &[]).unwrap_err();
    assert_eq!(
        of(&[3, 3]),
        ScoringError::TooFewSpeakers {
            found: 1,
            expected: 2
        }
    );
    // One recording each, and the same recording twice.
    assert_eq!(of(&[0, 1]), ScoringError::NoSpread);
    let twice = EmbeddingMatrix::from_rows(&[[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]]).unwrap();
    let error = SpeakerSpread::of(&twice, &[0, 0, 1], &[None; 3], &[]).unwrap_err();
    assert_eq!(error, ScoringError::NoSpread);
    assert!(matches!(
        SpeakerSpread::of(&rows, &[0], &[None; 2], &[]),
        Err(ScoringError::LengthMismatch { found: 1, .. })
    ));
    let spread = SpeakerSpread::of(
        &EmbeddingMatrix::from_rows(&[[1.0, 0.0], [1.0, 0.2], [0.0, 1.0]]).unwrap(),
        &[0, 0, 1],
        &[None; 3],
        &[],
    );
    let wrong = MapChoice {
        shrinkage: 1.5,
        ..MapChoice::IDENTITY
    };
    assert!(matches!(
        spread.unwrap().map(&wrong),
        Err(ScoringError::InvalidParameter {
            name: "shrinkage",
            ..
        })
    ));
}

/// Embeddings of a few speakers, with labels.
fn labelled() -> impl Strategy<Value = (EmbeddingMatrix, Vec<usize>)> {
    let rows = prop::collection::vec(prop::array::uniform5(-1.0_f32..1.0), 8..30);
    rows.prop_map(|rows| {
        let speakers = (0..rows.len()).map(|place| place % 3).collect();
        (EmbeddingMatrix::from_rows(&rows).unwrap(), speakers)
    })
}

fn choices() -> Vec<MapChoice> {
    let of = |centre, shrinkage, rest: Option<f64>| MapChoice {
        centre,
        shrinkage,
        directions: rest.map(|rest| SpeakerDirections { rank: 2, rest }),
    };
    vec![
        of(0.0, 0.5, None),
        of(1.0, 0.2, None),
        of(0.5, 0.7, Some(0.5)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_whole_share_of_the_identity_changes_nothing((rows, speakers) in labelled()) {
        let spread = SpeakerSpread::of(&rows, &speakers, &vec![None; rows.len()], &[]).unwrap();
        let map = spread.map(&MapChoice::IDENTITY).unwrap();
        for (place, &value) in map.matrix.iter().enumerate() {
            let expected = f32::from(u8::from(place / 5 == place % 5));
            prop_assert!((value - expected).abs() < 1e-6);
        }
        prop_assert!(map.offset.iter().all(|&value| value == 0.0));
    }

    /// Turning and mirroring all embeddings turns and mirrors the map.
    #[test]
    fn no_axis_is_like_no_other((rows, speakers) in labelled(), angle in 0.0_f32..6.3) {
        let turn = |row: &[f32]| {
            let (sine, cosine) = angle.sin_cos();
            [
                cosine * row[4] - sine * row[1],
                -row[2],
                sine * row[4] + cosine * row[1],
                row[0],
                row[3],
            ]
        };
        let turned: Vec<[f32; 5]> = rows.rows().map(turn).collect();
        let turned = EmbeddingMatrix::from_rows(&turned).unwrap();
        let sessions = vec![None; rows.len()];
        let plain = SpeakerSpread::of(&rows, &speakers, &sessions, &[]).unwrap();
        let other = SpeakerSpread::of(&turned, &speakers, &sessions, &[]).unwrap();
        for choice in choices().iter().take(2) {
            let plain = plain.map(choice).unwrap().applied(&rows).unwrap();
            let other = other.map(choice).unwrap().applied(&turned).unwrap();
            for place in 1..rows.len() {
                let one = cosine(plain.row(0), plain.row(place));
                let two = cosine(other.row(0), other.row(place));
                prop_assert!((one - two).abs() < 2e-4, "{one} {two}");
            }
        }
    }

    #[test]
    fn mapped_embeddings_have_length_one_and_the_quick_way_is_the_map((rows, speakers) in labelled()) {
        let spread = SpeakerSpread::of(&rows, &speakers, &vec![None; rows.len()], &[]).unwrap();
        let quick = spread.mapped(&rows, &choices()).unwrap();
        for (choice, quick) in choices().iter().zip(&quick) {
            let mapped = spread.map(choice).unwrap().applied(&rows).unwrap();
            for place in 0..rows.len() {
                let square: f32 = mapped.row(place).iter().map(|v| v * v).sum();
                prop_assert!((square - 1.0).abs() < 1e-5);
                let one = cosine(mapped.row(0), mapped.row(place));
                let two = cosine(quick.row(0), quick.row(place));
                prop_assert!((one - two).abs() < 1e-4, "{one} {two}");
            }
        }
    }

    /// The order of recordings and the numbers of speakers and sessions are of no account.
    #[test]
    fn only_who_is_with_whom_counts((rows, speakers) in labelled()) {
        let sessions: Vec<Option<usize>> = (0..rows.len()).map(|place| Some(place / 6)).collect();
        let plain = SpeakerSpread::of(&rows, &speakers, &sessions, &[]).unwrap();
        let back: Vec<usize> = (0..rows.len()).rev().collect();
        let of = |place: &usize| 90 - speakers[*place];
        let other = SpeakerSpread::of(
            &rows.select(&back).unwrap(),
            &back.iter().map(of).collect::<Vec<_>>(),
            &back.iter().map(|&place| sessions[place].map(|one| 40 - one)).collect::<Vec<_>>(),
            &[],
        )
        .unwrap();
        let choice = choices()[1];
        let (plain, other) = (plain.map(&choice).unwrap(), other.map(&choice).unwrap());
        for (one, two) in plain.matrix.iter().zip(&other.matrix) {
            prop_assert!((one - two).abs() < 1e-4);
        }
    }
}
