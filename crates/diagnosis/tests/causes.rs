//! Causes that lie in recordings, labels, trials and settings, and what must not be blamed for them.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use diagnosis::journal::EndReason;
use diagnosis::preflight::{
    Copies, Heard, LabelRates, Leaked, Travel, TrialFacts, dropout_is_light, few_same_pairs,
    front_end_keeps_voices, labels_fit, only_voices_tell, recordings_are_new, recordings_differ,
    recordings_hold_speech, several_recordings, short_crops, some_labels_wrong, steps_move_weights,
    trials_can_judge, weights_decay_slowly,
};
use diagnosis::{
    Check, CheckVerdict, Diagnosis, End, Facts, Measurements, Name, Run, Severity, Verdict, judge,
};

/// Trials of as many of either kind, on which statistics have these EERs.
fn trials(each: usize, eers: [f64; 3]) -> TrialFacts {
    TrialFacts {
        num_target: each,
        num_nontarget: each,
        statistics_eers: eers.to_vec(),
        train_eer: Some(0.2),
        ..TrialFacts::default()
    }
}

#[test]
fn trials_that_are_inverted_random_or_of_copies_are_told_from_hard_ones() {
    let check = |facts: &TrialFacts| {
        let check = trials_can_judge(facts);
        (check.verdict, check.remedy)
    };
    let verdict = |facts: &TrialFacts| trials_can_judge(facts).verdict;
    // Hard, but right: telephones.
    assert_eq!(
        verdict(&trials(400, [0.41, 0.33, 0.31])),
        CheckVerdict::Passed
    );
    let (inverted, remedy) = check(&trials(400, [0.62, 0.7, 0.72]));
    assert_eq!(inverted, CheckVerdict::Broken);
    assert!(remedy.starts_with("exchange 0 and 1"), "{remedy}");
    assert_eq!(
        verdict(&trials(400, [0.52, 0.49, 0.5])),
        CheckVerdict::Broken
    );
    // Chance on so few trials is an accident, and so is an EER above one half.
    assert_eq!(verdict(&trials(12, [0.52, 0.55, 0.6])), CheckVerdict::Note);
    // A table knows better than statistics.
    let known = |num_contradicting| TrialFacts {
        num_known: 800,
        num_contradicting,
        ..trials(400, [0.62, 0.7, 0.72])
    };
    assert_eq!(
        [0, 8, 40, 300, 790].map(|wrong| verdict(&known(wrong))),
        [
            CheckVerdict::Passed,
            CheckVerdict::Passed,
            CheckVerdict::Suspect,
            CheckVerdict::Broken,
            CheckVerdict::Broken
        ]
    );
    let of_copies = TrialFacts {
        num_self: 200,
        ..trials(400, [0.2, 0.1, 0.1])
    };
    let (verdict, remedy) = check(&of_copies);
    assert_eq!(verdict, CheckVerdict::Broken);
    assert!(remedy.contains("different recordings"), "{remedy}");
    assert_eq!(
        trials_can_judge(&TrialFacts::default()).verdict,
        CheckVerdict::Skipped
    );
}

