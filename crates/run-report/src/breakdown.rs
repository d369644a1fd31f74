//! Whose trials go wrong: the errors of each list by gender, session and corpus, where these are known.

use std::collections::BTreeMap;

use speaker_eval::{Interval, eer, rates_at};

use crate::development::{DevTrial, Development};
use crate::interval::eer_interval;
use crate::verification::Verification;

/// Groups of one list that are shown at most, those of most trials.
const MAX_GROUPS: usize = 16;

/// What recordings can be parted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attribute {
    Gender,
    Session,
    Corpus,
}

impl Attribute {
    pub(crate) const ALL: [Self; 3] = [Self::Gender, Self::Session, Self::Corpus];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Gender => "gender",
            Self::Session => "session",
            Self::Corpus => "corpus",
        }
    }
}

/// The errors of all lists by one attribute.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Breakdown {
    pub(crate) attribute: Attribute,
    pub(crate) groups: Vec<GroupErrors>,
    /// Trials of all lists.
    pub(crate) num_trials: usize,
    /// Those of them whose recordings do not both have the attribute.
    pub(crate) num_unknown: usize,
    /// Groups that are not shown.
    pub(crate) num_more: usize,
}

/// The trials of one list and one group.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GroupErrors {
    pub(crate) list: String,
    pub(crate) group: String,
    pub(crate) num_target: usize,
    pub(crate) num_nontarget: usize,
    /// None where there is one kind of trials only.
    pub(crate) eer: Option<f64>,
    pub(crate) interval: Option<Interval>,
    /// At the threshold of equal error rates of the whole list.
    pub(crate) misses: Option<f64>,
    pub(crate) false_alarms: Option<f64>,
}

/// A breakdown by every attribute that parts the trials; those that are not known, or the same for all, part nothing.
pub(crate) fn breakdowns(
    development: &Development,
    verifications: &[Verification],
) -> Vec<Breakdown> {
    let (_, speakers) = development.speakers();
    let all = Attribute::ALL.into_iter();
    all.filter_map(|attribute| breakdown(attribute, development, &speakers, verifications))
        .collect()
}

fn breakdown(
    attribute: Attribute,
    development: &Development,
    speakers: &[usize],
    verifications: &[Verification],
) -> Option<Breakdown> {
    let mut found = Breakdown {
        attribute,
        groups: Vec::new(),
        num_trials: 0,
        num_unknown: 0,
        num_more: 0,
    };
    for (list, verification) in development.lists.iter().zip(verifications) {
        let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        found.num_trials += list.trials.len();
        for (place, trial) in list.trials.iter().enumerate() {
            let groups = groups_of(attribute, development, *trial);
            found.num_unknown += usize::from(groups.is_empty());
            for group in groups {
                places.entry(group).or_default().push(place);
            }
        }
        let mut groups: Vec<(String, Vec<usize>)> = places.into_iter().collect();
        if groups.len() > MAX_GROUPS {
            found.num_more += groups.len() - MAX_GROUPS;
            groups.sort_by_key(|(_, places)| std::cmp::Reverse(places.len()));
            groups.truncate(MAX_GROUPS);
            groups.sort();
        }
        for (group, places) in groups {
            let of = Places {
                places: &places,
                trials: &list.trials,
                speakers,
                verification,
            };
            found.groups.push(of.errors(group));
        }
    }
    let first = &found.groups.first()?.group;
    let parts = found.groups.iter().any(|one| one.group != *first);
    parts.then_some(found)
}

/// The groups that a trial belongs to; none where one of its recordings lacks the attribute.
fn groups_of(attribute: Attribute, development: &Development, trial: DevTrial) -> Vec<String> {
    let [a, b] = [trial.first, trial.second].map(|index| &development.utterances[index]);
    let both = |a: &Option<String>, b: &Option<String>| a.clone().zip(b.clone());
    match attribute {
        Attribute::Gender => both(&a.gender, &b.gender).map(|(a, b)| match a == b {
            true => match a.as_str() {
                "f" => "women".to_owned(),
                "m" => "men".to_owned(),
                _ => a,
            },
            false => "of two genders".to_owned(),
        }),
        Attribute::Corpus => both(&a.corpus, &b.corpus).map(|(a, b)| match a == b {
            true => a,
            false => "of two corpora".to_owned(),
        }),
        Attribute::Session => {
            const KINDS: [&str; 2] = ["within a session", "across sessions"];
            return match both(&a.session, &b.session) {
                // The different-speaker trials are those of either kind.
                Some(_) if !trial.is_target => KINDS.map(str::to_owned).to_vec(),
                Some((a, b)) => vec![KINDS[usize::from(a != b)].to_owned()],
                None => Vec::new(),
            };
        }
    }
    .into_iter()
    .collect()
}

/// Some trials of a list.
struct Places<'a> {
    places: &'a [usize],
    trials: &'a [DevTrial],
    speakers: &'a [usize],
    verification: &'a Verification,
}

impl Places<'_> {
    fn errors(&self, group: String) -> GroupErrors {
        let of = |value: &dyn Fn(&DevTrial) -> usize| -> Vec<usize> {
            let trials = self.places.iter().map(|&place| &self.trials[place]);
            trials.map(value).collect()
        };
        let scores = self.places.iter();
        let scores: Vec<f32> = scores
            .map(|&place| self.verification.scores[place])
            .collect();
        let trials = self.places.iter().map(|&place| &self.trials[place]);
        let is_target: Vec<bool> = trials.map(|trial| trial.is_target).collect();
        let (misses, false_alarms) = rates_at(&scores, &is_target, self.verification.eer.threshold);
        let num_target = is_target.iter().filter(|&&target| target).count();
        let first = of(&|trial| self.speakers[trial.first]);
        let second = of(&|trial| self.speakers[trial.second]);
        GroupErrors {
            list: self.verification.name.clone(),
            group,
            num_target,
            num_nontarget: is_target.len() - num_target,
            eer: eer(&scores, &is_target).ok().map(|rate| rate.eer),
            interval: eer_interval(&scores, &is_target, &first, &second),
            misses,
            false_alarms,
        }
    }
}

