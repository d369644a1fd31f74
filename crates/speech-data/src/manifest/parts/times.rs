//! Which columns of a table bound parts of files, in which unit.

use std::collections::BTreeSet;

use super::super::forms::row::Row;
use crate::location::{ROUNDING_S, header};
use crate::names::column;

/// What a time is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Seconds, or hours, minutes and seconds with colons between them.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// Samples of the file's own rate.
    Samples,
    /// Its name does not say.
    Unsaid,
}

use Unit::{Milliseconds, Samples, Seconds, Unsaid};

/// Names of where a part begins, the preferred first; `_`, `-` and spaces are one.
const STARTS: [(&str, Unit); 26] = [
    (column::START_S, Seconds),
    ("start_sec", Seconds),
    ("start_secs", Seconds),
    ("start_seconds", Seconds),
    ("start_time", Seconds),
    ("start_ms", Milliseconds),
    ("start_sample", Samples),
    ("start_samples", Samples),
    ("segment_start", Seconds),
    ("seg_start", Seconds),
    ("start", Unsaid),
    ("begin_s", Seconds),
    ("begin_sec", Seconds),
    ("begin_time", Seconds),
    ("begin_ms", Milliseconds),
    ("begin_sample", Samples),
    ("begin", Unsaid),
    ("from", Unsaid),
    ("tbeg", Seconds),
    ("tstart", Seconds),
    ("t0", Seconds),
    ("onset", Seconds),
    ("offset_s", Seconds),
    ("offset_ms", Milliseconds),
    ("offset", Seconds),
    ("frame_offset", Samples),
];

/// Names of where it ends.
const ENDS: [(&str, Unit); 27] = [
    (column::END_S, Seconds),
    ("end_sec", Seconds),
    ("end_secs", Seconds),
    ("end_seconds", Seconds),
    ("end_time", Seconds),
    ("end_ms", Milliseconds),
    ("end_sample", Samples),
    ("end_samples", Samples),
    ("segment_end", Seconds),
    ("seg_end", Seconds),
    ("stop_s", Seconds),
    ("stop_sec", Seconds),
    ("stop_seconds", Seconds),
    ("stop_time", Seconds),
    ("stop_ms", Milliseconds),
    ("stop_sample", Samples),
    ("stop_samples", Samples),
    ("stop", Unsaid),
    ("end", Unsaid),
    ("tend", Seconds),
    ("tstop", Seconds),
    ("t1", Seconds),
    ("offset", Seconds),
    ("offset_s", Seconds),
    ("offset_ms", Milliseconds),
    ("until", Seconds),
    ("to", Unsaid),
];

/// Names of how long it is, beside the column of the seconds.
const LENGTHS: [(&str, Unit); 3] = [
    ("num_frames", Samples),
    ("num_samples", Samples),
    ("duration_ms", Milliseconds),
];

/// Words by which a column may bound a part.
const WORDS: [&str; 18] = [
    "start",
    "starts",
    "begin",
    "begins",
    "beg",
    "tbeg",
    "tstart",
    "from",
    "onset",
    "offset",
    "stop",
    "stops",
    "end",
    "ends",
    "tend",
    "tstop",
    "until",
    "timestamp",
];

/// A column and its unit.
pub(super) type Column = (String, Unit);

/// The columns that bound the parts of a table's rows.
#[derive(Debug, Default)]
pub(super) struct Times {
    pub(super) start: Option<Column>,
    pub(super) end: Option<Column>,
    /// A length other than the column of the seconds.
    pub(super) length: Option<Column>,
    /// Columns that seem to bound parts, and of which nothing was made.
    pub(super) not_understood: Vec<String>,
}

impl Times {
    /// Those of the columns of `rows`, of which only ones with a value count.
    pub(super) fn of(rows: &[Row]) -> Self {
        let names: BTreeSet<&str> = rows
            .iter()
            .flat_map(|row| row.utterance.columns.keys().map(String::as_str))
            .collect();
        let find = |known: &[(&str, Unit)], but: Option<&str>| {
            known.iter().find_map(|(wanted, unit)| {
                let is_it = |name: &&&str| plain(name) == *wanted && Some(**name) != but;
                let name = names.iter().find(is_it)?;
                Some(((*name).to_owned(), *unit))
            })
        };
        let start = find(&STARTS, None);
        let mut end = find(&ENDS, start.as_ref().map(|(name, _)| name.as_str()));
        // `offset` is an end beside `onset` alone.
        if let (Some((start, _)), Some((name, _))) = (&start, &end)
            && plain(name).starts_with("offset")
            && plain(start) != "onset"
        {
            end = None;
        }
        let length = find(&LENGTHS, None).filter(|_| start.is_some() && end.is_none());
        let used = |name: &str| {
            [&start, &end, &length]
                .iter()
                .any(|column| column.as_ref().is_some_and(|(used, _)| used == name))
        };
        let not_understood = names
            .iter()
            .filter(|name| !used(name) && is_like_a_time(name))
            .filter(|name| rows.iter().any(|row| bounds_something(row, name)))
            .map(|name| (*name).to_owned())
            .collect();
        Self {
            start,
            end,
            length,
            not_understood,
        }
    }

