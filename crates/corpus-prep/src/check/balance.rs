//! Who is in the data: speakers, sessions, genders, nationalities.

use std::collections::{BTreeMap, BTreeSet};

use speech_data::{Gender, Manifest, Utterance};

use super::counts::SplitBalance;
use super::finding::{Finding, examples};
use super::report::CheckReport;

/// With fewer speakers a share of genders means nothing.
const FEWEST_SPEAKERS: usize = 10;

/// A gender below this share of the speakers is worth a warning.
const SMALLEST_SHARE: f64 = 0.2;

/// A nationality beyond this share of the speakers is worth a warning.
const LARGEST_NATIONALITY: f64 = 0.8;

/// Counts, and warns of what is lopsided.
pub(super) fn check(rows: &Manifest, report: &mut CheckReport) {
    let mut splits: BTreeMap<&str, Vec<&Utterance>> = BTreeMap::new();
    for utterance in &rows.utterances {
        splits
            .entry(utterance.split.as_deref().unwrap_or("all"))
            .or_default()
            .push(utterance);
    }
    for (name, utterances) in splits {
        let (split, one_session) = count(&utterances);
        warn(name, &split, &one_session, report);
        report.balance.splits.insert(name.to_owned(), split);
    }
}

/// The numbers of a split, and its speakers whose recordings are all of one session.
fn count<'a>(utterances: &[&'a Utterance]) -> (SplitBalance, Vec<&'a str>) {
    let mut speakers: BTreeMap<&str, Vec<&Utterance>> = BTreeMap::new();
    for utterance in utterances {
        speakers
            .entry(&utterance.speaker)
            .or_default()
            .push(utterance);
    }
    let mut split = SplitBalance {
        speakers: speakers.len(),
        ..SplitBalance::default()
    };
    let (mut sizes, mut sessions, mut one_session) = (Vec::new(), Vec::new(), Vec::new());
    for (speaker, utterances) in speakers {
        match utterances.iter().find_map(|utterance| utterance.gender) {
            Some(Gender::Female) => split.female += 1,
            Some(Gender::Male) => split.male += 1,
            None => {}
        }
        if let Some(nationality) = utterances
            .iter()
            .find_map(|utterance| utterance.column("nationality"))
        {
            *split
                .nationalities
                .entry(nationality.to_owned())
                .or_default() += 1;
        }
        sizes.push(utterances.len());
        let known: BTreeSet<&str> = utterances
            .iter()
            .filter_map(|utterance| utterance.session.as_deref())
            .collect();
        if !known.is_empty() {
            sessions.push(known.len());
            if known.len() == 1 {
                one_session.push(speaker);
            }
        }
    }
    split.utterances_per_speaker = spread(sizes).unwrap_or_default();
    split.sessions_per_speaker = spread(sessions);
    (split, one_session)
}

fn warn(name: &str, split: &SplitBalance, one_session: &[&str], report: &mut CheckReport) {
    let mut warn =
        |kind: &str, message: String| report.warnings.push(Finding::of_all(kind, message));
    let known = split.female + split.male;
    if known >= FEWEST_SPEAKERS
        && (split.female.min(split.male) as f64) < SMALLEST_SHARE * known as f64
    {
        warn(
            "GenderBalance",
            format!(
                "{name}: {} women and {} men; differences between genders are easier than those between speakers",
                split.female, split.male
            ),
        );
    }
    let with_nationality: usize = split.nationalities.values().sum();
    if with_nationality >= FEWEST_SPEAKERS
        && let Some((nationality, count)) =
            split.nationalities.iter().max_by_key(|(_, count)| **count)
        && *count as f64 > LARGEST_NATIONALITY * with_nationality as f64
    {
        warn(
            "NationalityBalance",
            format!("{name}: {count} of {with_nationality} speakers are from {nationality}"),
        );
    }
    if !one_session.is_empty() {
        let message = format!(
            "{name}: {} only one session ({}); pairs of such a speaker share the channel",
            match one_session.len() {
                1 => "1 speaker has".to_owned(),
                count => format!("{count} speakers have"),
            },
            examples(one_session.iter().copied())
        );
        warn("OneSession", message);
    }
}

/// The least, the middle and the greatest.
fn spread(mut values: Vec<usize>) -> Option<[usize; 3]> {
    values.sort_unstable();
    Some([*values.first()?, values[values.len() / 2], *values.last()?])
}
