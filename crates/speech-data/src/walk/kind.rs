//! What a file is by its ending or its first bytes, where it has none of the endings of recordings.

use std::fs::{File, Metadata};
use std::io::Read;
use std::path::Path;

use super::file_name::escaped;

/// Endings of sound that are not among those that folders are looked through for.
const SOUND: [&str; 32] = [
    "opus", "webm", "wma", "mka", "mkv", "mov", "m4v", "avi", "asf", "amr", "awb", "3gp", "3g2",
    "spx", "ac3", "eac3", "dts", "snd", "ra", "rm", "ape", "wv", "tta", "shn", "gsm", "mpc", "mp1",
    "voc", "dsf", "dff", "weba", "qt",
];

/// Endings of what is no sound, so that such files need not be opened.
const NO_SOUND: [&str; 46] = [
    "txt",
    "csv",
    "tsv",
    "json",
    "jsonl",
    "ndjson",
    "lst",
    "list",
    "md",
    "rst",
    "html",
    "xml",
    "yaml",
    "yml",
    "toml",
    "ini",
    "log",
    "lab",
    "textgrid",
    "phn",
    "wrd",
    "trn",
    "srt",
    "vtt",
    "rttm",
    "ctm",
    "stm",
    "scp",
    "pdf",
    "png",
    "jpg",
    "jpeg",
    "gif",
    "bmp",
    "svg",
    "webp",
    "py",
    "sh",
    "pl",
    "npy",
    "npz",
    "pt",
    "pkl",
    "safetensors",
    "tex",
    "sum",
];

/// Names of sound by its first bytes: where they are, what they are, what it is called.
const MARKS: [(usize, &[u8], &str); 17] = [
    (8, b"WAVE", "RIFF WAVE"),
    (0, b"fLaC", "FLAC"),
    (28, b"OpusHead", "Ogg Opus"),
    (0, b"OggS", "Ogg"),
    (0, b"ID3", "MP3"),
    (4, b"ftyp", "MP4"),
    (8, b"AIFF", "AIFF"),
    (8, b"AIFC", "AIFF"),
    (0, b"caff", "CAF"),
    (0, b"NIST_1A", "NIST SPHERE"),
    (0, b"\x1a\x45\xdf\xa3", "Matroska or WebM"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media"),
    (0, b"#!AMR", "AMR"),
    (0, b".snd", "Sun audio"),
    (0, b"wvpk", "WavPack"),
    (0, b"MAC ", "Monkey's Audio"),
    (0, b"TTA1", "True Audio"),
];

/// What a file without an ending of recordings seems to be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Sound, by its ending.
    Sound(String),
    /// Sound, by its first bytes: its ending, and the name of what begins so.
    BeginsAs(String, &'static str),
    /// Something else: its ending.
    Other(String),
}

impl Kind {
    pub(super) fn of(path: &Path) -> Self {
        let ending = path
            .extension()
            .map_or(String::new(), |ending| escaped(ending).to_ascii_lowercase());
        if SOUND.contains(&ending.as_str()) {
            return Self::Sound(ending);
        }
        if NO_SOUND.contains(&ending.as_str()) {
            return Self::Other(ending);
        }
        match begins_as(path) {
            Some(name) => Self::BeginsAs(ending, name),
            None => Self::Other(ending),
        }
    }

    pub(super) fn is_sound(&self) -> bool {
        !matches!(self, Self::Other(_))
    }

    /// What one of them is called beside others: `.opus`, `without an ending`, `.bak that begins as FLAC`.
    pub(super) fn ending(&self) -> String {
        let named = |ending: &str| match ending {
            "" => "without an ending".to_owned(),
            ending => format!(".{ending}"),
        };
        match self {
            Self::Sound(ending) | Self::Other(ending) => named(ending),
            Self::BeginsAs(ending, name) => format!("{} that begins as {name}", named(ending)),
        }
    }

    /// How a count of them is written: `2 .opus`, `1 without an ending that begins as FLAC`.
    pub(super) fn counted(&self, count: usize) -> String {
        let named = |ending: &str| match ending {
            "" => format!("{count} without an ending"),
            ending => format!("{count} .{ending}"),
        };
        match self {
            Self::Sound(ending) | Self::Other(ending) => named(ending),
            Self::BeginsAs(ending, name) => {
                let verb = if count == 1 { "begins" } else { "begin" };
                format!("{} that {verb} as {name}", named(ending))
            }
        }
    }
}

/// The format that a file's first bytes are of.
fn begins_as(path: &Path) -> Option<&'static str> {
    let mut first = Vec::with_capacity(40);
    File::open(path)
        .ok()?
        .take(40)
        .read_to_end(&mut first)
        .ok()?;
    let is_at = |(at, mark, _): &&(usize, &[u8], &str)| {
        first.get(*at..).is_some_and(|rest| rest.starts_with(mark))
    };
    MARKS.iter().find(is_at).map(|(_, _, name)| *name)
}

/// What something is that is neither a file nor a folder, in words.
pub(crate) fn kind_of(metadata: &Metadata) -> &'static str {
    if metadata.is_dir() {
        return "a folder";
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let kind = metadata.file_type();
        if kind.is_fifo() {
            return "a pipe";
        }
        if kind.is_socket() {
            return "a socket";
        }
        if kind.is_char_device() || kind.is_block_device() {
            return "a device";
        }
    }
    "no regular file"
}
