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
            let Some((speaker, session)) = speaker_and_session(&id) else {
                let message = format!(
                    "{} folders deep; expected <speaker>/<utterance> or <speaker>/<session>/<utterance>; left out",
                    id.matches('/').count()
                );
                notes.push(Problem::at(ProblemKind::Misplaced, &path, message));
                continue;
            };
            let mut utterance = Utterance::new(id.clone(), path, speaker);
            utterance.session = session.map(str::to_owned);
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
        let placed = utterances.iter().filter_map(|utterance| {
            Some((utterance.known_speaker()?, utterance.session.as_deref()))
        });
        notes.extend(one_folder_above(root, placed));
        let mut manifest = Self::new(root, utterances);
        manifest.notes = notes;
        manifest.passed_over = passed_over;
        Ok(manifest)
    }
}

/// Whose a recording is, and of which session, by what [`AudioFiles`] calls it below the folder of all speakers:
/// `<speaker>/<utterance>` or `<speaker>/<session>/<utterance>`. None at other depths.
pub fn speaker_and_session(name: &str) -> Option<(&str, Option<&str>)> {
    let mut parts = name.split('/');
    match [(); 4].map(|()| parts.next()) {
        [Some(speaker), Some(_), None, None] => Some((speaker, None)),
        [Some(speaker), session @ Some(_), Some(_), None] => Some((speaker, session)),
        _ => None,
    }
}

/// What to say where all recordings, each of a speaker and perhaps a session, lie below a single folder that has folders of its
/// own: one speaker with sessions, or the speakers of a corpus that lies one folder deeper.
pub fn one_folder_above<'a>(
    root: &Path,
    recordings: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
) -> Option<Problem> {
    let mut recordings = recordings.into_iter().peekable();
    let (speaker, _) = *recordings.peek()?;
    let (mut count, mut sessions) = (0, BTreeSet::new());
    for (other, session) in recordings {
        if other != speaker {
            return None;
        }
        count += 1;
        sessions.extend(session);
    }
    (sessions.len() > 1).then(|| {
        let message = format!(
            "all {count} recordings are taken for sessions of one speaker, `{speaker}`, since all lie in that folder; if its {} folders are the speakers, name `{}`",
            sessions.len(),
            root.join(speaker).display()
        );
        Problem::at(ProblemKind::OneSpeaker, root, message)
    })
}
