//! From the named fields of one row to an utterance; shared by tables and JSON lines.

use std::path::{Path, PathBuf};

use super::super::options::{ReadOptions, Speakers};
use super::super::utterance::{Gender, Utterance};
use crate::location::Location;
use crate::names::column;
use crate::problem::name_list;
use crate::walk::slashed;

/// What a column means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Path,
    Speaker,
    Session,
    Gender,
    Split,
    Seconds,
    Further,
}

/// Names of columns by their role, the preferred first: our own, NeMo's, SpeechBrain's, VoxCeleb's metadata's,
/// Common Voice's.
const NAMES: [(Role, &[&str]); 6] = [
    (
        Role::Path,
        &[
            "path",
            "audio_filepath",
            "wav",
            "wav_path",
            "audio_path",
            "audio",
            "filepath",
            "file",
            "filename",
            "file_name",
        ],
    ),
    (
        Role::Speaker,
        &[
            "speaker",
            "spk_id",
            "speaker_id",
            "spk",
            "label",
            "client_id",
        ],
    ),
    (
        Role::Session,
        &["session", "session_id", "video", "video_id", "chapter"],
    ),
    (Role::Gender, &["gender", "sex"]),
    (Role::Split, &["split", "set", "subset", "partition"]),
    (Role::Seconds, &["seconds", "duration", "dur"]),
];

/// The names that a role may have, for messages.
pub(crate) fn names_of(role: Role) -> String {
    NAMES
        .iter()
        .filter(|(r, _)| *r == role)
        .map(|(_, names)| name_list(names))
        .collect()
}

/// The role of each name. A role is given once, to its most preferred name; the others are further columns.
pub(crate) fn roles(names: &[&str]) -> Vec<Role> {
    let mut roles = vec![Role::Further; names.len()];
    for (role, known) in NAMES {
        let found = known.iter().find_map(|known| {
            names
                .iter()
                .position(|name| name.trim().eq_ignore_ascii_case(known))
        });
        if let Some(at) = found {
            roles[at] = role;
        }
    }
    roles
}

/// Whether a column of this name would hold the path.
pub(super) fn is_path(name: &str) -> bool {
    roles(&[name]) == [Role::Path]
}

/// Whether a column of this name would hold the speaker.
pub(super) fn is_speaker(name: &str) -> bool {
    roles(&[name]) == [Role::Speaker]
}

/// A name that two columns have: one of them would be lost.
pub(super) fn doubled<'a>(names: &[&'a str]) -> Option<&'a str> {
    let mut seen = std::collections::HashSet::new();
    let named = names
        .iter()
        .map(|name| name.trim())
        .filter(|name| !name.is_empty());
    named
        .into_iter()
        .find(|name| !seen.insert(name.to_lowercase()))
}

/// What programs write for a name that is missing.
const NO_NAMES: [&str; 5] = ["nan", "NaN", "None", "null", "<NA>"];

/// `None` where a table says that it does not know: nothing, or `-`.
pub(crate) fn known(value: &str) -> Option<&str> {
    let value = value.trim();
    (!value.is_empty() && value != "-").then_some(value)
}

/// What the paths of a table are.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Place<'a> {
    /// The folder that they start from.
    pub(in super::super) root: &'a Path,
    /// What was asked for.
    pub(in super::super) options: &'a ReadOptions<'a>,
}

impl Place<'_> {
    /// The name and place of what a table writes in the place of a path: SpeechBrain's `$data_root` stands for the root.
    pub(in super::super) fn find(&self, written: &str) -> Result<(String, Location), String> {
        let mut written = written;
        for variable in DATA_ROOTS {
            if let Some(rest) = written.strip_prefix(variable) {
                written = rest.trim_start_matches(['/', '\\']);
            }
        }
        if let Some(variable) = written
            .strip_prefix('$')
            .filter(|_| !self.root.join(written).exists())
        {
            return Err(format!(
                "`${variable}` begins with a variable, and only {} are known",
                name_list(&DATA_ROOTS)
            ));
        }
        let (id, path) = locate(self.root, written);
        Ok((id, path.into()))
    }
}

/// What SpeechBrain's tables write for the folder of their data.
const DATA_ROOTS: [&str; 6] = [
    "$data_root",
    "{data_root}",
    "${data_root}",
    "$data_folder",
    "{data_folder}",
    "${data_folder}",
];

