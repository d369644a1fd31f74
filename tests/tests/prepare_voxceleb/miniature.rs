//! VoxCeleb in small: the published layout, names from the trial list, zip64, split byte by byte, real AAC.

use std::io::{Cursor, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// More entries than the classic format has room for, so that the end record must be of zip64.
const FOLDERS: usize = 65_600;

/// Files of an archive by their names.
pub(crate) type Entries = Vec<(String, Vec<u8>)>;

/// Names of test utterances of VoxCeleb1: every `stride`-th of the published trial list, or some of its form.
pub(crate) fn vox1_test_names(stride: usize) -> Vec<String> {
    let list = testing::shared_folder().join("voxceleb_meta/veri_test2.txt");
    let mut names: Vec<String> = match std::fs::read_to_string(&list) {
        Ok(text) => text
            .split_whitespace()
            .filter(|word| word.ends_with(".wav"))
            .map(str::to_owned)
            .collect(),
        Err(_) => {
            eprintln!("`{}` is not there: names are made up", list.display());
            (0..4_708)
                .map(|n| {
                    let speaker = 10_270 + n % 40;
                    format!("id{speaker}/-video{:05}/{:05}.wav", n / 7, n % 7 + 1)
                })
                .collect()
        }
    };
    names.sort();
    names.dedup();
    names.into_iter().step_by(stride).collect()
}

/// 16-bit WAV of `seconds` of noise in whole video frames and one sample, as VoxCeleb1 has them.
pub(crate) fn wav(seed: u32, seconds: u32) -> Vec<u8> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    for _ in 0..640 * 25 * seconds + 1 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        writer.write_sample((state >> 19) as i16 - 4_096).unwrap();
    }
    writer.finalize().unwrap();
    bytes.into_inner()
}

/// AAC in MP4 by ffmpeg's encoder.
pub(crate) fn m4a(seed: u32, seconds: u32) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("in.wav"), folder.path().join("out.m4a"));
    std::fs::write(&from, wav(seed, seconds)).unwrap();
    let mut ffmpeg = testing::program("ffmpeg", "-version")?;
    let done = ffmpeg
        .args(["-v", "error", "-i"])
        .arg(&from)
        .args(["-c:a", "aac", "-b:a", "64k"])
        .arg(&to)
        .status();
    assert!(done.unwrap().success());
    Some(std::fs::read(&to).unwrap())
}

/// A zip64 archive with as many folders as VoxCeleb's have, entries alternately stored and deflated.
pub(crate) fn zip64(entries: &Entries) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().large_file(true);
    for folder in 0..FOLDERS {
        archive
            .add_directory(format!("folders/{folder}"), SimpleFileOptions::default())
            .unwrap();
    }
    for (number, (name, bytes)) in entries.iter().enumerate() {
        let method = match number % 2 {
            0 => CompressionMethod::Stored,
            _ => CompressionMethod::Deflated,
        };
        archive
            .start_file(name.as_str(), options.compression_method(method))
            .unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// Cuts an archive into the parts `STEMaa`, `STEMab`, …
pub(crate) fn split(folder: &Path, stem: &str, archive: &[u8], parts: usize) {
    std::fs::create_dir_all(folder).unwrap();
    for (letter, part) in ('a'..).zip(archive.chunks(archive.len().div_ceil(parts))) {
        std::fs::write(folder.join(format!("{stem}a{letter}")), part).unwrap();
    }
}

/// The same recordings unpacked.
pub(crate) fn unpack(folder: &Path, entries: &Entries) {
    for (name, bytes) in entries {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}
