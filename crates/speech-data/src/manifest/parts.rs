//! Rows of a table that are parts of files.

use std::collections::BTreeMap;
use std::path::Path;

use super::utterance::Utterance;
use crate::location::Cut;
use crate::names::column;
use crate::problem::Problem;
use crate::text::line_problem;

/// NeMo's name for where a part begins, in s; its length is the duration.
const OFFSET: &str = "offset";

/// Makes parts of the rows that have bounds: `start_s` and `end_s`, or an offset and a duration where any offset of the
/// table is not 0. Parts of one file would have one name, its path: each of several gets its bounds added to it, as a media
/// fragment (<https://www.w3.org/TR/media-frags/>).
pub(super) fn cut(
    utterances: Vec<Utterance>,
    file: &Path,
    problems: &mut Vec<Problem>,
) -> Vec<Utterance> {
    let has_offsets = utterances
        .iter()
        .any(|row| number(row, OFFSET).is_some_and(|offset| offset != 0.0));
    let mut rows = Vec::with_capacity(utterances.len());
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    for mut row in utterances {
        match bounds(&row, has_offsets) {
            None => {}
            Some(Ok(cut)) => {
                *uses.entry(row.id.clone()).or_default() += 1;
                row.location = row.location.cut(cut);
            }
            Some(Err(message)) => {
                problems.push(line_problem(file, row.line.unwrap_or(1), message));
                continue;
            }
        }
        rows.push(row);
    }
    for row in &mut rows {
        if let Some(cut) = row.location.part()
            && uses.get(&row.id).is_some_and(|&count| count > 1)
        {
            row.id = format!("{}#t={},{}", row.id, cut.start_s(), cut.end_s());
        }
    }
    rows
}

/// The part that a row means; `None` for a whole file, `Err` with what is wrong.
fn bounds(row: &Utterance, has_offsets: bool) -> Option<Result<Cut, String>> {
    let written = |name: &str| row.columns.get(name);
    if let Some((start, end)) = written(column::START_S).zip(written(column::END_S)) {
        let times = number(row, column::START_S).zip(number(row, column::END_S));
        let cut = times.and_then(|(start_s, end_s)| Cut::new(start_s, end_s));
        return Some(cut.ok_or_else(|| {
            format!("from {start} to {end} s; expected two times, the second greater")
        }));
    }
    if !has_offsets {
        return None;
    }
    let offset = written(OFFSET)?;
    let end_s = number(row, OFFSET)
        .zip(row.seconds())
        .map(|(offset, seconds)| (offset, offset + seconds));
    let cut = end_s.and_then(|(start_s, end_s)| Cut::new(start_s, end_s));
    Some(cut.ok_or_else(|| {
        format!("offset {offset}: expected a time in s, and a duration above 0 beside it")
    }))
}

fn number(row: &Utterance, name: &str) -> Option<f64> {
    row.columns.get(name)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, columns: &[(&str, &str)]) -> Utterance {
        let mut row = Utterance::new(id, id, "ann");
        row.line = Some(7);
        for (name, value) in columns {
            row.columns.insert((*name).to_owned(), (*value).to_owned());
        }
        row
    }

    fn cut_rows(rows: Vec<Utterance>) -> (Vec<(String, Option<Cut>)>, Vec<String>) {
        let mut problems = Vec::new();
        let rows = cut(rows, Path::new("t.csv"), &mut problems);
        (
            rows.into_iter()
                .map(|row| (row.id, row.location.part()))
                .collect(),
            problems.iter().map(ToString::to_string).collect(),
        )
    }

    #[test]
    fn an_offset_of_nothing_alone_means_whole_files() {
        let rows = vec![
            row("a.wav", &[("offset", "0"), ("seconds", "2.5")]),
            row("b.wav", &[("offset", "0.0")]),
        ];
        let (rows, problems) = cut_rows(rows);
        assert!(rows.iter().all(|(_, part)| part.is_none()));
        assert!(problems.is_empty());
    }

    #[test]
    fn one_bound_alone_leaves_the_file_whole() {
        let (rows, problems) = cut_rows(vec![row("a.wav", &[("start_s", "1.5")])]);
        assert_eq!(rows, [("a.wav".to_owned(), None)]);
        assert!(problems.is_empty());
    }

    #[test]
    fn bounds_that_are_no_times_are_named_with_their_line() {
        let rows = vec![
            row("a.wav", &[("start_s", "one"), ("end_s", "2")]),
            row("b.wav", &[("offset", "3.5")]),
        ];
        let (rows, problems) = cut_rows(rows);
        assert!(rows.is_empty());
        assert_eq!(problems.len(), 2);
        assert!(
            problems[0].starts_with("t.csv:7: from one to 2 s"),
            "{problems:?}"
        );
        assert!(
            problems[1].starts_with("t.csv:7: offset 3.5"),
            "{problems:?}"
        );
    }
}
