//! Reading text that others wrote: limits, line ends, encodings.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::DataError;
use crate::problem::{Problem, ProblemKind};

/// No table or list is read beyond this size. VoxCeleb's largest list has 0.1 GB.
pub const MAX_FILE_BYTES: u64 = 1 << 30;

/// No line may be longer. Paths end at 4096 bytes on Linux.
pub const MAX_LINE_BYTES: usize = 1 << 16;

/// The bytes of a file within [`MAX_FILE_BYTES`].
///
/// # Errors
/// [`DataError::Io`], and [`DataError::TooLarge`] beyond the limit.
pub fn read_bytes(path: &Path) -> Result<Vec<u8>, DataError> {
    let failed = |source| DataError::Io {
        path: path.to_owned(),
        source,
    };
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(DataError::TooLarge {
            path: path.to_owned(),
            limit: MAX_FILE_BYTES,
        });
    }
    Ok(bytes)
}

/// A line that cannot be used.
pub fn line_problem(path: &Path, line: u64, message: impl Into<String>) -> Problem {
    Problem {
        kind: ProblemKind::Line,
        source: Some(path.to_owned()),
        line: Some(line),
        message: message.into(),
    }
}

/// The lines with something on them, numbered from 1, without line ends (of Unix or Windows) and without a byte
/// order mark. Lines that are too long or no UTF-8 go to `problems`.
pub fn lines<'a>(bytes: &'a [u8], path: &Path, problems: &mut Vec<Problem>) -> Vec<(u64, &'a str)> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        let message = "the file is in UTF-16; save it as UTF-8";
        problems.push(line_problem(path, 1, message));
        return Vec::new();
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut lines = Vec::new();
    for (line, number) in bytes.split(|&byte| byte == b'\n').zip(1u64..) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > MAX_LINE_BYTES {
            let message = format!(
                "{} bytes long, the limit is {MAX_LINE_BYTES}; is this a text file?",
                line.len()
            );
            problems.push(line_problem(path, number, message));
            continue;
        }
        match std::str::from_utf8(line) {
            Ok(text) if text.trim().is_empty() => {}
            Ok(text) => lines.push((number, text)),
            Err(error) => {
                let at = error.valid_up_to();
                let message = format!(
                    "not UTF-8: byte 0x{:02x} at position {}; convert the file",
                    line[at],
                    at + 1
                );
                problems.push(line_problem(path, number, message));
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_marks_and_bad_bytes() {
        let mut problems = Vec::new();
        let mut bytes = b"\xef\xbb\xbfone\r\n\n  \ntwo\xff\nthree\n".to_vec();
        bytes.extend(vec![b'x'; MAX_LINE_BYTES + 1]);
        let found = lines(&bytes, Path::new("list"), &mut problems);
        assert_eq!(found, [(1, "one"), (5, "three")]);
        let messages: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            messages,
            [
                "list:4: not UTF-8: byte 0xff at position 4; convert the file",
                "list:6: 65537 bytes long, the limit is 65536; is this a text file?"
            ]
        );
        problems.clear();
        assert!(lines(b"\xff\xfea\0", Path::new("list"), &mut problems).is_empty());
        assert!(problems[0].to_string().contains("UTF-16"));
    }
}
