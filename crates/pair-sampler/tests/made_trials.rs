//! Trial lists that are drawn.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "helpers of tests, which clippy.toml does not cover"
)]

use std::collections::{BTreeMap, BTreeSet};

use pair_sampler::{MakeTrials, make_trials};
use proptest::prelude::*;
use speech_data::{Gender, Manifest, Trial, Utterance};

/// Speakers as (utterances of unknown session, of sessions 1 and 2, gender).
fn manifest(speakers: &[([usize; 3], Option<Gender>)]) -> Manifest {
    let mut utterances = Vec::new();
    for (s, (sizes, gender)) in speakers.iter().enumerate() {
        for (session, &size) in sizes.iter().enumerate() {
            for number in 0..size {
                let id = format!("s{s:03}/{session}/{number}.wav");
                let mut utterance = Utterance::new(id.clone(), id, format!("s{s:03}"));
                utterance.session = (session > 0).then(|| session.to_string());
                utterance.gender = *gender;
                utterances.push(utterance);
            }
        }
    }
    Manifest::new("", utterances)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn made_lists_are_balanced_and_keep_their_rules(
        speakers in prop::collection::vec((
            [0usize..4, 0usize..4, 0usize..4],
            prop_oneof![Just(None), Just(Some(Gender::Female)), Just(Some(Gender::Male))],
        ), 2..12),
        per_speaker in 1usize..12, seed: u64, across_sessions: bool, same_gender: bool,
    ) {
        let manifest = manifest(&speakers);
        let options = MakeTrials { name: "x".to_owned(), seed, per_speaker, across_sessions, same_gender };
        let list = match make_trials(&manifest, &options) {
            Ok(list) => list,
            Err(error) => {
                prop_assert!(error.to_string().contains("no trials can be made"));
                return Ok(());
            }
        };
        prop_assert_eq!(&list, &make_trials(&manifest, &options).unwrap());
        prop_assert_eq!(list.num_targets() * 2, list.trials.len());
        let mut seen = BTreeSet::new();
        let mut targets: BTreeMap<&str, usize> = BTreeMap::new();
        for trial in &list.trials {
            let [a, b] = [&trial.enrolment, &trial.test]
                .map(|id| &manifest.utterances[manifest.find(id).unwrap()]);
            prop_assert_ne!(&a.id, &b.id);
            prop_assert!(seen.insert([a.id.as_str().min(&b.id), a.id.as_str().max(&b.id)]));
            prop_assert_eq!(a.speaker == b.speaker, trial.target);
            if trial.target {
                *targets.entry(&a.speaker).or_default() += 1;
                prop_assert!(!across_sessions || a.session.is_none() || a.session != b.session);
            } else if same_gender && a.gender.is_some() {
                prop_assert_eq!(a.gender, b.gender);
            }
        }
        prop_assert!(targets.values().all(|&count| count <= per_speaker));
    }
}

#[test]
fn many_utterances_and_few_give_what_was_asked_for() {
    // 100 utterances a speaker are drawn from without listing all pairs; three give three pairs.
    let speakers = [
        ([0, 50, 50], Some(Gender::Male)),
        ([0, 60, 40], Some(Gender::Male)),
        ([3, 0, 0], Some(Gender::Male)),
    ];
    let list = make_trials(&manifest(&speakers), &MakeTrials::default()).unwrap();
    let targets = |speaker: &str| {
        let of = |t: &&Trial| t.target && t.enrolment.starts_with(speaker);
        list.trials.iter().filter(of).count()
    };
    assert_eq!(
        (targets("s000"), targets("s001"), targets("s002")),
        (40, 40, 3)
    );
    assert_eq!(list.trials.len(), 2 * 83);
}

#[test]
fn a_list_that_cannot_be_made_says_why() {
    let error = |speakers: &[_], across_sessions, same_gender| {
        let options = MakeTrials {
            across_sessions,
            same_gender,
            ..MakeTrials::default()
        };
        make_trials(&manifest(speakers), &options)
            .unwrap_err()
            .to_string()
    };
    let female = Some(Gender::Female);
    let one_session = [([0, 3, 0], female), ([0, 3, 0], female)];
    assert!(error(&one_session, true, true).contains("across_sessions = false"));
    let one_each = [([1, 0, 0], female), ([1, 0, 0], female)];
    assert!(error(&one_each, false, true).contains("no speaker has two utterances"));
    let two_genders = [([2, 0, 0], female), ([2, 0, 0], Some(Gender::Male))];
    assert!(error(&two_genders, true, true).contains("same_gender = false"));
    assert!(error(&[([2, 0, 0], female)], true, false).contains("only one speaker"));
}
