//! Data and settings that are spoiled in one way each, and what is said of them.

use diagnosis::preflight::{
    FrontEnds, Heard, TrialFacts, both_kinds_count, few_same_pairs, front_ends_agree,
    noise_leaves_the_voice, recordings_are_whole, recordings_hold_speech, scale_reaches,
    trials_can_judge,
};
use diagnosis::{CheckVerdict, Name};

type Spoil = fn(&mut Heard);

fn sound() -> Heard {
    Heard {
        num_recordings: 60,
        num_without_speech: 1,
        num_clipped: 2,
        level_db: Some(-24.0),
        speech_s: 100.0,
        seconds: 160.0,
    }
}

#[test]
fn recordings_that_are_cut_off_quiet_or_empty_are_named() {
    let verdict = |train, dev| recordings_are_whole(train, dev).verdict;
    assert_eq!(verdict(sound(), sound()), CheckVerdict::Passed);
    assert_eq!(verdict(sound(), Heard::default()), CheckVerdict::Passed);
    let spoiled: [(Spoil, &str); 3] = [
        (|heard| heard.num_clipped = 40, "40 of 60"),
        (|heard| heard.level_db = Some(-79.0), "-79 dB"),
        (|heard| heard.seconds = 3_000.0, "3.3 %"),
    ];
    for (spoil, words) in spoiled {
        let mut heard = sound();
        spoil(&mut heard);
        for (train, dev, which) in [
            (heard, sound(), "training"),
            (sound(), heard, "development"),
        ] {
            let check = recordings_are_whole(train, dev);
            assert_eq!(check.verdict, CheckVerdict::Suspect, "{check:?}");
            assert!(
                check.measured.contains(words) && check.measured.contains(which),
                "{check:?}"
            );
            assert!(!check.remedy.is_empty());
        }
    }
    assert_eq!(
        verdict(Heard::default(), sound()),
        CheckVerdict::Skipped,
        "recordings too short to be judged"
    );
}

#[test]
fn silence_is_called_silence() {
    let silent = Heard {
        num_without_speech: 60,
        speech_s: 0.0,
        ..sound()
    };
    assert_eq!(
        recordings_hold_speech(silent, sound()).verdict,
        CheckVerdict::Broken
    );
    assert_eq!(
        recordings_are_whole(silent, sound()).verdict,
        CheckVerdict::Note
    );
}

#[test]
fn training_and_development_recordings_of_two_worlds_are_said() {
    let found = |sound_hz, told_apart| {
        front_ends_agree(&FrontEnds {
            input_rms: 1.0,
            sound_hz,
            told_apart,
            ..FrontEnds::default()
        })
    };
    let telephone = found(Some([4_250.0, 7_500.0]), None);
    assert_eq!(telephone.verdict, CheckVerdict::Suspect);
    assert!(
        telephone
            .measured
            .contains("4.25 kHz in training recordings and to 7.5 kHz"),
        "{telephone:?}"
    );
    assert_eq!(found(None, Some(0.97)).verdict, CheckVerdict::Suspect);
    for (sound_hz, told_apart) in [
        (None, None),
        (Some([7_000.0, 7_500.0]), Some(0.7)),
        (Some([6_000.0, 7_500.0]), None),
    ] {
        assert_eq!(found(sound_hz, told_apart).verdict, CheckVerdict::Passed);
    }
}

#[test]
fn lists_that_are_easy_few_or_of_pieces_are_named() {
    let fair = TrialFacts {
        num_target: 200,
        num_nontarget: 200,
        num_continued: [2, 1],
        num_across: [0, 40],
        ..TrialFacts::default()
    };
    let verdict = |facts: &TrialFacts| trials_can_judge(facts).verdict;
    assert_eq!(verdict(&fair), CheckVerdict::Passed);
    let of_pieces = TrialFacts {
        num_continued: [44, 2],
        ..fair.clone()
    };
    assert_eq!(verdict(&of_pieces), CheckVerdict::Suspect);
    // Recordings that all begin and end in the middle of a sound.
    let of_long_talks = TrialFacts {
        num_continued: [44, 30],
        ..fair.clone()
    };
    assert_eq!(verdict(&of_long_talks), CheckVerdict::Passed);
    let easy = TrialFacts {
        num_across: [0, 200],
        ..fair.clone()
    };
    assert_eq!(verdict(&easy), CheckVerdict::Suspect);
    let across_both = TrialFacts {
        num_across: [80, 200],
        ..fair.clone()
    };
    assert_eq!(verdict(&across_both), CheckVerdict::Passed);
    for (count, expected) in [
        (2, CheckVerdict::Suspect),
        (12, CheckVerdict::Note),
        (40, CheckVerdict::Passed),
    ] {
        let few = TrialFacts {
            num_target: count,
            num_continued: [0, 0],
            ..fair.clone()
        };
        assert_eq!(verdict(&few), expected, "{count} targets");
    }
}

#[test]
fn settings_that_leave_out_one_kind_of_pairs_are_named() {
    let found = |weight| both_kinds_count(weight).verdict;
    assert_eq!(found(0.0), CheckVerdict::Broken);
    assert_eq!(found(0.0001), CheckVerdict::Suspect);
    assert_eq!(found(1.0), CheckVerdict::Broken);
    assert_eq!(found(0.03), CheckVerdict::Passed);
    let check = few_same_pairs(1.0, 240, 60);
    assert_eq!(
        (check.name, check.verdict),
        (Name::FewPairs, CheckVerdict::Broken)
    );
}

#[test]
fn scales_and_noise_that_leave_nothing_to_learn_are_named() {
    // 1 / (1 + 55 exp(-2 s)): a scale of 0.1, of 2 and of 30, on 56 classes.
    let certainty = |scale: f64| 1.0 / (1.0 + 55.0 * (-2.0 * scale).exp());
    assert_eq!(
        [0.1, 2.0, 2.5, 30.0].map(|scale| scale_reaches(certainty(scale)).verdict),
        [
            CheckVerdict::Suspect,
            CheckVerdict::Suspect,
            CheckVerdict::Note,
            CheckVerdict::Passed
        ]
    );
    assert_eq!(
        noise_leaves_the_voice(1.0, -17.5).verdict,
        CheckVerdict::Suspect
    );
    assert_eq!(
        noise_leaves_the_voice(0.6, 17.5).verdict,
        CheckVerdict::Passed
    );
    assert_eq!(
        noise_leaves_the_voice(0.1, -17.5).verdict,
        CheckVerdict::Passed
    );
}
