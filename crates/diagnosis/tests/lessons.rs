//! Judgements of runs with a teacher, with a margin, and of such as went on from a model.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use diagnosis::journal::{EndReason, StepSummary, Term};
use diagnosis::{End, Facts, ListRate, Measurements, Name, Run, Severity, TeacherAgreement, judge};

fn found(run: &Run, name: Name) -> Option<Severity> {
    judge(run).find(name).map(|finding| finding.severity)
}

/// Evaluations every 500 steps with these cosines to the teacher, of development and of training recordings.
fn taught(cosines: &[[f64; 2]]) -> Run {
    let evaluations = cosines.iter().zip((0..).step_by(500));
    let evaluations = evaluations.map(|(&[dev, train], step)| Measurements {
        step,
        teacher: Some(TeacherAgreement {
            dev: Some(dev),
            train: Some(train),
        }),
        ..Measurements::default()
    });
    Run {
        evaluations: evaluations.collect(),
        ..Run::default()
    }
}

#[test]
fn a_student_that_comes_no_nearer_is_named_and_one_that_does_is_not() {
    let flat = taught(&[[0.01, 0.0], [0.02, 0.03], [0.03, 0.03]]);
    assert_eq!(found(&flat, Name::TeacherIgnored), Some(Severity::Suspect));
    // The course of `thinned`, and of a run that has only begun.
    let rising = taught(&[[-0.02, 0.01], [0.36, 0.38], [0.45, 0.5]]);
    assert_eq!(found(&rising, Name::TeacherIgnored), None);
    assert_eq!(found(&taught(&[[0.0, 0.0]]), Name::TeacherIgnored), None);
    // A student that begins as its teacher has nothing to rise to.
    let same = taught(&[[0.99, 0.99], [0.98, 0.98]]);
    assert_eq!(found(&same, Name::TeacherIgnored), None);
}

#[test]
fn answers_learned_by_heart_are_told_from_a_bad_evaluation() {
    let good = [[0.1, 0.1], [0.4, 0.45], [0.5, 0.6], [0.55, 0.7]];
    assert_eq!(found(&taught(&good), Name::TeacherByHeart), None);
    let heart = [
        [0.4, 0.45],
        [0.5, 0.6],
        [0.48, 0.7],
        [0.46, 0.8],
        [0.44, 0.85],
    ];
    assert_eq!(
        found(&taught(&heart), Name::TeacherByHeart),
        Some(Severity::Suspect)
    );
    let dip = [[0.4, 0.45], [0.5, 0.6], [0.44, 0.62], [0.52, 0.65]];
    assert_eq!(found(&taught(&dip), Name::TeacherByHeart), None);
    // Both fall: that is no learning by heart.
    let lost = [[0.5, 0.6], [0.4, 0.5], [0.3, 0.4], [0.2, 0.3]];
    assert_eq!(found(&taught(&lost), Name::TeacherByHeart), None);
}

#[test]
fn a_teacher_that_does_not_know_the_voices_is_named() {
    let run = |teacher, statistics| Run {
        facts: Facts {
            teacher_eer: Some(teacher),
            whitened_statistics_eer: statistics,
            ..Facts::default()
        },
        ..Run::default()
    };
    let suspect = Some(Severity::Suspect);
    assert_eq!(found(&run(0.45, None), Name::WeakTeacher), suspect);
    assert_eq!(found(&run(0.25, Some(0.12)), Name::WeakTeacher), suspect);
    // CAM++ beside statistics on the shared corpora's development list.
    assert_eq!(found(&run(0.114, Some(0.135)), Name::WeakTeacher), None);
    // On short words statistics of the microphone are good, and so is the teacher.
    assert_eq!(found(&run(0.077, Some(0.05)), Name::WeakTeacher), None);
    assert_eq!(found(&run(0.3, None), Name::WeakTeacher), None);
}

/// A softmax with a margin, maybe as a part of a sum, after so many steps.
fn classified(prefix: &str, step: u64, entropy: f64, right: f64, margin: f64) -> Run {
    let term = |name: &str, value| Term {
        name: format!("{prefix}{name}"),
        unit: String::new(),
        value,
    };
    let point = |step| StepSummary {
        step,
        loss: entropy,
        terms: vec![
            term("cross_entropy", entropy),
            term("accuracy", 4.0 * right),
            term("accuracy_under_margin", right),
            term("margin", margin),
        ],
        ..StepSummary::default()
    };
    Run {
        facts: Facts {
            num_speakers: Some(4599),
            ..Facts::default()
        },
        trace: (1..=step / 10).map(|i| point(10 * i)).collect(),
        ..Run::default()
    }
}

