//! Whether recordings are speech, different from one another, and others than those of the development trials.

use std::borrow::Cow;
use std::collections::BTreeMap;

use audio_features::{Quality, QualityGauge, SpeechDetector, decode_recording};
use diagnosis::Check;
use diagnosis::preflight::{
    Copies, Heard, Leaked, recordings_are_new, recordings_are_whole, recordings_differ,
    recordings_hold_speech, several_recordings,
};
use rayon::prelude::*;
use speaker_model::LossChoice;
use speech_data::{Location, Reader};

use crate::data::{Print, Prints};
use crate::evenly::evenly;
use crate::material::Material;

/// Recordings of either kind that are listened to.
const LISTENED: usize = 60;

/// Rate at which speech is found.
const RATE_HZ: u32 = 16_000;

/// Recordings shorter than this cannot hold enough speech, whatever they hold; in s.
const SHORT_S: f64 = 0.5;

/// Share of the samples at full scale from which on a recording counts as cut off.
const CLIPPED: f64 = 1e-3;

/// Some training recordings, and some development recordings, as they sound.
pub(super) struct Listened {
    train: Vec<Quality>,
    dev: Vec<Quality>,
}

impl Listened {
    pub(super) fn to<C: LossChoice>(material: &Material<'_, C>) -> Self {
        let utterances = &material.manifest.utterances;
        let train = evenly(utterances.len(), LISTENED).map(|number| &utterances[number].location);
        let known = &material.dev_recordings;
        let dev = evenly(known.len(), LISTENED).map(|number| &known[number].0);
        Self {
            train: qualities(train.collect()),
            dev: qualities(dev.collect()),
        }
    }

    /// The highest frequency with sound in recordings of either kind: medians, in Hz.
    pub(super) fn sound_hz(&self) -> Option<[f64; 2]> {
        let of = |some: &[Quality]| median(some.iter().filter_map(|one| one.band_hz).collect());
        Some([of(&self.train)?, of(&self.dev)?])
    }
}

/// What can be said of the recordings before any crop of them.
pub(super) fn recording_checks<C: LossChoice>(
    material: &Material<'_, C>,
    listened: &Listened,
) -> Vec<Check> {
    let [train, dev] = [&listened.train, &listened.dev].map(|some| heard(some));
    let prints = Prints::of(&material.prints);
    vec![
        recordings_hold_speech(train, dev),
        recordings_are_whole(train, dev),
        recordings_differ(&copies(material, &prints)),
        recordings_are_new(&leaked(material, &prints)),
        single(material),
    ]
}

/// How those of `locations` sound that can be read.
fn qualities(locations: Vec<&Location>) -> Vec<Quality> {
    let gauge = QualityGauge::new(RATE_HZ, SpeechDetector::Network);
    let reader = Reader::default();
    let heard = locations.into_par_iter().filter_map(|location| {
        let audio = match location.file() {
            Some(path) if location.is_whole() => std::fs::read(path).ok()?,
            _ => reader.part(location).ok()?,
        };
        let recording = decode_recording(audio, &location.to_string(), RATE_HZ).ok()?;
        Some(gauge.measure(&recording))
    });
    heard.collect()
}

/// `qualities` taken together.
fn heard(qualities: &[Quality]) -> Heard {
    let long = || qualities.iter().filter(|one| one.seconds >= SHORT_S);
    Heard {
        num_recordings: long().count(),
        num_without_speech: long().filter(|one| !one.is_heard()).count(),
        num_clipped: long().filter(|one| one.clipped_share >= CLIPPED).count(),
        level_db: median(long().filter_map(|one| one.level_db).collect()),
        speech_s: long().map(|one| one.speech_s).sum(),
        seconds: long().map(|one| one.seconds).sum(),
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

fn copies<C: LossChoice>(material: &Material<'_, C>, prints: &Prints) -> Copies {
    let utterances = &material.manifest.utterances;
    let read = |number: usize| {
        let features = material.bank.log_mel(&utterances[number].location);
        features.ok().map(crate::RawFeatures::into_features)
    };
    let (num_recordings, copies) = prints.copies(read);
    let is_across = |&&(copy, original): &&(usize, usize)| {
        utterances[copy].speaker != utterances[original].speaker
    };
    let across = copies.iter().filter(is_across).count();
    let example = copies.iter().find(is_across).or(copies.first());
    Copies {
        num_recordings,
        within: copies.len() - across,
        across,
        example: example.map(|&(copy, original)| {
            let [original, copy] = [original, copy].map(|number| utterances[number].id.clone());
            [original, copy]
        }),
    }
}

fn leaked<C: LossChoice>(material: &Material<'_, C>, prints: &Prints) -> Leaked {
    let utterances = &material.manifest.utterances;
    let read = |number: usize| {
        let features = material.bank.log_mel(&utterances[number].location);
        features.ok().map(crate::RawFeatures::into_features)
    };
    let dev = &material.dev;
    let names = dev.names();
    let found = names.par_iter().enumerate().filter_map(|(index, name)| {
        let features = dev.features(index).ok()?;
        let print = Print::of(features.data(), features.num_bins())?;
        let number = prints.find(&print, &features, read)?;
        Some([name.clone(), utterances[number].id.clone()])
    });
    let found: Vec<[String; 2]> = found.collect();
    Leaked {
        num_recordings: names.len(),
        num_leaked: found.len(),
        example: found.into_iter().next(),
    }
}

/// Development trials that compare a recording with itself or with a copy, and are of one speaker.
pub(super) fn self_trials<C: LossChoice>(material: &Material<'_, C>) -> usize {
    let dev = &material.dev;
    let prints: Vec<Option<Print>> = (0..dev.names().len())
        .into_par_iter()
        .map(|index| {
            let features = dev.features(index).ok()?;
            Print::of(features.data(), features.num_bins())
        })
        .collect();
    let read = |number: usize| dev.features(number).ok().map(Cow::into_owned);
    let (_, copies) = Prints::of(&prints).copies(read);
    let originals: BTreeMap<usize, usize> = copies.into_iter().collect();
    let original = |mut number: usize| {
        while let Some(&before) = originals.get(&number).filter(|&&before| before != number) {
            number = before;
        }
        number
    };
    let (lists, _) = material.dev.lists();
    let trials = lists
        .iter()
        .flat_map(|list| list.trials.iter().zip(&list.targets));
    trials
        .filter(|&(&(a, b), &target)| target && original(a) == original(b))
        .count()
}

/// Speakers with one recording.
fn single<C: LossChoice>(material: &Material<'_, C>) -> Check {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for utterance in &material.manifest.utterances {
        *counts.entry(&utterance.speaker).or_default() += 1;
    }
    let num_single = counts.values().filter(|&&count| count == 1).count();
    several_recordings(num_single, counts.len())
}
