//! Tags and atoms that lie, links of other rates, layer I, free bit rates: sound that others can play.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::path::Path;
use std::process::Command;

use audio_features::{AudioError, AudioWarning, ChannelSamples, decode_channels, read_channels};
use common::correlation;
use common::ogg::{pages, reseal};

/// A file that FFmpeg makes of three seconds of a rising tone; none, with a word, where it is not installed.
fn made(name: &str, arguments: &str) -> Option<Vec<u8>> {
    testing::program("ffmpeg", "-version")?;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    let tone = "aevalsrc=0.3*sin(2*PI*(300+200*t)*t)*(0.6+0.4*sin(9*t)):d=3:s=44100";
    let status = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-f", "lavfi", "-i", tone])
        .args(arguments.split(' ').filter(|one| !one.is_empty()))
        .arg(&path)
        .status();
    assert!(status.is_ok_and(|status| status.success()));
    Some(std::fs::read(&path).unwrap())
}

fn read(bytes: &[u8]) -> Result<ChannelSamples, AudioError> {
    decode_channels(bytes.to_vec(), "x")
}

fn is_whole(audio: &ChannelSamples) -> bool {
    let partly = |one: &AudioWarning| matches!(one, AudioWarning::PartlyReadable { .. });
    !audio.warnings.iter().any(partly)
}

fn atom(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let len = 8 + content.len() as u32;
    [&len.to_be_bytes()[..], name, content].concat()
}

/// Puts an atom at the end of `moov`, which FFmpeg writes behind the sound.
fn within_moov(file: &[u8], extra: &[u8]) -> Vec<u8> {
    let (mut at, mut out) = (0, Vec::new());
    while at < file.len() {
        let len = u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize;
        match &file[at + 4..at + 8] {
            b"moov" => {
                let content = [&file[at + 8..at + len], extra].concat();
                out.extend(atom(b"moov", &content));
            }
            _ => out.extend_from_slice(&file[at..at + len]),
        }
        at += len;
    }
    out
}

#[test]
fn odd_atoms_of_an_mp4_lose_no_sound() {
    let Some(plain) = made("x.m4a", "-c:a aac -b:a 64k -metadata title=x") else {
        return;
    };
    let expected = read(&plain).unwrap();
    assert!(expected.source.num_frames > 130_000);
    let lying = [&u32::MAX.to_be_bytes()[..], b"\xa9nam", b"abcd"].concat();
    let huge_data = {
        let data = [&0x7fff_0000u32.to_be_bytes()[..], b"data", &[0; 8]].concat();
        let list = atom(b"ilst", &atom(b"\xa9nam", &data));
        let handler = atom(b"hdlr", &[0; 25]);
        atom(
            b"udta",
            &atom(b"meta", &[&[0; 4][..], &handler, &list].concat()),
        )
    };
    for (what, extra) in [
        ("empty udta", atom(b"udta", &[])),
        ("udta ended by zeros", atom(b"udta", &[0; 4])),
        ("udta of noise", atom(b"udta", &[0xa5; 33])),
        ("an atom in udta that claims 4 GiB", atom(b"udta", &lying)),
        (
            "meta without version",
            atom(b"udta", &atom(b"meta", &atom(b"hdlr", &[0; 24]))),
        ),
        ("meta of two bytes", atom(b"meta", &[0, 0])),
        ("a tag that claims 2 GiB", huge_data),
        ("uuid", atom(b"uuid", &[7; 40])),
        ("an unknown atom", atom(b"\0\xff\x01x", &[1; 9])),
        (
            "chapters",
            atom(b"udta", &atom(b"chpl", &[1, 0, 0, 0, 0, 0, 0, 0, 200])),
        ),
        ("free", atom(b"free", &[0; 100])),
    ] {
        let audio =
            read(&within_moov(&plain, &extra)).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(audio.samples == expected.samples, "{what}");
        assert!(is_whole(&audio), "{what}: {:?}", audio.warnings);
    }
    for (what, behind) in [
        (
            "free of 0 bytes, which means to the end",
            [0, 0, 0, 0, b'f', b'r', b'e', b'e', 1, 2, 3].to_vec(),
        ),
        ("zeros behind", vec![0; 64]),
        ("an unknown atom behind", atom(b"Xtra", &[3; 50])),
    ] {
        let file = [&plain[..], &behind].concat();
        let audio = read(&file).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(audio.samples == expected.samples, "{what}");
    }
}

fn id3(claimed: u32, content: &[u8]) -> Vec<u8> {
    let size = [21, 14, 7, 0].map(|shift| (claimed >> shift & 0x7f) as u8);
    [&b"ID3\x03\0\0"[..], &size, content].concat()
}

