//! Kaldi data directories.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::super::finish::Found;
use super::super::options::{Pipes, Speakers};
use super::super::parts::letter;
use super::row::{Place, Role, locate, utterance};
use crate::error::DataError;
use crate::location::member::{ByteRange, Command};
use crate::location::{Cut, Location, Member, header};
use crate::names::column;
use crate::problem::{Problem, ProblemKind};
use crate::text::{line_problem, lines, read_bytes};

/// Reads `wav.scp` and, of a whole directory (`has_neighbours`), `utt2spk`, and `segments`, `spk2gender`, `utt2session`,
/// `utt2dur` and `reco2file_and_channel` where they exist. The utterance name becomes the `id`, since Kaldi's trial lists use
/// it. Segments are cut from their recordings; the columns `start_s`, `end_s` and `recording` say from where.
pub(super) fn read(
    wav_scp: &Path,
    has_neighbours: bool,
    place: &Place<'_>,
    found: &mut Found,
) -> Result<(), DataError> {
    let problems = &mut found.problems;
    let folder = wav_scp.parent().unwrap_or_else(|| Path::new(""));
    let wavs = pairs(wav_scp, problems)?;
    let mut optional = |name: &str| -> Result<Table, DataError> {
        let path = folder.join(name);
        if has_neighbours && path.is_file() {
            pairs(&path, problems)
        } else {
            Ok(Table::new())
        }
    };
    let utt2spk = folder.join("utt2spk");
    let needs_speakers = place.options.speakers == Speakers::Needed;
    let speakers = optional("utt2spk")?;
    let genders = optional("spk2gender")?;
    let sessions = optional("utt2session")?;
    let seconds = optional("utt2dur")?;
    let channels = optional("reco2file_and_channel")?;
    if needs_speakers && speakers.is_empty() {
        // Its absence is the error.
        pairs(&utt2spk, problems)?;
    }
    let segments_path = folder.join("segments");
    let segments = match has_neighbours && segments_path.is_file() {
        true => Some(segments(&segments_path, &wavs, place, problems)?),
        false => None,
    };

    let value = |table: &Table, key: &str| {
        table
            .get(key)
            .map_or(String::new(), |(_, value)| value.clone())
    };
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
        let location = match place_of(wav, place) {
            Ok(location) => location,
            Err(message) => {
                let mut problem = line_problem(wav_scp, *line, format!("`{name}`: {message}"));
                if wav.ends_with('|') {
                    problem.kind = ProblemKind::Command;
                }
                problems.push(problem);
                continue;
            }
        };
        let speaker = value(&speakers, name);
        if speaker.is_empty() && needs_speakers {
            let message = format!("`{name}` has no speaker in utt2spk");
            problems.push(line_problem(wav_scp, *line, message));
            continue;
        }
        let recording = segment.map_or(name, |segment| &segment.recording);
        let channel = match segment.and_then(|segment| segment.channel.clone()) {
            Some(written) => Some(written),
            None => channels
                .get(recording)
                .and_then(|(_, value)| value.split_whitespace().last().map(str::to_owned)),
        };
        let fields = [
            (Role::Path, "path", name.clone()),
            (Role::Gender, "gender", value(&genders, &speaker)),
            (Role::Session, "session", value(&sessions, name)),
            (Role::Seconds, "seconds", value(&seconds, name)),
            (Role::Speaker, "speaker", speaker),
        ];
        let fields = fields.iter().map(|(r, n, v)| (*r, *n, v.as_str()));
        let mut row = match utterance(place, Some(*line), fields) {
            Ok(row) => row.utterance,
            Err(message) => {
                problems.push(line_problem(wav_scp, *line, message));
                continue;
            }
        };
        row.location = location;
        row.id.clone_from(name);
        if let Some(channel) = channel {
            let Some(channel) = channel_of(&channel) else {
                let message =
                    format!("`{name}`: channel `{channel}`; expected A or B, or a number from 1");
                problems.push(line_problem(wav_scp, *line, message));
                continue;
            };
            // A file of one channel holds the channel that is meant, and a command (`sph2pipe -c 1`) gives it.
            let has_several = header::of(&row.location).is_none_or(|file| file.num_channels > 1);
            if has_several && row.location.file().is_some() {
                row.location = row.location.channel(channel);
            }
        }
        if let Some(segment) = segment {
            let mut known =
                |key: &str, value: &str| row.columns.insert(key.to_owned(), value.to_owned());
            known(column::START_S, &segment.start_s);
            known(column::END_S, &segment.end_s);
            known(column::RECORDING, &segment.recording);
            row.location = row.location.cut(segment.cut);
        }
        found.utterances.push(row);
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
    Ok(())
}

