//! A header that claims gigabytes may not cost them: memory follows what is there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use audio_features::decode_recording;

#[global_allocator]
static ALLOCATOR: testing::Counting = testing::Counting::new();

/// Peak of what decoding takes on top of what was in use before, in bytes.
fn peak(bytes: Vec<u8>, name: &str) -> usize {
    ALLOCATOR
        .most_of(|| decode_recording(bytes, name, 16_000).is_ok())
        .1
}

/// A chunk of a WAV file with a length of its own choice.
fn chunk(name: &[u8; 4], claimed: u32, content: &[u8]) -> Vec<u8> {
    [&name[..], &claimed.to_le_bytes(), content].concat()
}

/// One test, since the counters are shared by all of the process.
#[test]
fn claims_cost_nothing() {
    // 64 kHz resampled by the widest filter and all of symphonia's buffers stay below this; the
    // files themselves have at most 120 kB.
    const BOUND: usize = 16 << 20;

    let format = [1u16, 1, 16_000, 0, 32_000, 0, 2, 16]
        .map(u16::to_le_bytes)
        .concat();
    let mut liars = Vec::new();
    for claimed in [0x7fff_ffff, 0xffff_fff0, 0xffff_ffff] {
        let body = [
            b"WAVE".to_vec(),
            chunk(b"fmt ", 16, &format),
            chunk(b"data", claimed, &[1; 6_000]),
        ]
        .concat();
        liars.push((format!("data {claimed}"), chunk(b"RIFF", claimed, &body)));
        let body = [
            b"WAVE".to_vec(),
            chunk(b"LIST", claimed, b"INFO"),
            chunk(b"fmt ", 16, &format),
        ]
        .concat();
        liars.push((format!("list {claimed}"), chunk(b"RIFF", claimed, &body)));
    }
    let mut caf = b"caff\0\x01\0\0desc\0\0\0\0\0\0\0\x20".to_vec();
    caf.extend(16_000f64.to_be_bytes());
    caf.extend(b"lpcm");
    for field in [0u32, 2, 1, 1, 16] {
        caf.extend(field.to_be_bytes());
    }
    for name in [b"data", b"kuki", b"pakt", b"chan"] {
        let mut liar = caf.clone();
        liar.extend(name);
        liar.extend((1u64 << 62).to_be_bytes());
        liar.extend([1; 500]);
        liars.push((format!("caf {}", String::from_utf8_lossy(name)), liar));
    }
    if let Some(folder) = common::vectors() {
        for row in common::rows(&folder) {
            let name = row["name"].as_str().unwrap();
            if let Ok(bytes) = std::fs::read(folder.join(name)) {
                liars.push((name.to_owned(), bytes));
            }
        }
    }
    // What is kept of eight channels at 48 kHz is one at 16 kHz: the file, the mono samples and little more.
    let samples = (0..8 * 48_000 * 60u64).map(|i| (i * 7_919 % 20_011) as i16);
    let bytes = common::wav16(8, 48_000, samples);
    let mono = 16_000 * 60 * size_of::<f32>();
    let peak = peak(bytes, "eight channels");
    assert!(peak < mono + (4 << 20), "{peak} bytes");
    for (name, bytes) in liars {
        let peak = self::peak(bytes, &name);
        assert!(peak < BOUND, "{name} takes {peak} bytes");
    }
}
