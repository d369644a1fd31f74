//! Trial lists read part by part.

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::error::DataError;
use crate::text::MAX_LINE_BYTES;
use crate::trials::{Form, Trial, parse_lines};

/// Bytes of a part, to the end of its last line.
const PART_BYTES: usize = 1 << 20;

/// The trials of a list in parts of some ten thousand, so that a list of any length takes a few MB.
///
/// Reads what [`TrialList::read`](crate::TrialList::read) reads, but holds no more than a part, stops at the first part
/// with a line of another form, and has neither a limit of size nor a hash.
///
/// A list without labels is read as well: none of its trials is a target, see [`Self::is_labelled`].
pub struct TrialParts {
    path: PathBuf,
    reader: Box<dyn BufRead + Send>,
    form: Option<Form>,
    lines_before: u64,
    is_empty: bool,
    is_done: bool,
}

impl fmt::Debug for TrialParts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TrialParts")
            .field("path", &self.path)
            .field("lines_before", &self.lines_before)
            .finish_non_exhaustive()
    }
}

impl TrialParts {
    /// Opens a list.
    ///
    /// # Errors
    /// [`DataError::Io`]. Each part may give that and the errors of [`TrialList::read`](crate::TrialList::read).
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|source| DataError::Io {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self::of(BufReader::new(file), path))
    }

    /// Of a list that comes from elsewhere; `path` stands for it in messages.
    pub fn of(reader: impl BufRead + Send + 'static, path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            reader: Box::new(reader),
            form: None,
            lines_before: 0,
            is_empty: true,
            is_done: false,
        }
    }

    /// Whether the trials read so far have labels.
    pub fn is_labelled(&self) -> bool {
        self.form != Some(Form::Unlabelled)
    }

    fn part(&mut self) -> Result<Vec<Trial>, DataError> {
        let (mut bytes, mut num_lines) = (Vec::new(), 0);
        while bytes.len() < PART_BYTES && !self.is_done {
            // A line that is too long comes in pieces, the first of which is refused.
            let mut limited = (&mut self.reader).take(MAX_LINE_BYTES as u64 + 2);
            let read = limited.read_until(b'\n', &mut bytes);
            self.is_done = read.map_err(|source| DataError::Io {
                path: self.path.clone(),
                source,
            })? == 0;
            num_lines += 1;
        }
        let mut problems = Vec::new();
        let trials = parse_lines(&bytes, &self.path, &mut self.form, &mut problems);
        if !problems.is_empty() {
            problems.sort_by_key(|problem| problem.line);
            for line in problems
                .iter_mut()
                .filter_map(|problem| problem.line.as_mut())
            {
                *line += self.lines_before;
            }
            let path = self.path.clone();
            return Err(DataError::BadTrials { path, problems });
        }
        self.lines_before += num_lines;
        self.is_empty &= trials.is_empty();
        if self.is_done && self.is_empty {
            let path = self.path.clone();
            return Err(DataError::NoTrials { path });
        }
        Ok(trials)
    }
}

impl Iterator for TrialParts {
    type Item = Result<Vec<Trial>, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        let part = self.part();
        self.is_done |= part.is_err();
        Some(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TrialList;

    fn parts(text: &str) -> Result<Vec<Vec<Trial>>, DataError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.txt");
        std::fs::write(&path, text).unwrap();
        let parts: Result<Vec<_>, _> = TrialParts::open(&path).unwrap().collect();
        if let Ok(parts) = &parts {
            let whole: Vec<Trial> = parts.concat();
            let bytes = std::fs::read(&path).unwrap();
            let list = TrialList::as_it_is(&bytes, &path).unwrap();
            assert_eq!(whole, list.trials);
        }
        parts
    }

    #[test]
    fn parts_make_up_the_list() {
        assert_eq!(parts("1 a b\n0 a c").unwrap().len(), 1);
        let lines = (0..100_000).map(|i| format!("{} speaker/{i} b\n", i % 2));
        let text: String = lines.collect();
        assert!(parts(&text).unwrap().len() > 1);
    }

    #[test]
    fn a_fault_in_a_later_part_has_its_line() {
        let mut text = "1 a b\n".repeat(300_000);
        text += "a b target\n";
        let error = parts(&text).unwrap_err().to_string();
        assert!(error.contains(":300001:"), "{error}");
        assert!(matches!(parts("\n\n"), Err(DataError::NoTrials { .. })));
        let long = parts(&"x".repeat(1 << 18));
        assert!(long.unwrap_err().to_string().contains("limit"));
    }
}