/// The name and place of a path as a table writes it: `/` between folders, no `.` folders, and relative to
/// `root` where it lies below it.
pub(crate) fn locate(root: &Path, written: &str) -> (String, PathBuf) {
    // Tables written on Windows; a backslash in a Unix file name beside a slash is left alone.
    let written = if written.contains('\\') && !written.contains('/') {
        written.replace('\\', "/")
    } else {
        written.to_owned()
    };
    let path = Path::new(&written);
    if path.is_absolute() {
        let below = path.strip_prefix(root).ok().map(Path::to_path_buf);
        let below = below.or_else(|| {
            let root = std::path::absolute(root).ok()?;
            path.strip_prefix(root).ok().map(Path::to_path_buf)
        });
        let id = below.map_or(written.clone(), |below| slashed(&below));
        return (id, path.to_owned());
    }
    let id = slashed(path);
    let place = root.join(&id);
    (id, place)
}

/// A row of a table: an utterance whose bounds are columns so far.
#[derive(Debug)]
pub(in super::super) struct Row {
    pub(in super::super) utterance: Utterance,
    /// Whether its length is that of the part that is meant. Our own `seconds` say how long the file is.
    pub(in super::super) length_is_of_part: bool,
}

impl Row {
    /// The length of the part that is meant, in s, where the row says one.
    pub(in super::super) fn part_seconds(&self) -> Option<f64> {
        self.utterance.seconds().filter(|_| self.length_is_of_part)
    }
}

/// Makes an utterance of the fields of a row: role, name of the column, value. `Err` is the message for the
/// row's line.
pub(crate) fn utterance<'a>(
    place: &Place<'_>,
    line: Option<u64>,
    fields: impl Iterator<Item = (Role, &'a str, &'a str)>,
) -> Result<Row, String> {
    let mut found = Utterance::new("", "", "");
    let mut length_is_of_part = false;
    found.line = line;
    let mut faults = Vec::new();
    for (role, name, value) in fields {
        let Some(value) = known(value) else { continue };
        match role {
            Role::Path => {
                (found.id, found.location) = place.find(value)?;
            }
            // NeMo's word for a speaker that is to be found out.
            Role::Speaker if name.trim() == "label" && value == "infer" => {}
            Role::Speaker if NO_NAMES.contains(&value.trim()) => {}
            Role::Speaker => found.speaker = value.to_owned(),
            Role::Session => found.session = Some(value.to_owned()),
            Role::Split => found.split = Some(value.to_owned()),
            Role::Gender => {
                found.gender = Gender::from_name(value);
                if found.gender.is_none() && !is_unknown_gender(value) {
                    faults.push(format!("gender `{value}`: expected f, m, or - for unknown"));
                }
            }
            Role::Seconds => {
                let number = value.parse::<f64>().ok();
                if number.is_none_or(|seconds| !seconds.is_finite() || seconds < 0.0) {
                    faults.push(format!(
                        "{name} `{value}`: expected a length in seconds, or - for unknown"
                    ));
                }
                length_is_of_part = !name.trim().eq_ignore_ascii_case(column::SECONDS);
                found
                    .columns
                    .insert(column::SECONDS.to_owned(), value.to_owned());
            }
            Role::Further => {
                found
                    .columns
                    .insert(name.trim().to_owned(), value.to_owned());
            }
        }
    }
    if found.id.is_empty() {
        faults.push("no path".to_owned());
    }
    if found.speaker.is_empty() && place.options.speakers == Speakers::Needed {
        faults.push("no speaker".to_owned());
    }
    if faults.is_empty() {
        Ok(Row {
            utterance: found,
            length_is_of_part,
        })
    } else {
        Err(faults.join("; "))
    }
}

/// Words for a gender that is not known or neither of the two.
fn is_unknown_gender(value: &str) -> bool {
    let words = [
        "u",
        "unknown",
        "o",
        "other",
        "na",
        "n/a",
        "nan",
        "none",
        "null",
        "do_not_wish_to_say",
        "non-binary",
        "transgender",
        "intersex",
    ];
    words.iter().any(|word| value.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_goes_to_its_preferred_name() {
        use Role::*;
        let names = ["file", " Path", "label", "Speaker", "corpus"];
        assert_eq!(roles(&names), [Further, Path, Further, Speaker, Further]);
    }

    #[test]
    fn paths_become_names_relative_to_the_root() {
        let root = Path::new("/data");
        let id = |written| locate(root, written).0;
        assert_eq!(id("a/b.wav"), "a/b.wav");
        assert_eq!(id("./a//b.wav"), "a/b.wav");
        assert_eq!(id("a\\b.wav"), "a/b.wav");
        assert_eq!(id("/data/a/b.wav"), "a/b.wav");
        assert_eq!(id("/other/a/b.wav"), "/other/a/b.wav");
        assert_eq!(locate(root, "a/b.wav").1, Path::new("/data/a/b.wav"));
    }
}
