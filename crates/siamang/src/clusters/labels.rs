//! A table of names and speakers.

use std::collections::HashMap;
use std::path::Path;

use speech_data::text::read_bytes;

use crate::error::Error;

/// Reads lines of `id<TAB>speaker`; without a tab, the last blank divides them. A header `id speaker` may be
/// there.
///
/// # Errors
/// [`Error::UnreadableLabels`], [`Error::BadLabel`].
pub fn read_labels(path: &Path) -> Result<HashMap<String, String>, Error> {
    let bytes = read_bytes(path).map_err(|error| Error::UnreadableLabels {
        path: path.to_owned(),
        found: error.to_string(),
    })?;
    parse_labels(&bytes, path)
}

/// As [`read_labels`], of a table that is in memory; `path` stands for it in messages.
///
/// # Errors
/// As [`read_labels`].
pub fn parse_labels(bytes: &[u8], path: &Path) -> Result<HashMap<String, String>, Error> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| Error::UnreadableLabels {
        path: path.to_owned(),
        found: error.to_string(),
    })?;
    parse(text).map_err(|line| Error::BadLabel {
        path: path.to_owned(),
        line,
    })
}

/// The table, or the number of its first bad line.
fn parse(text: &str) -> Result<HashMap<String, String>, usize> {
    let mut labels = HashMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || (number == 1 && line.split_whitespace().eq(["id", "speaker"])) {
            continue;
        }
        let divided = line
            .split_once('\t')
            .or_else(|| line.rsplit_once(char::is_whitespace));
        let (id, speaker) = divided.ok_or(number)?;
        let (id, speaker) = (id.trim().to_owned(), speaker.trim().to_owned());
        match labels.insert(id, speaker.clone()) {
            Some(before) if before != speaker => return Err(number),
            _ => {}
        }
    }
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabs_blanks_and_a_header_are_understood() {
        let labels = parse("id\tspeaker\na b.wav\tann\nc.wav bob\n\n").unwrap();
        assert_eq!(labels["a b.wav"], "ann");
        assert_eq!(labels["c.wav"], "bob");
        assert_eq!(labels.len(), 2);
        assert_eq!(parse("a x\na y\n"), Err(2));
        assert_eq!(parse("a x\n\nb\n"), Err(3));
    }
}
