//! UEM, the file of regions that are scored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::TurnsError;
use crate::lines::{Content, lines};
use crate::spans::Spans;
use crate::time::{nanoseconds, on_grid};
use crate::turn::check_times;

/// A stretch of time that is scored.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// Where it begins (s from the start of the recording).
    pub start_s: f64,
    /// Where it ends (s from the start of the recording), after `start_s`.
    pub end_s: f64,
}

/// What of one recording is scored: the union of its regions.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredRegions {
    recording: String,
    regions: Vec<Region>,
}

impl ScoredRegions {
    /// Checks, rounds to nanoseconds and sorts regions, which may overlap.
    ///
    /// # Errors
    /// As [`crate::Turns::new`].
    pub fn new(recording: impl Into<String>, mut regions: Vec<Region>) -> Result<Self, TurnsError> {
        let recording = recording.into();
        for (index, region) in regions.iter_mut().enumerate() {
            check_times(&recording, index, region.start_s, region.end_s)?;
            region.start_s = on_grid(region.start_s);
            region.end_s = on_grid(region.end_s);
        }
        regions.sort_by(|a, b| {
            let starts = a.start_s.total_cmp(&b.start_s);
            starts.then(a.end_s.total_cmp(&b.end_s))
        });
        Ok(Self { recording, regions })
    }

    /// Which recording they are of.
    pub fn recording(&self) -> &str {
        &self.recording
    }

    /// The regions, in order of start and end.
    pub fn regions(&self) -> &[Region] {
        &self.regions
    }

    pub(crate) fn spans(&self) -> Spans {
        let regions = self.regions.iter();
        Spans::new(regions.map(|region| (nanoseconds(region.start_s), nanoseconds(region.end_s))))
    }
}

/// Reads the scored regions of each recording from the bytes of a UEM file; `file` is its name in messages.
///
/// A line is recording, channel, start (s) and end (s); the channel is not looked at. Lines that begin with `;;` are
/// comments. Recordings come in order of their names.
///
/// # Errors
/// [`TurnsError::Field`], [`TurnsError::NumFields`] or [`TurnsError::NotText`] with the line: a line that is not UTF-8 or
/// has not four fields, a time that is negative, not a number or too large, a region that does not end after it begins.
pub fn read_uem(bytes: &[u8], file: &str) -> Result<Vec<ScoredRegions>, TurnsError> {
    let mut regions: BTreeMap<String, Vec<Region>> = BTreeMap::new();
    for content in lines(bytes, file) {
        let Content::Words(line) = content? else {
            continue;
        };
        if line.words.len() != 4 {
            return Err(line.wrong_number("4, as in `recording 1 0.000 30.000`"));
        }
        let recording = line.name(0, "the recording (field 1)")?;
        const END: &str = "the end (field 4)";
        let region = Region {
            start_s: line.time(2, "the start (field 3)")?,
            end_s: line.time(3, END)?,
        };
        if nanoseconds(region.end_s) <= nanoseconds(region.start_s) {
            return Err(line.wrong(END, line.words[3], "a time after the start"));
        }
        regions
            .entry(recording.to_owned())
            .or_default()
            .push(region);
    }
    let recordings = regions.into_iter();
    recordings
        .map(|(name, regions)| ScoredRegions::new(name, regions))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_read_by_recording() {
        let text = ";; map\nb 1 0 2.5\n\na NA 3.000 4.000\nb 1 10 12\n";
        let map = read_uem(text.as_bytes(), "f.uem").unwrap();
        assert_eq!(map[0].recording(), "a");
        let region = |start_s, end_s| Region { start_s, end_s };
        assert_eq!(map[1].regions(), [region(0.0, 2.5), region(10.0, 12.0)]);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, said) in [
            (
                "a 1 2 2",
                "`f`, line 1: the end (field 4) is `2`, expected a time after the start",
            ),
            (
                "a 1 x 2",
                "`f`, line 1: the start (field 3) is `x`, expected a time from 0 to 9,000,000 s",
            ),
            (
                "a 1 2",
                "`f`, line 1: 3 fields, expected 4, as in `recording 1 0.000 30.000`",
            ),
        ] {
            assert_eq!(
                read_uem(text.as_bytes(), "f").unwrap_err().to_string(),
                said
            );
        }
    }
}
