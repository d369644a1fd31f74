//! Choosing utterances by the values of their columns.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::Manifest;
use crate::error::DataError;
use crate::problem::name_list;

/// `column=value[,value…]` or `column!=value[,value…]`; `-` stands for unknown.
///
/// ```
/// let filter: speech_data::Filter = "corpus!=gcompris,libri".parse()?;
/// assert_eq!(filter.to_string(), "corpus!=gcompris,libri");
/// # Ok::<(), speech_data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// The column looked at.
    pub column: String,
    /// Whether the values are those to keep (`=`) or those to leave out (`!=`).
    pub keep: bool,
    /// The values.
    pub values: BTreeSet<String>,
}

impl FromStr for Filter {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        let malformed = || DataError::FilterSyntax {
            found: text.to_owned(),
        };
        let (column, values) = text.split_once('=').ok_or_else(malformed)?;
        let (column, keep) = match column.strip_suffix('!') {
            Some(column) => (column.trim(), false),
            None => (column.trim(), true),
        };
        let values: BTreeSet<String> = values.split(',').map(|v| v.trim().to_owned()).collect();
        if column.is_empty() || values.contains("") {
            return Err(malformed());
        }
        Ok(Self {
            column: column.to_owned(),
            keep,
            values,
        })
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values: Vec<&str> = self.values.iter().map(String::as_str).collect();
        let sign = if self.keep { "=" } else { "!=" };
        write!(f, "{}{sign}{}", self.column, values.join(","))
    }
}

impl Manifest {
    /// The utterances that pass every filter.
    ///
    /// # Errors
    /// A column or a value that does not occur in this manifest (a slip of the pen would otherwise train on the
    /// wrong data), or filters that leave nothing.
    pub fn filter(&self, filters: &[Filter]) -> Result<Self, DataError> {
        for filter in filters {
            self.require_column(&filter.column)?;
            let values: BTreeSet<&str> = self
                .utterances
                .iter()
                .map(|u| u.column(&filter.column).unwrap_or("-"))
                .collect();
            let strange = |value: &&String| *value != "-" && !values.contains(value.as_str());
            if let Some(value) = filter.values.iter().find(strange) {
                let known: Vec<&str> = values.into_iter().collect();
                return Err(DataError::UnknownValue {
                    column: filter.column.clone(),
                    value: value.clone(),
                    known: name_list(&known),
                });
            }
        }
        let passes = |filter: &Filter, value: &str| filter.values.contains(value) == filter.keep;
        let utterances: Vec<_> = self
            .utterances
            .iter()
            .filter(|u| {
                filters
                    .iter()
                    .all(|filter| passes(filter, u.column(&filter.column).unwrap_or("-")))
            })
            .cloned()
            .collect();
        if utterances.is_empty() {
            let texts: Vec<String> = filters.iter().map(|f| format!("`{f}`")).collect();
            return Err(DataError::NothingLeft {
                utterances: self.utterances.len(),
                filters: texts.join(" and "),
            });
        }
        Ok(self.with_utterances(utterances))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_read_as_it_is_written() {
        for text in ["corpus=a", "corpus!=a,b", "gender=-"] {
            let filter: Filter = text.parse().unwrap();
            assert_eq!(filter.to_string(), text);
        }
        let spaced: Filter = " corpus != a , b ".parse().unwrap();
        assert_eq!((spaced.column.as_str(), spaced.keep), ("corpus", false));
        for wrong in ["corpus", "=a", "corpus=", "corpus=a,,b", ""] {
            assert!(wrong.parse::<Filter>().is_err(), "{wrong}");
        }
    }
}
