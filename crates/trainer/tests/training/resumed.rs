//! Runs that go on: with the same sound, from whole checkpoints, on a schedule of another length.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use diagnosis::journal::{ChosenModel, Event, Journal};
use speaker_model::{Bundle, BundleFiles};
use trainer::{
    AverageConfig, Decay, Notice, RunDirectory, RunOptions, Schedule, Teacher, TrainConfig,
    TrainError, train,
};

use crate::case::{Case, config};

/// Goes on with `run` and gives what it was warned of.
fn warned(case: &Case, run: &str, config: &TrainConfig) -> Vec<String> {
    let interrupted = AtomicBool::new(false);
    let warnings = Mutex::new(Vec::new());
    let options = RunOptions {
        resume: true,
        ..case.options(run, &interrupted)
    };
    train(config, &case.data, &options, &|notice| {
        if let Notice::Warning(words) = notice {
            warnings.lock().unwrap().push(words.to_owned());
        }
    })
    .unwrap();
    warnings.into_inner().unwrap()
}

/// The same name, the same size, another tone: of a training recording, then of a development recording.
#[test]
fn a_run_does_not_go_on_with_other_sound_under_the_same_names_and_sizes() {
    let case = Case::new();
    case.run("run", &config(), 1, false, Some(4)).unwrap();
    let saved = std::fs::read(case.out("run/config.toml")).unwrap();
    let longer = TrainConfig {
        max_steps: 16,
        ..config()
    };
    for (name, which) in [
        ("s0/u0.wav", "training recordings"),
        ("s5/u1.wav", "development recordings"),
    ] {
        let path = case.out("corpus").join(name);
        let kept = std::fs::read(&path).unwrap();
        let mut other = kept.clone();
        // One sample of 8,000.
        other[4_000] ^= 1;
        std::fs::write(&path, other).unwrap();
        match case.run("run", &longer, 1, true, None) {
            Err(TrainError::OtherData { difference, .. }) => {
                assert!(difference.contains(which), "{name}: {difference}");
            }
            other => panic!("{name}: {other:?}"),
        }
        std::fs::write(&path, kept).unwrap();
    }
    // A run that is refused stays as it was.
    assert_eq!(std::fs::read(case.out("run/config.toml")).unwrap(), saved);
    let rest = case.run("run", &config(), 1, true, None).unwrap();
    assert_eq!(rest.progress.step, 12);
}

