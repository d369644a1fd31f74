//! Lists without a header: paths, speakers and paths, tars.

use std::collections::BTreeSet;
use std::path::Path;

use audio_features::is_audio_path;

use super::super::finish::Found;
use super::super::parts;
use super::archive;
use super::row::{self, Place, Role, locate};
use crate::error::DataError;
use crate::problem::{Problem, ProblemKind};
use crate::text::line_problem;

/// What the lines of a list without a header are.
pub(super) enum Kind {
    /// `id00012 id00012/21Uxsk56VDQ/00001.wav`: voxceleb_trainer's.
    SpeakersAndPaths,
    /// A path a line.
    Paths,
    /// A tar a line: WeSpeaker's `shard.list`.
    Tars,
}

/// Lines that are looked at to tell what a list is.
const LOOKED_AT: usize = 100;

impl Kind {
    /// The kind of list, if it is one of these.
    pub(super) fn of(lines: &[(u64, &str)]) -> Option<Self> {
        let (_, first) = lines.first()?;
        let all = |is_it: &dyn Fn(&str) -> bool| {
            lines
                .iter()
                .take(LOOKED_AT)
                .all(|(_, line)| is_it(line.trim()))
        };
        if is_tar(first.trim()) && all(&is_tar) {
            return Some(Self::Tars);
        }
        if all(&|line| pair(line).is_some()) {
            let pairs: Vec<(&str, &str)> = lines
                .iter()
                .take(LOOKED_AT)
                .filter_map(|(_, line)| pair(line))
                .collect();
            // Kaldi's `wav.scp` looks alike, but its names are all different.
            let names: BTreeSet<&str> = pairs.iter().map(|(name, _)| *name).collect();
            let is_folder = pairs
                .iter()
                .all(|(name, path)| path.split('/').any(|part| part == *name));
            return (is_folder || names.len() < pairs.len()).then_some(Self::SpeakersAndPaths);
        }
        all(&|line| is_audio_path(Path::new(line)) && !line.contains(['\t', ',', ';', '{']))
            .then_some(Self::Paths)
    }

    /// Adds the recordings of the list to `found`.
    pub(super) fn read(
        &self,
        lines: &[(u64, &str)],
        file: &Path,
        place: &Place<'_>,
        found: &mut Found,
    ) -> Result<(), DataError> {
        if matches!(self, Self::Tars) {
            return tars(lines, file, place, found);
        }
        let mut rows = Vec::with_capacity(lines.len());
        for &(line, text) in lines {
            let (speaker, path) = match self {
                Self::SpeakersAndPaths => match pair(text.trim()) {
                    Some(pair) => pair,
                    None => {
                        let message = "expected a speaker and a path, as in the first lines";
                        found.problems.push(line_problem(file, line, message));
                        continue;
                    }
                },
                _ => ("", text.trim()),
            };
            let fields = [
                (Role::Speaker, "speaker", speaker),
                (Role::Path, "path", path),
            ];
            match row::utterance(place, Some(line), fields.into_iter()) {
                Ok(row) => rows.push(row),
                Err(message) => found.problems.push(line_problem(file, line, message)),
            }
        }
        parts::cut(rows, file, found);
        Ok(())
    }
}

fn is_tar(line: &str) -> bool {
    Path::new(line)
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("tar"))
}

/// The two fields of a line, the second of which is a recording.
fn pair(line: &str) -> Option<(&str, &str)> {
    let (speaker, path) = line.split_once(char::is_whitespace)?;
    let path = path.trim();
    (is_audio_path(Path::new(path))
        && !path.contains(char::is_whitespace)
        && !speaker.contains(['/', ',', ';', '{']))
    .then_some((speaker, path))
}

/// The recordings of all tars of a list. A tar that cannot be read is a problem of its line.
fn tars(
    lines: &[(u64, &str)],
    file: &Path,
    place: &Place<'_>,
    found: &mut Found,
) -> Result<(), DataError> {
    let mut seen = BTreeSet::new();
    for &(line, text) in lines {
        let (_, path) = locate(place.root, text.trim());
        if let Err(error) = archive::read(&path, "", place, found) {
            found
                .problems
                .push(line_problem(file, line, error.to_string()));
        }
    }
    // The same key may stand in two tars.
    for utterance in &mut found.utterances {
        if !seen.insert(utterance.id.clone()) {
            let whole = utterance.location.holder().to_string();
            let note = format!(
                "`{}` is in two archives; one is called {whole}",
                utterance.id
            );
            found
                .notes
                .push(Problem::at(ProblemKind::Duplicate, file, note));
            utterance.id = whole;
        }
    }
    Ok(())
}
