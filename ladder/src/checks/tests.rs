//! Every rung's defect is named, and no longer once it is mended.

use std::sync::OnceLock;

use audio_features::Features;
use diagnosis::{CheckVerdict, Name};
use rand::RngExt;

use super::*;
use crate::draws::{Purpose, stream};
use crate::rung::ladder;

const SPEAKERS: usize = 200;
const CLIPS: usize = 8;

/// Noise: speakers of eight recordings in four sessions, all of one group.
pub(crate) fn noise() -> &'static [Clip] {
    static CLIPS_OF_ALL: OnceLock<Vec<Clip>> = OnceLock::new();
    CLIPS_OF_ALL.get_or_init(|| {
        let rng = &mut stream(1, Purpose::Crop, 0);
        (0..SPEAKERS * CLIPS)
            .map(|index| {
                let mut random = |frames: usize| {
                    let values = (0..frames * BINS).map(|_| 4.0 * rng.random::<f32>());
                    Features::new(values.collect(), BINS)
                };
                Clip {
                    speaker: index / CLIPS,
                    group: 0,
                    session: Some(index / 2),
                    fixed: random(FRAMES),
                    whole: random(FRAMES + 1),
                    seconds: 0.6,
                }
            })
            .collect()
    })
}

fn named(rung: &str) -> Vec<(Name, CheckVerdict)> {
    let settings = ladder().into_iter().find(|known| known.name == rung).unwrap().settings;
    let network = Network::new(&settings, 1, &Device::flex().autodiff()).unwrap();
    let sampler = Sampler::new(noise(), settings.batches, settings.crop, 1);
    let checks = checks(&network, &sampler, noise(), &settings, 1).unwrap();
    let found = checks.iter().filter(|check| check.finding().is_some());
    found.map(|check| (check.name, check.verdict)).collect()
}

/// Names that the preflight gives `rung`, among those that the ladder mends.
fn defects(rung: &str) -> Vec<Name> {
    const MENDED: [Name; 9] = [
        Name::LabelsIgnored,
        Name::LearningRate,
        Name::NotADistribution,
        Name::OneDirection,
        Name::SmallMargin,
        Name::FixedCrops,
        Name::FewPairs,
        Name::FewSamePairs,
        Name::SameSessionPositives,
    ];
    let named = named(rung);
    let is_named = |name: &Name| named.iter().any(|(found, _)| found == name);
    MENDED.into_iter().filter(is_named).collect()
}

#[test]
fn the_question_ignores_its_labels_and_has_a_ceiling() {
    let named = named("question");
    for name in [
        Name::LabelsIgnored,
        Name::LossNotMeanOfPairs,
        Name::NotADistribution,
        Name::MetricCeiling,
    ] {
        assert!(named.contains(&(name, CheckVerdict::Failed)), "{name} in {named:?}");
    }
    assert!(named.contains(&(Name::LearningRate, CheckVerdict::Warning)));
}

#[test]
fn a_smaller_learning_rate_leaves_the_labels_ignored() {
    let defects = defects("question-slow");
    assert!(defects.contains(&Name::LabelsIgnored) && !defects.contains(&Name::LearningRate));
}

#[test]
fn a_kept_dimension_leaves_the_learning_rate() {
    let defects = defects("kept");
    assert!(!defects.contains(&Name::LabelsIgnored) && defects.contains(&Name::LearningRate));
}

#[test]
fn the_right_learning_rate_leaves_outputs_that_are_no_distributions() {
    let defects = defects("rate");
    assert!(defects.contains(&Name::NotADistribution) && !defects.contains(&Name::LearningRate));
}

#[test]
fn from_the_softmax_on_one_name_goes_a_rung() {
    use Name::{FewPairs, FewSamePairs, FixedCrops, OneDirection, SameSessionPositives, SmallMargin};
    let one_session = SameSessionPositives;
    // Of pairs drawn at random from four sessions some are of one session at every rung but the last.
    for (rung, expected) in [
        ("softmax", vec![OneDirection, SmallMargin, FixedCrops, FewPairs, one_session]),
        ("both", vec![SmallMargin, FixedCrops, FewPairs, one_session]),
        ("margin", vec![FixedCrops, FewPairs, one_session]),
        ("crops", vec![FewPairs, one_session]),
        ("all-pairs", vec![FewSamePairs, one_session]),
        ("pk", vec![one_session]),
        ("sessions", vec![]),
    ] {
        assert_eq!(defects(rung), expected, "{rung}");
    }
}
