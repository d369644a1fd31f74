//! What a check says about one place.

use std::fmt;

use serde::Serialize;
use speech_data::Problem;

/// One finding with its place.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The kind of trouble, in one word.
    pub kind: String,
    /// The recording, table or list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Line of the table or list, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// What was found, and what was expected.
    pub message: String,
}

impl Finding {
    /// A finding about a recording, table or list.
    pub(super) fn new(kind: &str, file: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            kind: kind.to_owned(),
            file: Some(file.into()),
            line: None,
            message: message.into(),
        }
    }

    /// A finding about the data as a whole.
    pub(super) fn of_all(kind: &str, message: impl Into<String>) -> Self {
        Self {
            kind: kind.to_owned(),
            file: None,
            line: None,
            message: message.into(),
        }
    }
}

impl From<&Problem> for Finding {
    fn from(problem: &Problem) -> Self {
        Self {
            kind: format!("{:?}", problem.kind),
            file: problem
                .source
                .as_ref()
                .map(|path| path.display().to_string()),
            line: problem.line,
            message: problem.message.clone(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.line) {
            (Some(file), Some(line)) => write!(f, "{file}:{line}: ")?,
            (Some(file), None) => write!(f, "{file}: ")?,
            (None, _) => {}
        }
        f.write_str(&self.message)
    }
}

/// The first names of many, for messages.
pub(super) fn examples<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = names.len().saturating_sub(5);
    let shown: Vec<String> = names.take(5).map(|name| format!("`{name}`")).collect();
    match more {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
