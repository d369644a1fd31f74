//! Development recordings that are trained on too, under other names.

use std::sync::Arc;

use anyhow::Result;

use crate::sabotage::kit::Kit;
use crate::sabotage::material::{Container, Material, Part, Sound};

/// Every development recording lies among the training recordings too, as `change` makes it.
pub(crate) fn dev_in_training(material: &mut Material, change: fn(&mut Sound)) {
    let mut copies = Vec::new();
    for (index, one) in material.of(Part::Dev).enumerate() {
        let mut copy = one.clone();
        copy.id = format!("audio/more{index:04}");
        copy.part = Part::Train;
        copy.speaker.insert_str(0, "more-");
        change(&mut copy.sound);
        copies.push(copy);
    }
    material.recordings.extend(copies);
}

/// File by file.
pub(crate) fn copied(material: &mut Material, _: &mut Kit) -> Result<()> {
    dev_in_training(material, |_| ());
    Ok(())
}

/// As FLAC: other bytes, the same samples.
pub(crate) fn as_flac(material: &mut Material, _: &mut Kit) -> Result<()> {
    dev_in_training(material, |sound| sound.container = Container::Flac);
    Ok(())
}

/// 6 dB quieter: other samples.
pub(crate) fn quieter(material: &mut Material, _: &mut Kit) -> Result<()> {
    dev_in_training(material, |sound| {
        sound.change(|samples| samples.iter().map(|sample| sample / 2.0).collect());
    });
    Ok(())
}

/// With a tenth of a second of silence before: neither bytes, samples nor length are the same.
pub(crate) fn later(material: &mut Material, _: &mut Kit) -> Result<()> {
    dev_in_training(material, |sound| {
        let mut samples = vec![0.0; 1_600];
        samples.extend_from_slice(&sound.samples);
        sound.samples = Arc::new(samples);
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sabotage::material::Recording;
    use crate::sabotage::spoil::example::{example, kit};

    /// Development recordings beside their copies.
    fn copies(spoil: fn(&mut Material, &mut Kit) -> Result<()>) -> Vec<(Recording, Recording)> {
        let before = example();
        let mut after = before.clone();
        spoil(&mut after, &mut kit()).unwrap();
        assert!(after.has_dev_of(&before));
        let copies = after.recordings.split_off(before.recordings.len());
        let originals = before.of(Part::Dev).cloned();
        originals.zip(copies).collect()
    }

    #[test]
    fn all_development_recordings_are_trained_on_under_other_names() {
        for spoil in [copied, as_flac, quieter, later] {
            let copies = copies(spoil);
            assert_eq!(copies.len(), 32);
            for (one, copy) in copies {
                assert_eq!(copy.part, Part::Train);
                assert!(copy.id != one.id && copy.speaker != one.speaker);
            }
        }
    }

    #[test]
    fn their_samples_are_the_same_or_as_the_case_says() {
        for (one, copy) in copies(copied) {
            assert_eq!(copy.sound.samples, one.sound.samples);
            assert_eq!(copy.sound.container, Container::Wav);
        }
        for (one, copy) in copies(as_flac) {
            assert_eq!(copy.sound.samples, one.sound.samples);
            assert_eq!(copy.sound.container, Container::Flac);
        }
        for (one, copy) in copies(quieter) {
            let halves = one.sound.samples.iter().map(|sample| sample / 2.0);
            assert!(halves.eq(copy.sound.samples.iter().copied()));
        }
        for (one, copy) in copies(later) {
            assert_eq!(copy.sound.samples[1_600..], one.sound.samples[..]);
            assert!(
                copy.sound.samples[..1_600]
                    .iter()
                    .all(|sample| *sample == 0.0)
            );
        }
    }
}