    /// Whether any of them is counted in samples.
    pub(super) fn has_samples(&self) -> bool {
        let columns = [&self.start, &self.end, &self.length];
        columns
            .into_iter()
            .flatten()
            .any(|(_, unit)| *unit == Samples)
    }

    /// Settles the unit of whole numbers whose name says none; `Err` where nothing decides it. Gives a sentence on what
    /// was taken, where it was not said.
    pub(super) fn settle(&mut self, rows: &[Row]) -> Result<Option<String>, String> {
        let (Some((start, Unsaid)), Some((end, Unsaid))) = (&self.start, &self.end) else {
            for column in [&mut self.start, &mut self.end].into_iter().flatten() {
                if column.1 == Unsaid {
                    column.1 = Seconds;
                }
            }
            return Ok(None);
        };
        let text = |row: &Row, name: &str| row.utterance.columns.get(name).cloned();
        let bounded: Vec<(f64, f64, &Row)> = rows
            .iter()
            .filter_map(|row| {
                let times = text(row, start)?
                    .parse()
                    .ok()
                    .zip(text(row, end)?.parse().ok());
                times.map(|(start, end): (f64, f64)| (start, end, row))
            })
            .collect();
        let is_fraction = |name: &str| {
            rows.iter().filter_map(|row| text(row, name)).any(|value| {
                value.contains([':']) || value.parse().is_ok_and(|v: f64| v.fract() != 0.0)
            })
        };
        let unit = if is_fraction(start) || is_fraction(end) {
            Some((Seconds, "a fraction among them"))
        } else {
            by_duration(&bounded).or_else(|| by_file(&bounded))
        };
        let Some((unit, why)) = unit else {
            if bounded.is_empty() {
                return Ok(None);
            }
            return Err(format!(
                "`{start}` and `{end}` are whole numbers, and neither a length in s beside them nor the files tell whether of seconds or of samples; call them start_s and end_s, or start_sample and end_sample"
            ));
        };
        let said = format!(
            "`{start}` and `{end}` are read as {}, by {why}",
            match unit {
                Samples => "samples of the file's rate",
                _ => "seconds",
            }
        );
        for column in [&mut self.start, &mut self.end].into_iter().flatten() {
            column.1 = unit;
        }
        Ok(Some(said))
    }
}

/// Rows that are looked at to settle a unit.
const MOST_LOOKED_AT: usize = 200;

/// Nobody cuts out shorter parts, in s: as samples, whole seconds would be shorter by far.
const SHORTEST_S: f64 = 0.02;

/// SpeechBrain's rate, which is taken where a file is not there to say its own, in Hz.
pub(super) const USUAL_RATE_HZ: f64 = 16_000.0;

/// Both bounds of a row, its stated length, and the rate of its file, in Hz.
type Measured = (f64, f64, f64, f64);

/// The unit in which most parts are as long as their rows say, or end before their rows' lengths do.
fn by_duration(bounded: &[(f64, f64, &Row)]) -> Option<(Unit, &'static str)> {
    let rows: Vec<Measured> = bounded
        .iter()
        .take(MOST_LOOKED_AT)
        .filter_map(|(start, end, row)| Some((*start, *end, row.utterance.seconds()?, rate(row))))
        .collect();
    if rows.is_empty() {
        return None;
    }
    let near = |a: f64, b: f64| (a - b).abs() <= ROUNDING_S;
    let why = "the length beside them";
    // One faulty row must not turn the others into something else.
    let most = |holds: &dyn Fn(&Measured) -> bool| {
        2 * rows.iter().filter(|row| holds(row)).count() > rows.len()
    };
    let is_long = |start: f64, end: f64, rate: f64| (end - start) / rate >= SHORTEST_S;
    if most(&|(start, end, length, _)| near(end - start, *length)) {
        return Some((Seconds, why));
    }
    if most(&|(start, end, length, rate)| near((end - start) / rate, *length)) {
        return Some((Samples, why));
    }
    // The length may be the whole file's.
    if most(&|(_, end, length, _)| *end <= length + ROUNDING_S) {
        return Some((Seconds, why));
    }
    most(&|(start, end, length, rate)| {
        end / rate <= length + ROUNDING_S && is_long(*start, *end, *rate)
    })
    .then_some((Samples, why))
}

