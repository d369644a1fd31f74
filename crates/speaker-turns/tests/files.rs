//! Files of turns and regions: what is written is read back, and no bytes make a panic.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use speaker_turns::{Turn, Turns, read_rttm, read_uem, write_rttm};

/// Recordings with turns in whole milliseconds.
fn recordings() -> impl Strategy<Value = Vec<Turns>> {
    let turn = (0_u32..2_000_000, 1_u32..100_000, "[!-~é]{1,6}");
    let turns = prop::collection::vec(turn, 1..12);
    prop::collection::btree_map("[a-zA-Z0-9_.;-]{1,8}", turns, 0..5).prop_map(|recordings| {
        let recordings = recordings.into_iter().map(|(name, turns)| {
            let time = |milliseconds: u32| f64::from(milliseconds) / 1000.0;
            let turns = turns.into_iter();
            let turns = turns.map(|(start, length, speaker)| {
                Turn::new(time(start), time(start + length), speaker)
            });
            Turns::new(name, turns.collect()).unwrap()
        });
        recordings.collect()
    })
}

/// Bytes that look like lines, more or less.
fn lines() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        Just("SPEAKER".to_owned()),
        Just("<NA>".to_owned()),
        Just("1e308".to_owned()),
        Just("-0".to_owned()),
        Just("nan".to_owned()),
        Just("8999999.9999999999".to_owned()),
        "[0-9]{1,3}",
        "\\PC{0,3}",
        Just("\n".to_owned()),
    ];
    prop::collection::vec(word, 0..60).prop_map(|words| words.join(" ").into_bytes())
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(recordings in recordings()) {
        let text = write_rttm(&recordings).unwrap();
        let read = read_rttm(text.as_bytes(), "f").unwrap();
        prop_assert_eq!(&read.recordings, &recordings);
        prop_assert_eq!(&read.skipped, &Default::default());
        prop_assert_eq!(write_rttm(&read.recordings).unwrap(), text);
    }

    #[test]
    fn a_line_per_turn_in_any_order_is_the_same_document(recordings in recordings(), rotate in 0_usize..50) {
        let text = write_rttm(&recordings).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        let number = lines.len();
        lines.rotate_left(rotate % number.max(1));
        let read = read_rttm(lines.join("\r\n").as_bytes(), "f").unwrap();
        prop_assert_eq!(read.recordings, recordings);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop_oneof![prop::collection::vec(any::<u8>(), 0..300), lines()]) {
        if let Ok(rttm) = read_rttm(&bytes, "f") {
            let text = write_rttm(&rttm.recordings).unwrap();
            read_rttm(text.as_bytes(), "f").unwrap();
        }
        let _ = read_uem(&bytes, "f");
    }

    #[test]
    fn turns_survive_json(recordings in recordings()) {
        let text = serde_json::to_string(&recordings).unwrap();
        prop_assert_eq!(serde_json::from_str::<Vec<Turns>>(&text).unwrap(), recordings);
    }
}

/// Two lines of an AMI meeting.
#[test]
fn files_that_others_wrote_are_read_back() {
    let text = "SPEAKER ami_dev00 1 1.440 11.872 <NA> <NA> MEE009 <NA> <NA>\n\
        SPEAKER ami_dev00 1 13.152 3.770 <NA> <NA> MEE012 <NA> <NA>\n";
    let read = read_rttm(text.as_bytes(), "ami_dev00.rttm").unwrap();
    assert_eq!(write_rttm(&read.recordings).unwrap(), text);
    assert_eq!(
        read.recordings[0].turns()[0],
        Turn::new(1.44, 13.312, "MEE009")
    );
}
