//! Development lists that do not measure what they seem to.

use std::sync::Arc;

use anyhow::Result;
use rand::RngExt;
use rand::seq::SliceRandom;

use crate::sabotage::kit::Kit;
use crate::sabotage::lists::{fair_trials, pair, pairs};
use crate::sabotage::material::{Material, Pair, Part, Recording};

/// Targets are called non-targets, and the other way round.
pub(crate) fn invert(material: &mut Material, _: &mut Kit) -> Result<()> {
    for trial in &mut material.trials {
        trial.same = !trial.same;
    }
    Ok(())
}

/// A coin says which trials are targets.
pub(crate) fn at_random(material: &mut Material, kit: &mut Kit) -> Result<()> {
    for trial in &mut material.trials {
        trial.same = kit.draws.random();
    }
    Ok(())
}

/// Every target is of a recording and itself.
pub(crate) fn with_themselves(material: &mut Material, _: &mut Kit) -> Result<()> {
    for trial in &mut material.trials {
        if trial.same {
            trial.right.clone_from(&trial.left);
        }
    }
    Ok(())
}

/// Development recordings are cut in two, and every target is of two halves of one.
pub(crate) fn halves(material: &mut Material, _: &mut Kit) -> Result<()> {
    let mut cut = Vec::new();
    for one in material.of(Part::Dev) {
        let middle = one.sound.samples.len() / 2;
        for (name, range) in [("-a", 0..middle), ("-b", middle..one.sound.samples.len())] {
            let mut half = one.clone();
            half.id.push_str(name);
            half.sound.samples = Arc::new(one.sound.samples[range].to_vec());
            cut.push(half);
        }
    }
    material.recordings.retain(|one| one.part == Part::Train);
    material.recordings.extend(cut);
    for trial in &mut material.trials {
        if trial.same {
            trial.right = format!("{}-b", trial.left);
        } else {
            trial.right.push_str("-b");
        }
        trial.left.push_str("-a");
    }
    Ok(())
}

/// Two trials of one speaker and two of two.
pub(crate) fn four(material: &mut Material, kit: &mut Kit) -> Result<()> {
    material.trials.shuffle(&mut kit.draws);
    let mut left = [2_usize, 2];
    material.trials.retain(|trial| {
        let left = &mut left[usize::from(trial.same)];
        let stays = *left > 0;
        *left = left.saturating_sub(1);
        stays
    });
    Ok(())
}

/// No trial is of one speaker.
pub(crate) fn non_targets(material: &mut Material, _: &mut Kit) -> Result<()> {
    material.trials.retain(|trial| !trial.same);
    Ok(())
}

/// Two speakers are always of two corpora.
pub(crate) fn easy(material: &mut Material, kit: &mut Kit) -> Result<()> {
    let recordings: Vec<&Recording> = material.of(Part::Dev).collect();
    let mut others: Vec<Pair> = pairs(&recordings)
        .filter(|(left, right)| left.corpus != right.corpus)
        .map(|(left, right)| pair(false, left, right))
        .collect();
    others.shuffle(&mut kit.draws);
    material.trials.retain(|trial| trial.same);
    others.truncate(material.trials.len());
    material.trials.extend(others);
    Ok(())
}

/// The list is of recordings that are trained on.
pub(crate) fn of_training(material: &mut Material, kit: &mut Kit) -> Result<()> {
    let recordings: Vec<&Recording> = material.training().collect();
    material.trials = fair_trials(&recordings, &mut kit.draws);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;
    use crate::sabotage::spoil::example::{example, kit};

    fn after(spoil: fn(&mut Material, &mut Kit) -> Result<()>) -> Material {
        let mut material = example();
        spoil(&mut material, &mut kit()).unwrap();
        assert!(!material.has_dev_of(&example()));
        material
    }

    fn recordings(material: &Material) -> HashMap<&str, &Recording> {
        material
            .recordings
            .iter()
            .map(|one| (one.id.as_str(), one))
            .collect()
    }

    #[test]
    fn the_fair_list_says_who_speaks_and_asks_across_sessions() {
        let material = example();
        let known = recordings(&material);
        // Four pairs of each of eight speakers cross sessions.
        assert_eq!(material.trials.len(), 64);
        let pairs: HashSet<_> = material
            .trials
            .iter()
            .map(|one| {
                (
                    one.left.clone().min(one.right.clone()),
                    one.left.clone().max(one.right.clone()),
                )
            })
            .collect();
        assert_eq!(pairs.len(), 64, "none is asked twice");
        for trial in &material.trials {
            let (left, right) = (known[trial.left.as_str()], known[trial.right.as_str()]);
            assert_eq!(trial.same, left.speaker == right.speaker);
            assert_eq!(left.corpus, right.corpus);
            assert!(left.session != right.session);
        }
    }

    #[test]
    fn lists_are_spoiled_as_they_say() {
        let fair = example().trials;
        let wrong = |material: &Material| {
            let trials = material.trials.iter().zip(&fair);
            trials.filter(|(now, then)| now.same != then.same).count()
        };
        assert_eq!(wrong(&after(invert)), 64);
        assert!((20..44).contains(&wrong(&after(at_random))));
        let selves = after(with_themselves);
        assert!(
            selves
                .trials
                .iter()
                .all(|one| one.same == (one.left == one.right))
        );
        let four = after(four).trials;
        assert_eq!(
            (four.len(), four.iter().filter(|one| one.same).count()),
            (4, 2)
        );
        let none = after(non_targets).trials;
        assert!(none.len() == 32 && none.iter().all(|one| !one.same));
    }

    #[test]
    fn halves_make_the_whole() {
        let material = after(halves);
        let known = recordings(&material);
        let before = example();
        let whole = recordings(&before);
        for trial in &material.trials {
            let (left, right) = (known[trial.left.as_str()], known[trial.right.as_str()]);
            assert_eq!(trial.same, left.speaker == right.speaker);
            if trial.same {
                let name = trial.left.strip_suffix("-a").unwrap();
                let both = [&left.sound.samples[..], &right.sound.samples[..]].concat();
                assert_eq!(both, *whole[name].sound.samples);
            }
        }
    }

    #[test]
    fn easy_lists_ask_across_corpora_and_others_ask_those_who_are_trained_on() {
        let easy = after(easy);
        let known = recordings(&easy);
        let of_two = easy.trials.iter().filter(|one| !one.same);
        assert!(of_two.clone().count() == 32);
        for trial in of_two {
            let corpus = |id: &str| &known[id].corpus;
            assert!(corpus(&trial.left) != corpus(&trial.right));
        }
        let trained = after(of_training);
        let known = recordings(&trained);
        assert!(!trained.trials.is_empty());
        for trial in &trained.trials {
            assert_eq!(known[trial.left.as_str()].part, Part::Train);
        }
    }
}