#[test]
fn a_margin_that_comes_before_speakers_have_their_places_is_named() {
    // ln 4599 is 8.43; 11.8 is what a distillation with drawn centres had under its full margin.
    for prefix in ["", "aam_softmax_"] {
        let run = |step, entropy, right, margin| classified(prefix, step, entropy, right, margin);
        let severity = |run: &Run| found(run, Name::MarginTooEarly);
        assert_eq!(
            severity(&run(2000, 11.8, 0.0, 0.2)),
            Some(Severity::Suspect)
        );
        assert_eq!(severity(&run(500, 11.8, 0.0, 0.2)), Some(Severity::Note));
        // Before the margin grows, with most segments right, or with a loss that says something.
        assert_eq!(severity(&run(2000, 11.8, 0.0, 0.0)), None);
        assert_eq!(severity(&run(2000, 9.9, 0.3, 0.2)), None);
        assert_eq!(severity(&run(2000, 7.0, 0.0, 0.2)), None);
        assert_eq!(severity(&run(200, 11.8, 0.0, 0.2)), None);
    }
    let run = classified("", 2000, 11.8, 0.01, 0.2);
    let finding = judge(&run);
    let finding = finding.find(Name::MarginTooEarly).unwrap();
    for part in ["in 1 % of", "in 4 %;", "11.8", "8.43"] {
        assert!(
            finding.measured.contains(part),
            "{part}: {}",
            finding.measured
        );
    }
}

#[test]
fn a_training_that_goes_on_says_which_list_it_has_forgotten() {
    let lists = |step, rates: [f64; 2]| Measurements {
        step,
        dev: ["calls", "words"]
            .into_iter()
            .zip(rates)
            .map(|(list, eer)| ListRate {
                list: list.to_owned(),
                eer,
                untrained_eer: None,
            })
            .collect(),
        ..Measurements::default()
    };
    let run = |initial: Option<&str>, end: [f64; 2]| Run {
        facts: Facts {
            initial: initial.map(str::to_owned),
            ..Facts::default()
        },
        evaluations: vec![
            lists(0, [0.2, 0.05]),
            lists(500, [0.15, 0.06]),
            lists(1000, end),
        ],
        end: Some(End {
            step: 1000,
            reason: EndReason::MaxSteps,
        }),
        ..Run::default()
    };
    let forgot = judge(&run(Some("campplus"), [0.1, 0.09]));
    let finding = forgot.find(Name::Forgetting).unwrap();
    assert_eq!(finding.severity, Severity::Suspect);
    assert!(
        finding.measured.contains("words 9 %, 5 % at the start")
            && !finding.measured.contains("calls")
            && finding.measured.contains("campplus"),
        "{}",
        finding.measured
    );
    // A point more is noise, and a network that begins by chance has nothing to forget.
    assert_eq!(
        found(&run(Some("campplus"), [0.1, 0.06]), Name::Forgetting),
        None
    );
    assert_eq!(found(&run(None, [0.1, 0.09]), Name::Forgetting), None);
    let goes_on = Run {
        end: None,
        ..run(Some("campplus"), [0.1, 0.09])
    };
    assert_eq!(found(&goes_on, Name::Forgetting), Some(Severity::Note));
}

#[test]
fn running_statistics_that_are_not_the_batches_are_named_once_they_had_time() {
    let run = |step, agreement| Run {
        evaluations: vec![Measurements {
            step,
            running_agreement: agreement,
            ..Measurements::default()
        }],
        ..Run::default()
    };
    let severity = |step, agreement| found(&run(step, agreement), Name::RunningStatistics);
    assert_eq!(severity(1000, Some(0.3)), Some(Severity::Suspect));
    assert_eq!(severity(1000, Some(0.85)), None);
    assert_eq!(severity(0, Some(0.02)), None);
    assert_eq!(severity(1000, None), None);
}
