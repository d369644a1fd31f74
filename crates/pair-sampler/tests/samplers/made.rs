//! Manifests made for the tests.

use std::collections::BTreeMap;

use pair_sampler::{BatchPlan, BatchSampler, CropConfig, SamplerConfig, SamplerError};
use proptest::prelude::*;
use speech_data::{Gender, Manifest, Utterance};

/// A speaker: sessions' sizes (the first is of unknown session), gender, corpus.
pub(crate) type Speaker = (Vec<usize>, Option<Gender>, usize);

pub(crate) fn speakers(least: usize) -> impl Strategy<Value = Vec<Speaker>> {
    let gender = prop_oneof![
        Just(None),
        Just(Some(Gender::Female)),
        Just(Some(Gender::Male))
    ];
    let sessions = prop::collection::vec(0usize..4, 1..4).prop_map(|mut sizes| {
        if sizes.iter().sum::<usize>() == 0 {
            sizes[0] = 1;
        }
        sizes
    });
    prop::collection::vec((sessions, gender, 0usize..3), least..25)
}

pub(crate) fn manifest(speakers: &[Speaker]) -> Manifest {
    let mut utterances = Vec::new();
    for (s, (sessions, gender, corpus)) in speakers.iter().enumerate() {
        for (session, &size) in sessions.iter().enumerate() {
            for number in 0..size {
                let id = format!("s{s:04}/{session}/{number:03}.wav");
                let mut utterance = Utterance::new(id.clone(), id, format!("s{s:04}"));
                utterance.session = (session > 0).then(|| session.to_string());
                utterance.gender = *gender;
                utterance
                    .columns
                    .insert("corpus".to_owned(), format!("c{corpus}"));
                utterances.push(utterance);
            }
        }
    }
    Manifest::new("root", utterances)
}

/// `speakers` with `each` utterances of unknown session.
pub(crate) fn plain(speakers: usize, each: usize) -> Manifest {
    manifest(&vec![(vec![each], None, 0); speakers])
}

pub(crate) fn sampler(
    manifest: &Manifest,
    config: SamplerConfig,
    seed: u64,
) -> Result<BatchSampler, SamplerError> {
    BatchSampler::new(manifest, config, CropConfig::Random, None, seed)
}

pub(crate) fn by_speaker(plan: &BatchPlan) -> BTreeMap<usize, Vec<usize>> {
    let mut found: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for item in &plan.items {
        found.entry(item.speaker).or_default().push(item.utterance);
    }
    found
}
