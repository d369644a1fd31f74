//! Labels that are wrong, and recordings that are fewer than they look.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::Result;
use rand::RngExt;
use rand::seq::SliceRandom;

use crate::sabotage::kit::Kit;
use crate::sabotage::material::{Material, Part, Recording};

/// Every label goes to another recording.
pub(crate) fn shuffle(material: &mut Material, kit: &mut Kit) -> Result<()> {
    let mut labels = labels(material);
    labels.shuffle(&mut kit.draws);
    relabel(material, labels);
    Ok(())
}

/// The table is in no order, and its column of speakers has slipped by one row.
pub(crate) fn slip(material: &mut Material, kit: &mut Kit) -> Result<()> {
    let labels = labels(material);
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.shuffle(&mut kit.draws);
    let mut slipped = labels.clone();
    for (place, index) in order.iter().enumerate() {
        let before = order[(place + order.len() - 1) % order.len()];
        slipped[*index].clone_from(&labels[before]);
    }
    relabel(material, slipped);
    Ok(())
}

/// The table is in the order of the speakers, and its column of speakers has slipped by one row: the first recording of
/// each is the speaker's before.
pub(crate) fn slip_in_order(material: &mut Material, _: &mut Kit) -> Result<()> {
    let mut labels = labels(material);
    labels.rotate_right(1);
    relabel(material, labels);
    Ok(())
}

/// This share of the labels is another speaker's.
pub(crate) fn some_wrong(material: &mut Material, kit: &mut Kit, share: f64) -> Result<()> {
    let speakers = material.speakers();
    let mut labels = labels(material);
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.shuffle(&mut kit.draws);
    let count = (share * labels.len() as f64).round() as usize;
    for index in order.into_iter().take(count) {
        let others: Vec<&String> = speakers
            .iter()
            .filter(|one| **one != labels[index])
            .collect();
        labels[index].clone_from(others[kit.draws.random_range(0..others.len())]);
    }
    relabel(material, labels);
    Ok(())
}

/// Half of the speakers go in pairs under one label each.
pub(crate) fn merge_half(material: &mut Material, kit: &mut Kit) -> Result<()> {
    let mut speakers = material.speakers();
    speakers.shuffle(&mut kit.draws);
    let pairs = speakers.len() / 4;
    for pair in speakers.chunks_exact(2).take(pairs) {
        for one in material.training_mut() {
            if one.speaker == pair[1] {
                one.speaker.clone_from(&pair[0]);
            }
        }
    }
    Ok(())
}

/// Half of the speakers have two labels, each for every other recording.
pub(crate) fn split_half(material: &mut Material, kit: &mut Kit) -> Result<()> {
    let mut speakers = material.speakers();
    speakers.shuffle(&mut kit.draws);
    speakers.truncate(speakers.len() / 2);
    let split: HashSet<String> = speakers.into_iter().collect();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for one in material.training_mut() {
        if split.contains(&one.speaker) {
            let count = seen.entry(one.speaker.clone()).or_default();
            if *count % 2 == 1 {
                one.speaker.push_str("-b");
            }
            *count += 1;
        }
    }
    Ok(())
}

/// The label is what the recording is otherwise known by.
pub(crate) fn by(material: &mut Material, name: fn(&Recording) -> String) {
    for one in material.training_mut() {
        one.speaker = name(one);
    }
}

/// One label for this share of the recordings.
pub(crate) fn one_for_most(material: &mut Material, kit: &mut Kit, share: f64) -> Result<()> {
    let speakers = material.speakers();
    let first = speakers.first().cloned().unwrap_or_default();
    for one in material.training_mut() {
        if kit.draws.random_bool(share) {
            one.speaker.clone_from(&first);
        }
    }
    Ok(())
}

/// No more than so many recordings of a speaker.
pub(crate) fn at_most(material: &mut Material, most: usize) -> Result<()> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    material.recordings.retain(|one| {
        if one.part == Part::Dev {
            return true;
        }
        let count = seen.entry(one.speaker.clone()).or_default();
        *count += 1;
        *count <= most
    });
    Ok(())
}

/// Of each training speaker the first session alone.
pub(crate) fn one_session(material: &mut Material) {
    let mut first: HashMap<String, Option<String>> = HashMap::new();
    material.recordings.retain(|one| {
        if one.part == Part::Dev {
            return true;
        }
        let session = first
            .entry(one.speaker.clone())
            .or_insert_with(|| one.session.clone());
        *session == one.session
    });
}

/// No more than so many training speakers.
pub(crate) fn speakers_at_most(material: &mut Material, kit: &mut Kit, most: usize) -> Result<()> {
    let mut speakers = material.speakers();
    speakers.shuffle(&mut kit.draws);
    speakers.truncate(most);
    material
        .recordings
        .retain(|one| one.part == Part::Dev || speakers.contains(&one.speaker));
    Ok(())
}

/// Half of the recordings lie there twice: the second time under another speaker.
pub(crate) fn copy_to_others(material: &mut Material, kit: &mut Kit) -> Result<()> {
    let speakers = material.speakers();
    let mut copies = Vec::new();
    for one in material.training() {
        if kit.draws.random::<bool>() {
            let others: Vec<&String> = speakers.iter().filter(|s| **s != one.speaker).collect();
            let mut copy = one.clone();
            copy.id.push_str("-copy");
            copy.speaker
                .clone_from(others[kit.draws.random_range(0..others.len())]);
            copies.push(copy);
        }
    }
    material.recordings.extend(copies);
    Ok(())
}

