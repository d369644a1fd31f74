//! Kaldi data directories.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::SamplerError;
use crate::manifest::Manifest;
use crate::problem::Problem;
use crate::row::{Role, locate, utterance};
use crate::table::finish;
use crate::text::{line_problem, lines, read_bytes};

/// Reads `wav.scp` and `utt2spk`, and `spk2gender`, `utt2session` and `utt2dur` where they exist. The utterance
/// name becomes the `id`, since Kaldi's trial lists use it. Relative paths start from `root`.
pub(crate) fn read(folder: &Path, root: &Path) -> Result<Manifest, SamplerError> {
    let mut problems = Vec::new();
    let wav_scp = folder.join("wav.scp");
    let wavs = pairs(&wav_scp, &mut problems)?;
    let utt2spk = folder.join("utt2spk");
    let speakers = pairs(&utt2spk, &mut problems)?;
    let mut optional = |name: &str| -> Result<BTreeMap<String, (u64, String)>, SamplerError> {
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
    if folder.join("segments").is_file() {
        let message =
            "parts of recordings are not supported; cut the recordings into one file an utterance";
        problems.push(line_problem(&folder.join("segments"), 1, message));
    }

    let value = |table: &BTreeMap<String, (u64, String)>, key: &str| {
        table
            .get(key)
            .map_or(String::new(), |(_, value)| value.clone())
    };
    let mut utterances = Vec::new();
    for (name, (line, wav)) in &wavs {
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
                found.path = locate(root, wav).1;
                found.id.clone_from(name);
                utterances.push(found);
            }
            Err(message) => problems.push(line_problem(&wav_scp, *line, message)),
        }
    }
    for (name, (line, _)) in speakers
        .iter()
        .filter(|(name, _)| !wavs.contains_key(*name))
    {
        let message = format!("`{name}` has no recording in wav.scp");
        problems.push(line_problem(&utt2spk, *line, message));
    }
    finish(&wav_scp, root, utterances, problems)
}

/// The `key value…` lines of a table, with their numbers. A key that occurs twice is a problem.
fn pairs(
    path: &Path,
    problems: &mut Vec<Problem>,
) -> Result<BTreeMap<String, (u64, String)>, SamplerError> {
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
