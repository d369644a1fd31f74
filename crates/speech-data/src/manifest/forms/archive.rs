//! Tars of recordings: WeSpeaker's shards (`key.wav`, `key.spk`) and WebDataset's (`key.flac`, `key.json`, `key.cls`, …).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use audio_features::is_audio_path;
use serde_json::{Map, Value};

use super::super::finish::Found;
use super::super::options::Speakers;
use super::super::parts;
use super::json;
use super::row::{Place, Row};
use crate::error::DataError;
use crate::location::member::ByteRange;
use crate::location::{Location, Member};
use crate::problem::{Problem, ProblemKind};
use crate::walk::slashed;

/// What stands beside a sound is read up to this size.
const MOST_LABEL_BYTES: u64 = 1 << 20;

/// Endings of members whose text is the speaker, the preferred first.
const SPEAKERS: [&str; 6] = ["spk", "speaker", "spk_id", "speaker_id", "spkid", "cls"];

/// What an archive holds under one key.
#[derive(Default)]
struct Sample {
    sounds: Vec<(String, ByteRange)>,
    texts: BTreeMap<String, Vec<u8>>,
}

/// Adds the recordings of a tar to `found`; their names begin with `prefix`.
pub(super) fn read(
    path: &Path,
    prefix: &str,
    place: &Place<'_>,
    found: &mut Found,
) -> Result<(), DataError> {
    let io = |source| DataError::Io {
        path: path.to_owned(),
        source,
    };
    if !std::fs::metadata(path).map_err(io)?.is_file() {
        return Err(form(path, "no regular file"));
    }
    let mut file = File::open(path).map_err(io)?;
    let mut first = Vec::new();
    file.by_ref().take(6).read_to_end(&mut first).map_err(io)?;
    let packed = [
        (&b"\x1f\x8b"[..], "gzip"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"BZh", "bzip2"),
        (b"\xfd7zXZ", "xz"),
    ];
    if let Some((_, name)) = packed.iter().find(|(mark, _)| first.starts_with(mark)) {
        return Err(DataError::Form {
            path: path.to_owned(),
            found: format!(
                "a tar that is compressed by {name}, whose members cannot be reached by themselves"
            ),
            remedy: "decompress it, or unpack it into a folder",
        });
    }
    let file = File::open(path).map_err(io)?;
    let samples = samples(path, file, found)?;
    let mut rows = Vec::with_capacity(samples.len());
    let (mut without_sound, mut first_without) = (0usize, String::new());
    for (key, sample) in samples {
        if sample.sounds.is_empty() {
            without_sound += 1;
            if first_without.is_empty() {
                first_without.clone_from(&key);
            }
            continue;
        }
        match sample.rows(&key, prefix, place) {
            Ok(made) => rows.extend(made),
            Err(message) => {
                let message = format!("`{key}`: {message}");
                found
                    .problems
                    .push(Problem::at(ProblemKind::Line, path, message));
            }
        }
    }
    if without_sound > 0 {
        let message = format!(
            "{without_sound} of its keys have no sound that is known by its ending and are left out, such as `{first_without}`"
        );
        found
            .notes
            .push(Problem::at(ProblemKind::LeftOut, path, message));
    }
    parts::cut(rows, path, found);
    Ok(())
}

fn form(path: &Path, found: impl Into<String>) -> DataError {
    DataError::Form {
        path: path.to_owned(),
        found: found.into(),
        remedy: "make or download it again",
    }
}

