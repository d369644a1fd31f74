//! Rows of a table that are parts of files.

mod channels;
mod times;

use std::collections::HashMap;
use std::path::Path;

use rayon::prelude::*;

use super::finish::Found;
use super::forms::row::Row;
use crate::location::{Cut, Location, ROUNDING_S, header};
use crate::names::column;
use crate::problem::{Problem, ProblemKind};
use crate::text::line_problem;
use times::{Times, USUAL_RATE_HZ, Unit, seconds, stated_rate};

pub(super) use channels::letter;

/// Makes parts of the rows that have bounds or a channel. Parts of one file would have one name, its path: each of several
/// gets its bounds added to it, as a media fragment (<https://www.w3.org/TR/media-frags/>).
pub(super) fn cut(mut rows: Vec<Row>, file: &Path, found: &mut Found) {
    let mut unread = None;
    let mut note = |message: String| {
        let note = Problem::at(ProblemKind::Line, file, message);
        found.notes.push(note);
    };
    rows.iter_mut().for_each(options);
    let mut times = Times::of(&rows);
    match times.settle(&rows) {
        Ok(said) => said.into_iter().for_each(&mut note),
        Err(message) => {
            found
                .problems
                .push(Problem::at(ProblemKind::Line, file, message));
            return;
        }
    }
    if !times.not_understood.is_empty() {
        let names: Vec<&str> = times.not_understood.iter().map(String::as_str).collect();
        let message = format!(
            "{} looks like a bound of a part, and nothing was made of it: whole files are used; call bounds start_s and end_s",
            crate::problem::name_list(&names)
        );
        unread = Some(Problem::at(ProblemKind::LeftOut, file, message));
    }
    let (said, faults) = channels::choose(&mut rows);
    said.into_iter().for_each(&mut note);
    for (line, message) in faults {
        found.problems.push(line_problem(file, line, message));
    }
    // The headers of files are read for this: in parallel.
    let needs_rate = times.has_samples();
    let bounds: Vec<_> = rows
        .par_iter()
        .map(|row| {
            let rate = match needs_rate {
                true => stated_rate(row)?,
                false => None,
            };
            Ok::<_, String>((bounds(row, &times, rate.unwrap_or(USUAL_RATE_HZ))?, rate))
        })
        .collect();
    let num_assumed = bounds
        .iter()
        .filter(|bounds| matches!(bounds, Ok((Some(_), None))))
        .count();
    if needs_rate && num_assumed > 0 {
        note(format!(
            "samples of {} are taken to be of {USUAL_RATE_HZ} Hz, since there is no file that says its rate",
            match num_assumed {
                1 => "1 row".to_owned(),
                count => format!("{count} rows"),
            }
        ));
    }
    shorter(&rows, &bounds).into_iter().for_each(&mut note);
    for (mut row, bounds) in rows.into_iter().zip(bounds) {
        match bounds {
            Ok((None, _)) => {}
            Ok((Some(cut), _)) => {
                let columns = &mut row.utterance.columns;
                columns.insert(column::START_S.to_owned(), cut.start_s().to_string());
                columns.insert(column::END_S.to_owned(), cut.end_s().to_string());
                row.utterance.location = row.utterance.location.cut(cut);
            }
            Err(message) => {
                let line = row.utterance.line.unwrap_or(1);
                found.problems.push(line_problem(file, line, message));
                continue;
            }
        }
        found.utterances.push(row.utterance);
    }
    found.notes.extend(unread);
    name_apart(&mut found.utterances);
}

/// Older tables of SpeechBrain have the bounds among a file's options: `start:16000 stop:48000`, in samples.
fn options(row: &mut Row) {
    let columns = &mut row.utterance.columns;
    let Some(options) = columns.get("wav_opts").cloned() else {
        return;
    };
    for option in options.split_whitespace() {
        if let Some((name @ ("start" | "stop"), value)) = option.split_once(':') {
            columns.insert(format!("{name}_sample"), value.to_owned());
        }
    }
}