#[cfg(test)]
mod tests {
    use speaker_scoring::EmbeddingMatrix;

    use super::*;
    use crate::development::{DevList, DevUtterance};

    /// Two women, who are one to the network, and two men, whom it tells apart; two recordings each. The first one's were
    /// made in two sessions.
    fn development() -> Development {
        let people = [("ann", "f"), ("bea", "f"), ("carl", "m"), ("dan", "m")];
        let mut utterances = Vec::new();
        let mut rows = Vec::new();
        for (number, (speaker, gender)) in people.into_iter().enumerate() {
            for take in 0..2 {
                utterances.push(DevUtterance {
                    file: format!("{speaker}/{take}"),
                    speaker: speaker.to_owned(),
                    session: Some(match number {
                        0 => format!("{speaker}{take}"),
                        _ => speaker.to_owned(),
                    }),
                    gender: (take == 0 || number != 3).then(|| gender.to_owned()),
                    corpus: Some(if number < 3 { "one" } else { "two" }.to_owned()),
                    seconds: 1.0,
                });
                let mut row = [0.0_f32; 3];
                row[number.saturating_sub(1)] = 1.0;
                row[(number + 1) % 3] = 0.1 * take as f32;
                rows.push(row);
            }
        }
        let mut trials = Vec::new();
        for first in 0..8 {
            for second in first + 1..8 {
                trials.push(DevTrial {
                    first,
                    second,
                    is_target: first / 2 == second / 2,
                });
            }
        }
        Development {
            utterances,
            embeddings: EmbeddingMatrix::from_rows(&rows).unwrap(),
            lists: vec![DevList {
                name: "dev".to_owned(),
                trials,
            }],
            decision: None,
        }
    }

    fn found(development: &Development) -> Vec<Breakdown> {
        let list = &development.lists[0];
        let scores = development.scores(list).unwrap();
        let (_, speakers) = development.speakers();
        let verification = Verification::new(list, scores, &speakers, None).unwrap();
        breakdowns(development, &[verification])
    }

    #[test]
    fn women_whom_a_network_cannot_tell_apart_are_counted_by_themselves() {
        let all = found(&development());
        let [gender, session, corpus] = &all[..] else {
            panic!("{all:?}");
        };
        // Of the 28 trials, seven are of the recording whose gender is not known.
        assert_eq!((gender.num_trials, gender.num_unknown), (28, 7));
        let row = |breakdown: &Breakdown, group: &str| {
            let mut groups = breakdown.groups.iter();
            groups.find(|one| one.group == group).unwrap().clone()
        };
        let women = row(gender, "women");
        assert_eq!((women.num_target, women.num_nontarget), (2, 4));
        assert!(women.eer.unwrap() > 0.2, "{women:?}");
        assert!(women.false_alarms.unwrap() >= 0.5, "{women:?}");
        let men = row(gender, "men");
        assert_eq!((men.num_target, men.num_nontarget), (1, 2));
        assert_eq!((men.eer, men.false_alarms), (Some(0.0), Some(0.0)));
        // Nobody is of two genders: these trials have no EER, but false alarms.
        let mixed = row(gender, "of two genders");
        assert_eq!((mixed.num_target, mixed.eer, mixed.misses), (0, None, None));
        assert_eq!(mixed.false_alarms, Some(0.0));
        let (within, across) = (
            row(session, "within a session"),
            row(session, "across sessions"),
        );
        assert_eq!((within.num_target, across.num_target), (3, 1));
        assert_eq!((within.num_nontarget, across.num_nontarget), (24, 24));
        assert_eq!(row(corpus, "one").num_target, 3);
        assert_eq!(row(corpus, "of two corpora").num_nontarget, 12);
    }

    #[test]
    fn what_is_not_known_or_the_same_for_all_parts_nothing() {
        let mut plain = development();
        for one in &mut plain.utterances {
            one.session = None;
            one.gender = None;
            one.corpus = Some("one".to_owned());
        }
        assert_eq!(found(&plain), []);
    }

    #[test]
    fn of_many_corpora_those_of_most_trials_are_shown() {
        let mut many = development();
        let utterances: Vec<DevUtterance> = (0..80)
            .map(|index| DevUtterance {
                file: format!("{index}"),
                speaker: format!("s{}", index / 4),
                corpus: Some(format!("c{:02}", index / 4)),
                session: None,
                ..many.utterances[0].clone()
            })
            .collect();
        let rows: Vec<[f32; 2]> = (0..80).map(|index| [1.0, index as f32]).collect();
        many.embeddings = EmbeddingMatrix::from_rows(&rows).unwrap();
        many.utterances = utterances;
        let trial = |first: usize, second: usize| DevTrial {
            first,
            second,
            is_target: first / 4 == second / 4,
        };
        many.lists[0].trials = (0..80).step_by(4).map(|at| trial(at, at + 1)).collect();
        many.lists[0].trials.extend([trial(76, 78), trial(0, 79)]);
        let found = found(&many);
        let corpora = &found[0];
        // Twenty corpora, and the trial of two of them.
        assert_eq!((corpora.groups.len(), corpora.num_more), (16, 5));
        assert!(corpora.groups.iter().any(|one| one.group == "c19"));
    }
}