#[test]
fn recordings_without_speech_copies_and_leaks_are_counted() {
    let heard = |num_without_speech| Heard {
        num_recordings: 60,
        num_without_speech,
        ..Heard::default()
    };
    let verdict = |train, dev| recordings_hold_speech(heard(train), heard(dev)).verdict;
    assert_eq!(
        [(1, 0), (5, 0), (0, 15), (60, 0)].map(|(train, dev)| verdict(train, dev)),
        [
            CheckVerdict::Passed,
            CheckVerdict::Note,
            CheckVerdict::Suspect,
            CheckVerdict::Broken
        ]
    );
    let copies = |within, across| Copies {
        num_recordings: 200,
        within,
        across,
        example: Some(["a.wav".into(), "b.wav".into()]),
    };
    let verdict = |within, across| recordings_differ(&copies(within, across)).verdict;
    assert_eq!(
        [(0, 0), (3, 0), (60, 0), (0, 10), (0, 100)]
            .map(|(within, across)| verdict(within, across)),
        [
            CheckVerdict::Passed,
            CheckVerdict::Note,
            CheckVerdict::Suspect,
            CheckVerdict::Suspect,
            CheckVerdict::Broken
        ]
    );
    assert!(
        recordings_differ(&copies(3, 0))
            .measured
            .ends_with("b.wav is a.wav")
    );
    let leaked = |num_leaked| Leaked {
        num_recordings: 100,
        num_leaked,
        example: None,
    };
    assert_eq!(
        [0, 1, 30].map(|leaks| recordings_are_new(&leaked(leaks)).verdict),
        [
            CheckVerdict::Passed,
            CheckVerdict::Suspect,
            CheckVerdict::Broken
        ]
    );
    assert_eq!(
        [0, 30, 90].map(|single| several_recordings(single, 100).verdict),
        [
            CheckVerdict::Passed,
            CheckVerdict::Note,
            CheckVerdict::Suspect
        ]
    );
    assert_eq!(few_same_pairs(0.0, 64, 40).verdict, CheckVerdict::Broken);
}

/// The constants of a usual training of 1,500 steps.
fn usual() -> Travel {
    Travel {
        num_steps: 1500,
        warmup_steps: 0,
        mean_rate: 1e-3,
        step_share: 1.0,
        weight_rms: 0.05,
        goes_on: false,
        weight_decay: 0.01,
    }
}

#[test]
fn settings_that_leave_the_weights_where_they_are_are_named_with_what_is_to_be_set() {
    let cases = [
        ("usual", usual(), CheckVerdict::Passed, ""),
        (
            "rate / 100",
            Travel {
                mean_rate: 1e-5,
                ..usual()
            },
            CheckVerdict::Suspect,
            "learning rate",
        ),
        (
            "rate / 10,000",
            Travel {
                mean_rate: 1e-7,
                ..usual()
            },
            CheckVerdict::Broken,
            "learning rate",
        ),
        (
            "endless warm-up",
            Travel {
                warmup_steps: 100_000,
                mean_rate: 7.5e-6,
                ..usual()
            },
            CheckVerdict::Suspect,
            "warmup_steps",
        ),
        (
            "epsilon of 100",
            Travel {
                step_share: 1e-5,
                ..usual()
            },
            CheckVerdict::Broken,
            "epsilon",
        ),
        // Twenty steps of a usual rate are few, and the rate is right.
        (
            "few steps",
            Travel {
                num_steps: 20,
                ..usual()
            },
            CheckVerdict::Passed,
            "",
        ),
        // A model is led on by a hair.
        (
            "going on",
            Travel {
                mean_rate: 1e-5,
                goes_on: true,
                ..usual()
            },
            CheckVerdict::Passed,
            "",
        ),
    ];
    for (what, travel, verdict, remedy) in cases {
        let check = steps_move_weights(&travel);
        assert_eq!(check.verdict, verdict, "{what}: {check:?}");
        assert!(check.remedy.contains(remedy), "{what}: {check:?}");
    }
    let decay = |weight_decay| {
        weights_decay_slowly(&Travel {
            weight_decay,
            ..usual()
        })
        .verdict
    };
    assert_eq!(
        [0.0, 0.01, 0.1, 10.0].map(decay),
        [
            CheckVerdict::Passed,
            CheckVerdict::Passed,
            CheckVerdict::Passed,
            CheckVerdict::Suspect
        ]
    );
    assert_eq!(
        [0.0, 0.5, 0.95].map(|dropout| dropout_is_light(dropout).verdict),
        [
            CheckVerdict::Passed,
            CheckVerdict::Passed,
            CheckVerdict::Suspect
        ]
    );
    assert_eq!(
        [(40, 8000.0), (24, 3400.0), (4, 8000.0), (40, 1000.0)]
            .map(|(bins, high_hz)| front_end_keeps_voices(bins, high_hz).verdict),
        [
            CheckVerdict::Passed,
            CheckVerdict::Passed,
            CheckVerdict::Suspect,
            CheckVerdict::Suspect
        ]
    );
    assert_eq!(
        [2.0, 0.4, 0.1, 0.04].map(|crop_s| short_crops(crop_s).verdict),
        [
            CheckVerdict::Passed,
            CheckVerdict::Passed,
            CheckVerdict::Suspect,
            CheckVerdict::Broken
        ]
    );
}

