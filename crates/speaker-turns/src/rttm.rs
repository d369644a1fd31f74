//! RTTM, the file of turns that NIST's evaluations made common.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::lines::{Content, Line, lines};
use crate::time::{EXPECTED_TIME, is_time, nanoseconds};
use crate::{Turn, Turns, TurnsError};

/// What an RTTM file says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rttm {
    /// The turns of each recording that has any, in order of the recordings' names.
    pub recordings: Vec<Turns>,
    /// What was not used.
    pub skipped: RttmSkipped,
}

/// What an RTTM file holds besides turns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RttmSkipped {
    /// Lines that begin with `;;`.
    pub comments: usize,
    /// Lines of each other type, such as `SPKR-INFO` or `LEXEME`.
    pub other_types: BTreeMap<String, usize>,
    /// Lines (from 1) of turns that last 0 s.
    pub zero_length: Vec<usize>,
}

const FIELDS: &str = "8 to 10, as in `SPEAKER recording 1 0.500 2.250 <NA> <NA> speaker <NA> <NA>`";

/// Reads turns from the bytes of an RTTM file; `file` is its name in messages.
///
/// The fields of a `SPEAKER` line are type, recording, channel, start (s), duration (s), two that are not used, speaker
/// and two more that are not used (NIST, RT-09 evaluation plan, appendix A). The channel is not looked at: turns of all
/// channels of a recording go together. A file may hold several recordings in any order.
///
/// # Errors
/// [`TurnsError::Field`], [`TurnsError::NumFields`] or [`TurnsError::NotText`] with the line: a line that is not UTF-8, a
/// type that is not in capitals, a start or duration that is negative, not a number or too large, a recording or speaker
/// without a name.
pub fn read_rttm(bytes: &[u8], file: &str) -> Result<Rttm, TurnsError> {
    let mut turns: BTreeMap<String, Vec<Turn>> = BTreeMap::new();
    let mut skipped = RttmSkipped::default();
    for content in lines(bytes, file) {
        let line = match content? {
            Content::Words(line) => line,
            Content::Comment => {
                skipped.comments += 1;
                continue;
            }
            Content::Empty => continue,
        };
        if line.words[0] != "SPEAKER" {
            let kind = record_type(&line)?;
            *skipped.other_types.entry(kind.to_owned()).or_default() += 1;
            continue;
        }
        match speaker_turn(&line)? {
            Some((recording, turn)) => turns.entry(recording).or_default().push(turn),
            None => skipped.zero_length.push(line.number),
        }
    }
    let recordings = turns
        .into_iter()
        .map(|(name, turns)| Turns::new(name, turns));
    Ok(Rttm {
        recordings: recordings.collect::<Result<_, _>>()?,
        skipped,
    })
}

/// The type of a line that is not a turn.
fn record_type<'a>(line: &Line<'a>) -> Result<&'a str, TurnsError> {
    let kind = line.words[0];
    let is_capital = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || "-_/".contains(c);
    if kind.chars().all(is_capital) && kind.starts_with(|c: char| c.is_ascii_uppercase()) {
        return Ok(kind);
    }
    Err(line.wrong(
        "the type",
        kind,
        "`SPEAKER`, or another type of RTTM lines in capitals",
    ))
}

/// The recording and the turn of a `SPEAKER` line, or nothing where it lasts 0 s.
fn speaker_turn(line: &Line<'_>) -> Result<Option<(String, Turn)>, TurnsError> {
    if !(8..=10).contains(&line.words.len()) {
        return Err(line.wrong_number(FIELDS));
    }
    let recording = line.name(1, "the recording (field 2)")?;
    let start_s = line.time(3, "the start (field 4)")?;
    const DURATION: &str = "the duration (field 5)";
    let end_s = start_s + line.time(4, DURATION)?;
    if !is_time(end_s) {
        return Err(line.wrong(DURATION, line.words[4], EXPECTED_TIME));
    }
    let speaker = line.name(7, "the speaker (field 8)")?;
    let is_empty = nanoseconds(start_s) >= nanoseconds(end_s);
    let turn = || (recording.to_owned(), Turn::new(start_s, end_s, speaker));
    Ok((!is_empty).then(turn))
}

/// Turns as the text of an RTTM file, which [`read_rttm`] reads back.
///
/// Recordings come in the order they are handed in, turns in order of start, end and speaker, times in whole
/// milliseconds (both ends are rounded, so that turns that touch still do). A turn that rounds to nothing is left out, and
/// a recording without turns cannot be seen in the file.
///
/// # Errors
/// [`TurnsError::Name`] for a name of a recording or speaker that is empty, holds a space or is `<NA>`;
/// [`TurnsError::DuplicateRecording`].
pub fn write_rttm(recordings: &[Turns]) -> Result<String, TurnsError> {
    let mut text = String::new();
    let mut names = std::collections::BTreeSet::new();
    for turns in recordings {
        let recording = turns.recording();
        check_name("recording", recording)?;
        if !names.insert(recording) {
            return Err(TurnsError::DuplicateRecording {
                list: "recordings to write",
                recording: recording.to_owned(),
            });
        }
        for turn in turns.turns() {
            check_name("speaker", &turn.speaker)?;
            let (start, end) = (milliseconds(turn.start_s), milliseconds(turn.end_s));
            if start == end {
                continue;
            }
            let (from, length) = (thousandths(start), thousandths(end - start));
            let speaker = &turn.speaker;
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "SPEAKER {recording} 1 {from} {length} <NA> <NA> {speaker} <NA> <NA>"
            );
        }
    }
    Ok(text)
}

