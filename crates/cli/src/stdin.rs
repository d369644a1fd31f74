//! Standard input, which is `-` wherever a file may stand: a list of paths, a recording, or whatever file is asked for.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use speech_data::looks_like_table;

use crate::fault::{fault, usage};

/// What the recording from standard input is called.
pub(crate) const NAME: &str = "standard input";

/// No more is read: the largest recording has as many bytes.
const MAX_BYTES: u64 = 2 << 30;

/// What came in.
#[derive(Debug, PartialEq)]
pub(crate) enum StandardInput {
    /// One path a line.
    Paths(Vec<PathBuf>),
    /// The bytes of a recording.
    Recording(Vec<u8>),
    /// The bytes of a table.
    Table(Vec<u8>),
}

/// What standard input is read for.
static TAKEN: Mutex<Option<String>> = Mutex::new(None);

/// Whether a path stands for standard input.
pub(crate) fn is_meant(path: &Path) -> bool {
    path == Path::new("-")
}

/// Keeps standard input for `what`; it can be read once.
fn take(what: &str) -> Result<()> {
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(first) = taken.as_deref() {
        return Err(usage(
            format!("`-` stands for {first} and for {what}, and {NAME} can be read once"),
            "write one of them to a file, and give its name",
        ));
    }
    *taken = Some(what.to_owned());
    Ok(())
}

/// All bytes of standard input, which is `what`.
pub(crate) fn bytes(what: &str) -> Result<Vec<u8>> {
    take(what)?;
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| {
            fault(
                format!("cannot read {NAME}: {error}"),
                "check the command before the pipe",
            )
        })?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(fault(
            format!("{NAME} has more than the {MAX_BYTES} bytes that one recording may have"),
            "write it to several files, and give those",
        ));
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(fault(
            format!("{NAME} is empty"),
            format!("expected {what}; check the command before the pipe"),
        ));
    }
    Ok(bytes)
}

/// The bytes of a table or list, `-` being standard input, and what messages call it.
pub(crate) fn text_file(path: &Path, what: &str) -> Result<(Vec<u8>, PathBuf)> {
    match is_meant(path) {
        true => Ok((bytes(what)?, PathBuf::from(NAME))),
        false => Ok((speech_data::text::read_bytes(path)?, path.to_owned())),
    }
}

/// A path to read from, where a library opens files itself: `-` becomes the file that stands for standard input.
pub(crate) fn as_file(path: &Path, what: &str) -> Result<PathBuf> {
    if !is_meant(path) {
        return Ok(path.to_owned());
    }
    take(what)?;
    match cfg!(unix) {
        true => Ok(PathBuf::from("/dev/stdin")),
        false => Err(usage(
            format!("`-` cannot stand for {what} here"),
            "write it to a file, and give its name",
        )),
    }
}

/// Reads standard input to its end: paths, or a recording.
pub(crate) fn read() -> Result<StandardInput> {
    bytes("one path a line, a table, or the bytes of one recording").map(parse)
}

/// Text is a table, where its first line says so, or a list of paths; every audio format has bytes in its header that no text has.
fn parse(bytes: Vec<u8>) -> StandardInput {
    if looks_like_table(&bytes) {
        return StandardInput::Table(bytes);
    }
    let is_text =
        |text: &str| !text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
    match std::str::from_utf8(&bytes) {
        Ok(text) if is_text(text) => {
            let lines = text
                .lines()
                .map(str::trim_end)
                .filter(|line| !line.is_empty());
            StandardInput::Paths(lines.map(PathBuf::from).collect())
        }
        _ => match paths_of_bytes(&bytes) {
            Some(paths) => StandardInput::Paths(paths),
            None => StandardInput::Recording(bytes),
        },
    }
}

/// The character that `find -print0` puts between names.
fn separator(bytes: &[u8]) -> u8 {
    match bytes.contains(&0) && !bytes.contains(&b'\n') {
        true => 0,
        false => b'\n',
    }
}

/// Paths that are no UTF-8, or have `\\0` between them: bytes without control characters, of which the first line is there.
fn paths_of_bytes(bytes: &[u8]) -> Option<Vec<PathBuf>> {
    let separator = separator(bytes);
    let is_text = bytes
        .iter()
        .all(|byte| *byte >= b' ' || *byte == separator || matches!(byte, b'\r' | b'\t'));
    let path = |line: &[u8]| {
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt;
            Some(PathBuf::from(std::ffi::OsStr::from_bytes(line)))
        }
        #[cfg(not(unix))]
        {
            let _ = line;
            None
        }
    };
    let lines = bytes
        .split(|byte| *byte == separator)
        .filter(|line| !line.is_empty());
    let paths: Vec<PathBuf> = lines.map(path).collect::<Option<_>>()?;
    (is_text && paths.first()?.exists()).then_some(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn paths_that_are_not_utf_8_are_paths_where_the_first_is_there() {
        use std::os::unix::ffi::OsStrExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder
            .path()
            .join(std::ffi::OsStr::from_bytes(b"M\xfcller.wav"));
        if std::fs::write(&path, b"x").is_err() {
            // Some file systems have no such names.
            return;
        }
        let mut list = path.as_os_str().as_bytes().to_vec();
        list.push(b'\n');
        assert_eq!(parse(list), StandardInput::Paths(vec![path]));
        assert!(matches!(
            parse(b"absent\xfc\n".to_vec()),
            StandardInput::Recording(_)
        ));
    }

    #[test]
    fn a_header_or_an_object_begins_a_table() {
        for text in [
            "path,speaker\na.wav,ann\n",
            "{\"audio_filepath\": \"a.wav\"}\n",
        ] {
            let bytes = text.as_bytes().to_vec();
            assert_eq!(parse(bytes.clone()), StandardInput::Table(bytes));
        }
        for text in ["path\na.wav\n", "a,b.wav\n", "[draft] a.wav\n"] {
            assert!(
                matches!(parse(text.as_bytes().to_vec()), StandardInput::Paths(_)),
                "{text}"
            );
        }
    }

    #[test]
    fn text_is_a_list_and_anything_else_a_recording() {
        let paths = StandardInput::Paths(vec!["a b.wav".into(), "c/ä.flac".into()]);
        assert_eq!(parse("a b.wav\r\n\nc/ä.flac".as_bytes().to_vec()), paths);
        for header in [
            &b"RIFF\x24\0\0\0WAVEfmt "[..],
            b"fLaC\0\0\0\x22",
            b"OggS\0\x02",
            b"\xff\xfb\x90",
        ] {
            assert_eq!(
                parse(header.to_vec()),
                StandardInput::Recording(header.to_vec())
            );
        }
    }
}