#[test]
fn tags_around_an_mp3_lose_no_sound() {
    let Some(plain) = made(
        "x.mp3",
        "-c:a libmp3lame -b:a 64k -write_id3v1 0 -id3v2_version 0",
    ) else {
        return;
    };
    let expected = read(&plain).unwrap();
    let ape = {
        let mut tag = b"APETAGEX".to_vec();
        tag.extend([0xd0, 7, 0, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        tag.extend([0; 8]);
        tag
    };
    let join = |front: &[u8], behind: &[u8]| [front, &plain, behind].concat();
    for (what, file) in [
        ("a tag", join(&id3(200, &[0; 200]), &[])),
        (
            "two tags",
            join(
                &[id3(20, &[0; 20]), id3(9, b"TIT2\0\0\0\0\0")].concat(),
                &[],
            ),
        ),
        (
            "a frame that claims more than its tag",
            join(&id3(20, b"TIT2\x7f\xff\xff\xff\0\0abcdefghij"), &[]),
        ),
        (
            "a tag that claims 200 MB",
            join(&id3(200_000_000, &[0; 30]), &[]),
        ),
        (
            "a tag that claims less than it holds",
            join(&id3(10, &[0; 300]), &[]),
        ),
        (
            "a size with high bits",
            join(&[&b"ID3\x03\0\0\x80\xff\0\x10"[..], &[0; 16]].concat(), &[]),
        ),
        (
            "a tag of version 255",
            join(&[&b"ID3\xff\xff\0\0\0\0\x10"[..], &[0; 16]].concat(), &[]),
        ),
        (
            "ID3v1 behind",
            join(&[], &[&b"TAG"[..], &[b' '; 125]].concat()),
        ),
        ("APE behind", join(&[], &ape)),
        ("ID3v2 behind", join(&[], &id3(50, &[0; 50]))),
        (
            "ID3v2 behind that claims 200 MB",
            join(&[], &id3(200_000_000, &[0; 50])),
        ),
        ("zeros behind", join(&[], &[0; 5_000])),
    ] {
        let audio = read(&file).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(
            audio.samples == expected.samples,
            "{what}: {} and {}",
            audio.samples.len(),
            expected.samples.len()
        );
    }
}

#[test]
fn links_of_other_rates_are_read_and_brought_to_the_first() {
    let (Some(low), Some(high)) = (
        made("1.ogg", "-ac 1 -ar 16000 -c:a libvorbis"),
        made("2.ogg", "-ac 2 -ar 44100 -c:a libvorbis"),
    ) else {
        return;
    };
    let audio = read(&[low, high].concat()).unwrap();
    assert_eq!(
        (audio.source.sample_rate_hz, audio.source.num_channels),
        (16_000, 2)
    );
    let seconds = audio.source.num_frames as f64 / 16_000.0;
    assert!((seconds - 6.0).abs() < 0.02, "{seconds}");
    let change = audio.warnings.iter().find_map(|one| match one {
        AudioWarning::FormatChanges { before, after, .. } => Some((*before, *after)),
        _ => None,
    });
    assert_eq!(change, Some(((16_000, 1), (44_100, 2))));
    // Each three seconds are the same sound.
    let left = |second: usize| -> Vec<f32> {
        let part = &audio.samples[2 * 16_000 * second..][..2 * 40_000];
        part.iter().step_by(2).copied().collect()
    };
    let found = correlation(&left(3), &left(0), 1);
    assert!(found > 0.99, "{found}");
}

#[test]
fn faulty_comments_of_ogg_vorbis_lose_no_sound() {
    let Some(plain) = made("x.ogg", "-ac 1 -c:a libvorbis -metadata title=abcdefgh") else {
        return;
    };
    let expected = read(&plain).unwrap();
    let tags = plain.windows(7).position(|at| at == b"\x03vorbis").unwrap();
    let vendor = tags + 7;
    let len = u32::from_le_bytes(plain[vendor..vendor + 4].try_into().unwrap()) as usize;
    let count = vendor + 4 + len;
    for (what, at, bytes) in [
        ("a vendor of 4 GiB", vendor, u32::MAX),
        ("4 billion comments", count, u32::MAX),
        ("a comment of 4 GiB", count + 4, u32::MAX),
        ("a comment that is a little too long", count + 4, 4_000),
        ("no comments, and bytes behind", count, 0),
        ("bytes that are no text", count + 8, 0xfffe_fdfc),
    ] {
        let mut file = plain.clone();
        file[at..at + 4].copy_from_slice(&bytes.to_le_bytes());
        reseal(&mut file);
        assert_eq!(pages(&file).len(), pages(&plain).len());
        let audio = read(&file).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(audio.samples == expected.samples, "{what}");
        assert!(is_whole(&audio), "{what}: {:?}", audio.warnings);
    }
}

/// Bits, the first the highest of its byte.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    len: usize,
}

impl Bits {
    fn put(&mut self, value: u32, count: usize) {
        for bit in (0..count).rev() {
            if self.len.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let at = self.len / 8;
            self.bytes[at] |= ((value >> bit & 1) as u8) << (7 - self.len % 8);
            self.len += 1;
        }
    }
}

/// Frames of MPEG 1 layer I, 384 kbit/s in mono at 48 kHz: noise in the lower eight bands.
fn layer_1() -> Vec<u8> {
    let mut file = Vec::new();
    let mut seed = 3u32;
    for _ in 0..200 {
        let mut bits = Bits::default();
        bits.put(0xffff_c4c0, 32);
        for band in 0..32 {
            bits.put(if band < 8 { 4 } else { 0 }, 4);
        }
        (0..8).for_each(|_| bits.put(12, 6));
        for _ in 0..12 * 8 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            bits.put(seed >> 27 & 30, 5);
        }
        // 12 slots of 4 bytes a 32,000 bit/s at 48 kHz.
        bits.bytes.resize(384 / 8 * 384_000 / 48_000, 0);
        file.extend(bits.bytes);
    }
    file
}

