//! Sound that others can play: rare codings, odd headers, faulty tags, streams that change.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::path::Path;

use audio_features::{AudioError, AudioWarning, ChannelSamples, decode_channels, read_channels};
use common::{cases, correlation, ffmpeg_samples, wav16};

fn is_whole(audio: &ChannelSamples) -> bool {
    !audio
        .warnings
        .iter()
        .any(|warning| matches!(warning, AudioWarning::PartlyReadable { .. }))
}

/// Reads a file and compares it with what FFmpeg makes of it.
fn as_ffmpeg(path: &Path, least_correlation: f64) -> ChannelSamples {
    let audio = read_channels(path).unwrap_or_else(|error| panic!("{error}"));
    assert!(is_whole(&audio), "{}: {:?}", path.display(), audio.warnings);
    let source = &audio.source;
    let (rate, channels) = (source.sample_rate_hz, source.num_channels);
    if let Some(reference) = ffmpeg_samples(path, rate, channels) {
        let expected = reference.len() / channels;
        let differs = audio.source.num_frames.abs_diff(expected as u64);
        assert!(
            differs <= u64::from(rate) / 20,
            "{}: {} frames, FFmpeg {expected}",
            path.display(),
            audio.source.num_frames
        );
        let found = correlation(&audio.samples, &reference, channels);
        assert!(
            found >= least_correlation,
            "{}: correlation {found} with FFmpeg's samples",
            path.display()
        );
    }
    audio
}

fn chunk(name: &[u8; 4], claimed: u32, content: &[u8]) -> Vec<u8> {
    [&name[..], &claimed.to_le_bytes(), content].concat()
}

/// A WAV file of a `fmt ` chunk, other chunks, and samples whose length is claimed to be `claimed`.
fn wav(format: &[u16], more: &[u8], claimed: u32, data: &[u8]) -> Vec<u8> {
    let format: Vec<u8> = format
        .iter()
        .flat_map(|field| field.to_le_bytes())
        .collect();
    let body = [
        b"WAVE".to_vec(),
        chunk(b"fmt ", format.len() as u32, &format),
        more.to_vec(),
        chunk(b"data", claimed, data),
    ]
    .concat();
    chunk(b"RIFF", body.len() as u32, &body)
}

/// Tag, channels, rate and bits of one channel, in bytes of the number given.
fn format(tag: u16, bits: u16, bytes: u16) -> [u16; 8] {
    let rate = 16_000 * u32::from(bytes);
    [
        tag,
        1,
        16_000,
        0,
        rate as u16,
        (rate >> 16) as u16,
        bytes,
        bits,
    ]
}

fn bytes_of(samples: &[i64], width: usize) -> Vec<u8> {
    samples
        .iter()
        .flat_map(|sample| sample.to_le_bytes()[..width].to_vec())
        .collect()
}

#[test]
fn samples_in_more_bytes_than_their_bits_need_are_followed_by_the_block() {
    let samples = [-2_816i64, 5, 8_388_607, -8_388_608, 0];
    let expected: Vec<f32> = samples.iter().map(|s| *s as f32 / 8_388_608.0).collect();
    // 24 bits in the low three of four bytes, in the high three, and in three.
    let high: Vec<i64> = samples.iter().map(|sample| sample << 8).collect();
    for (width, data) in [
        (4, bytes_of(&samples, 4)),
        (4, bytes_of(&high, 4)),
        (3, bytes_of(&samples, 3)),
    ] {
        let file = wav(&format(1, 24, width), &[], data.len() as u32, &data);
        let audio = decode_channels(file, "x.wav").unwrap();
        assert_eq!(audio.samples, expected, "{width} bytes");
    }
    // Fields that contradict one another are no guess.
    let mut contradicts = format(1, 16, 4);
    contradicts[4] = 12_345;
    let file = wav(&contradicts, &[], 8, &[1; 8]);
    let error = decode_channels(file, "x.wav").unwrap_err();
    assert!(error.to_string().contains("contradict"), "{error}");
    let Some(folder) = cases("wav-24-in-4-bytes") else {
        return;
    };
    let audio = read_channels(&folder.join("pcm24in4.wav")).unwrap();
    assert_eq!(audio.source.num_frames, 88_000);
    // The same sound in 16 bits.
    let Some(folder) = cases("stereo-antiphase") else {
        return;
    };
    let same = read_channels(&folder.join("mono.wav")).unwrap();
    assert!(correlation(&audio.samples, &same.samples, 1) > 0.999);
}

