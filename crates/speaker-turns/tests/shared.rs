//! The shared conversations' reference turns, against what their list says of them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use speaker_turns::{ResampleSettings, evaluate, read_rttm, write_rttm};

#[test]
fn reference_turns_are_what_the_list_says() {
    let Some(folder) = testing::shared("conversations") else {
        return;
    };
    let list = std::fs::read_to_string(folder.join("list.tsv")).unwrap();
    let mut all = Vec::new();
    for row in list.lines().skip(1) {
        let row: Vec<&str> = row.split('\t').collect();
        let number = |column: usize| row[column].parse::<f64>().unwrap();
        let bytes = std::fs::read(folder.join(row[1])).unwrap();
        let mut read = read_rttm(&bytes, row[1]).unwrap();
        assert_eq!(read.recordings.len(), 1, "{}", row[1]);
        assert_eq!(read.skipped, Default::default(), "{}", row[1]);
        let turns = read.recordings.remove(0);
        assert_eq!(turns.speakers().len() as f64, number(3), "{}", row[1]);
        assert_eq!(turns.turns().len() as f64, number(4), "{}", row[1]);
        let (speech, overlap) = turns.speech_and_overlap_s();
        // The list counts frames of 10 ms: speech as a share of the recording, overlap as a share of speech.
        for (found, column) in [(speech / number(2), 5), (overlap / speech, 6)] {
            let said = number(column);
            assert!((found - said).abs() < 0.002, "{}: {found}, {said}", row[1]);
        }
        all.push(turns);
    }
    assert_eq!(all.len(), 31);
    let text = write_rttm(&all).unwrap();
    let read = read_rttm(text.as_bytes(), "all.rttm").unwrap().recordings;
    let score = evaluate(&all, &read, None, &ResampleSettings::default()).unwrap();
    assert_eq!(score.strict.times.errors_s(), 0.0);
    assert_eq!(score.strict.jer.value, Some(0.0));
    assert_eq!(score.forgiving.speakers.right, 31);
}
