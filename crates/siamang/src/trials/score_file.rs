//! Files of scores, of this program and of others.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use speech_data::text::lines;
use speech_data::{Problem, ProblemKind, Trial, TrialList, label, line_fields};

use super::naming::Naming;
use crate::error::Error;

/// Problems that a message names.
const MAX_NAMED: usize = 5;

/// Scores, each of a pair of recordings or of a trial with its label.
#[derive(Debug)]
pub struct ScoreFile {
    path: PathBuf,
    /// BLAKE3 of the file.
    hash: String,
    layout: Layout,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    line: u64,
    /// Empty where the file names no recordings.
    pair: [String; 2],
    score: f32,
    label: Option<bool>,
}

/// What stands where in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    enrolment: Option<usize>,
    score: usize,
    label: Option<usize>,
    fields: usize,
}

/// All that are read: `a b score` of ours and Kaldi's, `a b score label` of WeSpeaker's, `a b label score` of SpeechBrain's,
/// VoxCeleb's list with a score behind each line, and label and score alone.
const LAYOUTS: [Layout; 6] = [
    layout(Some(0), 2, None, 3),
    layout(Some(0), 2, Some(3), 4),
    layout(Some(0), 3, Some(2), 4),
    layout(Some(1), 3, Some(0), 4),
    layout(None, 1, Some(0), 2),
    layout(None, 0, Some(1), 2),
];

const fn layout(
    enrolment: Option<usize>,
    score: usize,
    label: Option<usize>,
    fields: usize,
) -> Layout {
    Layout {
        enrolment,
        score,
        label,
        fields,
    }
}

impl Layout {
    fn read(&self, line: u64, fields: &[&str]) -> Option<Row> {
        if fields.len() != self.fields {
            return None;
        }
        let score: f64 = fields[self.score].parse().ok()?;
        let label = match self.label {
            Some(place) => Some(label(fields[place])?),
            None => None,
        };
        let pair = self.enrolment.map_or_else(
            || [String::new(), String::new()],
            |first| [fields[first].to_owned(), fields[first + 1].to_owned()],
        );
        Some(Row {
            line,
            pair,
            score: score as f32,
            label,
        })
    }
}

/// The scores of a list's trials, in its order.
#[derive(Debug, Default)]
pub struct ListScores {
    /// Of each trial; none where the file has none, or one that is no number.
    pub scores: Vec<Option<f32>>,
    /// Trials whose score is NaN or infinite.
    pub num_not_finite: usize,
    /// Places of trials for which the file has no score.
    pub missing: Vec<usize>,
    /// Trials whose score stands under the swapped pair.
    pub num_swapped: usize,
    /// Scores of pairs that the list does not ask for.
    pub num_unasked: usize,
}

impl ScoreFile {
    /// Reads a file of scores; `path` stands for it in messages and names it. The larger a score, the more alike.
    ///
    /// # Errors
    /// [`Error::Scores`] with the lines that are none, or that give a pair two scores.
    pub fn of_bytes(bytes: &[u8], path: &Path) -> Result<Self, Error> {
        let mut problems = Vec::new();
        let found = lines(bytes, path, &mut problems);
        let refuse = |problems: Vec<Problem>, found: &str| Error::Scores {
            path: path.to_owned(),
            found: listed(found, &problems),
        };
        if !problems.is_empty() {
            return Err(refuse(problems, "cannot be read"));
        }
        let fields: Vec<(u64, Vec<&str>)> = found
            .iter()
            .map(|(number, line)| (*number, line_fields(line)))
            .collect();
        if fields.is_empty() {
            return Err(refuse(Vec::new(), "it holds no scores"));
        }
        let fits = |layout: &Layout| {
            let lines = fields.iter();
            lines
                .filter(|(number, line)| layout.read(*number, line).is_some())
                .count()
        };
        // The first of those that read most.
        let best = LAYOUTS
            .iter()
            .rev()
            .max_by_key(|layout| fits(layout))
            .unwrap_or(&LAYOUTS[0]);
        let mut rows = Vec::with_capacity(fields.len());
        for ((number, fields), (_, text)) in fields.iter().zip(&found) {
            match best.read(*number, fields) {
                Some(row) => rows.push(row),
                None => {
                    let shown: String = text.trim().chars().take(80).collect();
                    problems.push(problem(*number, format!("`{shown}`")));
                }
            }
        }
        if !problems.is_empty() {
            let found = format!("{} of {} lines are no scores", problems.len(), fields.len());
            return Err(refuse(problems, &found));
        }
        let file = Self {
            path: path.to_owned(),
            hash: blake3::hash(bytes).to_hex().to_string(),
            layout: *best,
            rows,
        };
        file.check()?;
        Ok(file)
    }

