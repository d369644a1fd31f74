//! G.711 against Python's `audioop`, sox and ffmpeg.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use sound_augment::g711::{a_law_decode, a_law_encode, mu_law_decode, mu_law_encode};

fn golden(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    serde_json::from_slice(&std::fs::read(path.join(name)).unwrap()).unwrap()
}

type Law = (&'static str, fn(i16) -> u8, fn(u8) -> i16);

const LAWS: [Law; 2] = [
    ("mu", mu_law_encode, mu_law_decode),
    ("a", a_law_encode, a_law_decode),
];

#[test]
fn every_sample_has_the_code_and_every_code_the_sample_of_audioop() {
    let golden = golden("g711.json");
    for (law, encode, decode) in LAWS {
        let mut changes = golden[law]["changes"].as_array().unwrap().iter().peekable();
        let mut code = None;
        for sample in i16::MIN..=i16::MAX {
            if let Some(change) = changes.next_if(|c| c[0].as_i64() == Some(sample.into())) {
                code = change[1].as_u64();
            }
            assert_eq!(Some(u64::from(encode(sample))), code, "{law}: {sample}");
        }
        for (code, sample) in (0..=255).zip(golden[law]["samples"].as_array().unwrap()) {
            assert_eq!(
                Some(i64::from(decode(code))),
                sample.as_i64(),
                "{law}: {code}"
            );
        }
    }
}

/// What a program makes of `input`.
fn piped(mut command: std::process::Command, arguments: &str, input: &[u8]) -> Vec<u8> {
    command.args(arguments.split(' '));
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    output.stdout
}

/// Decoding is the tables' to the bit. The tables begin with 14 (µ-law) or 13 bits: how 16 become so many is each program's own, and
/// where a sample lies on the border of two codes they do not agree with each other either.
#[test]
fn sox_and_ffmpeg_read_the_codes_as_we_do_and_write_them_but_for_borders() {
    let codes: Vec<u8> = (0..=255).collect();
    let samples: Vec<u8> = (i16::MIN..=i16::MAX).flat_map(i16::to_le_bytes).collect();
    let raw = "-t raw -r 8000 -c 1 -e signed -b 16";
    for (number, (law, encode, decode)) in LAWS.into_iter().enumerate() {
        let (ffmpeg_law, sox_law) = [("mulaw", "mu-law"), ("alaw", "a-law")][number];
        let mut decoded: Vec<i16> = codes.iter().map(|&code| decode(code)).collect();
        decoded.sort_unstable();
        decoded.dedup();
        let ffmpeg = |from: &str, to: &str| format!("-v error -f {from} -ar 8000 -i - -f {to} -");
        let coded = format!("-t raw -r 8000 -c 1 -e {sox_law} -b 8");
        for (program, version, to_samples, to_codes) in [
            (
                "sox",
                "--version",
                format!("-D {coded} - {raw} -"),
                format!("-D {raw} - {coded} -"),
            ),
            (
                "ffmpeg",
                "-version",
                ffmpeg(ffmpeg_law, "s16le"),
                ffmpeg("s16le", ffmpeg_law),
            ),
        ] {
            let Some(command) = testing::program(program, version) else {
                continue;
            };
            let found = piped(command, &to_samples, &codes);
            let ours: Vec<u8> = codes
                .iter()
                .flat_map(|&c| decode(c).to_le_bytes())
                .collect();
            assert_eq!(found, ours, "{program}, {law}");
            let Some(command) = testing::program(program, version) else {
                continue;
            };
            let found = piped(command, &to_codes, &samples);
            assert_eq!(found.len(), 65_536);
            let mut others = 0;
            for (sample, code) in (i16::MIN..=i16::MAX).zip(found) {
                // Among all samples that codes stand for, in rising order.
                let place = |code| decoded.binary_search(&decode(code)).unwrap();
                let apart = place(code).abs_diff(place(encode(sample)));
                assert!(
                    apart <= 1,
                    "{program}, {law}: {sample}, {apart} codes apart"
                );
                others += usize::from(code != encode(sample));
            }
            assert!(others < 1_100, "{program}, {law}: {others}");
        }
    }
}