#[test]
fn sixty_four_bits_are_read() {
    let samples = [i64::MIN, 1 << 62, 0];
    let file = wav(&format(1, 64, 8), &[], 24, &bytes_of(&samples, 8));
    let audio = decode_channels(file, "x.wav").unwrap();
    assert_eq!(audio.samples, [-1.0, 0.5, 0.0]);
    assert_eq!(audio.source.codec, "pcm_s64le");
    let floats: Vec<u8> = [0.25f64, -1.0]
        .iter()
        .flat_map(|x| x.to_le_bytes())
        .collect();
    let file = wav(&format(3, 64, 8), &[], 16, &floats);
    assert_eq!(
        decode_channels(file, "x.wav").unwrap().samples,
        [0.25, -1.0]
    );
}

#[test]
fn headers_of_stopped_recorders_give_all_that_lies_behind_them() {
    let samples: Vec<i16> = (0..4_000).map(|i| (i % 97) as i16 * 300 - 14_000).collect();
    let expected: Vec<f32> = samples.iter().map(|s| f32::from(*s) / 32_768.0).collect();
    let good = wav16(1, 16_000, samples.iter().copied());
    let data = &good[44..];
    let big: Vec<u8> = samples.iter().flat_map(|s| s.to_be_bytes()).collect();
    let with = |riff: u32, size: u32| {
        let mut file = good.clone();
        file[4..8].copy_from_slice(&riff.to_le_bytes());
        file[40..44].copy_from_slice(&size.to_le_bytes());
        file
    };
    let rf64 = |magic: &[u8; 4], size: u64| {
        let sizes = [&0u64.to_le_bytes()[..], &size.to_le_bytes(), &[0; 12]].concat();
        [
            &magic[..],
            &u32::MAX.to_le_bytes(),
            b"WAVE",
            &chunk(b"ds64", 28, &sizes),
            &good[12..36],
            &chunk(b"data", u32::MAX, data),
        ]
        .concat()
    };
    let mut aiff =
        b"FORM\0\0\0\0AIFFCOMM\0\0\0\x12\0\x01\0\0\0\0\0\x10\x40\x0c\xfa\0\0\0\0\0\0\0".to_vec();
    aiff.extend(b"SSND\0\0\0\0\0\0\0\0\0\0\0\0");
    aiff.extend(&big);
    let mut caf = b"caff\0\x01\0\0desc\0\0\0\0\0\0\0\x20".to_vec();
    caf.extend(16_000f64.to_be_bytes());
    caf.extend(b"lpcm");
    caf.extend(
        [0u32, 2, 1, 1, 16]
            .iter()
            .flat_map(|field| field.to_be_bytes()),
    );
    caf.extend(b"data\0\0\0\0\0\0\0\0\0\0\0\0");
    caf.extend(&big);
    let mut au = b".snd\0\0\0\x18\0\0\0\0\0\0\0\x03\0\0\x3e\x80\0\0\0\x01".to_vec();
    au.extend(&big);
    for (name, file, is_noted) in [
        ("sizes of 0", with(0, 0), true),
        ("data of 0", with(8_036, 0), true),
        ("a stream of FFmpeg", with(u32::MAX, u32::MAX), false),
        ("a stream of SoX", with(0x7fff_f024, 0x7fff_f000), false),
        ("RF64 of 0", rf64(b"RF64", 0), false),
        ("RF64", rf64(b"RF64", 8_000), false),
        ("BW64", rf64(b"BW64", 8_000), false),
        ("AIFF of 0", aiff, true),
        ("CAF of 0", caf, true),
        ("AU of 0", au, true),
    ] {
        let audio = decode_channels(file, name).unwrap();
        assert_eq!(audio.samples, expected, "{name}");
        assert_eq!(audio.source.sample_rate_hz, 16_000);
        let notes = audio.warnings.len();
        assert_eq!(notes, usize::from(is_noted), "{name}: {:?}", audio.warnings);
        assert!(is_whole(&audio), "{name}");
    }
    // An empty recording with tags behind it stays empty.
    let empty = [&with(0, 0)[..44], &chunk(b"LIST", 12, b"INFOISFT\0\0\0\0")].concat();
    let error = decode_channels(empty, "empty").unwrap_err();
    assert!(matches!(error, AudioError::NoAudio { .. }), "{error}");
    let Some(folder) = cases("wav-unfinalised-header") else {
        return;
    };
    for name in ["data0.wav", "data0_riff_right.wav"] {
        assert_eq!(
            as_ffmpeg(&folder.join(name), 0.999_999).source.num_frames,
            88_000
        );
    }
}

