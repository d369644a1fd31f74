//! `split.tsv` and the trial lists, written and read.

use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};
use rand::seq::SliceRandom;

use super::streams::{Purpose, stream};

/// First line of `split.tsv`.
const HEADER: &str = "path\tspeaker\tcorpus\tsession\tgender\tsplit\tseconds";

/// One line of `split.tsv`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    /// Relative to the corpus, with `/`.
    pub(crate) path: String,
    pub(crate) speaker: String,
    /// Unique within the speaker only.
    pub(crate) session: String,
    pub(crate) gender: String,
    pub(crate) split: String,
    pub(crate) seconds: f64,
}

/// A line of a trial list in VoxCeleb's form.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Trial {
    pub(crate) target: bool,
    pub(crate) left: String,
    pub(crate) right: String,
}

/// The text of `split.tsv`.
pub(crate) fn write_split(rows: &[Row]) -> String {
    let mut text = format!("{HEADER}\n");
    for row in rows {
        let Row {
            path,
            speaker,
            session,
            gender,
            split,
            seconds,
        } = row;
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{path}\t{speaker}\tvoices\t{session}\t{gender}\t{split}\t{seconds:.3}"
        );
    }
    text
}

/// Reads what [`write_split`] wrote.
pub(crate) fn read_split(text: &str) -> Result<Vec<Row>> {
    let mut lines = text.lines();
    ensure!(
        lines.next() == Some(HEADER),
        "line 1: expected the header `{HEADER}`"
    );
    lines
        .enumerate()
        .map(|(index, line)| {
            let place = || {
                format!(
                    "line {}: expected seven tab-separated fields: `{line}`",
                    index + 2
                )
            };
            let fields: Vec<&str> = line.split('\t').collect();
            let [path, speaker, "voices", session, gender, split, seconds] = fields[..] else {
                anyhow::bail!(place());
            };
            Ok(Row {
                path: path.to_owned(),
                speaker: speaker.to_owned(),
                session: session.to_owned(),
                gender: gender.to_owned(),
                split: split.to_owned(),
                seconds: seconds.parse().with_context(place)?,
            })
        })
        .collect()
}

/// Every target pair across sessions, and as many non-target pairs of speakers of one gender, spread evenly over the
/// pairs of speakers and drawn without repetition.
pub(crate) fn trials(rows: &[Row], split: &str, seed: u64) -> Vec<Trial> {
    let rows: Vec<&Row> = rows.iter().filter(|row| row.split == split).collect();
    let mut targets = Vec::new();
    let mut pairs_of_speakers: std::collections::BTreeMap<_, Vec<Trial>> = Default::default();
    for (index, left) in rows.iter().enumerate() {
        for right in &rows[index + 1..] {
            let target = left.speaker == right.speaker;
            let trial = Trial {
                target,
                left: left.path.clone(),
                right: right.path.clone(),
            };
            if target && left.session != right.session {
                targets.push(trial);
            } else if !target && left.gender == right.gender {
                let speakers = (left.speaker.as_str(), right.speaker.as_str());
                pairs_of_speakers.entry(speakers).or_default().push(trial);
            }
        }
    }
    let salt = split
        .bytes()
        .fold(0, |sum, byte| sum * 31 + u64::from(byte));
    let mut generator = stream(seed, Purpose::Trials, salt);
    let mut pools: Vec<Vec<Trial>> = pairs_of_speakers.into_values().collect();
    for pool in &mut pools {
        pool.shuffle(&mut generator);
    }
    let mut trials = targets.clone();
    while trials.len() < 2 * targets.len() {
        let before = trials.len();
        for pool in &mut pools {
            if trials.len() < 2 * targets.len() {
                trials.extend(pool.pop());
            }
        }
        if trials.len() == before {
            break; // No pairs left; the caller's check says so.
        }
    }
    trials
}

/// `1 a b` or `0 a b` a line.
pub(crate) fn write_trials(trials: &[Trial]) -> String {
    trials
        .iter()
        .map(|trial| {
            format!(
                "{} {} {}\n",
                u8::from(trial.target),
                trial.left,
                trial.right
            )
        })
        .collect()
}

/// Reads what [`write_trials`] wrote.
pub(crate) fn read_trials(text: &str) -> Result<Vec<Trial>> {
    text.lines()
        .enumerate()
        .map(|(index, line)| {
            let fields: Vec<&str> = line.split(' ').collect();
            let [label @ ("0" | "1"), left, right] = fields[..] else {
                anyhow::bail!(
                    "line {}: expected `0` or `1` and two paths: `{line}`",
                    index + 1
                );
            };
            Ok(Trial {
                target: label == "1",
                left: left.to_owned(),
                right: right.to_owned(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{HashMap, HashSet};

    fn rows() -> Vec<Row> {
        let mut rows = Vec::new();
        for (speaker, gender) in [("a", "m"), ("b", "m"), ("c", "m"), ("d", "f"), ("e", "f")] {
            for utterance in 0..8 {
                let session = if utterance < 4 { "s1" } else { "s2" };
                rows.push(Row {
                    path: format!("{speaker}/{session}/u{utterance}.ogg"),
                    speaker: speaker.to_owned(),
                    session: session.to_owned(),
                    gender: gender.to_owned(),
                    split: "test".to_owned(),
                    seconds: 2.5,
                });
            }
        }
        rows
    }

    #[test]
    fn trials_are_balanced_distinct_and_hard() {
        let trials = trials(&rows(), "test", 1);
        let (targets, others): (Vec<_>, Vec<_>) = trials.iter().partition(|trial| trial.target);
        assert_eq!((targets.len(), others.len()), (5 * 16, 5 * 16));
        let distinct: HashSet<_> = trials.iter().map(|t| (&t.left, &t.right)).collect();
        assert_eq!(distinct.len(), trials.len());
        for trial in targets {
            assert_eq!(trial.left[..1], trial.right[..1]);
            assert_ne!(trial.left[2..4], trial.right[2..4]);
        }
        let mut pairs: HashMap<_, usize> = HashMap::new();
        for trial in others {
            *pairs
                .entry((&trial.left[..1], &trial.right[..1]))
                .or_default() += 1;
        }
        assert_eq!(
            pairs,
            HashMap::from([
                (("a", "b"), 20),
                (("a", "c"), 20),
                (("b", "c"), 20),
                (("d", "e"), 20),
            ])
        );
    }

    #[test]
    fn another_seed_draws_other_trials_and_the_same_seed_the_same() {
        assert_eq!(trials(&rows(), "test", 1), trials(&rows(), "test", 1));
        assert_ne!(trials(&rows(), "test", 1), trials(&rows(), "test", 2));
        assert!(trials(&rows(), "dev", 1).is_empty());
    }

    #[test]
    fn lists_are_read_as_written() -> Result<()> {
        let rows = rows();
        assert_eq!(read_split(&write_split(&rows))?, rows);
        let trials = trials(&rows, "test", 1);
        assert_eq!(read_trials(&write_trials(&trials))?, trials);
        Ok(())
    }

    #[test]
    fn malformed_line_is_named() {
        let error = read_trials("1 a b\n2 a b\n").map_err(|error| error.to_string());
        assert!(error.is_err_and(|text| text.starts_with("line 2:")));
        let text = format!("{HEADER}\na\tb\n");
        let error = read_split(&text).map_err(|error| error.to_string());
        assert!(error.is_err_and(|text| text.starts_with("line 2:")));
        assert!(read_split("path\n").is_err());
    }
}
