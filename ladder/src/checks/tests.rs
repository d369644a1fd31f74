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
    let settings = ladder()
        .into_iter()
        .find(|known| known.name == rung)
        .unwrap()
        .settings;
    let network = Network::new(&settings, 1, &Device::flex().autodiff()).unwrap();
    let sampler = Sampler::new(noise(), settings.batches, settings.crop, 1);
    let checks = checks(&network, &sampler, noise(), &settings, 1).unwrap();
    let found = checks.iter().filter(|check| check.finding().is_some());
    found.map(|check| (check.name, check.verdict)).collect()
}

/// Names that the preflight gives `rung`, among those that the ladder mends.
fn defects(rung: &str) -> Vec<Name> {
    let named = named(rung);
    let mut mended: Vec<Name> = ladder()
        .into_iter()
        .filter_map(|rung| rung.defect)
        .collect();
    mended.dedup();
    mended.retain(|name| named.iter().any(|(found, _)| found == name));
    mended
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
        assert!(
            named.contains(&(name, CheckVerdict::Broken)),
            "{name} in {named:?}"
        );
    }
    assert!(named.contains(&(Name::LearningRate, CheckVerdict::Suspect)));
}

/// What is mended is no longer named, and what is not is.
#[test]
fn one_name_goes_a_rung() {
    let all: Vec<Name> = ladder()
        .into_iter()
        .filter_map(|rung| rung.defect)
        .collect();
    for (index, rung) in ladder().into_iter().enumerate() {
        let found = defects(rung.name);
        if let Some(defect) = rung.defect {
            assert!(found.contains(&defect), "{}: {found:?}", rung.name);
        }
        let is_mended = |name: &Name| !all[index.min(all.len())..].contains(name);
        // The rung with a kept dimension takes the learning rate of the first.
        let again = |name: &Name| rung.name == "kept" && *name == Name::LearningRate;
        for name in found {
            assert!(!is_mended(&name) || again(&name), "{}: {name}", rung.name);
        }
    }
}