#[test]
fn faults_in_tags_lose_no_sound() {
    let data = bytes_of(&[1, -2, 300, -400], 2);
    let expected: Vec<f32> = [1.0f32, -2.0, 300.0, -400.0].map(|s| s / 32_768.0).to_vec();
    for (name, more, notes) in [
        (
            "inner length",
            chunk(b"LIST", 12, b"INFOISFT\xff\xff\xff\x7f"),
            0,
        ),
        ("fact of 0 bytes", chunk(b"fact", 0, &[]), 0),
        ("fact of 2 bytes", chunk(b"fact", 2, &[1, 0]), 0),
        ("fact of 8 bytes", chunk(b"fact", 8, &[9; 8]), 0),
        ("binary name", chunk(b"\0\xff\x01\x02", 4, &[9; 4]), 0),
        ("runs past the end", chunk(b"LIST", 0x7000_0000, b"INFO"), 1),
    ] {
        let file = wav(&format(1, 16, 2), &more, 8, &data);
        let audio = decode_channels(file, name).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(audio.samples, expected, "{name}");
        assert_eq!(audio.warnings.len(), notes, "{name}: {:?}", audio.warnings);
    }
    let Some(folder) = cases("metadata-refuses-sound") else {
        return;
    };
    for (name, frames) in [
        ("flac_cue_cdda_not588.flac", 264_000),
        ("flac_minblock0.flac", 264_000),
        ("flac_pic_badlen.flac", 264_000),
        ("flac_vorbiscomment_bad.flac", 264_000),
        ("wav_fact0.wav", 88_000),
        ("wav_fact_short.wav", 88_000),
        ("wav_list_inner_overlong.wav", 88_000),
    ] {
        let audio = as_ffmpeg(&folder.join(name), 0.999_999);
        assert_eq!(audio.source.num_frames, frames, "{name}");
    }
    // A metadata block whose own length leads into the middle of the sound: the first frame is found by its mark.
    let mut lies = std::fs::read(folder.join("flac_pic_badlen.flac")).unwrap();
    let whole = decode_channels(lies.clone(), "x").unwrap();
    lies[42..46].copy_from_slice(&[0x86, 0, 0x40, 0]);
    let audio = decode_channels(lies, "lies").unwrap();
    assert_eq!(audio.samples, whole.samples);
    assert!(matches!(
        audio.warnings[..],
        [AudioWarning::OddHeader { .. }]
    ));
}