#[test]
fn layer_1_is_decoded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.mp1");
    std::fs::write(&path, layer_1()).unwrap();
    let audio = read_channels(&path).unwrap();
    assert_eq!(audio.source.codec, "mp1");
    assert_eq!(audio.source.num_frames, 200 * 384);
    let Some(reference) = reference(&path) else {
        return;
    };
    let found = correlation(&audio.samples, &reference, 1);
    assert!(found > 0.999, "{found}");
}

fn reference(path: &Path) -> Option<Vec<f32>> {
    common::ffmpeg_samples(path, 48_000, 1)
}

#[test]
fn an_mp3_of_a_free_bit_rate_is_called_not_supported() {
    let Some(mut file) = made(
        "x.mp3",
        "-c:a libmp3lame -b:a 128k -write_id3v1 0 -id3v2_version 0 -write_xing 0",
    ) else {
        return;
    };
    let mut at = 0;
    while at + 4 < file.len() {
        let padding = usize::from(file[at + 2] >> 1 & 1);
        file[at + 2] &= 0x0f;
        at += 144 * 128_000 / 44_100 + padding;
    }
    let error = read(&file).unwrap_err();
    let expected = "is not supported: MPEG audio of a free bit rate (free format) (at byte 0)";
    assert!(error.to_string().contains(expected), "{error}");
    // As others see it: the chance of two bytes is not enough.
    let error = read(b"\xff\xfb\x00\x00 and other words that are no sound").unwrap_err();
    assert!(matches!(error, AudioError::NotRecognised { .. }), "{error}");
}

#[test]
fn what_is_read_is_named_where_something_is_not_recognised() {
    let error = read(b"\x01\x02\x03 no sound").unwrap_err().to_string();
    for format in [
        "WAV",
        "Wave64",
        "FLAC",
        "MP3",
        "Ogg Vorbis",
        "MP4",
        "ADTS",
        "AIFF",
        "CAF",
        "AU",
        "SPHERE",
    ] {
        assert!(error.contains(format), "{format}: {error}");
    }
}

/// `cat a.wav b.wav > both.wav`: players stop behind the first, and so do we, with a word.
#[test]
fn a_wav_behind_a_wav_is_said() {
    let Some(one) = made("a.wav", "-ar 16000") else {
        return;
    };
    assert!(is_whole(&read(&one).unwrap()));
    let both = [one.as_slice(), &one].concat();
    let audio = read(&both).unwrap();
    assert_eq!(audio.samples.len(), read(&one).unwrap().samples.len());
    let warning = audio
        .warnings
        .iter()
        .find(|warning| matches!(warning, AudioWarning::PartlyReadable { .. }))
        .map(ToString::to_string)
        .unwrap();
    let said = format!("another WAV file begins at byte {}", one.len());
    assert!(warning.contains(&said), "{warning}");
    // Chunks of tags behind the sound are no file.
    let tagged = [one.as_slice(), b"LIST\x04\0\0\0INFO"].concat();
    assert!(is_whole(&read(&tagged).unwrap()));
}

#[test]
fn a_second_sound_track_of_an_mp4_is_said() {
    let second = "-f lavfi -i sine=440:d=3 -map 0 -map 1 -c:a aac";
    let (Some(one), Some(two)) = (made("a.m4a", "-c:a aac"), made("a.m4a", second)) else {
        return;
    };
    assert!(is_whole(&read(&one).unwrap()));
    let audio = read(&two).unwrap();
    let said = "the first of its 2 sound tracks was read";
    let is_said = |warning: &AudioWarning| warning.to_string().contains(said);
    assert!(audio.warnings.iter().any(is_said), "{:?}", audio.warnings);
}