    /// Whether it says which trials are targets.
    #[must_use]
    pub fn is_labelled(&self) -> bool {
        self.layout.label.is_some()
    }

    /// Whether it names recordings.
    #[must_use]
    pub fn has_names(&self) -> bool {
        self.layout.enrolment.is_some()
    }

    /// The recordings that it names.
    #[must_use]
    pub fn names(&self) -> BTreeSet<&str> {
        let rows = self.rows.iter();
        match self.has_names() {
            true => rows
                .flat_map(|row| row.pair.each_ref().map(String::as_str))
                .collect(),
            false => BTreeSet::new(),
        }
    }

    /// A pair has one score, and one label.
    fn check(&self) -> Result<(), Error> {
        if !self.has_names() {
            return Ok(());
        }
        let mut seen: HashMap<[&str; 2], &Row> = HashMap::with_capacity(self.rows.len());
        let mut problems = Vec::new();
        for row in &self.rows {
            let pair = row.pair.each_ref().map(String::as_str);
            let first = *seen.entry(pair).or_insert(row);
            let same = first.score == row.score || (first.score.is_nan() && row.score.is_nan());
            if !same {
                problems.push(problem(
                    row.line,
                    format!(
                        "`{}` and `{}` have the score {} here, {} in line {}",
                        pair[0], pair[1], row.score, first.score, first.line
                    ),
                ));
            }
        }
        if problems.is_empty() {
            return Ok(());
        }
        let found = match problems.len() {
            1 => "a pair has two scores".to_owned(),
            count => format!("{count} lines give a pair another score than a line before"),
        };
        Err(Error::Scores {
            path: self.path.clone(),
            found: listed(&found, &problems),
        })
    }

    /// The list that a file with labels is, and its scores.
    ///
    /// # Errors
    /// [`Error::Scores`] for a file without labels, or with a pair that is target and nontarget.
    pub fn into_list(self) -> Result<(TrialList, ListScores), Error> {
        let refuse = |found: &str, problems: &[Problem]| Error::Scores {
            path: self.path.clone(),
            found: listed(found, problems),
        };
        let mut list = TrialList::new(
            self.path.file_stem().unwrap_or_default().to_string_lossy(),
            Vec::new(),
        );
        let mut scores = ListScores::default();
        for row in &self.rows {
            let Some(target) = row.label else {
                return Err(refuse(
                    "it does not say which trials are targets, so that a trial list is needed",
                    &[],
                ));
            };
            // Trials without names are no pair twice.
            let [enrolment, test] = match self.has_names() {
                true => row.pair.clone(),
                false => [format!("line {}", row.line), "another".to_owned()],
            };
            list.trials.push(Trial {
                enrolment,
                test,
                target,
            });
            scores.push(Some(row.score));
        }
        list.hash = self.hash.clone();
        let contradictions = list.contradictions();
        let problems: Vec<Problem> = contradictions
            .iter()
            .map(|found| {
                let (first, second) = (&self.rows[found.first], &self.rows[found.second]);
                let message = format!(
                    "`{}` and `{}` have another label in line {}",
                    second.pair[0], second.pair[1], first.line
                );
                problem(second.line, message)
            })
            .collect();
        match problems.is_empty() {
            true => Ok((list, scores)),
            false => Err(refuse("pairs are target and nontarget", &problems)),
        }
    }

    /// The scores of the trials of `list`; `naming` knows which of this file's names those of the list mean.
    ///
    /// # Errors
    /// [`Error::Scores`] where the file has no names, or labels other than the list's.
    pub fn of_list(&self, list: &TrialList, naming: &Naming) -> Result<ListScores, Error> {
        let refuse = |found: &str, problems: &[Problem]| Error::Scores {
            path: self.path.clone(),
            found: listed(found, problems),
        };
        if !self.has_names() {
            return Err(refuse(
                "it has labels and scores, but no names that would say which trial of the list each belongs to",
                &[],
            ));
        }
        let rows = self.rows.iter();
        let index: HashMap<[&str; 2], (usize, &Row)> = rows
            .enumerate()
            .map(|(place, row)| (row.pair.each_ref().map(String::as_str), (place, row)))
            .collect();
        let mut is_asked = vec![false; self.rows.len()];
        let mut scores = ListScores::default();
        let mut problems = Vec::new();
        for trial in &list.trials {
            let pair = [naming.own(&trial.enrolment), naming.own(&trial.test)];
            let swapped = || index.get(&[pair[1], pair[0]]).map(|found| (true, found));
            let found = index.get(&pair).map(|found| (false, found));
            let Some((is_swapped, (place, row))) = found.or_else(swapped) else {
                scores.push(None);
                continue;
            };
            is_asked[*place] = true;
            scores.num_swapped += usize::from(is_swapped);
            if row.label.is_some_and(|label| label != trial.target) {
                problems.push(problem(
                    row.line,
                    format!("`{}` and `{}`", row.pair[0], row.pair[1]),
                ));
            }
            scores.push(Some(row.score));
        }
        // A pair that occurs twice is asked for by its last line alone.
        let num_pairs = index.len();
        scores.num_unasked = num_pairs - is_asked.iter().filter(|asked| **asked).count();
        match problems.is_empty() {
            true => Ok(scores),
            false => Err(refuse(
                &format!(
                    "{} of its labels are others than those of list `{}`",
                    problems.len(),
                    list.name
                ),
                &problems,
            )),
        }
    }
}

