//! Which recordings and labels sound alike, by embeddings that know nothing of the labels.

use std::collections::BTreeMap;

use diagnosis::preflight::HeardLabels;
use speaker_eval::eer;
use speech_data::{Manifest, column};

use crate::evaluate::{DevSet, IndexedList};

/// Trials of either kind without which development trials say nothing.
const LEAST_TRIALS: usize = 15;

/// Recordings of its label, beside itself, that one is compared with at least.
const LEAST_OTHERS: usize = 2;

/// By how much the mean cosine of a strange recording with another label is above that with its own.
const STRANGE: f64 = 0.25;

/// Of the way from a label's neighbours to its own recordings, how far its nearest label lies where both are one person.
const TWIN: f64 = 0.75;

/// Which of the labels in the order of their nearness are its neighbours: the first is the one in question, the second may be a
/// third part of the same person.
const NEIGHBOURS: std::ops::Range<usize> = 2..6;

/// The mean of `rows` at length 1; none of none.
pub(super) fn mean(rows: &[Vec<f32>]) -> Option<Vec<f32>> {
    let mut sum = vec![0.0_f32; rows.first()?.len()];
    for row in rows {
        add(&mut sum, &unit(row.clone()));
    }
    Some(sum.iter().map(|sum| sum / rows.len() as f32).collect())
}

/// `row` at length 1, less `mean`, at length 1.
pub(super) fn centred(row: &[f32], mean: &[f32]) -> Vec<f32> {
    let row = unit(row.to_vec());
    unit(
        row.iter()
            .zip(mean)
            .map(|(value, mean)| value - mean)
            .collect(),
    )
}

fn add(sum: &mut [f32], row: &[f32]) {
    sum.iter_mut()
        .zip(row)
        .for_each(|(sum, value)| *sum += value);
}

fn unit(mut row: Vec<f32>) -> Vec<f32> {
    let length = row.iter().map(|value| value * value).sum::<f32>().sqrt();
    row.iter_mut()
        .for_each(|value| *value /= length.max(f32::MIN_POSITIVE));
    row
}

/// EER of the development trials of which both recordings are `known`, over all lists; none of too few.
pub(super) fn dev_eer(dev: &DevSet, known: &[Option<Vec<f32>>]) -> Option<f64> {
    let (lists, _) = dev.lists();
    let (mut scores, mut targets) = (Vec::new(), Vec::new());
    for list in lists {
        for (&(a, b), &target) in list.trials.iter().zip(&list.targets) {
            if let (Some(a), Some(b)) = (&known[a], &known[b]) {
                scores.push(cosine(a, b) as f32);
                targets.push(target);
            }
        }
    }
    let same = targets.iter().filter(|&&target| target).count();
    let fewest = same.min(targets.len() - same);
    let rate = eer(&scores, &targets).ok()?;
    (fewest >= LEAST_TRIALS).then_some(rate.eer)
}

/// Whether two labels are among `twins`.
fn are_one(twins: &[(usize, usize)], a: usize, b: usize) -> bool {
    twins.contains(&(a, b)) || twins.contains(&(b, a))
}

/// The cosine of two rows of length 1.
fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let products = a.iter().zip(b).map(|(a, b)| f64::from(a * b));
    products.sum()
}

/// Recordings with their embeddings, by label.
pub(super) struct Voices<'a> {
    manifest: &'a Manifest,
    /// Which utterances of the manifest.
    chosen: Vec<usize>,
    /// Of length 1.
    rows: Vec<Vec<f32>>,
    /// Labels of several recordings, with the places of these in `chosen`.
    labels: Vec<(&'a str, Vec<usize>)>,
}

