//! Lines of a file as words, with what is wrong with them.

use crate::TurnsError;
use crate::time::is_time;

/// A line that is neither empty nor a comment.
pub(crate) struct Line<'a> {
    pub(crate) file: &'a str,
    /// From 1.
    pub(crate) number: usize,
    pub(crate) words: Vec<&'a str>,
}

/// A line as words, or what else it is.
pub(crate) enum Content<'a> {
    Words(Line<'a>),
    Comment,
    Empty,
}

/// The lines of a file, a byte order mark at its beginning left out.
pub(crate) fn lines<'a>(
    bytes: &'a [u8],
    file: &'a str,
) -> impl Iterator<Item = Result<Content<'a>, TurnsError>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let lines = bytes.split(|&byte| byte == b'\n').zip(1..);
    lines.map(move |(line, number)| {
        let text = std::str::from_utf8(line).map_err(|_| TurnsError::NotText {
            file: file.to_owned(),
            line: number,
        })?;
        let text = text.trim();
        if text.is_empty() {
            return Ok(Content::Empty);
        }
        if text.starts_with(";;") {
            return Ok(Content::Comment);
        }
        Ok(Content::Words(Line {
            file,
            number,
            words: text.split_whitespace().collect(),
        }))
    })
}

impl Line<'_> {
    /// That a field of this line is wrong.
    pub(crate) fn wrong(
        &self,
        field: &'static str,
        found: &str,
        expected: &'static str,
    ) -> TurnsError {
        TurnsError::Field {
            file: self.file.to_owned(),
            line: self.number,
            field,
            found: found.chars().take(60).collect(),
            expected,
        }
    }

    /// That there are too few or too many fields.
    pub(crate) fn wrong_number(&self, expected: &'static str) -> TurnsError {
        TurnsError::NumFields {
            file: self.file.to_owned(),
            line: self.number,
            found: self.words.len(),
            expected,
        }
    }

    /// The word as a time in range (s).
    pub(crate) fn time(&self, index: usize, field: &'static str) -> Result<f64, TurnsError> {
        let word = self.words[index];
        let time = word.parse().ok().filter(|&time| is_time(time));
        time.ok_or_else(|| self.wrong(field, word, crate::time::EXPECTED_TIME))
    }

    /// The word as a name.
    pub(crate) fn name(&self, index: usize, field: &'static str) -> Result<&str, TurnsError> {
        match self.words[index] {
            "<NA>" => Err(self.wrong(field, "<NA>", "a name")),
            name => Ok(name),
        }
    }
}