/// A byte of any file of the last checkpoint: the one before it is taken, and the end is that of an undisturbed run.
#[test]
fn a_changed_byte_in_any_file_of_a_checkpoint_is_noticed() {
    let case = Case::new();
    let averaged = TrainConfig {
        average: Some(AverageConfig::Last(2)),
        ..config()
    };
    case.run("whole", &averaged, 1, false, None).unwrap();
    let part = TrainConfig {
        max_steps: 8,
        ..averaged.clone()
    };
    case.run("part", &part, 1, false, None).unwrap();
    let checkpoint = case.out("part/checkpoints/step-0000008");
    let mut names: Vec<_> = std::fs::read_dir(&checkpoint)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert!(names.iter().any(|name| name == "average-0.safetensors"));
    for name in names {
        let run = format!("damaged-{}", name.to_string_lossy());
        copy(&case.out("part"), &case.out(&run));
        let path = case.out(&run).join("checkpoints/step-0000008").join(&name);
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 4;
        std::fs::write(&path, bytes).unwrap();
        let warnings = warned(&case, &run, &averaged);
        assert!(
            warnings
                .iter()
                .any(|words| words.contains("goes on from step 4")),
            "{run}: {warnings:?}"
        );
        assert!(case.weights(&run) == case.weights("whole"), "{run}");
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}

#[test]
fn a_learning_rate_that_jumps_where_a_run_is_made_longer_is_told() {
    let case = Case::new();
    let falling = |max_steps, decay| {
        let mut config = TrainConfig {
            max_steps,
            ..config()
        };
        config.optimiser.schedule = Schedule {
            warmup_steps: 0,
            decay,
        };
        config
    };
    let cosine = |max_steps| falling(max_steps, Decay::Cosine(0.0));
    case.run("run", &cosine(8), 1, false, None).unwrap();
    let warnings = warned(&case, "run", &cosine(16));
    let jumps: Vec<&String> = warnings
        .iter()
        .filter(|words| words.contains("learning rate jumps"))
        .collect();
    let rate = cosine(8).optimiser.learning_rate;
    let at = |done: f64| rate * 0.5 * (1.0 + (std::f64::consts::PI * done).cos());
    assert_eq!(jumps.len(), 1, "{warnings:?}");
    for part in [
        format!("{:.2e} (step 8)", at(7.0 / 8.0)),
        format!("{:.2e} (step 9)", at(8.0 / 16.0)),
    ] {
        assert!(jumps[0].contains(&part), "{part}: {jumps:?}");
    }
    // What the journal has of the steps is what was said.
    let journal = Journal::read(&case.out("run")).unwrap();
    let rates: Vec<(u64, f64)> = journal
        .steps()
        .filter_map(|steps| Some((steps.step, steps.learning_rate?)))
        .collect();
    let (_, last) = rates.iter().find(|(step, _)| *step == 8).unwrap();
    assert!((last - at(7.0 / 8.0)).abs() < 1e-12, "{rates:?}");
    let constant = |max_steps| falling(max_steps, Decay::Constant);
    case.run("constant", &constant(8), 1, false, None).unwrap();
    assert_eq!(warned(&case, "constant", &constant(16)), [""; 0]);
}

/// A ready model is measured as an evaluation would measure it, and the choice goes by both.
#[test]
fn a_ready_model_is_measured_on_the_same_trials_and_the_better_one_is_chosen() {
    let mut case = Case::new();
    case.run("ready", &config(), 1, false, None).unwrap();
    let directory = RunDirectory::new(&case.out("ready")).best_bundle().unwrap();
    let bundle = Bundle::load(&directory, &burn::tensor::Device::flex()).unwrap();
    let hash = Bundle::hash(BundleFiles::Folder(&directory)).unwrap();
    let known = case
        .run("ready", &config(), 1, true, None)
        .unwrap()
        .progress;
    let (own, _) = known.best.unwrap();
    case.data.yardstick = Some(Teacher::new(&bundle, "ready", hash));
    // A training that moves nothing is no better than its beginning.
    let mut still = config();
    still.optimiser.learning_rate = 1e-30;
    let outcome = case.run("still", &still, 1, false, None).unwrap();
    let choice = outcome.choice.unwrap();
    let start = Journal::read(&case.out("still")).unwrap();
    let yardstick = start.start().unwrap().yardstick.clone().unwrap();
    assert_eq!(yardstick.name, "ready");
    let measured = yardstick.dev_eer.unwrap();
    assert!((measured - own).abs() < 1e-9, "{measured} {own}");
    assert_eq!(choice.run_eer, choice.before_eer);
    let expected = match measured < choice.before_eer.unwrap() {
        true => ChosenModel::Yardstick,
        false => ChosenModel::None,
    };
    assert_eq!(choice.model, expected, "{choice:?}");
    let journaled = start.events.iter().find_map(|event| match event {
        Event::Choice(choice) => Some(choice.clone()),
        _ => None,
    });
    assert_eq!(journaled, Some(choice));
    // Six recordings of two speakers are too few for thresholds.
    let last = start.evaluations().next_back().unwrap();
    assert_eq!(last.thresholds, None);
    let why = last.no_thresholds.as_deref().unwrap();
    assert!(why.contains("are needed for a threshold"), "{why}");
    let best = RunDirectory::new(&case.out("still")).best_bundle().unwrap();
    let best = Bundle::load(&best, &burn::tensor::Device::flex()).unwrap();
    assert!(best.thresholds().is_empty());
}