/// Adds bounds and channel to the names of parts that several rows would have.
fn name_apart(rows: &mut [super::Utterance]) {
    let mut places: HashMap<&str, Option<&Location>> = HashMap::with_capacity(rows.len());
    for row in rows.iter() {
        places
            .entry(&row.id)
            .and_modify(|place| *place = place.filter(|place| **place == row.location))
            .or_insert(Some(&row.location));
    }
    let shared: Vec<bool> = rows
        .iter()
        .map(|row| places[row.id.as_str()].is_none())
        .collect();
    for (row, _) in rows
        .iter_mut()
        .zip(shared)
        .filter(|(_, is_shared)| *is_shared)
    {
        let mut marks = Vec::new();
        if let Some(cut) = row.location.part() {
            marks.push(format!("t={},{}", cut.start_s(), cut.end_s()));
        }
        if let Some(channel) = row.location.one_channel() {
            marks.push(format!("channel={channel}"));
        }
        if !marks.is_empty() {
            row.id = format!("{}#{}", row.id, marks.join("&"));
        }
    }
}

/// The part that a row, whose file has a rate of `rate_hz`, means; `None` for a whole file, `Err` with what is wrong.
fn bounds(row: &Row, times: &Times, rate_hz: f64) -> Result<Option<Cut>, String> {
    let time = |column| time(row, column, rate_hz);
    let start = time(&times.start)?;
    let end = time(&times.end)?;
    let length_s = time(&times.length)?.map(|length| length.time_s);
    let length_s = length_s.or_else(|| row.part_seconds());
    match (start, end) {
        (Some(start), Some(end)) => {
            let cut = Cut::new(start.time_s, end.time_s);
            cut.map(Some).ok_or_else(|| {
                let unit = if end.unit == Unit::Seconds { " s" } else { "" };
                let (start, end) = (start.written, end.written);
                format!("from {start} to {end}{unit}; expected two times, the second greater")
            })
        }
        (Some(start), None) if start.time_s != 0.0 => {
            let cut = length_s.and_then(|length| Cut::new(start.time_s, start.time_s + length));
            cut.map(Some).ok_or_else(|| {
                let Time { name, written, .. } = start;
                format!("{name} {written}: expected a time in s, and a duration above 0 beside it")
            })
        }
        (None, Some(end)) => ends_at(row, end.time_s),
        (_, None) => length_s.map_or(Ok(None), |length_s| up_to(row, length_s)),
    }
}

/// A time of a row.
struct Time<'a> {
    name: &'a str,
    written: &'a str,
    unit: Unit,
    time_s: f64,
}

/// What a row has in a column of times, if anything.
fn time<'a>(
    row: &'a Row,
    column: &'a Option<times::Column>,
    rate_hz: f64,
) -> Result<Option<Time<'a>>, String> {
    let Some((name, unit)) = column else {
        return Ok(None);
    };
    let Some(written) = row.utterance.columns.get(name) else {
        return Ok(None);
    };
    let number = seconds(written)
        .filter(|number| number.is_finite())
        .ok_or_else(|| format!("{name} `{written}`: expected a time"))?;
    let time_s = match unit {
        Unit::Milliseconds => number / 1_000.0,
        Unit::Samples => number / rate_hz,
        Unit::Seconds | Unit::Unsaid => number,
    };
    Ok(Some(Time {
        name,
        written,
        unit: *unit,
        time_s,
    }))
}

/// A file up to a time that a table names as an end: it has to lie in the file, which is found out where that is decoded.
fn ends_at(row: &Row, end_s: f64) -> Result<Option<Cut>, String> {
    let file = header::of(&row.utterance.location);
    if file.is_some_and(|file| (end_s - file.seconds()).abs() <= ROUNDING_S) {
        return Ok(None);
    }
    let cut = Cut::new(0.0, end_s).map(Some);
    cut.ok_or_else(|| format!("an end at {end_s} s; expected one above 0"))
}

