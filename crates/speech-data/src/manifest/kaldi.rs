//! Kaldi data directories.

use std::collections::BTreeMap;
use std::path::Path;

use super::Manifest;
use super::row::{Role, locate, utterance};
use super::table::finish;
use crate::error::DataError;
use crate::location::Cut;
use crate::names::column;
use crate::problem::Problem;
use crate::text::{line_problem, lines, read_bytes};

/// Reads `wav.scp` and `utt2spk`, and `segments`, `spk2gender`, `utt2session` and `utt2dur` where they exist. The utterance
/// name becomes the `id`, since Kaldi's trial lists use it. Relative paths start from `root`. Segments are cut from their
/// recordings; the columns `start_s`, `end_s` and `recording` say from where.
pub(super) fn read(folder: &Path, root: &Path) -> Result<Manifest, DataError> {
    let mut problems = Vec::new();
    let wav_scp = folder.join("wav.scp");
    let wavs = pairs(&wav_scp, &mut problems)?;
    let utt2spk = folder.join("utt2spk");
    let speakers = pairs(&utt2spk, &mut problems)?;
    let mut optional = |name: &str| -> Result<BTreeMap<String, (u64, String)>, DataError> {
        let path = folder.join(name);
        if path.is_file() {
            pairs(&path, &mut problems)
        } else {
            Ok(BTreeMap::new())
        }
    };
    let genders = optional("spk2gender")?;
    let sessions = optional("utt2session")?;
    let seconds = optional("utt2dur")?;
    let segments_path = folder.join("segments");
    let segments = match segments_path.is_file() {
        true => Some(segments(&segments_path, &wavs, &mut problems)?),
        false => None,
    };

    let value = |table: &BTreeMap<String, (u64, String)>, key: &str| {
        table
            .get(key)
            .map_or(String::new(), |(_, value)| value.clone())
    };
    let mut utterances = Vec::new();
    let whole: Vec<Row<'_>> = match &segments {
        Some(segments) => segments
            .iter()
            .filter_map(|(name, segment)| {
                let (line, wav) = wavs.get(&segment.recording)?;
                Some((name, (line, wav), Some(segment)))
            })
            .collect(),
        None => wavs
            .iter()
            .map(|(name, (line, wav))| (name, (line, wav), None))
            .collect(),
    };
    for (name, (line, wav), segment) in whole {
        if wav.ends_with('|') {
            let message =
                format!("`{name}` is a command (it ends in `|`), which is not run; name a file");
            problems.push(line_problem(&wav_scp, *line, message));
            continue;
        }
        if wav.rsplit_once(".ark:").is_some_and(|(_, offset)| {
            !offset.is_empty() && offset.bytes().all(|b| b.is_ascii_digit())
        }) {
            let message = format!("`{name}` lies in a Kaldi archive; name an audio file");
            problems.push(line_problem(&wav_scp, *line, message));
            continue;
        }
        let speaker = value(&speakers, name);
        if speaker.is_empty() {
            let message = format!("`{name}` has no speaker in utt2spk");
            problems.push(line_problem(&wav_scp, *line, message));
            continue;
        }
        let fields = [
            (Role::Path, "path", wav.clone()),
            (Role::Gender, "gender", value(&genders, &speaker)),
            (Role::Session, "session", value(&sessions, name)),
            (Role::Seconds, "seconds", value(&seconds, name)),
            (Role::Speaker, "speaker", speaker),
        ];
        let fields = fields.iter().map(|(r, n, v)| (*r, *n, v.as_str()));
        match utterance(root, *line, fields) {
            Ok(mut found) => {
                found.location = locate(root, wav).1.into();
                found.id.clone_from(name);
                if let Some(segment) = segment {
                    let mut known = |key: &str, value: &str| {
                        found.columns.insert(key.to_owned(), value.to_owned())
                    };
                    known(column::START_S, &segment.start_s);
                    known(column::END_S, &segment.end_s);
                    known(column::RECORDING, &segment.recording);
                    found.location = found.location.cut(segment.cut);
                }
                utterances.push(found);
            }
            Err(message) => problems.push(line_problem(&wav_scp, *line, message)),
        }
    }
    let place = if segments.is_some() {
        "segments"
    } else {
        "wav.scp"
    };
    let is_known = |name: &String| match &segments {
        Some(segments) => segments.contains_key(name),
        None => wavs.contains_key(name),
    };
    for (name, (line, _)) in speakers.iter().filter(|(name, _)| !is_known(name)) {
        let message = format!("`{name}` has no recording in {place}");
        problems.push(line_problem(&utt2spk, *line, message));
    }
    finish(&wav_scp, root, utterances, problems)
}

/// Name, place and, of a segment, bounds of an utterance.
type Row<'a> = (&'a String, (&'a u64, &'a String), Option<&'a Segment>);

/// A part of a recording.
#[derive(Debug)]
struct Segment {
    recording: String,
    /// Bounds in s, as written.
    start_s: String,
    end_s: String,
    cut: Cut,
}

/// The lines `utterance recording start end` of `segments`.
fn segments(
    path: &Path,
    wavs: &BTreeMap<String, (u64, String)>,
    problems: &mut Vec<Problem>,
) -> Result<BTreeMap<String, Segment>, DataError> {
    let mut found = BTreeMap::new();
    for (name, (line, value)) in pairs(path, problems)? {
        let fields: Vec<&str> = value.split_whitespace().collect();
        let [recording, start, end] = fields[..] else {
            let message = format!(
                "`{name}`: {} fields, expected utterance, recording, start and end",
                fields.len() + 1
            );
            problems.push(line_problem(path, line, message));
            continue;
        };
        let times = start.parse().ok().zip(end.parse().ok());
        let Some(cut) = times.and_then(|(start_s, end_s)| Cut::new(start_s, end_s)) else {
            let message = format!(
                "`{name}` goes from {start} to {end} s; expected two times, the second greater"
            );
            problems.push(line_problem(path, line, message));
            continue;
        };
        if !wavs.contains_key(recording) {
            let message = format!("`{name}` is a part of `{recording}`, which is not in wav.scp");
            problems.push(line_problem(path, line, message));
            continue;
        }
        let segment = Segment {
            recording: recording.to_owned(),
            start_s: start.to_owned(),
            end_s: end.to_owned(),
            cut,
        };
        found.insert(name, segment);
    }
    Ok(found)
}

/// The `key value…` lines of a table, with their numbers. A key that occurs twice is a problem.
fn pairs(
    path: &Path,
    problems: &mut Vec<Problem>,
) -> Result<BTreeMap<String, (u64, String)>, DataError> {
    let bytes = read_bytes(path)?;
    let mut table: BTreeMap<String, (u64, String)> = BTreeMap::new();
    for (line, text) in lines(&bytes, path, problems) {
        let Some((key, value)) = text.trim().split_once(char::is_whitespace) else {
            let message = format!("`{}`: expected a name and a value", text.trim());
            problems.push(line_problem(path, line, message));
            continue;
        };
        match table.get(key) {
            Some((first, _)) => {
                let message = format!("`{key}` is already in line {first}");
                problems.push(line_problem(path, line, message));
            }
            None => {
                table.insert(key.to_owned(), (line, value.trim().to_owned()));
            }
        }
    }
    Ok(table)
}
