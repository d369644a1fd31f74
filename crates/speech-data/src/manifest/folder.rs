//! Folders whose names are the speakers.

use std::collections::BTreeSet;
use std::path::Path;

use super::Manifest;
use super::utterance::Utterance;
use crate::error::DataError;
use crate::problem::{Problem, ProblemKind};
use crate::walk::{AudioFile, AudioFiles};

impl Manifest {
    /// Takes every audio file at `<speaker>/<utterance>` or `<speaker>/<session>/<utterance>` below `root`;
    /// both may occur in one tree. Other files and hidden ones (`._1.wav` beside `1.wav`) are passed over; audio
    /// files at other depths and what [`AudioFiles::notes`] tells of are put into [`Manifest::notes`].
    ///
    /// # Errors
    /// [`DataError::NothingFound`] if there is no such file; it prints the layouts that are understood.
    pub fn from_folder(root: &Path) -> Result<Self, DataError> {
        if !root.is_dir() {
            return Err(DataError::NothingFound {
                path: root.to_owned(),
                found: "There is no such folder.".to_owned(),
            });
        }
        let AudioFiles {
            files,
            mut notes,
            num_others,
            passed_over,
            ..
        } = AudioFiles::below(root);
        let num_files = files.len() + num_others;
        let mut utterances = Vec::with_capacity(files.len());
        for AudioFile { name: id, path } in files {
            let parts: Vec<&str> = id.split('/').collect();
            let (speaker, session) = match parts.as_slice() {
                [speaker, _] => (*speaker, None),
                [speaker, session, _] => (*speaker, Some((*session).to_owned())),
                other => {
                    let message = format!(
                        "{} folders deep; expected <speaker>/<utterance> or <speaker>/<session>/<utterance>; left out",
                        other.len() - 1
                    );
                    notes.push(Problem::at(ProblemKind::Misplaced, &path, message));
                    continue;
                }
            };
            let mut utterance = Utterance::new(id.clone(), path, speaker);
            utterance.session = session;
            utterances.push(utterance);
        }
        if utterances.is_empty() {
            let example = notes.first().map_or(String::new(), |n| format!(" ({n})"));
            let misplaced = notes.len();
            return Err(DataError::NothingFound {
                path: root.to_owned(),
                found: format!(
                    "None of {num_files} files is audio in a speaker's folder; {misplaced} could not be placed{example}."
                ),
            });
        }
        notes.extend(one_folder_above(root, &utterances));
        let mut manifest = Self::new(root, utterances);
        manifest.notes = notes;
        manifest.passed_over = passed_over;
        Ok(manifest)
    }
}

/// All recordings below a single folder that has folders of its own: one speaker with sessions, or the speakers of a corpus that
/// lies one folder deeper.
fn one_folder_above(root: &Path, utterances: &[Utterance]) -> Option<Problem> {
    let speaker = utterances.first()?.known_speaker()?;
    let is_alone = utterances
        .iter()
        .all(|utterance| utterance.known_speaker() == Some(speaker));
    let sessions: BTreeSet<&str> = utterances
        .iter()
        .filter_map(|utterance| utterance.session.as_deref())
        .collect();
    (is_alone && sessions.len() > 1).then(|| {
        let message = format!(
            "all {} recordings are taken for sessions of one speaker, `{speaker}`, since all lie in that folder; if its {} folders are the speakers, name `{}`",
            utterances.len(),
            sessions.len(),
            root.join(speaker).display()
        );
        Problem::at(ProblemKind::OneSpeaker, root, message)
    })
}
