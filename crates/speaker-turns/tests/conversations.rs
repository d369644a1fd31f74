//! What must hold for any plan of a conversation.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use speaker_turns::{
    Channel, ConversationSettings, SpeakerUtterances, TurnsError, Utterance, plan_conversation,
    read_rttm, write_rttm,
};

/// Utterances of 1 to 7 s.
fn speakers(number: usize, utterances: usize) -> Vec<SpeakerUtterances> {
    let speakers = 0..number;
    speakers
        .map(|speaker| SpeakerUtterances {
            speaker: format!("s{speaker}"),
            utterances: (0..utterances)
                .map(|utterance| Utterance {
                    id: format!("s{speaker}-{utterance}"),
                    // Of whole samples at 16 kHz.
                    seconds: (16_000 + (speaker * 7919 + utterance * 10_007) % 96_000) as f64
                        / 16e3,
                })
                .collect(),
        })
        .collect()
}

fn settings() -> impl Strategy<Value = ConversationSettings> {
    (1_usize..6, 1.0..300.0, 0.0..2.0, 0.0..0.5, 0.0..0.9).prop_map(
        |(num_speakers, seconds, mean_pause_s, overlap_share, dominance)| ConversationSettings {
            num_speakers,
            seconds,
            mean_pause_s,
            overlap_share,
            dominance,
            gain_range_db: 6.0,
            telephone_share: 0.5,
        },
    )
}

proptest! {
    #[test]
    fn turns_are_what_is_placed(settings in settings(), seed in any::<u64>()) {
        let speakers = speakers(6, 30);
        let plan = plan_conversation("r", &speakers, &settings, seed).unwrap();
        prop_assert_eq!(&plan_conversation("r", &speakers, &settings, seed).unwrap(), &plan);
        prop_assert_eq!(plan.speakers.len(), settings.num_speakers);
        prop_assert!(plan.speakers.iter().all(|speaker| speaker.gain_db.abs() <= 6.0));

        let turns = plan.turns().unwrap();
        prop_assert_eq!(turns.turns().len(), plan.utterances.len());
        prop_assert_eq!(turns.speakers().len(), settings.num_speakers);
        let mut used = std::collections::BTreeSet::new();
        for (turn, placed) in turns.turns().iter().zip(&plan.utterances) {
            prop_assert_eq!(&turn.speaker, &plan.speakers[placed.speaker].speaker);
            prop_assert_eq!(turn.start_s, placed.start_s);
            prop_assert!((turn.seconds() - placed.seconds).abs() < 1e-9);
            prop_assert_eq!((turn.start_s * 1000.0).round() / 1000.0, turn.start_s);
            prop_assert!(placed.utterance.starts_with(&turn.speaker));
            prop_assert!(used.insert(&placed.utterance));
            let given = speakers.iter().flat_map(|speaker| &speaker.utterances);
            let given: Vec<_> = given.filter(|utterance| utterance.id == placed.utterance).collect();
            prop_assert_eq!(given[0].seconds, placed.seconds);
        }
        let end = turns.turns().iter().map(|turn| turn.end_s).fold(0.0, f64::max);
        prop_assert!((end - plan.seconds).abs() < 1e-9);

        // Nobody speaks over himself, and no three at once: of three turns the first ends before the third begins.
        for (index, turn) in turns.turns().iter().enumerate() {
            for earlier in &turns.turns()[..index] {
                let overlaps = earlier.end_s > turn.start_s + 1e-9;
                prop_assert!(!(overlaps && earlier.speaker == turn.speaker));
                prop_assert!(!overlaps || std::ptr::eq(earlier, &turns.turns()[index - 1]));
            }
        }
        // The file holds starts exactly and ends to half a millisecond.
        let read = read_rttm(write_rttm(std::slice::from_ref(&turns)).unwrap().as_bytes(), "f").unwrap();
        for (found, turn) in read.recordings[0].turns().iter().zip(turns.turns()) {
            prop_assert_eq!(found.start_s, turn.start_s);
            prop_assert!((found.end_s - turn.end_s).abs() <= 0.000_500_001);
        }
    }

    #[test]
    fn any_settings_are_taken_or_refused(
        num_speakers in 0_usize..8,
        numbers in prop::array::uniform6(prop_oneof![any::<f64>(), -1.0..2.0]),
        lengths in prop::collection::vec(prop_oneof![any::<f64>(), 0.0..9.0], 0..6),
    ) {
        let [seconds, mean_pause_s, overlap_share, dominance, gain_range_db, telephone_share] = numbers;
        let settings = ConversationSettings {
            num_speakers, seconds, mean_pause_s, overlap_share, dominance, gain_range_db, telephone_share,
        };
        let speakers: Vec<_> = lengths.into_iter().enumerate().map(|(number, seconds)| SpeakerUtterances {
            speaker: number.to_string(),
            utterances: vec![Utterance { id: "u".to_owned(), seconds }],
        }).collect();
        if let Ok(plan) = plan_conversation("r", &speakers, &settings, 0) {
            plan.turns().unwrap();
        }
    }
}

