//! Which channel of its file a row means.

use rayon::prelude::*;

use super::super::forms::row::Row;
use crate::location::header;

/// Names of the column.
const NAMES: [&str; 4] = ["channel", "channel_id", "chan", "ch"];

/// Sets the channel of every row whose table has a column of channels. Gives a sentence on how they were counted, where
/// that was not plain; `Err` with line and message for a value among channels that is none.
pub(super) fn choose(rows: &mut [Row]) -> (Option<String>, Vec<(u64, String)>) {
    let mut faults = Vec::new();
    let Some(name) = column(rows) else {
        return (None, faults);
    };
    let value = |row: &Row| {
        row.utterance
            .columns
            .get(&name)
            .map(|value| value.trim().to_owned())
    };
    let numbers: Vec<usize> = rows
        .iter()
        .filter_map(|row| value(row)?.parse().ok())
        .collect();
    let has_letters = rows
        .iter()
        .filter_map(&value)
        .any(|value| letter(&value).is_some());
    // A column that names no channel at all, a broadcaster's say, is something else.
    if numbers.is_empty() && !has_letters {
        return (None, faults);
    }
    // Of formats other than WAV and FLAC the first packet says it.
    let most: Vec<Option<usize>> = rows
        .par_iter()
        .map(|row| {
            let place = &row.utterance.location;
            let header = header::of(place).map(|file| file.num_channels);
            header.or_else(|| place.file().and_then(|_| place.num_channels().ok()))
        })
        .collect();
    let from_one = !numbers.contains(&0)
        && rows.iter().zip(&most).any(|(row, most)| {
            let number = value(row).and_then(|value| value.parse::<usize>().ok());
            number
                .zip(*most)
                .is_some_and(|(number, most)| number == most)
        });
    // Numbers beyond what any file has count something else, a broadcaster's say.
    let is_beyond = |(row, most): (&Row, &Option<usize>)| {
        let number = value(row).and_then(|value| value.parse::<usize>().ok());
        number.zip(*most).map(|(number, most)| number > most)
    };
    let beyond: Vec<bool> = rows.iter().zip(&most).filter_map(is_beyond).collect();
    if !has_letters && !beyond.is_empty() && beyond.iter().all(|is_beyond| *is_beyond) {
        let said =
            format!("`{name}` names no channel that the files have, and nothing was made of it");
        return (Some(said), faults);
    }
    for (row, most) in rows.iter_mut().zip(&most) {
        let Some(value) = value(row) else { continue };
        let number = value
            .parse::<usize>()
            .ok()
            .map(|number| number - usize::from(from_one));
        let Some(channel) = number.or_else(|| letter(&value)) else {
            let message = format!(
                "{name} `{value}`: expected a number from {}, A or B, left or right",
                u8::from(from_one)
            );
            faults.push((row.utterance.line.unwrap_or(1), message));
            continue;
        };
        // The only channel of a file is the file.
        if channel == 0 && *most == Some(1) {
            continue;
        }
        let place = row.utterance.location.clone();
        row.utterance.location = place.channel(channel);
    }
    let said = (!numbers.is_empty()
        && rows
            .iter()
            .any(|row| row.utterance.location.one_channel().is_some()))
    .then(|| format!("`{name}` is counted from {}", u8::from(from_one)));
    (said, faults)
}

fn column(rows: &[Row]) -> Option<String> {
    let is_channel = |name: &&String| {
        NAMES
            .iter()
            .any(|known| name.trim().eq_ignore_ascii_case(known))
    };
    rows.iter()
        .find_map(|row| row.utterance.columns.keys().find(is_channel).cloned())
}

/// The channel that a letter or a word stands for.
pub(in super::super) fn letter(value: &str) -> Option<usize> {
    match value.to_ascii_lowercase().as_str() {
        "a" | "l" | "left" => Some(0),
        "b" | "r" | "right" => Some(1),
        _ => None,
    }
}
