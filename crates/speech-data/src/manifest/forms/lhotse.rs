//! Lhotse's manifests: cuts, recordings, and supervisions beside recordings.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::super::finish::Found;
use super::super::options::Speakers;
use super::super::utterance::{Gender, Utterance};
use super::kaldi;
use super::row::Place;
use super::unpacked::text_of;
use crate::error::DataError;
use crate::location::{Cut, Location, ROUNDING_S};
use crate::names::column;
use crate::text::{line_problem, lines};

type Object = Map<String, Value>;

/// What a line of Lhotse is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Cut,
    Recording,
    Supervision,
}

impl Kind {
    fn of(object: &Object) -> Option<Self> {
        let has = |name: &str| object.contains_key(name);
        if object
            .get("type")
            .and_then(Value::as_str)
            .is_some_and(|kind| kind.ends_with("Cut"))
        {
            return Some(Self::Cut);
        }
        if has("sources") && has("sampling_rate") {
            return Some(Self::Recording);
        }
        (has("recording_id") && has("start") && has("duration")).then_some(Self::Supervision)
    }
}

/// Reads the lines if they are Lhotse's; `false` where they are not.
pub(super) fn read(
    lines: &[(u64, &str)],
    file: &Path,
    place: &Place<'_>,
    found: &mut Found,
) -> Result<bool, DataError> {
    let object = |text: &str| serde_json::from_str::<Object>(text).ok();
    let Some(kind) = lines.first().and_then(|(_, text)| Kind::of(&object(text)?)) else {
        return Ok(false);
    };
    let recordings = match kind {
        Kind::Supervision => beside(file)?,
        _ => HashMap::new(),
    };
    for &(line, text) in lines {
        let read = match object(text) {
            None => Err("not one JSON object".to_owned()),
            Some(object) => match kind {
                Kind::Cut => cut(&object, place),
                Kind::Recording => recording(&object, place),
                Kind::Supervision => supervision(&object, &recordings, place),
            },
        };
        match read {
            Ok(mut utterance) => {
                utterance.line = Some(line);
                found.utterances.push(utterance);
            }
            Err(message) => found.problems.push(line_problem(file, line, message)),
        }
    }
    Ok(true)
}

fn text<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    object.get(name)?.as_str().filter(|text| !text.is_empty())
}

fn number(object: &Object, name: &str) -> Result<f64, String> {
    object
        .get(name)
        .and_then(Value::as_f64)
        .ok_or_else(|| format!("no number `{name}`"))
}

fn cut(object: &Object, place: &Place<'_>) -> Result<Utterance, String> {
    let id = text(object, "id").ok_or("the cut has no `id`")?;
    match text(object, "type") {
        Some("MonoCut" | "MultiCut") => {}
        Some(other) => {
            return Err(format!(
                "`{id}` is a {other}, which is put together when it is loaded; only MonoCut and MultiCut are read: save the audio first (`cuts.save_audios`)"
            ));
        }
        None => return Err(format!("`{id}` has no type")),
    }
    let Some(Value::Object(recording)) = object.get("recording") else {
        return Err(format!("`{id}` has features and no recording"));
    };
    let (start, duration) = (number(object, "start")?, number(object, "duration")?);
    let mut utterance = Utterance::new(id, location(recording, object.get("channel"), place)?, "");
    bound(&mut utterance, recording, start, duration)?;
    if let Some(Value::Array(supervisions)) = object.get("supervisions") {
        let supervisions: Vec<&Object> = supervisions.iter().filter_map(Value::as_object).collect();
        for supervision in &supervisions {
            describe(&mut utterance, supervision).map_err(|other| {
                format!("`{id}` is of `{}` and of `{other}`: a cut of several speakers has to be trimmed to its supervisions first (`cuts.trim_to_supervisions`)", utterance.speaker)
            })?;
        }
    }
    checked(utterance, place)
}

fn recording(object: &Object, place: &Place<'_>) -> Result<Utterance, String> {
    let id = text(object, "id").ok_or("the recording has no `id`")?;
    checked(
        Utterance::new(id, location(object, None, place)?, ""),
        place,
    )
}

fn supervision(
    object: &Object,
    recordings: &HashMap<String, Object>,
    place: &Place<'_>,
) -> Result<Utterance, String> {
    let id = text(object, "id").ok_or("the supervision has no `id`")?;
    let name = text(object, "recording_id").ok_or("the supervision has no `recording_id`")?;
    let recording = recordings.get(name).ok_or_else(|| {
        format!("`{id}` is of the recording `{name}`, which is not among the recordings beside it")
    })?;
    let mut utterance = Utterance::new(id, location(recording, object.get("channel"), place)?, "");
    bound(
        &mut utterance,
        recording,
        number(object, "start")?,
        number(object, "duration")?,
    )?;
    let _ = describe(&mut utterance, object);
    checked(utterance, place)
}

fn checked(utterance: Utterance, place: &Place<'_>) -> Result<Utterance, String> {
    if utterance.speaker.is_empty() && place.options.speakers == Speakers::Needed {
        return Err(format!(
            "`{}` has no supervision with a speaker",
            utterance.id
        ));
    }
    Ok(utterance)
}