#[test]
fn overlap_and_pauses_are_as_wished_over_many() {
    let speakers = speakers(8, 120);
    for (num_speakers, share) in [(2, 0.0), (2, 0.05), (2, 0.2), (4, 0.1), (6, 0.3)] {
        let settings = ConversationSettings {
            num_speakers,
            seconds: 120.0,
            overlap_share: share,
            ..Default::default()
        };
        let (mut speech, mut overlap, mut all) = (0.0, 0.0, 0.0);
        for seed in 0..100 {
            let plan = plan_conversation("r", &speakers, &settings, seed).unwrap();
            let (spoken, twice) = plan.turns().unwrap().speech_and_overlap_s();
            speech += spoken;
            overlap += twice;
            all += plan.seconds;
        }
        // What is lacking when a conversation ends is not made up for: 0.187 of 0.2 in two minutes.
        let found = overlap / speech;
        assert!(
            found < share + 0.005 && found > share - 0.02,
            "{num_speakers} speakers: {found}, wished {share}"
        );
        assert!(speech < all);
    }
}

#[test]
fn pauses_have_their_mean() {
    let settings = ConversationSettings {
        num_speakers: 1,
        seconds: 1500.0,
        mean_pause_s: 0.8,
        ..Default::default()
    };
    let plan = plan_conversation("r", &speakers(1, 1000), &settings, 3).unwrap();
    let turns = plan.turns().unwrap();
    let pauses = turns
        .turns()
        .windows(2)
        .map(|pair| pair[1].start_s - pair[0].end_s);
    let pauses: Vec<f64> = pauses.collect();
    let mean = pauses.iter().sum::<f64>() / pauses.len() as f64;
    assert!((mean - 0.8).abs() < 0.15, "{mean} of {}", pauses.len());
}

#[test]
fn who_dominates_speaks_most_and_telephones_are_drawn() {
    let speakers = speakers(4, 200);
    let mut telephones = 0;
    let (mut first, mut last) = (0, 0);
    for seed in 0..50 {
        let settings = ConversationSettings {
            num_speakers: 4,
            seconds: 200.0,
            dominance: 0.5,
            telephone_share: 0.25,
            ..Default::default()
        };
        let plan = plan_conversation("r", &speakers, &settings, seed).unwrap();
        let of = |speaker| {
            plan.utterances
                .iter()
                .filter(|one| one.speaker == speaker)
                .count()
        };
        first += of(0);
        last += of(3);
        let heard = plan.speakers.iter();
        telephones += heard
            .filter(|one| one.channel == Channel::Telephone)
            .count();
    }
    assert!(first > 4 * last, "{first}, {last}");
    assert!((30..70).contains(&telephones), "{telephones} of 200");
}

#[test]
fn what_cannot_be_made_is_refused() {
    let plan =
        |speakers: &[SpeakerUtterances], settings| plan_conversation("r", speakers, settings, 0);
    let two = ConversationSettings::default();
    assert_eq!(
        plan(&speakers(1, 3), &two),
        Err(TurnsError::NotEnoughSpeakers {
            found: 1,
            expected: 2
        })
    );
    let mut twice = speakers(2, 2);
    twice[1].utterances[1].id = "s1-0".to_owned();
    assert!(matches!(
        plan(&twice, &two),
        Err(TurnsError::Duplicate {
            kind: "utterance",
            ..
        })
    ));
    twice[1] = twice[0].clone();
    assert!(matches!(
        plan(&twice, &two),
        Err(TurnsError::Duplicate {
            kind: "speaker",
            ..
        })
    ));
    // Ends early where nobody has anything left to say.
    let short = plan(&speakers(2, 1), &two).unwrap();
    assert_eq!(short.utterances.len(), 2);
    assert!(serde_json::from_str::<ConversationSettings>(r#"{"seconds": 5, "pause": 1}"#).is_err());
}