#[test]
fn aac_above_the_rates_of_mp4s_own_field_is_read() {
    let Some(folder) = cases("m4a-aac-88k2-96k") else {
        return;
    };
    for (name, rate) in [("aac_88200.m4a", 88_200), ("aac_96000.m4a", 96_000)] {
        let audio = as_ffmpeg(&folder.join(name), 0.999);
        assert_eq!(audio.source.sample_rate_hz, rate);
        assert!((audio.source.num_frames as f64 / f64::from(rate) - 5.5).abs() < 0.01);
    }
}

#[test]
fn an_mp3_that_changes_is_read_to_its_end() {
    let Some(folder) = cases("mp3-mono-to-stereo") else {
        return;
    };
    let audio = as_ffmpeg(&folder.join("mono_to_stereo.mp3"), 0.98);
    assert_eq!(audio.source.num_channels, 2);
    let change = |audio: &ChannelSamples| {
        audio.warnings.iter().find_map(|warning| match warning {
            AudioWarning::FormatChanges { before, after, .. } => Some((*before, *after)),
            _ => None,
        })
    };
    assert_eq!(change(&audio), Some(((44_100, 1), (44_100, 2))));
    // FFmpeg's resampler is another, and begins anew at the change.
    let audio = as_ffmpeg(&folder.join("rate_change.mp3"), 0.3);
    let reference = ffmpeg_samples(&folder.join("rate_change.mp3"), 44_100, 1);
    if let Some(reference) = reference {
        let before = ..108_000;
        assert!(correlation(&audio.samples[before], &reference[before], 1) > 0.999);
        let after = 120_000..220_000;
        assert!(correlation(&audio.samples[after.clone()], &reference[after], 1) > 0.97);
    }
    assert_eq!(change(&audio), Some(((44_100, 1), (22_050, 1))));
    assert!((audio.source.num_frames as f64 / 44_100.0 - 5.6).abs() < 0.05);
}

#[test]
fn all_links_of_a_chained_ogg_are_read() {
    let Some(folder) = cases("ogg-chained") else {
        return;
    };
    let path = folder.join("chained.ogg");
    let audio = read_channels(&path).unwrap();
    assert_eq!(audio.source.num_frames, 88_000);
    assert_eq!(audio.warnings, []);
    // Each link alone is what FFmpeg makes of it; of the whole FFmpeg does not trim the second.
    let bytes = std::fs::read(&path).unwrap();
    let second = bytes
        .windows(6)
        .rposition(|page| page.starts_with(b"OggS") && page[5] & 2 != 0)
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut links = Vec::new();
    for (name, link) in [("1.ogg", &bytes[..second]), ("2.ogg", &bytes[second..])] {
        let path = folder.path().join(name);
        std::fs::write(&path, link).unwrap();
        links.extend(as_ffmpeg(&path, 0.999).samples);
    }
    assert_eq!(audio.samples, links);
    // Four links, and a fifth that is cut.
    let twice = decode_channels([&bytes[..], &bytes].concat(), "twice").unwrap();
    assert_eq!(twice.samples, [&audio.samples[..], &audio.samples].concat());
    assert_eq!(twice.warnings, []);
    let cut = [&bytes[..], &bytes[..bytes.len() / 4]].concat();
    let cut = decode_channels(cut, "cut").unwrap();
    assert!(cut.samples.len() > audio.samples.len() && !is_whole(&cut));
}

#[test]
fn what_is_valid_and_not_supported_is_called_so() {
    let Some(folder) = cases("valid-called-damaged") else {
        return;
    };
    for name in ["caf_pcm_alaw.caf", "caf_pcm_mulaw.caf", "wav_mp3.wav"] {
        as_ffmpeg(&folder.join(name), 0.999);
    }
    for (name, words) in [
        ("wav_libgsm_ms.wav", "is not supported: GSM 6.10 in WAV"),
        (
            "mp2_named.mp3",
            "is not supported: MPEG audio layer II in mono at 384 kbit/s",
        ),
    ] {
        let error = read_channels(&folder.join(name)).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.explained().contains("ffmpeg -i"), "{error}");
    }
}