impl ListScores {
    fn push(&mut self, score: Option<f32>) {
        let finite = score.filter(|score| score.is_finite());
        if score.is_none() {
            self.missing.push(self.scores.len());
        }
        self.num_not_finite += usize::from(score.is_some() && finite.is_none());
        self.scores.push(finite);
    }
}

fn problem(line: u64, message: String) -> Problem {
    Problem {
        kind: ProblemKind::Line,
        source: None,
        line: Some(line),
        message,
    }
}

/// What was found, and the first places of it.
fn listed(found: &str, problems: &[Problem]) -> String {
    let mut text = found.to_owned();
    for (index, problem) in problems.iter().take(MAX_NAMED).enumerate() {
        text.push_str(if index == 0 { ": " } else { ", " });
        text.push_str(&problem.to_string());
    }
    if let more @ 1.. = problems.len().saturating_sub(MAX_NAMED) {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ScoreFile, String> {
        ScoreFile::of_bytes(text.as_bytes(), Path::new("s.txt")).map_err(|error| error.to_string())
    }

    fn list(text: &str) -> TrialList {
        TrialList::of_bytes(text.as_bytes(), Path::new("t.txt")).unwrap()
    }

    #[test]
    fn every_layout_gives_the_same_list() {
        for text in [
            "a b 0.5 target\na c -1.5e0 nontarget\n",
            "a b 0.5 1\na c -1.5 0\n",
            "a b 1 0.5\na c 0 -1.5\n",
            "1 a b 0.5\n0 a c -1.5\n",
            "target a b 0.5\nnontarget a c -1.5\n",
        ] {
            let (list, scores) = read(text).unwrap().into_list().unwrap();
            assert_eq!(list.trials, self::list("1 a b\n0 a c\n").trials, "{text}");
            assert_eq!(scores.scores, [Some(0.5), Some(-1.5)], "{text}");
            assert_eq!(list.name, "s");
        }
        for text in [
            "1 0.5\n0 -1.5\n",
            "0.5 1\n-1.5 0\n",
            "target 0.5\nnontarget -1.5",
        ] {
            let file = read(text).unwrap();
            assert!(!file.has_names());
            let (list, scores) = file.into_list().unwrap();
            assert_eq!((list.num_targets(), list.trials.len()), (1, 2), "{text}");
            assert_eq!(scores.scores, [Some(0.5), Some(-1.5)], "{text}");
        }
    }

    #[test]
    fn a_list_finds_its_scores_by_the_pair() {
        let file = read("b a 0.25\na c nan\nx y 3\n").unwrap();
        assert!(!file.is_labelled());
        let scores = file
            .of_list(&list("1 a b\n0 a c\n0 a d\n"), &Naming::default())
            .unwrap();
        assert_eq!(scores.scores, [Some(0.25), None, None]);
        assert_eq!(
            (
                scores.num_swapped,
                scores.num_not_finite,
                scores.num_unasked
            ),
            (1, 1, 1)
        );
        assert!(
            file.into_list()
                .unwrap_err()
                .to_string()
                .contains("a trial list is needed")
        );
    }

    #[test]
    fn what_is_no_file_of_scores_says_why() {
        for (text, expected) in [
            ("", "no scores"),
            (
                "a b 0.5\na b x\na c 1\n",
                "1 of 3 lines are no scores: line 2: `a b x`",
            ),
            (
                "a b 0.5\na b 0.75\n",
                "line 2: `a` and `b` have the score 0.75 here, 0.5 in line 1",
            ),
            ("a b target\n", "1 of 1 lines are no scores"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        let error = read("a b 1 target\nb a 1 nontarget\n")
            .unwrap()
            .into_list()
            .unwrap_err();
        assert!(
            error
                .to_string()
                .contains("line 2: `b` and `a` have another label in line 1")
        );
        let labelled = read("a b 0.5 0\n").unwrap();
        let error = labelled
            .of_list(&list("1 a b\n"), &Naming::default())
            .unwrap_err();
        assert!(
            error.to_string().contains("1 of its labels are others"),
            "{error}"
        );
    }
}
