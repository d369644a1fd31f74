//! A folder of recordings to embed, made of the voices in data/.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

const RATE_HZ: usize = 16_000;

/// `num_recordings` of 4 to 20 s, as in VoxCeleb, every other one FLAC or Ogg Vorbis; they are made by `flac` and `oggenc`
/// where they are not there yet.
pub(crate) fn recordings(root: &Path, num_recordings: usize) -> Result<PathBuf> {
    let folder = root.join(format!("target/bench-recordings-{num_recordings}"));
    if folder.exists() {
        return Ok(folder);
    }
    let making = root.join("target/bench-recordings-making");
    std::fs::create_dir_all(&making)?;
    let wav = making.join("recording.wav");
    let mut samples = Speech::new(root)?;
    for index in 0..num_recordings {
        let seconds = 4 + 7 * index % 17;
        write_wav(&wav, &samples.take(seconds * RATE_HZ)?)?;
        let name = making.join(format!("{index:04}"));
        let mut command;
        if index % 2 == 0 {
            command = Command::new("flac");
            command.args(["--silent", "--force", "-o"]);
            command.arg(name.with_extension("flac"));
        } else {
            command = Command::new("oggenc");
            command.args(["--quiet", "--serial", "1", "-q", "5", "-o"]);
            command.arg(name.with_extension("ogg"));
        }
        let program = command.get_program().to_string_lossy().into_owned();
        let status = command.arg(&wav).status().with_context(|| {
            format!("cannot run `{program}`; on Debian: apt-get install flac vorbis-tools")
        })?;
        ensure!(status.success(), "`{program}` failed: {status}");
    }
    std::fs::remove_file(&wav)?;
    std::fs::rename(&making, &folder)?;
    Ok(folder)
}

/// A minute of speech as a 16-bit WAV.
pub(crate) fn minute(root: &Path) -> Result<PathBuf> {
    let path = root.join("target/bench-speech.wav");
    write_wav(&path, &Speech::new(root)?.take(60 * RATE_HZ)?)?;
    Ok(path)
}

/// The voices' recordings one after the other, and again from the first.
struct Speech {
    files: Vec<PathBuf>,
    next: usize,
    left: Vec<i16>,
}

impl Speech {
    fn new(root: &Path) -> Result<Self> {
        let voices = root.join("data/voices");
        let mut files: Vec<PathBuf> = walkdir::WalkDir::new(&voices)
            .into_iter()
            .filter_map(Result::ok)
            .map(walkdir::DirEntry::into_path)
            .filter(|path| audio_features::is_audio_path(path))
            .collect();
        ensure!(!files.is_empty(), "no recordings in {}", voices.display());
        files.sort();
        Ok(Self {
            files,
            next: 0,
            left: Vec::new(),
        })
    }

    fn take(&mut self, num_samples: usize) -> Result<Vec<i16>> {
        while self.left.len() < num_samples {
            let file = &self.files[self.next % self.files.len()];
            self.next += 1;
            let recording = audio_features::read_recording(file, RATE_HZ as u32)?;
            let samples = recording.waveform.samples.iter();
            self.left
                .extend(samples.map(|&sample| (sample * 32_767.0) as i16));
        }
        let rest = self.left.split_off(num_samples);
        Ok(std::mem::replace(&mut self.left, rest))
    }
}

fn write_wav(path: &Path, samples: &[i16]) -> Result<()> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE_HZ as u32,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec)
        .with_context(|| format!("cannot write {}", path.display()))?;
    for &sample in samples {
        writer.write_sample(sample)?;
    }
    Ok(writer.finalize()?)
}
