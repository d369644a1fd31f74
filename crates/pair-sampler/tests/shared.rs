//! The shared corpora's protocol and VoxCeleb's list, against the counts that their descriptions give.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "helpers of tests, which clippy.toml does not cover"
)]

use std::collections::BTreeSet;

use pair_sampler::{BatchSampler, CropConfig, GroupBy, MakeTrials, SamplerConfig, make_trials};
use speech_data::{Filter, Manifest, TrialList, ValidateOptions};

fn filter(manifest: &Manifest, texts: &[&str]) -> Manifest {
    let filters: Vec<Filter> = texts.iter().map(|text| text.parse().unwrap()).collect();
    manifest.filter(&filters).unwrap()
}

/// Corpus, split, speakers and utterances of every cell of the table in the corpora's description, which grows with them.
fn described(readme: &str) -> Vec<(String, &'static str, usize, usize)> {
    let rows = readme.lines().filter(|line| line.starts_with("| `"));
    let mut found = Vec::new();
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        for (split, cell) in ["train", "dev", "test"].into_iter().zip(&cells[4..7]) {
            let numbers: Vec<usize> = cell.split(" / ").filter_map(|n| n.parse().ok()).collect();
            if let [speakers, utterances, _] = numbers[..] {
                found.push((cells[1].replace('`', ""), split, speakers, utterances));
            }
        }
    }
    found
}

#[test]
fn the_split_file_has_the_counts_of_its_description() {
    let Some(root) = testing::shared("corpora") else {
        return;
    };
    let manifest = Manifest::read(&root, None).unwrap();
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let described = described(&readme);
    assert!(described.len() >= 17, "{described:?}");
    for (corpus, split, speakers, utterances) in &described {
        let filters = [format!("corpus={corpus}"), format!("split={split}")];
        let part = filter(&manifest, &[&filters[0], &filters[1]]);
        let counts = (part.speakers().len(), part.utterances.len());
        assert_eq!(counts, (*speakers, *utterances), "{corpus} {split}");
    }
    let all: usize = described.iter().map(|(.., utterances)| utterances).sum();
    assert_eq!(manifest.utterances.len(), all);
    let report = manifest.validate(&ValidateOptions::default());
    assert!(report.is_ok(), "{report}");
}

#[test]
fn every_shared_list_is_balanced_and_keeps_the_protocol() {
    let Some(root) = testing::shared("corpora") else {
        return;
    };
    let manifest = Manifest::read(&root, None).unwrap();
    let mut num_lists = 0;
    for entry in std::fs::read_dir(root.join("trials")).unwrap() {
        let list = TrialList::read(&entry.unwrap().path()).unwrap();
        num_lists += 1;
        assert!((900..=5900).contains(&list.trials.len()), "{}", list.name);
        assert_eq!(list.num_targets() * 2, list.trials.len(), "{}", list.name);
        let (split, corpus) = list.name.split_once('.').unwrap();
        for trial in &list.trials {
            let [a, b] = [&trial.enrolment, &trial.test]
                .map(|id| &manifest.utterances[manifest.find(id).unwrap()]);
            assert_eq!(a.speaker == b.speaker, trial.target);
            for utterance in [a, b] {
                assert_eq!(utterance.split.as_deref(), Some(split));
                assert_eq!(utterance.column("corpus"), Some(corpus));
            }
            if corpus == "wuw2" && trial.target {
                assert_ne!(a.session, b.session);
            }
        }
    }
    assert!(num_lists >= 11, "{num_lists}");
}

#[test]
fn the_cleaned_voxceleb1_list_has_its_published_counts() {
    let Some(path) = testing::shared("voxceleb_meta/veri_test2.txt") else {
        return;
    };
    let list = TrialList::read(&path).unwrap();
    assert_eq!(list.trials.len(), 37_611);
    assert_eq!(list.num_targets(), 18_802);
    assert_eq!(list.utterances().len(), 4_708);
}

#[test]
fn training_batches_of_the_shared_corpora_keep_their_rules() {
    let Some(root) = testing::shared("corpora") else {
        return;
    };
    let manifest = filter(&Manifest::read(&root, None).unwrap(), &["split=train"]);
    let corpus = || {
        Some(GroupBy {
            column: "corpus".to_owned(),
            weights: Default::default(),
        })
    };
    let pk = SamplerConfig::Pk {
        speakers: 10,
        segments: 4,
    };
    let sampler = BatchSampler::new(&manifest, pk, CropConfig::Random, corpus(), 5).unwrap();
    let mut met = BTreeSet::new();
    for step in 0..sampler.steps_per_epoch() {
        met.extend(sampler.batch(0, step).items.iter().map(|item| item.speaker));
    }
    assert_eq!(met.len(), manifest.speakers().len());

    let calls = filter(&manifest, &["corpus=wuw2"]);
    let pairs = SamplerConfig::Pairs {
        pairs: 64,
        same_share: 0.5,
        across_sessions: true,
        same_gender: true,
    };
    let sampler = BatchSampler::new(&calls, pairs, CropConfig::Random, None, 5).unwrap();
    for step in 0..50 {
        for pair in sampler.batch(0, step).items.chunks(2) {
            let [a, b] = [&pair[0], &pair[1]].map(|item| &calls.utterances[item.utterance]);
            if a.speaker == b.speaker {
                assert_ne!(a.session, b.session);
            } else if a.gender.is_some() {
                // A few speakers' gender is unknown: they meet everybody.
                assert_eq!(a.gender, b.gender);
            }
        }
    }
    let list = make_trials(&calls, &MakeTrials::default()).unwrap();
    assert!(list.num_targets() > 500 && list.num_targets() * 2 == list.trials.len());
}
