//! The recordings that the names in trial lists mean, however they are spelled.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use speech_data::{DataError, NameMatches, Problem, ProblemKind, TrialList, nearest_name};

use crate::error::Error;

/// Names that a message gives.
const MAX_NAMED: usize = 3;

/// Which recordings names of trial lists mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Naming {
    renamed: HashMap<String, String>,
    /// How many names are spelled otherwise than their recordings, and how; nothing where all are spelled alike.
    pub note: Option<String>,
    /// Names that no recording fits, or more than one, counted and explained; nothing where there are none.
    pub missing: Option<String>,
    /// These names, sorted.
    pub missing_names: Vec<String>,
}

impl Naming {
    /// Finds `names` among the recordings `known`, which messages call `place`.
    pub(crate) fn of(names: &BTreeSet<&str>, known: &[&str], place: &str) -> Self {
        let asked: Vec<&str> = names.iter().copied().collect();
        let matches = NameMatches::find(&asked, known);
        let renamed = matches
            .found
            .iter()
            .map(|(name, (found, _))| (name.clone(), known[*found].to_owned()));
        let mut missing_names: Vec<String> = matches.ambiguous.keys().cloned().collect();
        missing_names.extend(matches.unknown.iter().cloned());
        missing_names.sort_unstable();
        Self {
            note: note(&matches, known, place),
            missing: missing(&matches, names.len(), known, place),
            missing_names,
            renamed: renamed.collect(),
        }
    }

    /// Finds the names of lists among those of a file, which messages call `place`.
    #[must_use]
    pub fn between(names: &BTreeSet<&str>, known: &BTreeSet<&str>, place: &str) -> Self {
        let known: Vec<&str> = known.iter().copied().collect();
        Self::of(names, &known, place)
    }

    /// The name of the recording that `name` means.
    #[must_use]
    pub fn own<'a>(&'a self, name: &'a str) -> &'a str {
        self.renamed.get(name).map_or(name, String::as_str)
    }

    /// The list with the names of its recordings; its own name and hash stay.
    ///
    /// # Errors
    /// [`Error::Data`] where two spellings of a pair contradict each other.
    pub fn applied(&self, list: &TrialList) -> Result<TrialList, Error> {
        let mut list = list.clone();
        if self.renamed.is_empty() {
            return Ok(list);
        }
        for trial in &mut list.trials {
            for name in [&mut trial.enrolment, &mut trial.test] {
                if let Some(own) = self.renamed.get(name) {
                    name.clone_from(own);
                }
            }
        }
        let contradictions = list.contradictions();
        if contradictions.is_empty() {
            return Ok(list);
        }
        let problems = contradictions.iter().take(MAX_NAMED).map(|found| {
            let trial = &list.trials[found.first];
            Problem {
                kind: ProblemKind::Line,
                source: None,
                line: None,
                message: format!(
                    "`{}` and `{}`, spelled in two ways",
                    trial.enrolment, trial.test
                ),
            }
        });
        Err(Error::Data(DataError::ContradictoryTrials {
            path: PathBuf::from(&list.name),
            pairs: contradictions.len(),
            problems: problems.collect(),
        }))
    }
}

fn note(matches: &NameMatches, known: &[&str], place: &str) -> Option<String> {
    let count = matches.found.len();
    if count == 0 {
        return None;
    }
    let ways = matches
        .spellings()
        .into_iter()
        .map(|(spelling, (count, name, found))| {
            format!(
                "{count} {} (`{name}` is `{}`)",
                spelling.words(),
                known[found]
            )
        });
    Some(format!(
        "{} {} matched with {place}: {}",
        match count {
            1 => "1 name".to_owned(),
            count => format!("{count} names"),
        },
        if count == 1 { "is" } else { "are" },
        ways.collect::<Vec<_>>().join(", ")
    ))
}

fn missing(matches: &NameMatches, num_names: usize, known: &[&str], place: &str) -> Option<String> {
    let count = matches.ambiguous.len() + matches.unknown.len();
    if count == 0 {
        return None;
    }
    let mut named: Vec<String> = Vec::new();
    for (name, found) in matches.ambiguous.iter().take(MAX_NAMED) {
        named.push(match found.as_slice() {
            [one, other, ..] => format!("`{name}` may be `{}` or `{}`", known[*one], known[*other]),
            [one] => format!("`{name}` may be `{}`, and so may another name", known[*one]),
            [] => format!("`{name}`"),
        });
    }
    for name in &matches.unknown {
        if named.len() == MAX_NAMED {
            break;
        }
        named.push(match nearest_name(name, known.iter().copied()) {
            Some(near) => format!("`{name}` (the nearest name there is `{near}`)"),
            None => format!("`{name}`"),
        });
    }
    let more = match count - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!(
        "{count} of {num_names} names {} not found in {place}: {}{more}",
        if count == 1 { "is" } else { "are" },
        named.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_matched_and_what_is_missing_is_said_in_a_line_each() {
        let known = ["a/1.wav", "a/2.wav", "b/1.wav"];
        let names = BTreeSet::from([
            "a/1.wav",
            r"a\2.wav",
            "w/b/1.wav",
            "1.wav",
            "a/3.wav",
            "zz",
            "yy",
            "xx",
        ]);
        let naming = Naming::of(&names, &known, "`e.npy`");
        assert_eq!(naming.own(r"a\2.wav"), "a/2.wav");
        assert_eq!(naming.own("zz"), "zz");
        assert_eq!(
            naming.note.as_deref(),
            Some(
                r"2 names are matched with `e.npy`: 1 with other separators of folders (`a\2.wav` is `a/2.wav`), 1 without the folders that they begin with (`w/b/1.wav` is `b/1.wav`)"
            )
        );
        assert_eq!(
            naming.missing.as_deref(),
            Some(
                "5 of 8 names are not found in `e.npy`: `1.wav` may be `a/1.wav` or `b/1.wav`, `a/3.wav` (the nearest name there is `a/1.wav`), `xx` and 2 more"
            )
        );
        assert_eq!(naming.missing_names, ["1.wav", "a/3.wav", "xx", "yy", "zz"]);
    }
}