fn rates(train_eer: f64, dev_eer: f64, strangers_share: f64) -> LabelRates {
    LabelRates {
        train_eer,
        dev_eer,
        num_speakers: 40,
        num_same: 240,
        strangers_share: Some(strangers_share),
    }
}

#[test]
fn a_part_of_the_labels_and_what_names_the_speaker_are_told_apart() {
    let verdicts = |rates: &LabelRates| {
        [labels_fit, some_labels_wrong, only_voices_tell].map(|check| check(rates).verdict)
    };
    let [passed, suspect, broken] = [
        CheckVerdict::Passed,
        CheckVerdict::Suspect,
        CheckVerdict::Broken,
    ];
    // Right labels, as on four corpora; a harder training corpus is no fault.
    assert_eq!(verdicts(&rates(0.15, 0.1, 0.03)), [passed; 3]);
    assert_eq!(verdicts(&rates(0.19, 0.3, 0.05)), [passed; 3]);
    assert_eq!(verdicts(&rates(0.34, 0.21, 0.2)), [passed, suspect, passed]);
    assert_eq!(verdicts(&rates(0.49, 0.2, 0.6)), [broken, passed, passed]);
    assert_eq!(verdicts(&rates(0.01, 0.25, 0.0)), [passed, passed, suspect]);
}

fn of_checks(checks: impl IntoIterator<Item = Check>) -> Diagnosis {
    judge(&Run {
        preflight: checks.into_iter().collect(),
        ..Run::default()
    })
}

#[test]
fn labels_are_not_blamed_for_what_recordings_or_trials_explain() {
    let labels = || labels_fit(&rates(0.49, 0.2, 0.6));
    let alone = of_checks([labels()]);
    assert_eq!(alone.findings[0].name, Name::LabelsWrong);
    let silent = Heard {
        num_recordings: 60,
        num_without_speech: 60,
        ..Heard::default()
    };
    let dev = Heard {
        num_recordings: 60,
        num_without_speech: 0,
        ..Heard::default()
    };
    let both = of_checks([labels(), recordings_hold_speech(silent, dev)]);
    assert_eq!(both.findings[0].name, Name::NoSpeech);
    let labels = both.find(Name::LabelsWrong).unwrap();
    assert_eq!(labels.severity, Severity::Note);
    assert!(
        labels.reason.starts_with("`no_speech` explains it as well"),
        "{labels:?}"
    );
}

/// A run of 600 steps, of which the last evaluation found this, beside statistics with these EERs (plain, whitened).
fn ended(statistics: [f64; 2], last: Measurements) -> Diagnosis {
    judge(&Run {
        facts: Facts {
            statistics_eer: Some(statistics[0]),
            whitened_statistics_eer: Some(statistics[1]),
            ..Facts::default()
        },
        evaluations: vec![
            Measurements {
                dev_eer: last.untrained_eer,
                ..Measurements::default()
            },
            Measurements { step: 600, ..last },
        ],
        end: Some(End {
            step: 600,
            reason: EndReason::MaxSteps,
        }),
        ..Run::default()
    })
}

#[test]
fn a_network_that_knows_less_than_statistics_is_not_healthy() {
    let with = |eer| {
        ended(
            [0.3, 0.2],
            Measurements {
                dev_eer: Some(eer),
                untrained_eer: Some(0.45),
                ..Measurements::default()
            },
        )
    };
    assert_eq!(with(0.19).findings, []);
    let severity = |eer| {
        with(eer)
            .find(Name::WorseThanStatistics)
            .map(|found| found.severity)
    };
    assert_eq!(severity(0.25), Some(Severity::Note));
    assert_eq!(severity(0.4), Some(Severity::Suspect));
    assert_eq!(
        (with(0.25).verdict, with(0.4).verdict),
        (Verdict::Healthy, Verdict::Suspect)
    );
}

