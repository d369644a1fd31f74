//! What a reader found, to a manifest or to everything that is wrong with it.

use std::collections::HashMap;
use std::path::Path;

use super::options::{FaultyRows, ReadOptions, Speakers};
use super::utterance::Utterance;
use super::{Manifest, ValidateOptions};
use crate::error::DataError;
use crate::location::Location;
use crate::problem::Problem;
use crate::text::line_problem;

/// Everything that a reader found in a table.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The rows that can be used.
    pub(super) utterances: Vec<Utterance>,
    /// What is wrong. Of a line: that row cannot be used. Of no line: the table cannot.
    pub(super) problems: Vec<Problem>,
    /// Rows that cannot be used in forms that have no lines.
    pub(super) faulty: Vec<Problem>,
    /// What somebody should know.
    pub(super) notes: Vec<Problem>,
}

/// A manifest of what was read, or everything that is wrong with it.
pub(super) fn finish(
    file: &Path,
    root: &Path,
    mut found: Found,
    options: &ReadOptions<'_>,
) -> Result<Manifest, DataError> {
    let leaves_out = options.faulty == FaultyRows::LeaveOut && !found.utterances.is_empty();
    let faulty = match leaves_out {
        true => {
            let (rows, whole) = std::mem::take(&mut found.problems)
                .into_iter()
                .partition(|problem| problem.line.is_some());
            found.problems = whole;
            let rows: Vec<Problem> = rows;
            rows.into_iter().chain(found.faulty).collect()
        }
        false => {
            found.problems.extend(found.faulty);
            Vec::new()
        }
    };
    if found.utterances.is_empty() && found.problems.is_empty() {
        return Err(DataError::NothingFound {
            path: file.to_owned(),
            found: "The table has no rows.".to_owned(),
        });
    }
    contradictions(file, &found.utterances, &mut found.problems);
    let mut manifest = Manifest::new(root, found.utterances);
    manifest.source = Some(file.to_owned());
    manifest.notes = found.notes;
    manifest.faulty = faulty;
    if found.problems.is_empty() {
        return Ok(manifest);
    }
    let demands = match options.speakers {
        Speakers::Needed => ValidateOptions::default(),
        Speakers::Optional => ValidateOptions {
            min_utterances: 0,
            min_speakers: 0,
            disjoint_speakers: false,
            ..ValidateOptions::default()
        },
    };
    let mut report = manifest.validate(&demands);
    report.errors.extend(found.problems);
    report.sort();
    Err(DataError::BadManifest {
        path: file.to_owned(),
        report,
    })
}

/// One place, a file or a part of one, cannot have two speakers.
fn contradictions(file: &Path, utterances: &[Utterance], problems: &mut Vec<Problem>) {
    let mut first: HashMap<&Location, &Utterance> = HashMap::with_capacity(utterances.len());
    for utterance in utterances {
        let Some(speaker) = utterance.known_speaker() else {
            continue;
        };
        let known = *first.entry(&utterance.location).or_insert(utterance);
        if known.speaker == utterance.speaker {
            continue;
        }
        let line = known
            .line
            .map_or(String::new(), |line| format!(" in line {line}"));
        let message = format!(
            "`{}` is of speaker `{speaker}` here and of `{}`{line}: one recording cannot be both; give each its part or its channel, or leave one out",
            utterance.location, known.speaker
        );
        problems.push(line_problem(file, utterance.line.unwrap_or(1), message));
    }
}