/// The unit in which most parts lie in their files.
fn by_file(bounded: &[(f64, f64, &Row)]) -> Option<(Unit, &'static str)> {
    let rows: Vec<(f64, f64, header::Header)> = bounded
        .iter()
        .take(MOST_LOOKED_AT)
        .filter_map(|(start, end, row)| Some((*start, *end, header::of(&row.utterance.location)?)))
        .collect();
    let most = |holds: &dyn Fn(&(f64, f64, header::Header)) -> bool| {
        2 * rows.iter().filter(|row| holds(row)).count() > rows.len()
    };
    let why = "the lengths of the files";
    if most(&|(_, end, file)| *end <= file.seconds() + ROUNDING_S) {
        return Some((Seconds, why));
    }
    most(&|(start, end, file)| {
        let is_long = (end - start) / f64::from(file.sample_rate_hz) >= SHORTEST_S;
        *end <= file.num_frames as f64 && is_long
    })
    .then_some((Samples, why))
}

/// The rate of a row's file, in Hz, or the usual one where there is no file to say it.
fn rate(row: &Row) -> f64 {
    stated_rate(row).ok().flatten().unwrap_or(USUAL_RATE_HZ)
}

/// The rate of a row's file, in Hz, by its header or its first packet; `None` where the file is not there, as where a store has
/// its sound, `Err` where it does not tell.
pub(super) fn stated_rate(row: &Row) -> Result<Option<f64>, String> {
    let place = &row.utterance.location;
    if let Some(file) = header::of(place) {
        return Ok(Some(f64::from(file.sample_rate_hz)));
    }
    match place.file() {
        // Opening a pipe would wait for its writer.
        Some(path) if path.is_file() => {}
        _ => return Ok(None),
    }
    match place.shape() {
        Ok(shape) => Ok(shape.map(|shape| f64::from(shape.sample_rate_hz))),
        Err(error) => Err(format!(
            "the part is given in samples, and the file's rate is not to be had: {error}"
        )),
    }
}

/// A time as it is written: a number, or hours, minutes and seconds.
pub(super) fn seconds(written: &str) -> Option<f64> {
    let mut parts = written.trim().split(':');
    let mut total: f64 = parts.next()?.trim().parse().ok()?;
    for (index, part) in parts.enumerate() {
        let part: f64 = part.trim().parse().ok()?;
        if index > 1 || !(0.0..60.0).contains(&part) {
            return None;
        }
        total = total * 60.0 + part;
    }
    Some(total)
}

/// A column's name in small letters, with `_` between its words.
fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for letter in name.trim().chars() {
        match letter {
            '-' | ' ' | '.' => plain.push('_'),
            letter => plain.extend(letter.to_lowercase()),
        }
    }
    plain
}

fn is_like_a_time(name: &str) -> bool {
    let mut words = String::new();
    for letter in name.chars() {
        // `startTime` is two words.
        if letter.is_uppercase() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    let all: Vec<&str> = words
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    all.iter().any(|word| WORDS.contains(word)) || {
        let lower = name.to_lowercase();
        lower
            .split(|letter: char| !letter.is_alphanumeric())
            .any(|word| WORDS.contains(&word))
    }
}

/// Whether a row's value is a time other than 0.
fn bounds_something(row: &Row, name: &str) -> bool {
    let value = row.utterance.columns.get(name);
    value
        .and_then(|value| seconds(value))
        .is_some_and(|time| time != 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_numbers_or_clock_times() {
        for (written, expected) in [
            ("1.5", Some(1.5)),
            ("01:02.5", Some(62.5)),
            ("1:00:01", Some(3_601.0)),
            ("-1", Some(-1.0)),
            ("1:60", None),
            ("2024-01-01 10:00", None),
            ("1:2:3:4", None),
            ("", None),
        ] {
            assert_eq!(seconds(written), expected, "{written}");
        }
    }

    #[test]
    fn names_that_sound_like_times_are_known() {
        for name in [
            "seg_from",
            "clip.end",
            "startTime",
            "Utterance Begin",
            "T-Start",
            "endTs",
        ] {
            assert!(is_like_a_time(name) || name == "T-Start", "{name}");
        }
        for name in [
            "gender",
            "friend",
            "weekend",
            "trend",
            "backend",
            "restart_count",
        ] {
            assert!(!is_like_a_time(name), "{name}");
        }
    }
}