/// What the right side of a line means: a file, a byte of an archive, or a command.
fn place_of(wav: &str, place: &Place<'_>) -> Result<Location, String> {
    if wav.ends_with('|') {
        return command(wav, place);
    }
    if let Some((path, offset)) = wav.rsplit_once(".ark:")
        && let Ok(offset) = offset.parse()
    {
        let (_, path) = locate(place.root, &format!("{path}.ark"));
        let range = ByteRange::of_ark(&Arc::new(path), offset);
        return Ok(Location::member(Member::Range(range)));
    }
    if wav == "-" || wav.starts_with('|') || wav.starts_with("ark:") || wav.starts_with("scp:") {
        return Err(format!(
            "`{wav}` is no file, no byte of an archive and no command that ends in `|`"
        ));
    }
    Ok(locate(place.root, wav).1.into())
}

/// A command in the place of a file, where commands are run.
pub(super) fn command(written: &str, place: &Place<'_>) -> Result<Location, String> {
    let command = Command::parse(written, place.root);
    if place.options.pipes == Pipes::Allowed {
        let command = Arc::new(command?);
        return Ok(Location::member(Member::Command(command)));
    }
    let message = "is a command (it ends in `|`), which is not run unless pipes are allowed";
    Err(
        match command.as_ref().ok().and_then(Command::decoded_file) {
            Some(file) => format!(
                "{message}; it does nothing but decode `{file}`, which can be named in its place"
            ),
            None => format!("{message}; or name a file"),
        },
    )
}

/// A file of keys with their lines and values.
type Table = BTreeMap<String, (u64, String)>;

/// Kaldi counts channels from 1, or calls them A and B.
fn channel_of(written: &str) -> Option<usize> {
    letter(written).or_else(|| written.parse::<usize>().ok()?.checked_sub(1))
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
    /// As written, where a fifth field names one.
    channel: Option<String>,
}

/// The lines `utterance recording start end` of `segments`; an end of -1 is the recording's, and a channel may follow.
fn segments(
    path: &Path,
    wavs: &Table,
    place: &Place<'_>,
    problems: &mut Vec<Problem>,
) -> Result<BTreeMap<String, Segment>, DataError> {
    let mut found = BTreeMap::new();
    for (name, (line, value)) in pairs(path, problems)? {
        let fields: Vec<&str> = value.split_whitespace().collect();
        let (recording, start, end, channel) = match fields[..] {
            [recording, start, end] => (recording, start, end, None),
            [recording, start, end, channel] => (recording, start, end, Some(channel.to_owned())),
            _ => {
                let message = format!(
                    "`{name}`: {} fields, expected utterance, recording, start and end",
                    fields.len() + 1
                );
                problems.push(line_problem(path, line, message));
                continue;
            }
        };
        let end_s = match end.parse() {
            Ok(-1.0) => wavs
                .get(recording)
                .and_then(|(_, wav)| Some(header::of(&place_of(wav, place).ok()?)?.seconds())),
            end => end.ok(),
        };
        let times = start.parse().ok().zip(end_s);
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
            end_s: cut.end_s().to_string(),
            cut,
            channel,
        };
        found.insert(name, segment);
    }
    Ok(found)
}

/// The `key value…` lines of a table, with their numbers. A key that occurs twice is a problem.
fn pairs(path: &Path, problems: &mut Vec<Problem>) -> Result<Table, DataError> {
    let bytes = read_bytes(path)?;
    let mut table = Table::new();
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