impl<'a> Voices<'a> {
    pub(super) fn new(manifest: &'a Manifest, chosen: Vec<usize>, rows: Vec<Vec<f32>>) -> Self {
        let mut labels: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, &number) in chosen.iter().enumerate() {
            let label = &manifest.utterances[number].speaker;
            labels.entry(label).or_default().push(place);
        }
        labels.retain(|_, places| places.len() >= 2);
        Self {
            manifest,
            chosen,
            rows,
            labels: labels.into_iter().collect(),
        }
    }

    /// All that can be said of them to the ears of `model`, but for development trials; nothing where there are no pairs of both kinds.
    pub(super) fn heard(&self, model: &str) -> Option<HeardLabels> {
        let twins = self.twins();
        let list = self.pairs(&twins);
        let rate = eer(&list.scores(&self.rows), &list.targets).ok()?;
        let (num_recordings, strange) = self.strange(&twins);
        let name = |label: usize| self.labels[label].0.to_owned();
        Some(HeardLabels {
            model: model.to_owned(),
            train_eer: rate.eer,
            num_same: rate.num_target,
            num_recordings,
            num_strange: strange.len(),
            strange: strange.first().map(|&(place, own, other)| {
                let id = self.manifest.utterances[self.chosen[place]].id.clone();
                [id, name(own), name(other)]
            }),
            num_labels: self.labels.len(),
            num_twins: twins.len(),
            twins: twins.first().map(|&(one, other)| [name(one), name(other)]),
            ..HeardLabels::default()
        })
    }

    /// All pairs of one label, and those of two within a corpus where the manifest has such a column; those of `twins` are of one
    /// person, whatever the labels say.
    fn pairs(&self, twins: &[(usize, usize)]) -> IndexedList {
        let label = |name: &str| self.labels.iter().position(|(label, _)| *label == name);
        let are_twins = |a: &str, b: &str| match (label(a), label(b)) {
            (Some(a), Some(b)) => are_one(twins, a, b),
            _ => false,
        };
        IndexedList::among("labels", self.rows.len(), |a, b| {
            let [a, b] = [a, b].map(|place| &self.manifest.utterances[self.chosen[place]]);
            let same = a.speaker == b.speaker;
            let comparable = a.column(column::CORPUS) == b.column(column::CORPUS)
                && !are_twins(&a.speaker, &b.speaker);
            (same || comparable).then_some(same)
        })
    }

    /// Mean cosine of the recording at `place` with the others of a label; none where there are fewer than `least`.
    fn nearness(&self, place: usize, label: usize, least: usize) -> Option<f64> {
        let others = self.labels[label].1.iter().filter(|&&other| other != place);
        let cosines = others.map(|&other| cosine(&self.rows[place], &self.rows[other]));
        let cosines: Vec<f64> = cosines.collect();
        (cosines.len() >= least).then(|| cosines.iter().sum::<f64>() / cosines.len() as f64)
    }

    /// How many recordings were compared with their label, and those that sound more like another: place, own label, the other; the
    /// strangest first.
    fn strange(&self, twins: &[(usize, usize)]) -> (usize, Vec<(usize, usize, usize)>) {
        let mut strange = Vec::new();
        let mut count = 0;
        for (own, (_, places)) in self.labels.iter().enumerate() {
            for &place in places {
                let others = (0..self.labels.len())
                    .filter(|&label| label != own && !are_one(twins, label, own));
                let nearest = others
                    .filter_map(|label| Some((self.nearness(place, label, 1)?, label)))
                    .max_by(|a, b| a.0.total_cmp(&b.0));
                let own_nearness = self.nearness(place, own, LEAST_OTHERS);
                let (Some((nearness, other)), Some(to_own)) = (nearest, own_nearness) else {
                    continue;
                };
                count += 1;
                if nearness - to_own > STRANGE {
                    strange.push((nearness - to_own, (place, own, other)));
                }
            }
        }
        strange.sort_by(|a, b| b.0.total_cmp(&a.0));
        (count, strange.into_iter().map(|(_, found)| found).collect())
    }

    /// Labels that lie as near to another as to themselves, with that other; the nearest first.
    fn twins(&self) -> Vec<(usize, usize)> {
        let count = self.labels.len();
        let to = |label: usize, places: &[usize]| {
            let nearness = places
                .iter()
                .filter_map(|&place| self.nearness(place, label, 1));
            let nearness: Vec<f64> = nearness.collect();
            nearness.iter().sum::<f64>() / nearness.len().max(1) as f64
        };
        let within: Vec<f64> = (0..count)
            .map(|label| to(label, &self.labels[label].1))
            .collect();
        let mut sorted = within.clone();
        sorted.sort_by(f64::total_cmp);
        let usual = sorted.get(count / 2).copied().unwrap_or_default();
        let mut twins = Vec::new();
        for (label, (_, places)) in self.labels.iter().enumerate() {
            let others = (0..count).filter(|&other| other != label);
            let mut others: Vec<(f64, usize)> =
                others.map(|other| (to(other, places), other)).collect();
            others.sort_by(|a, b| b.0.total_cmp(&a.0));
            let neighbours =
                &others[NEIGHBOURS.start.min(others.len())..NEIGHBOURS.end.min(others.len())];
            let (Some(&(nearest, other)), false) = (others.first(), neighbours.is_empty()) else {
                continue;
            };
            let near =
                neighbours.iter().map(|(near, _)| near).sum::<f64>() / neighbours.len() as f64;
            let way = (nearest - near) / (usual.max(within[label]) - near).max(f64::MIN_POSITIVE);
            if way > TWIN {
                twins.push((way, (label, other)));
            }
        }
        twins.sort_by(|a, b| b.0.total_cmp(&a.0));
        twins.into_iter().map(|(_, found)| found).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use speech_data::Utterance;

    /// Voices in a space of many dimensions: each person has a direction, each recording one of its own beside it.
    fn rows(people: &[usize]) -> Vec<Vec<f32>> {
        let noise = |seed: usize| {
            let mixed = (seed as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            ((mixed >> 40) as f32) / (1 << 23) as f32 - 1.0
        };
        let rows: Vec<Vec<f32>> = people
            .iter()
            .enumerate()
            .map(|(number, person)| {
                (0..64)
                    .map(|at| noise(person * 64 + at) + noise(100_000 + number * 64 + at))
                    .collect()
            })
            .collect();
        let mean = mean(&rows).unwrap_or_default();
        rows.iter().map(|row| centred(row, &mean)).collect()
    }

    /// What is heard of recordings of `people` under `labels`.
    fn heard(people: &[usize], labels: &[usize]) -> HeardLabels {
        let utterances = labels.iter().enumerate().map(|(number, label)| {
            let id = format!("{number:04}.wav");
            Utterance::new(id.clone(), id, format!("s{label:03}"))
        });
        let manifest = Manifest::new("", utterances.collect());
        let chosen = (0..labels.len()).collect();
        let voices = Voices::new(&manifest, chosen, rows(people));
        voices.heard("ears").unwrap_or_default()
    }

    fn people() -> Vec<usize> {
        (0..100).map(|number| number / 5).collect()
    }

    #[test]
    fn right_labels_sound_right() {
        let found = heard(&people(), &people());
        assert!(found.train_eer < 0.05, "{found:?}");
        assert_eq!(
            (found.num_recordings, found.num_labels, found.num_same),
            (100, 20, 200)
        );
        assert_eq!((found.num_strange, found.num_twins), (0, 0));
    }

    #[test]
    fn a_recording_of_another_is_named() {
        let mut labels = people();
        labels[12] = 9;
        labels[81] = 4;
        let found = heard(&people(), &labels);
        assert_eq!(found.num_strange, 2, "{found:?}");
        let [id, own, other] = found.strange.unwrap();
        assert!(
            [id.as_str(), own.as_str(), other.as_str()] == ["0012.wav", "s009", "s002"]
                || [id.as_str(), own.as_str(), other.as_str()] == ["0081.wav", "s004", "s016"],
        );
    }

    #[test]
    fn two_labels_of_one_person_are_twins_and_two_people_of_one_label_hard() {
        let people: Vec<usize> = (0..120).map(|number| number / 6).collect();
        // The first five people have two labels each.
        let label = |number: usize| match number {
            number if number < 30 => 100 + 2 * (number / 6) + number % 2,
            number => number / 6,
        };
        let labels: Vec<usize> = (0..120).map(label).collect();
        let found = heard(&people, &labels);
        assert_eq!((found.num_labels, found.num_twins), (25, 10), "{found:?}");
        assert_eq!(found.num_strange, 0);
        let [one, other] = found.twins.unwrap();
        assert_eq!(
            one[1..].parse::<usize>().unwrap() / 2,
            other[1..].parse::<usize>().unwrap() / 2
        );
        let merged: Vec<usize> = people.iter().map(|person| person / 2).collect();
        assert!(heard(&people, &merged).train_eer > 0.2);
    }

    #[test]
    fn labels_of_one_recording_say_nothing() {
        let people: Vec<usize> = (0..20).collect();
        assert_eq!(heard(&people, &people), HeardLabels::default());
    }
}