#[test]
fn a_trained_network_says_that_trials_are_inverted_or_random() {
    let measured = |dev, train, [same, different]: [f64; 2]| Measurements {
        dev_eer: Some(dev),
        untrained_eer: Some(0.6),
        train_eer: Some(train),
        intra_distance: Some(same),
        inter_distance: Some(different),
        ..Measurements::default()
    };
    let inverted = ended([0.4, 0.4], measured(0.8, 0.1, [0.9, 0.4]));
    assert_eq!(inverted.findings[0].name, Name::DevTrials);
    assert_eq!(inverted.verdict, Verdict::Broken);
    let random = ended([0.5, 0.5], measured(0.49, 0.1, [0.8, 0.8]));
    assert_eq!(random.findings[0].name, Name::DevTrials);
    // Trials that are hard, of training speakers that are easy.
    let hard = ended([0.42, 0.4], measured(0.4, 0.1, [0.7, 0.8]));
    assert_eq!(hard.find(Name::DevTrials), None);
}

#[test]
fn causes_come_before_what_they_bring_about_however_grave() {
    let slow = steps_move_weights(&Travel {
        mean_rate: 1e-5,
        ..usual()
    });
    let mut run = Run {
        preflight: vec![slow],
        ..Run::default()
    };
    run.evaluations = [0, 1000, 1500]
        .map(|step| Measurements {
            step,
            dev_eer: Some(0.35),
            untrained_eer: Some(0.35),
            ..Measurements::default()
        })
        .into();
    run.end = Some(End {
        step: 1500,
        reason: EndReason::MaxSteps,
    });
    let diagnosis = judge(&run);
    let names: Vec<Name> = diagnosis
        .findings
        .iter()
        .map(|finding| finding.name)
        .collect();
    assert_eq!(names, [Name::IdleSettings, Name::WorseThanUntrained]);
    assert_eq!(diagnosis.verdict, Verdict::Broken);
}

#[test]
fn a_run_of_a_few_steps_is_too_short_to_be_healthy() {
    let of = |step, eer| {
        let measured = |step, eer| Measurements {
            step,
            dev_eer: Some(eer),
            untrained_eer: Some(0.4),
            ..Measurements::default()
        };
        judge(&Run {
            evaluations: vec![measured(0, 0.4), measured(step, eer)],
            end: Some(End {
                step,
                reason: EndReason::MaxSteps,
            }),
            ..Run::default()
        })
    };
    let short = of(10, 0.39);
    assert_eq!(short.findings[0].name, Name::StoppedTooEarly);
    assert_eq!(short.verdict, Verdict::Suspect);
    assert_eq!(
        of(10, 0.2).verdict,
        Verdict::Healthy,
        "it has learned all the same"
    );
}

#[test]
fn a_few_speakers_explain_a_result_and_no_cause() {
    let of = |num_speakers, preflight: Vec<Check>| {
        let measured = |step, eer| Measurements {
            step,
            dev_eer: Some(eer),
            untrained_eer: Some(0.13),
            ..Measurements::default()
        };
        judge(&Run {
            facts: Facts {
                num_speakers: Some(num_speakers),
                ..Facts::default()
            },
            preflight,
            evaluations: vec![measured(0, 0.13), measured(1000, 0.18)],
            end: Some(End {
                step: 1000,
                reason: EndReason::MaxSteps,
            }),
            ..Run::default()
        })
    };
    let few = of(6, Vec::new());
    assert_eq!(few.verdict, Verdict::Healthy);
    let note = few.find(Name::WorseThanUntrained).unwrap();
    assert!(
        note.reason.starts_with("6 training speakers are few"),
        "{note:?}"
    );
    assert_eq!(of(60, Vec::new()).verdict, Verdict::Broken);
    let slow = steps_move_weights(&Travel {
        mean_rate: 1e-5,
        ..usual()
    });
    assert_eq!(of(6, vec![slow]).findings[0].severity, Severity::Suspect);
}
