//! How trainings end.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use diagnosis::journal::{EndReason, Event, Journal};
use trainer::{Notice, OnCollapse, RunDirectory, RunOptions, TrainConfig, TrainError, train};

use crate::case::{Case, config};

#[test]
fn a_loss_that_is_no_number_stops_the_run_and_names_the_batch() {
    let case = Case::new();
    let mut config = config();
    config.optimiser.learning_rate = 1e38;
    match case.run("run", &config, 1, false, None) {
        Err(TrainError::NonFinite {
            step, utterances, ..
        }) => {
            assert!(step > 1);
            assert_eq!(utterances.len(), 6);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn patience_ends_a_run_whose_eer_no_longer_falls() {
    let case = Case::new();
    let mut config = TrainConfig {
        max_steps: 400,
        eval_every: 1,
        patience: Some(2),
        ..config()
    };
    // Too small a rate to change any score: the first evaluation stays the best.
    config.optimiser.learning_rate = 1e-30;
    let outcome = case.run("run", &config, 1, false, None).unwrap();
    assert_eq!(
        (outcome.reason, outcome.progress.step),
        (EndReason::EarlyStop, 3)
    );
}

#[test]
fn unreadable_recordings_are_left_out_and_named() {
    let case = Case::new();
    std::fs::write(case.out("corpus").join("s1/u1.wav"), b"not audio").unwrap();
    let interrupted = AtomicBool::new(false);
    let options = case.options("run", &interrupted);
    let skipped = Mutex::new(Vec::new());
    train(&config(), &case.data, &options, &|notice| {
        if let Notice::Skipped(found) = notice {
            skipped.lock().unwrap().extend_from_slice(found);
        }
    })
    .unwrap();
    let skipped = skipped.into_inner().unwrap();
    assert_eq!(skipped.len(), 1);
    assert_eq!(skipped[0].utterance, "s1/u1.wav");
}

/// The first part uses the time up; what goes on has none left.
#[test]
fn minutes_of_all_parts_of_a_run_count_together() {
    let case = Case::new();
    let config = TrainConfig {
        max_minutes: Some(1e-9),
        ..config()
    };
    let first = case.run("run", &config, 1, false, None).unwrap();
    assert_eq!(
        (first.reason, first.progress.step),
        (EndReason::MaxMinutes, 1)
    );
    let rest = case.run("run", &config, 1, true, None).unwrap();
    assert_eq!(
        (rest.reason, rest.progress.step),
        (EndReason::MaxMinutes, 1)
    );
    let longer = TrainConfig {
        max_minutes: Some(60.0),
        ..config
    };
    let rest = case.run("run", &longer, 1, true, None).unwrap();
    assert_eq!((rest.reason, rest.progress.step), (EndReason::MaxSteps, 12));
}

/// Evaluations that together take longer than the training may.
#[test]
fn minutes_are_those_of_training_steps_alone() {
    let case = Case::new();
    let config = TrainConfig {
        max_minutes: Some(2.0 / 60.0),
        ..config()
    };
    let interrupted = AtomicBool::new(false);
    let options = case.options("run", &interrupted);
    let outcome = train(&config, &case.data, &options, &|notice| {
        if let Notice::Event(Event::Evaluation(_)) = notice {
            std::thread::sleep(Duration::from_millis(1100));
        }
    })
    .unwrap();
    assert_eq!(outcome.reason, EndReason::MaxSteps);
    assert!(outcome.progress.training_s < 2.0, "{outcome:?}");
}

#[test]
fn a_training_without_development_trials_keeps_its_last_network() {
    let mut case = Case::new();
    case.data.dev.clear();
    let outcome = case.run("run", &config(), 1, false, None).unwrap();
    assert_eq!(outcome.reason, EndReason::MaxSteps);
    assert_eq!(
        (outcome.progress.best, &outcome.progress.last[..]),
        (None, &[][..])
    );
    let run = RunDirectory::new(&case.out("run"));
    let best = run.best_bundle().unwrap();
    assert_eq!(best, run.last_checkpoint().unwrap());
    let journal = Journal::read(&case.out("run")).unwrap();
    assert!(journal.evaluations().all(|line| line.mean_eer.is_none()));
}

/// Steps so long that the outputs end up alike, whatever is put in.
#[test]
fn a_run_whose_outputs_have_become_alike_stops_where_it_should() {
    let case = Case::new();
    let mut config = TrainConfig {
        max_steps: 400,
        eval_every: 20,
        ..config()
    };
    config.optimiser.learning_rate = 30.0;
    let interrupted = AtomicBool::new(false);
    let options = RunOptions {
        on_collapse: OnCollapse::Stop,
        ..case.options("run", &interrupted)
    };
    let outcome = train(&config, &case.data, &options, &|_| {}).unwrap();
    assert_eq!(outcome.reason, EndReason::Collapse, "{outcome:?}");
    assert!(outcome.progress.step < 400);
    let journal = Journal::read(&case.out("run")).unwrap();
    assert_eq!(journal.end(), Some(EndReason::Collapse));
}

#[test]
fn a_training_that_is_stopped_while_recordings_are_prepared_ends_there_and_leaves_no_run() {
    let case = Case::new();
    let interrupted = AtomicBool::new(false);
    let options = case.options("run", &interrupted);
    let seen = AtomicUsize::new(0);
    let error = train(&config(), &case.data, &options, &|notice| {
        if let Notice::Preparing { .. } = notice {
            seen.fetch_add(1, Ordering::Relaxed);
            interrupted.store(true, Ordering::Relaxed);
        }
    })
    .unwrap_err();
    assert!(matches!(error, TrainError::Interrupted), "{error}");
    let threads = std::thread::available_parallelism().unwrap().get();
    assert!(
        seen.load(Ordering::Relaxed) <= threads.max(1) * 2,
        "{seen:?}"
    );
    assert!(!RunDirectory::new(&case.out("run")).has_checkpoint());
    // What was prepared is there for the next one.
    case.run("run", &config(), 1, false, None).unwrap();
}
