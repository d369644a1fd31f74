//! CN-Celeb (Fan et al. 2020) and CN-Celeb2 (Li et al. 2022), OpenSLR 82.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use speech_data::{AudioFiles, Manifest, Problem, ProblemKind, Trial, TrialList, Utterance, split};

use super::files::Misplaced;
use super::{Corpus, table};
use crate::error::PrepError;

const LAYOUT: &str = "  <DIR or DIR/CN-Celeb_flac>/data/id00000/singing-01-001.flac
  <the same>/dev/dev.lst, eval/lists/trials.lst, eval/enroll/id00800-enroll.flac, eval/test/id00800-singing-01-001.flac
  <DIR or DIR/CN-Celeb2_flac>/data/id10000/vlog-01-001.flac";

/// A session is the video that an utterance was cut from: `singing-01` of `singing-01-001`.
pub(super) fn read(folder: &Path) -> Result<Corpus, PrepError> {
    let mut found = Found {
        misplaced: Misplaced::new(
            "data/<speaker>/<genre>-<video>-<number>.flac, eval/enroll/<speaker>-enroll.flac or eval/test/<speaker>-<genre>-<video>-<number>.flac",
        ),
        utterances: Vec::new(),
        lists: Vec::new(),
        notes: Vec::new(),
    };
    for (prefix, place) in editions(folder) {
        found.training(folder, &prefix, &place)?;
        let evaluation = found.evaluation(folder, &prefix, &place);
        found.trials(&place, &evaluation)?;
    }
    let Found {
        misplaced,
        utterances,
        lists,
        mut notes,
    } = found;
    let sentence = misplaced.finish(&mut notes);
    if utterances.is_empty() {
        return Err(PrepError::NothingFound {
            path: folder.to_owned(),
            corpus: "CN-Celeb",
            found: sentence,
            layouts: LAYOUT,
        });
    }
    let mut manifest = Manifest::new(folder, utterances);
    manifest.notes = notes;
    Ok(Corpus { manifest, lists })
}

/// The folders that hold `data` or `eval`, and what comes before the names in them.
fn editions(folder: &Path) -> Vec<(String, PathBuf)> {
    let holds = |place: &Path| place.join("data").is_dir() || place.join("eval").is_dir();
    if holds(folder) {
        return vec![(String::new(), folder.to_owned())];
    }
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<(String, PathBuf)> = entries
        .filter_map(|entry| Some((format!("{}/", entry.file_name().to_str()?), entry.path())))
        .filter(|(_, place)| holds(place))
        .collect();
    found.sort();
    found
}

struct Found {
    misplaced: Misplaced,
    utterances: Vec<Utterance>,
    lists: Vec<TrialList>,
    notes: Vec<Problem>,
}

impl Found {
    /// `data`: of the speakers in `dev/dev.lst` only, where there is one. The others' recordings are those that the
    /// evaluation was cut from.
    fn training(&mut self, folder: &Path, prefix: &str, place: &Path) -> Result<(), PrepError> {
        let list = place.join("dev/dev.lst");
        let allowed: Option<BTreeSet<String>> = match list.is_file() {
            true => Some(
                table::read(&list, "one speaker a line", |_, line| {
                    Ok(Some(line.trim().to_owned()))
                })?
                .into_iter()
                .collect(),
            ),
            false => None,
        };
        let (files, left_out) = AudioFiles::below(&place.join("data")).into_names();
        self.notes.extend(left_out);
        let mut left_out = BTreeSet::new();
        for path in files {
            let id = format!("{prefix}data/{path}");
            let Some((speaker, take)) = path
                .split_once('/')
                .and_then(|(speaker, file)| Some((speaker, take(file)?)))
            else {
                self.misplaced.add(&folder.join(&id));
                continue;
            };
            if allowed
                .as_ref()
                .is_some_and(|allowed| !allowed.contains(speaker))
            {
                left_out.insert(speaker.to_owned());
                continue;
            }
            self.push(folder, id, speaker, Some(take), split::TRAIN);
        }
        if !left_out.is_empty() {
            let message = format!(
                "{} speakers of `data` are not in this list and are left out: the evaluation was cut from their recordings",
                left_out.len()
            );
            self.notes
                .push(Problem::at(ProblemKind::SpeakerInTwoSplits, &list, message));
        }
        Ok(())
    }

    /// `eval/enroll` and `eval/test`. Gives the names of the utterances by the names that the lists use.
    fn evaluation(
        &mut self,
        folder: &Path,
        prefix: &str,
        place: &Path,
    ) -> BTreeMap<String, String> {
        let mut names = BTreeMap::new();
        for part in ["enroll", "test"] {
            let (files, left_out) = AudioFiles::below(&place.join("eval").join(part)).into_names();
            self.notes.extend(left_out);
            for path in files {
                let id = format!("{prefix}eval/{part}/{path}");
                let stem = stem(&path);
                let parsed = match (part, stem.split_once('-')) {
                    ("enroll", Some((speaker, "enroll"))) => Some((speaker, None)),
                    ("test", Some((speaker, rest))) => take(rest).map(|take| (speaker, Some(take))),
                    _ => None,
                };
                let Some((speaker, take)) = parsed else {
                    self.misplaced.add(&folder.join(&id));
                    continue;
                };
                names.insert(stem.to_owned(), id.clone());
                self.push(folder, id, speaker, take, split::TEST);
            }
        }
        names
    }

    /// `eval/lists/trials.lst`: `id00800-enroll test/id00800-singing-01-001.wav 1`, with the names of the WAV edition.
    fn trials(&mut self, place: &Path, names: &BTreeMap<String, String>) -> Result<(), PrepError> {
        let path = place.join("eval/lists/trials.lst");
        if !path.is_file() {
            return Ok(());
        }
        let name = |written: &str| {
            let stem = stem(written.rsplit('/').next().unwrap_or(written));
            names.get(stem).cloned().ok_or_else(|| {
                format!("there is no recording `{written}` in eval/enroll or eval/test")
            })
        };
        let trials = table::read(
            &path,
            "`<speaker>-enroll test/<recording> <1 or 0>`",
            |_, line| {
                let (enrolment, test, target) = table::trial(line)?;
                Ok(Some(Trial {
                    enrolment: name(enrolment)?,
                    test: name(test)?,
                    target,
                }))
            },
        )?;
        if !trials.is_empty() {
            self.lists.push(TrialList::new("cn-celeb-e", trials));
        }
        Ok(())
    }

    fn push(
        &mut self,
        folder: &Path,
        id: String,
        speaker: &str,
        take: Option<(&str, &str)>,
        split: &str,
    ) {
        let mut utterance = Utterance::new(id.clone(), folder.join(&id), speaker);
        utterance.split = Some(split.to_owned());
        if let Some((genre, session)) = take {
            // `singing-01` of one speaker is another video than that of the next.
            utterance.session = Some(format!("{speaker}-{session}"));
            utterance
                .columns
                .insert("genre".to_owned(), genre.to_owned());
        }
        self.utterances.push(utterance);
    }
}

/// Genre and video of `singing-01-001.flac`: `singing`, `singing-01`.
fn take(file: &str) -> Option<(&str, &str)> {
    let (session, number) = stem(file).rsplit_once('-')?;
    let (genre, video) = session.rsplit_once('-')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(number) && is_number(video) && !genre.is_empty()).then_some((genre, session))
}

/// A file's name without its ending.
fn stem(file: &str) -> &str {
    file.rsplit_once('.').map_or(file, |(stem, _)| stem)
}
