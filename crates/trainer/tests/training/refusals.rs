//! What a training refuses: at the door, with the field, the speaker or the file by name.

use std::sync::atomic::AtomicBool;

use speech_data::{Manifest, Trial, TrialList, Utterance};
use trainer::{AverageConfig, Decay, RunDirectory, TrainConfig, TrainError, preflight};

use crate::case::{Case, config};

#[test]
fn a_run_is_not_written_over_and_a_missing_one_is_named() {
    let case = Case::new();
    case.run("run", &config(), 1, false, None).unwrap();
    let error = case.run("run", &config(), 1, false, None).unwrap_err();
    assert!(
        error.to_string().contains("already exists there"),
        "{error}"
    );
    let none = RunDirectory::new(&case.out("none"))
        .best_bundle()
        .unwrap_err();
    assert!(none.to_string().contains("no checkpoint"), "{none}");
}

fn trial(enrolment: &str, test: &str, target: bool) -> Trial {
    Trial {
        enrolment: enrolment.into(),
        test: test.into(),
        target,
    }
}

/// One take of each training speaker is in no table; trials of it are of trained speakers all the same.
#[test]
fn trials_of_a_trained_speaker_are_refused_though_not_of_trained_utterances() {
    let mut case = Case::new();
    let train = &mut case.data.train;
    train
        .utterances
        .retain(|utterance| !utterance.id.ends_with("u2.wav"));
    let trials = vec![
        trial("s4/u0.wav", "s4/u1.wav", true),
        trial("s4/u0.wav", "s1/u2.wav", false),
    ];
    case.data.dev.push(TrialList::new("mine", trials));
    let error = case.run("run", &config(), 1, false, None).unwrap_err();
    let text = error.to_string();
    for part in ["`mine`", "`s1/u2.wav`", "`s1`"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!case.out("run").exists());
    let interrupted = AtomicBool::new(false);
    let options = case.options("run", &interrupted);
    let error = preflight(&config(), &case.data, &options, &|_| {}).unwrap_err();
    assert!(
        matches!(error, TrainError::TrainedSpeaker { .. }),
        "{error}"
    );
    // A table that says who it is counts more than the folder.
    let other = |speaker: &str| {
        let path = case.data.dev_root.join("s1/u2.wav");
        let rows = vec![Utterance::new("s1/u2.wav", path, speaker)];
        Some(Manifest::new(&case.data.dev_root, rows))
    };
    let (stranger, known) = (other("s9"), other("s0"));
    case.data.dev_manifest = stranger;
    case.run("run", &config(), 1, false, None).unwrap();
    case.data.dev_manifest = known;
    let error = case.run("again", &config(), 1, false, None).unwrap_err();
    assert!(error.to_string().contains("`s0`"), "{error}");
}

#[test]
fn a_run_goes_on_with_the_data_that_it_began_with_or_not_at_all() {
    let mut case = Case::new();
    case.run("run", &config(), 1, false, Some(4)).unwrap();
    let refused = |case: &Case| match case.run("run", &config(), 1, true, None) {
        Err(TrainError::OtherData { difference, .. }) => difference,
        other => panic!("{other:?}"),
    };
    let own = case.data.clone();
    case.data.train.utterances.pop();
    let fewer = refused(&case);
    assert!(
        fewer.contains("12 utterances of 4 speakers then, 11 utterances of 4 speakers now"),
        "{fewer}"
    );
    case.data = own.clone();
    case.data.train.utterances[0].speaker = "s1".to_owned();
    let relabelled = refused(&case);
    assert!(relabelled.contains("speakers"), "{relabelled}");
    case.data = own.clone();
    case.data.dev[0].trials.pop();
    let trials = refused(&case);
    assert!(trials.contains("development trials"), "{trials}");
    // The same names, but another recording behind one of them.
    case.data = own;
    let path = case.out("corpus").join("s0/u0.wav");
    let kept = std::fs::read(&path).unwrap();
    std::fs::copy(case.out("corpus").join("s4/u0.wav"), &path).unwrap();
    let mut longer = std::fs::read(&path).unwrap();
    longer.extend([0; 64]);
    std::fs::write(&path, longer).unwrap();
    let exchanged = refused(&case);
    assert!(exchanged.contains("sizes"), "{exchanged}");
    std::fs::write(&path, kept).unwrap();
    let rest = case.run("run", &config(), 1, true, None).unwrap();
    assert_eq!(rest.progress.step, 12);
}