/// All members by their keys. WeSpeaker's keys end at the last dot of a name, WebDataset's at the first dot of the file.
fn samples(
    path: &Path,
    file: File,
    found: &mut Found,
) -> Result<BTreeMap<String, Sample>, DataError> {
    let shared = Arc::new(path.to_owned());
    let damaged = |error: std::io::Error| {
        form(
            path,
            format!("a tar that cannot be read to its end: {error}"),
        )
    };
    let mut archive = tar::Archive::new(file);
    let mut members: Vec<(String, Content)> = Vec::new();
    let mut odd = 0usize;
    for entry in archive.entries_with_seek().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        let kind = entry.header().entry_type();
        if kind.is_dir() {
            continue;
        }
        if !kind.is_file() {
            odd += 1;
            continue;
        }
        let inner = entry.path().map_err(damaged)?.into_owned();
        let name = slashed(&inner);
        if name
            .rsplit('/')
            .next()
            .is_some_and(|base| base.starts_with('.'))
        {
            continue;
        }
        if is_audio_path(&inner) {
            let range = ByteRange::member(&shared, &name, entry.raw_file_position(), entry.size());
            members.push((name, Content::Sound(range)));
        } else if entry.size() <= MOST_LABEL_BYTES {
            let mut text = Vec::new();
            entry.read_to_end(&mut text).map_err(damaged)?;
            members.push((name, Content::Text(text)));
        } else {
            members.push((name, Content::Text(Vec::new())));
        }
    }
    if odd > 0 {
        let message = format!("{odd} of its members are links or devices and are left out");
        found
            .notes
            .push(Problem::at(ProblemKind::LeftOut, path, message));
    }
    let at_last_dot = members.iter().any(|(name, _)| name.ends_with(".spk"));
    let mut samples: BTreeMap<String, Sample> = BTreeMap::new();
    for (name, content) in members {
        let base = name.rfind('/').map_or(0, |slash| slash + 1);
        let dot = match at_last_dot {
            true => name[base..].rfind('.'),
            false => name[base..].find('.'),
        };
        let (key, ending) = match dot {
            Some(dot) => (&name[..base + dot], &name[base + dot + 1..]),
            None => (name.as_str(), ""),
        };
        let sample = samples.entry(key.to_owned()).or_default();
        match content {
            Content::Sound(range) => sample.sounds.push((name.clone(), range)),
            Content::Text(text) => {
                sample.texts.insert(ending.to_lowercase(), text);
            }
        }
    }
    Ok(samples)
}

/// What a member is.
enum Content {
    Sound(ByteRange),
    Text(Vec<u8>),
}

impl Sample {
    fn rows(self, key: &str, prefix: &str, place: &Place<'_>) -> Result<Vec<Row>, String> {
        let mut object = Map::new();
        if let Some(text) = self.texts.get("json") {
            match serde_json::from_slice::<Value>(text) {
                Ok(Value::Object(read)) => object = read,
                Ok(_) => {}
                Err(error) => return Err(format!("its JSON cannot be read: {error}")),
            }
        }
        // The sound is beside it, whatever the JSON calls it.
        object.retain(|name, _| !super::row::is_path(name));
        object.insert("path".to_owned(), Value::String(key.to_owned()));
        let label = SPEAKERS.iter().find_map(|ending| self.texts.get(*ending));
        if let Some(label) = label {
            let speaker = String::from_utf8_lossy(label).trim().to_owned();
            object.retain(|name, _| !super::row::is_speaker(name));
            object.insert("speaker".to_owned(), Value::String(speaker));
        }
        let options = super::super::options::ReadOptions {
            speakers: Speakers::Optional,
            ..*place.options
        };
        let needs_speaker = place.options.speakers == Speakers::Needed;
        let lenient = Place {
            options: &options,
            ..*place
        };
        let several = self.sounds.len() > 1;
        let mut rows = Vec::with_capacity(self.sounds.len());
        for (name, range) in self.sounds {
            let mut row = json::row(&lenient, None, &object)?;
            if needs_speaker && row.utterance.speaker.is_empty() {
                return Err(
                    "no speaker: expected a member .spk, .speaker, .cls or .json beside the sound"
                        .to_owned(),
                );
            }
            let id = if several { name.as_str() } else { key };
            row.utterance.id = format!("{prefix}{id}");
            row.utterance.location = Location::member(Member::Range(range));
            rows.push(row);
        }
        Ok(rows)
    }
}
