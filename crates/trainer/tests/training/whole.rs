//! What a training computes: the same whenever and wherever it is taken up again.

use audio_features::augment::{AugmentConfig, NoiseConfig};
use diagnosis::journal::{EndReason, Event};
use trainer::{Progress, TrainConfig};

use crate::case::{Case, config};

#[test]
fn a_resumed_run_ends_as_the_uninterrupted_one_bit_for_bit() {
    let case = Case::new();
    let whole = case.run("whole", &config(), 1, false, None).unwrap();
    assert_eq!(
        (whole.reason, whole.progress.step),
        (EndReason::MaxSteps, 12)
    );
    for workers in [1, 3] {
        let name = format!("parts{workers}");
        let first = case.run(&name, &config(), workers, false, Some(4)).unwrap();
        assert_eq!(first.reason, EndReason::Interrupted);
        let rest = case.run(&name, &config(), workers, true, None).unwrap();
        assert_eq!(rest.reason, EndReason::MaxSteps);
        assert!(
            case.weights("whole") == case.weights(&name),
            "weights differ"
        );
        let timeless = |progress: &Progress| Progress {
            training_s: 0.0,
            ..progress.clone()
        };
        assert_eq!(timeless(&whole.progress), timeless(&rest.progress));
    }
    // Summaries span ten steps, which an interruption cuts; evaluations must agree to the last bit.
    let evaluations = |name: &str| -> Vec<Event> {
        let is_evaluation =
            |event: &Event| matches!(event, Event::Evaluation(_) | Event::Diagnosis { .. });
        case.journal(name)
            .into_iter()
            .filter(is_evaluation)
            .collect()
    };
    assert_eq!(evaluations("whole").len(), 8);
    for name in ["parts1", "parts3"] {
        assert_eq!(evaluations("whole"), evaluations(name), "{name}");
    }
}

#[test]
fn another_seed_is_another_run_and_the_loss_falls() {
    let case = Case::new();
    let long = TrainConfig {
        max_steps: 60,
        eval_every: 60,
        ..config()
    };
    case.run("one", &long, 1, false, None).unwrap();
    let losses: Vec<f64> = case
        .journal("one")
        .into_iter()
        .filter_map(|event| match event {
            Event::Steps(summary) => {
                let w = 3.0 / 15.0;
                let term = |name| {
                    let mut terms = summary.terms.iter();
                    terms.find(|term| term.name == name).unwrap().value
                };
                let parts =
                    2.0 * (w * term("same_divergence") + (1.0 - w) * term("different_hinge"));
                // Means over ten steps of values below 10 that 32 bits hold to 1e-6; a swapped weight would err by 1.
                assert!(
                    (summary.loss - parts).abs() < 1e-3,
                    "the loss is the sum of its parts"
                );
                assert_eq!(summary.speakers_visited, Some(4));
                Some(summary.loss)
            }
            _ => None,
        })
        .collect();
    assert!(losses.last() < losses.first(), "{losses:?}");
    let other = TrainConfig {
        seed: 2,
        ..config()
    };
    case.run("two", &other, 1, false, None).unwrap();
    case.run("three", &config(), 1, false, None).unwrap();
    assert!(case.weights("two") != case.weights("three"));
}

#[test]
fn augmentation_begins_at_its_step_and_doubles_the_development_lists() {
    let case = Case::new();
    let mut plain = TrainConfig {
        max_steps: 20,
        eval_every: 20,
        ..config()
    };
    // A whitening is fitted to augmented recordings before the first step.
    plain.encoder.input.whiten = false;
    let changed = TrainConfig {
        augment: Some(AugmentConfig {
            noise: Some(NoiseConfig {
                probability: 1.0,
                ..NoiseConfig::default()
            }),
            ..AugmentConfig::default()
        }),
        augment_from_step: 10,
        ..plain.clone()
    };
    case.run("plain", &plain, 1, false, None).unwrap();
    case.run("changed", &changed, 2, false, None).unwrap();
    let steps = |name: &str| -> Vec<Event> {
        let journal = case.journal(name).into_iter();
        journal
            .filter(|event| matches!(event, Event::Steps(_)))
            .collect()
    };
    let (plain, changed) = (steps("plain"), steps("changed"));
    assert_eq!((plain.len(), &plain[0]), (2, &changed[0]));
    assert_ne!(plain[1], changed[1]);
    let lists = |name: &str| -> Vec<String> {
        let evaluation = case
            .journal(name)
            .into_iter()
            .find_map(|event| match event {
                Event::Evaluation(evaluation) => Some(evaluation.lists),
                _ => None,
            });
        let lists = evaluation.into_iter().flatten();
        lists.map(|result| result.list).collect()
    };
    let name = lists("plain").remove(0);
    assert_eq!(
        lists("changed"),
        [name.clone(), format!("{name} (augmented)")]
    );
}