/// Takes what a supervision says; `Err` with its speaker where that is another.
fn describe(utterance: &mut Utterance, supervision: &Object) -> Result<(), String> {
    if let Some(speaker) = text(supervision, "speaker") {
        if !utterance.speaker.is_empty() && utterance.speaker != speaker {
            return Err(speaker.to_owned());
        }
        utterance.speaker = speaker.to_owned();
    }
    utterance.gender = text(supervision, "gender")
        .and_then(Gender::from_name)
        .or(utterance.gender);
    if let Some(language) = text(supervision, "language") {
        utterance
            .columns
            .insert("language".to_owned(), language.to_owned());
    }
    Ok(())
}

/// Cuts what is not all of its recording.
fn bound(
    utterance: &mut Utterance,
    recording: &Object,
    start: f64,
    duration: f64,
) -> Result<(), String> {
    let whole = number(recording, "duration").ok();
    let is_all = start == 0.0 && whole.is_some_and(|whole| (whole - duration).abs() <= ROUNDING_S);
    if is_all {
        return Ok(());
    }
    let cut = Cut::new(start, start + duration)
        .ok_or_else(|| format!("`{}` goes from {start} s for {duration} s; expected times of which the second is above 0", utterance.id))?;
    let mut known = |key: &str, value: String| utterance.columns.insert(key.to_owned(), value);
    known(column::START_S, cut.start_s().to_string());
    known(column::END_S, cut.end_s().to_string());
    if let Some(id) = text(recording, "id") {
        known(column::RECORDING, id.to_owned());
    }
    utterance.location = utterance.location.clone().cut(cut);
    Ok(())
}

/// Where a recording is, of which these channels are meant: a number or several.
fn location(
    recording: &Object,
    channels: Option<&Value>,
    place: &Place<'_>,
) -> Result<Location, String> {
    let id = text(recording, "id").unwrap_or_default();
    if recording
        .get("transforms")
        .and_then(Value::as_array)
        .is_some_and(|list| !list.is_empty())
    {
        return Err(format!(
            "`{id}` is changed when it is loaded (`transforms`): save the audio first (`cuts.save_audios`)"
        ));
    }
    let wanted: Vec<u64> = match channels {
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_u64).collect(),
        Some(one) => one.as_u64().into_iter().collect(),
        None => Vec::new(),
    };
    let sources: Vec<(&Object, Vec<u64>)> = recording
        .get("sources")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .map(|source| {
            let channels = source.get("channels").and_then(Value::as_array);
            (
                source,
                channels
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_u64)
                    .collect(),
            )
        })
        .collect();
    let holds =
        |own: &[u64]| wanted.is_empty() || wanted.iter().all(|channel| own.contains(channel));
    let Some((source, own)) = sources.iter().find(|(_, own)| holds(own)) else {
        return Err(format!(
            "`{id}` has no one source with the channels {wanted:?}"
        ));
    };
    if wanted.is_empty() && sources.len() > 1 {
        return Err(format!(
            "`{id}` is of {} files, one a channel: make cuts that name one",
            sources.len()
        ));
    }
    let kind = text(source, "type").unwrap_or_default();
    let written = text(source, "source");
    let found = match (kind, written) {
        ("file", Some(path)) => place.find(path)?.1,
        ("command", Some(command)) => kaldi::command(command, place)?,
        ("memory", _) => {
            return Err(format!(
                "`{id}` has its sound in the manifest (`memory`), which is not read: save the audio first (`cuts.save_audios`)"
            ));
        }
        (other, _) => {
            return Err(format!(
                "`{id}` is a source of type `{other}`, which is not read; name a file"
            ));
        }
    };
    let is_all = wanted.is_empty() || own.len() == wanted.len();
    match wanted[..] {
        _ if is_all => Ok(found),
        [channel] => {
            let at = own.iter().position(|one| *one == channel).unwrap_or(0);
            Ok(found.channel(at))
        }
        _ => Err(format!(
            "`{id}`: {} of {} channels are meant; expected one or all",
            wanted.len(),
            own.len()
        )),
    }
}

/// The recordings that lie beside a file of supervisions, by their names.
fn beside(file: &Path) -> Result<HashMap<String, Object>, DataError> {
    let missing = |found: String| DataError::Form {
        path: file.to_owned(),
        found,
        remedy: "put the recordings beside it under the same name with `recordings` for `supervisions`, or make cuts of both (`CutSet.from_manifests`)",
    };
    let name = file
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    if !name.contains("supervisions") {
        return Err(missing(
            "Lhotse's supervisions, whose recordings are in another file".to_owned(),
        ));
    }
    let path: PathBuf = file.with_file_name(name.replace("supervisions", "recordings"));
    if !path.is_file() {
        return Err(missing(format!(
            "Lhotse's supervisions, and there is no `{}`",
            path.display()
        )));
    }
    let bytes = text_of(&path)?;
    let mut problems = Vec::new();
    let found = lines(&bytes, &path, &mut problems)
        .into_iter()
        .filter_map(|(_, text)| {
            let object: Object = serde_json::from_str(text).ok()?;
            Some((text_id(&object)?, object))
        });
    Ok(found.collect())
}

fn text_id(object: &Object) -> Option<String> {
    text(object, "id").map(str::to_owned)
}
