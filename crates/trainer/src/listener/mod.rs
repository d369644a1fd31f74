//! What a ready model hears of the labels of a training.

mod voices;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use diagnosis::preflight::HeardLabels;
use speech_data::{Cut, Location, Manifest, Utterance};

use self::voices::{Voices, centred, mean};
use crate::TrainError;
use crate::data::{Lessons, Teacher};
use crate::evaluate::{DevSet, told_apart};
use crate::evenly::evenly;
use crate::options::{Notice, Notify, RunOptions};

/// Training recordings that it is asked about, at least and at most: a short training does not wait for long.
const RECORDINGS: [u64; 2] = [160, 240];

/// Steps of a training for each of them.
const STEPS_EACH: u64 = 4;

/// Recordings of a label.
const OF_A_LABEL: [usize; 2] = [2, 8];

/// Development recordings that it is asked about.
const DEV_RECORDINGS: usize = 40;

/// Seconds of each recording that it hears.
const HEARD_S: f64 = 3.0;

/// Asks `model` about the beginnings of some recordings of `manifest` and of the development trials, which `locate` finds. Nothing
/// where these make no pairs.
///
/// # Errors
/// [`TrainError::Interrupted`].
pub(crate) fn listen(
    model: &Teacher,
    manifest: &Manifest,
    dev: &DevSet,
    locate: impl Fn(&str) -> Location,
    max_steps: u64,
    options: &RunOptions<'_>,
    notify: Notify<'_>,
) -> Result<Option<HeardLabels>, TrainError> {
    let begin = Instant::now();
    let [least, most] = RECORDINGS;
    let chosen = of_labels(
        manifest,
        (max_steps / STEPS_EACH).clamp(least, most) as usize,
    );
    let of_dev = of_trials(dev);
    let train = chosen
        .iter()
        .map(|&number| manifest.utterances[number].location.clone());
    let dev_recordings = of_dev.iter().map(|&number| locate(&dev.names()[number]));
    // Numbers in order, so that a manifest leaves them where they are.
    let asked = train.chain(dev_recordings).enumerate().map(|(place, at)| {
        let name = format!("{place:06}");
        Utterance {
            location: shortened(at),
            ..Utterance::new(name.clone(), name.clone(), name)
        }
    });
    let asked = Manifest::new("", asked.collect());
    let (who, total) = (&model.origin().name, asked.utterances.len());
    let lessons = Lessons::of(model, &asked, &[], &options.cache, &|done| {
        notify(Notice::Listening { who, done, total });
        options.goes_on()
    })?;
    let mut vectors: Vec<Option<Vec<f32>>> = vec![None; total];
    for (number, mut vector) in lessons.usable.into_iter().zip(lessons.vectors) {
        vectors[number] = vector.pop();
    }
    let dev_vectors = vectors.split_off(chosen.len());
    let heard = chosen.into_iter().zip(vectors);
    let (chosen, rows): (Vec<usize>, Vec<Vec<f32>>) = heard
        .filter_map(|(number, vector)| Some((number, vector?)))
        .unzip();
    let Some(mean) = mean(&rows) else {
        return Ok(None);
    };
    let rows: Vec<Vec<f32>> = rows.iter().map(|row| centred(row, &mean)).collect();
    let mut known = vec![None; dev.names().len()];
    for (number, vector) in of_dev.into_iter().zip(dev_vectors) {
        known[number] = vector.map(|vector| centred(&vector, &mean));
    }
    let of_dev: Vec<Vec<f32>> = known.iter().flatten().cloned().collect();
    let told_apart = told_apart(&rows, &of_dev);
    let voices = Voices::new(manifest, chosen, rows);
    let heard = voices.heard(who).map(|heard| HeardLabels {
        dev_eer: voices::dev_eer(dev, &known),
        told_apart,
        seconds: begin.elapsed().as_secs_f64(),
        ..heard
    });
    Ok(heard)
}

/// The beginning of a recording, where it is not a part of one already.
fn shortened(location: Location) -> Location {
    match Cut::up_to(HEARD_S) {
        Some(cut) if location.part().is_none() => location.cut(cut),
        _ => location,
    }
}

/// Some recordings of labels that have several. Neighbours in the order of names come in pairs, since the names of two labels of
/// one person tend to be alike.
fn of_labels(manifest: &Manifest, most: usize) -> Vec<usize> {
    let mut labels: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (number, utterance) in manifest.utterances.iter().enumerate() {
        labels.entry(&utterance.speaker).or_default().push(number);
    }
    labels.retain(|_, numbers| numbers.len() >= 2);
    let labels: Vec<Vec<usize>> = labels.into_values().collect();
    let [least, most_each] = OF_A_LABEL;
    let each = (most / labels.len().max(1)).clamp(least, most_each);
    let pairs: Vec<&[Vec<usize>]> = labels.chunks(2).collect();
    // Two of a label find out whether another is the same voice; it takes three to find one that is not.
    let of_pair = |pair: usize| each + usize::from(each == least) * (pair % 2);
    let some = evenly(
        pairs.len(),
        2 * most / (4 * each + 2 * usize::from(each == least)),
    );
    let some = some.enumerate().flat_map(|(place, pair)| {
        let labels = pairs[pair].iter();
        labels.map(move |numbers| (numbers, of_pair(place)))
    });
    // Not the same places of every label: a table that slipped is wrong at one end of each.
    some.enumerate()
        .flat_map(|(label, (numbers, each))| {
            evenly(numbers.len(), each).map(move |place| numbers[(place + label) % numbers.len()])
        })
        .collect()
}

/// The recordings of some trials of each list.
fn of_trials(dev: &DevSet) -> BTreeSet<usize> {
    let (lists, _) = dev.lists();
    let each = DEV_RECORDINGS / lists.len().max(1);
    let mut all = BTreeSet::new();
    for list in lists {
        let mut some = BTreeSet::new();
        for trial in evenly(list.trials.len(), 2 * each) {
            let (a, b) = list.trials[trial];
            if some.len() >= each {
                break;
            }
            some.extend([a, b]);
        }
        all.extend(some);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recordings of `labels` labels with `each`.
    fn manifest(labels: usize, each: usize) -> Manifest {
        let utterances = (0..labels * each).map(|number| {
            let id = format!("{number:05}.wav");
            let label = format!("s{:04}", number / each);
            Utterance::new(id.clone(), id, label)
        });
        Manifest::new("", utterances.collect())
    }

    #[test]
    fn neighbours_are_asked_about_together_and_all_of_a_small_corpus() {
        let of_many = of_labels(&manifest(2_000, 5), 120);
        assert_eq!(of_many.len(), 120);
        let mut labels: Vec<usize> = of_many.iter().map(|&number| number / 5).collect();
        labels.dedup();
        assert_eq!(labels.len(), 48);
        assert!(labels.chunks(2).all(|pair| pair[1] == pair[0] + 1));
        assert!(labels.last().is_some_and(|&last| last > 1_800));
        let lasts = of_many.iter().filter(|&&number| number % 5 == 4).count();
        assert!(lasts > 10, "{lasts}");
        assert_eq!(of_labels(&manifest(4, 6), 120).len(), 24);
        assert_eq!(of_labels(&manifest(4, 40), 120).len(), 32);
        assert!(of_labels(&manifest(9, 1), 120).is_empty());
    }
}