/// Whether a name can be a field.
pub(crate) fn check_name(kind: &'static str, name: &str) -> Result<(), TurnsError> {
    if name.is_empty() || name == "<NA>" || name.contains(char::is_whitespace) {
        return Err(TurnsError::Name {
            kind,
            found: name.to_owned(),
        });
    }
    Ok(())
}

/// Whole milliseconds of a time in range.
pub(crate) fn milliseconds(time_s: f64) -> i64 {
    (nanoseconds(time_s) + 500_000).div_euclid(1_000_000)
}

/// Milliseconds as seconds with three decimals.
pub(crate) fn thousandths(milliseconds: i64) -> String {
    format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_recordings_comments_and_other_types_are_read() {
        let text = "\u{feff};; a comment\r\n\
            SPKR-INFO b 1 <NA> <NA> <NA> unknown x <NA>\r\n\
            SPEAKER b 1 1.5 0.250 <NA> <NA> x <NA> <NA>\r\n\
            \n\
            SPEAKER a 1 0 2e0 <NA> <NA> y <NA>\n\
            SPEAKER a 1 3 0.000 <NA> <NA> y <NA>\n\
            SPEAKER b 2 0.1 0.2 <NA> <NA> z";
        let rttm = read_rttm(text.as_bytes(), "f.rttm").unwrap();
        let names: Vec<&str> = rttm.recordings.iter().map(Turns::recording).collect();
        assert_eq!(names, ["a", "b"]);
        let expected = [Turn::new(0.1, 0.3, "z"), Turn::new(1.5, 1.75, "x")];
        assert_eq!(rttm.recordings[1].turns(), expected);
        assert_eq!(rttm.skipped.comments, 1);
        assert_eq!(rttm.skipped.other_types["SPKR-INFO"], 1);
        assert_eq!(rttm.skipped.zero_length, [6]);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (line, said) in [
            (
                "SPEAKER r 1 0 -1 <NA> <NA> x <NA>",
                "`f`, line 2: the duration (field 5) is `-1`, expected a time from 0 to 9,000,000 s",
            ),
            (
                "SPEAKER r 1 nan 1 <NA> <NA> x",
                "`f`, line 2: the start (field 4) is `nan`, expected a time from 0 to 9,000,000 s",
            ),
            (
                "SPEAKER r 1 1 inf <NA> <NA> x",
                "`f`, line 2: the duration (field 5) is `inf`, expected a time from 0 to 9,000,000 s",
            ),
            (
                "SPEAKER r 1 9000000 1 <NA> <NA> x",
                "`f`, line 2: the duration (field 5) is `1`, expected a time from 0 to 9,000,000 s",
            ),
            (
                "SPEAKER r 1 1 1 <NA> <NA> <NA>",
                "`f`, line 2: the speaker (field 8) is `<NA>`, expected a name",
            ),
            (
                "speaker r 1 1 1 <NA> <NA> x",
                "`f`, line 2: the type is `speaker`, expected `SPEAKER`, or another type of RTTM lines in capitals",
            ),
        ] {
            let error = read_rttm(format!(";;\n{line}").as_bytes(), "f").unwrap_err();
            assert_eq!(error.to_string(), said);
            assert!(error.remedy().is_some());
        }
        let error = read_rttm(b"SPEAKER r 1 1 1 <NA> <NA> a b c d", "f").unwrap_err();
        assert!(matches!(error, TurnsError::NumFields { found: 11, .. }));
        assert!(matches!(
            read_rttm(b"\n\xff", "f"),
            Err(TurnsError::NotText { line: 2, .. })
        ));
    }

    #[test]
    fn written_lines_have_three_decimals_and_a_stable_order() {
        let turns = vec![
            Turn::new(1.0006, 2.0, "b"),
            Turn::new(0.25, 12.3456, "a"),
            Turn::new(3.0, 3.0001, "b"),
        ];
        let text = write_rttm(&[Turns::new("r", turns).unwrap()]).unwrap();
        assert_eq!(
            text,
            "SPEAKER r 1 0.250 12.096 <NA> <NA> a <NA> <NA>\n\
             SPEAKER r 1 1.001 0.999 <NA> <NA> b <NA> <NA>\n"
        );
        for name in ["", "a b", "<NA>"] {
            let turns = Turns::new("r", vec![Turn::new(0.0, 1.0, name)]).unwrap();
            assert!(write_rttm(&[turns]).is_err());
            assert!(write_rttm(&[Turns::new(name, vec![]).unwrap()]).is_err());
        }
        let twice = [
            Turns::new("r", vec![]).unwrap(),
            Turns::new("r", vec![]).unwrap(),
        ];
        assert!(write_rttm(&twice).is_err());
    }
}