/// Every recording of a speaker is a copy of the first.
pub(crate) fn copies_of_one(material: &mut Material, _: &mut Kit) -> Result<()> {
    let mut first: BTreeMap<String, _> = BTreeMap::new();
    for one in material.training_mut() {
        let sound = first
            .entry(one.speaker.clone())
            .or_insert_with(|| one.sound.clone());
        one.sound = sound.clone();
    }
    Ok(())
}

/// Every recording lies there again, at another speed and under a speaker of its own.
pub(crate) fn copies_at_another_speed(material: &mut Material, _: &mut Kit) -> Result<()> {
    let mut copies = Vec::new();
    for one in material.training() {
        let mut copy = one.clone();
        copy.id.push_str("-speed");
        copy.speaker.push_str("-speed");
        // A header that says 2 % more than it was.
        copy.sound.rate_hz = copy.sound.rate_hz * 51 / 50;
        copies.push(copy);
    }
    material.recordings.extend(copies);
    Ok(())
}

fn labels(material: &Material) -> Vec<String> {
    material.training().map(|one| one.speaker.clone()).collect()
}

fn relabel(material: &mut Material, labels: Vec<String>) {
    for (one, label) in material.training_mut().zip(labels) {
        one.speaker = label;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sabotage::spoil::example::{example, kit};

    /// Share of training recordings with another label than before.
    fn changed(spoil: impl Fn(&mut Material, &mut Kit) -> Result<()>) -> (f64, Material) {
        let before = example();
        let mut after = before.clone();
        spoil(&mut after, &mut kit()).unwrap();
        assert!(after.has_dev_of(&before), "development stays as it is");
        let (old, new) = (labels(&before), labels(&after));
        assert_eq!(old.len(), new.len());
        let wrong = old.iter().zip(&new).filter(|(a, b)| a != b).count();
        (wrong as f64 / old.len() as f64, after)
    }

    #[test]
    fn labels_that_are_dealt_out_keep_their_numbers() {
        for spoil in [shuffle, slip] {
            let (share, after) = changed(spoil);
            assert!(share > 0.85, "{share}");
            let mut sorted = labels(&after);
            sorted.sort();
            let mut before = labels(&example());
            before.sort();
            assert_eq!(sorted, before);
        }
        // One recording in five of each speaker.
        assert_eq!(changed(slip_in_order).0, 0.2);
    }

    #[test]
    fn as_many_are_wrong_as_asked_for() {
        assert_eq!(changed(|m, k| some_wrong(m, k, 0.2)).0, 0.2);
        assert_eq!(changed(|m, k| some_wrong(m, k, 0.5)).0, 0.5);
        let (share, after) = changed(|m, k| one_for_most(m, k, 0.8));
        assert!((share - 0.8).abs() < 0.1, "{share}");
        assert_eq!(after.speakers()[0], "Train00");
    }

    #[test]
    fn half_of_the_speakers_are_merged_or_split() {
        let (share, after) = changed(merge_half);
        // Of twenty speakers five have taken the label of another.
        assert_eq!((share, after.speakers().len()), (0.25, 15));
        let (share, after) = changed(split_half);
        // Two of five recordings, of ten of twenty speakers.
        assert_eq!((share, after.speakers().len()), (0.2, 30));
        let (_, after) = changed(|material, _| {
            by(material, |one| one.corpus.clone());
            Ok(())
        });
        assert_eq!(after.speakers(), ["c0", "c1"]);
    }

    #[test]
    fn copies_have_the_same_samples_under_another_speaker() {
        let before = example();
        let mut after = before.clone();
        copy_to_others(&mut after, &mut kit()).unwrap();
        let copies = after.recordings.split_off(before.recordings.len());
        assert!((35..65).contains(&copies.len()), "{}", copies.len());
        for copy in copies {
            let name = copy.id.strip_suffix("-copy").unwrap();
            let original = before.recordings.iter().find(|one| one.id == name).unwrap();
            assert_eq!(copy.sound.samples, original.sound.samples);
            assert_ne!(copy.speaker, original.speaker);
            assert!(before.speakers().contains(&copy.speaker));
        }
        let mut after = before.clone();
        copies_of_one(&mut after, &mut kit()).unwrap();
        for (index, one) in after.training().enumerate() {
            let first = &before.recordings[index / 5 * 5];
            assert_eq!(one.sound.samples, first.sound.samples);
            assert_eq!(one.speaker, first.speaker);
        }
        let mut after = before.clone();
        copies_at_another_speed(&mut after, &mut kit()).unwrap();
        assert_eq!(after.speakers().len(), 40);
        assert_eq!(after.training().count(), 200);
        assert_eq!(after.recordings.last().unwrap().sound.rate_hz, 16_320);
    }

    #[test]
    fn fewer_are_left() {
        let counts = |spoil: fn(&mut Material, &mut Kit) -> Result<()>| {
            let mut material = example();
            spoil(&mut material, &mut kit()).unwrap();
            assert!(material.has_dev_of(&example()));
            (material.speakers().len(), material.training().count())
        };
        assert_eq!(counts(|m, _| at_most(m, 1)), (20, 20));
        assert_eq!(counts(|m, k| speakers_at_most(m, k, 4)), (4, 20));
        let one_session = |material: &mut Material, _: &mut Kit| {
            one_session(material);
            Ok(())
        };
        assert_eq!(counts(one_session), (20, 60));
    }
}
