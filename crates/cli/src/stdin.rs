//! Standard input: a list of paths, or one recording.

use std::io::Read;
use std::path::PathBuf;

use anyhow::Result;

use crate::fault::fault;

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
}

/// Reads standard input to its end.
pub(crate) fn read() -> Result<StandardInput> {
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
            "expected one path a line, or the bytes of one recording; check the command before the pipe",
        ));
    }
    Ok(parse(bytes))
}

/// Text is a list of paths; every audio format has bytes in its header that no text has.
fn parse(bytes: Vec<u8>) -> StandardInput {
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
        _ => StandardInput::Recording(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