/// The first seconds of a file: all of it where that is as long, by its header.
fn up_to(row: &Row, end_s: f64) -> Result<Option<Cut>, String> {
    let file = header::of(&row.utterance.location);
    let is_whole = file.is_some_and(|file| end_s >= file.seconds() - ROUNDING_S);
    if is_whole && end_s > 0.0 {
        return Ok(None);
    }
    let cut = Cut::up_to(end_s).map(Some);
    cut.ok_or_else(|| format!("{end_s} s long; expected a length above 0"))
}

/// A stated length may be this much beyond its file's end, as a share of it: other programs count the padding of encoders.
const LENGTH_TOLERANCE: f64 = 0.02;

/// The part of a file that a row names, with the length that it states; or what is wrong with it.
type Bounds = Result<(Option<Cut>, Option<f64>), String>;

/// What to say of whole files that are shorter than their rows say, which may have been cut short on their way here.
fn shorter(rows: &[Row], bounds: &[Bounds]) -> Option<String> {
    let is_short = |row: &&Row| {
        let lengths = row.part_seconds().zip(header::of(&row.utterance.location));
        lengths.is_some_and(|(said, file)| {
            said > file.seconds() * (1.0 + LENGTH_TOLERANCE) + ROUNDING_S
        })
    };
    let whole: Vec<&Row> = rows
        .iter()
        .zip(bounds)
        .filter(|(_, bounds)| matches!(bounds, Ok((None, _))))
        .map(|(row, _)| row)
        .collect();
    let short: Vec<&&Row> = whole.par_iter().filter(|row| is_short(row)).collect();
    let first = short.first()?;
    let line = first
        .utterance
        .line
        .map_or(String::new(), |line| format!(" in line {line}"));
    let place = &first.utterance.location;
    Some(format!(
        "{} shorter than the table says, such as `{place}`{line}: {} s stated, {:.2} s there; all of it is used",
        match short.len() {
            1 => "1 file is".to_owned(),
            count => format!("{count} files are"),
        },
        first.part_seconds().unwrap_or_default(),
        header::of(place).map_or(0.0, |file| file.seconds()),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Utterance;

    fn row(id: &str, columns: &[(&str, &str)]) -> Row {
        let mut utterance = Utterance::new(id, id, "ann");
        utterance.line = Some(7);
        for (name, value) in columns {
            let columns = &mut utterance.columns;
            columns.insert((*name).to_owned(), (*value).to_owned());
        }
        Row {
            length_is_of_part: utterance.columns.contains_key("seconds"),
            utterance,
        }
    }

    fn cut_rows(rows: Vec<Row>) -> (Vec<(String, Option<Cut>)>, Vec<String>) {
        let mut found = Found::default();
        cut(rows, Path::new("t.csv"), &mut found);
        let rows = found.utterances.into_iter();
        let texts = found.problems.iter().chain(&found.notes);
        (
            rows.map(|row| (row.id, row.location.part())).collect(),
            texts.map(ToString::to_string).collect(),
        )
    }

    #[test]
    fn an_offset_of_nothing_alone_means_whole_files() {
        let mut ours = row("a.wav", &[("offset", "0"), ("seconds", "2.5")]);
        // Our own column of seconds says how long the file is.
        ours.length_is_of_part = false;
        let (rows, problems) = cut_rows(vec![ours, row("b.wav", &[("offset", "0.0")])]);
        assert!(rows.iter().all(|(_, part)| part.is_none()));
        assert!(problems.is_empty());
    }

    #[test]
    fn a_beginning_without_an_end_is_refused() {
        let (rows, problems) = cut_rows(vec![row("a.wav", &[("start_s", "1.5")])]);
        assert!(rows.is_empty());
        assert!(problems[0].contains("t.csv:7: start_s 1.5: expected a time in s, and a duration"));
    }

    #[test]
    fn bounds_that_are_no_times_are_named_with_their_line() {
        for (columns, expected) in [
            (
                &[("start_s", "one"), ("end_s", "2")][..],
                "start_s `one`: expected a time",
            ),
            (
                &[("start_s", "NaN"), ("end_s", "2")],
                "start_s `NaN`: expected a time",
            ),
            (&[("start_s", "-1"), ("end_s", "2")], "from -1 to 2 s"),
            (&[("start_s", "3"), ("end_s", "2")], "from 3 to 2 s"),
            (&[("offset", "3.5")], "offset 3.5"),
        ] {
            let (rows, problems) = cut_rows(vec![row("a.wav", columns)]);
            assert!(rows.is_empty(), "{columns:?}");
            assert!(problems[0].starts_with("t.csv:7: "), "{problems:?}");
            assert!(problems[0].contains(expected), "{problems:?}");
        }
    }

    #[test]
    fn every_pair_of_names_of_bounds_cuts() {
        for (start, end, scale) in [
            ("start_s", "end_s", 1.0),
            ("start", "stop", 1.0),
            ("Start", "End", 1.0),
            ("begin", "end", 1.0),
            ("start_time", "end_time", 1.0),
            ("start-ms", "end-ms", 1_000.0),
            ("start_sample", "stop_sample", 16_000.0),
            ("tbeg", "tend", 1.0),
            ("onset", "offset", 1.0),
        ] {
            let (begin, finish) = ((0.5 * scale).to_string(), (2.25 * scale).to_string());
            let (rows, _) = cut_rows(vec![row("a.wav", &[(start, &begin), (end, &finish)])]);
            assert_eq!(
                rows,
                [("a.wav".to_owned(), Cut::new(0.5, 2.25))],
                "{start} {end}"
            );
        }
        let clock = row("a.wav", &[("start", "00:00:01.5"), ("end", "00:01:00")]);
        assert_eq!(cut_rows(vec![clock]).0[0].1, Cut::new(1.5, 60.0));
    }

    #[test]
    fn a_column_that_sounds_like_a_bound_and_is_not_understood_is_said() {
        let (rows, notes) = cut_rows(vec![row("a.wav", &[("clip_from", "2"), ("text", "3")])]);
        assert_eq!(rows, [("a.wav".to_owned(), None)]);
        assert!(
            notes[0].contains("`clip_from` looks like a bound of a part"),
            "{notes:?}"
        );
        assert_eq!(notes.len(), 1);
    }

    #[test]
    fn whole_numbers_are_seconds_or_samples_as_the_length_beside_them_says() {
        for (stop, unit, end_s) in [("3", "seconds", 3.0), ("32000", "samples", 2.0)] {
            let start = if unit == "seconds" { "1" } else { "16000" };
            let seconds = if unit == "seconds" { "2" } else { "1" };
            let columns = [("start", start), ("stop", stop), ("seconds", seconds)];
            let (rows, notes) = cut_rows(vec![row("a.wav", &columns)]);
            assert_eq!(rows[0].1, Cut::new(1.0, end_s));
            assert!(
                notes[0].contains(&format!("are read as {unit}")),
                "{notes:?}"
            );
        }
        // One faulty row of seconds does not turn the others into samples.
        let part = |stop| row("a.wav", &[("start", "1"), ("stop", stop), ("seconds", "2")]);
        let (rows, notes) = cut_rows(vec![part("3"), part("99"), part("3")]);
        assert_eq!(rows[1].1, Cut::new(1.0, 99.0));
        assert!(notes[0].contains("are read as seconds"), "{notes:?}");
        let (rows, problems) = cut_rows(vec![row("a.wav", &[("start", "1"), ("stop", "3")])]);
        assert!(rows.is_empty());
        assert!(problems[0].contains("neither a length in s beside them nor the files"));
    }
}