#[test]
fn numbers_that_no_training_can_have_are_refused_with_their_field() {
    type Change = fn(&mut TrainConfig);
    let refused: [(&str, Change); 22] = [
        ("max_minutes", |c| c.max_minutes = Some(0.0)),
        ("max_minutes", |c| c.max_minutes = Some(f64::NAN)),
        ("eval_every", |c| c.eval_every = 0),
        ("patience", |c| c.patience = Some(0)),
        ("average.decay", |c| {
            c.average = Some(AverageConfig::Decay(1.0));
        }),
        ("average.last", |c| c.average = Some(AverageConfig::Last(0))),
        ("optimiser.learning_rate", |c| {
            c.optimiser.learning_rate = 0.0
        }),
        ("optimiser.learning_rate", |c| {
            c.optimiser.learning_rate = f64::INFINITY
        }),
        ("optimiser.beta_1", |c| c.optimiser.beta_1 = 1.0),
        ("optimiser.beta_1", |c| c.optimiser.beta_1 = -0.1),
        ("optimiser.beta_2", |c| c.optimiser.beta_2 = 1.0),
        ("optimiser.beta_2", |c| c.optimiser.beta_2 = f32::NAN),
        ("optimiser.epsilon", |c| c.optimiser.epsilon = 0.0),
        ("optimiser.weight_decay", |c| {
            c.optimiser.weight_decay = -0.01
        }),
        ("optimiser.clip_norm", |c| {
            c.optimiser.clip_norm = Some(-1.0)
        }),
        ("optimiser.clip_norm", |c| c.optimiser.clip_norm = Some(0.0)),
        ("optimiser.clip_norm", |c| {
            c.optimiser.clip_norm = Some(f64::NAN)
        }),
        ("optimiser.schedule.decay.cosine", |c| {
            c.optimiser.schedule.decay = Decay::Cosine(1.5);
        }),
        ("optimiser.schedule.decay.cosine", |c| {
            c.optimiser.schedule.decay = Decay::Cosine(-0.1);
        }),
        ("optimiser.schedule.decay.linear_tail", |c| {
            c.optimiser.schedule.decay = Decay::LinearTail(0.0);
        }),
        ("optimiser.schedule.decay.linear_tail", |c| {
            c.optimiser.schedule.decay = Decay::LinearTail(1.1);
        }),
        ("optimiser.schedule.decay.linear_tail", |c| {
            c.optimiser.schedule.decay = Decay::LinearTail(f64::NAN);
        }),
    ];
    for (field, change) in refused {
        let mut config = config();
        change(&mut config);
        let error = config.validate().unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("{field} is ")) && error.contains("expected"),
            "{field}: {error}"
        );
    }
    // The ends of the ranges that belong to them.
    let allowed: [Change; 6] = [
        |c| c.patience = Some(1),
        |c| (c.optimiser.beta_1, c.optimiser.beta_2) = (0.0, 0.0),
        |c| c.optimiser.clip_norm = Some(1e-3),
        |c| c.optimiser.schedule.decay = Decay::Cosine(0.0),
        |c| c.optimiser.schedule.decay = Decay::Cosine(1.0),
        |c| c.optimiser.schedule.decay = Decay::LinearTail(1.0),
    ];
    for change in allowed {
        let mut config = config();
        change(&mut config);
        config.validate().unwrap();
    }
}

#[test]
fn a_trial_list_of_recordings_that_are_not_there_is_refused_by_its_name() {
    let mut case = Case::new();
    let trials = vec![trial("s4/u0.wav", "s4/nowhere.wav", true)];
    case.data.dev.push(TrialList::new("mine", trials));
    let error = case.run("run", &config(), 1, false, None).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("mine") && text.contains("nowhere.wav"),
        "{text}"
    );
}
