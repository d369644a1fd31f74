//! What is compared with what.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::peers::tcmalloc;
use super::turns::{Comparison, Contender};

/// How much to compare.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    Quick,
    Full,
}

/// The two kinds of commands.
struct Commands<'a> {
    contender: PathBuf,
    python: &'a Path,
    peers: PathBuf,
}

impl Commands<'_> {
    fn ours(&self, label: &str, arguments: &[&str], threads: usize) -> Contender {
        let mut command: Vec<OsString> = vec![self.contender.clone().into()];
        command.extend(arguments.iter().map(OsString::from));
        command.extend(["--threads".into(), threads.to_string().into()]);
        Contender {
            label: label.to_owned(),
            command,
            environment: Vec::new(),
        }
    }

    fn python(&self, label: &str, script: &str, arguments: &[&str], threads: usize) -> Contender {
        let mut command: Vec<OsString> = vec![self.python.into(), self.peers.join(script).into()];
        command.extend(arguments.iter().map(OsString::from));
        command.extend(["--threads".into(), threads.to_string().into()]);
        // Libraries take all cores unless each of their pools is told otherwise.
        let environment = [
            "OMP_NUM_THREADS",
            "MKL_NUM_THREADS",
            "OPENBLAS_NUM_THREADS",
            "NUMBA_NUM_THREADS",
        ]
        .map(|name| (name, threads.to_string().into()));
        Contender {
            label: label.to_owned(),
            command,
            environment: environment.into(),
        }
    }
}

/// Everything that `scale` asks for; the recordings for the front ends are decoded voices of data/.
pub(crate) fn comparisons(root: &Path, python: &Path, scale: Scale) -> Result<Vec<Comparison>> {
    let commands = Commands {
        contender: root.join("target/release/contender"),
        python,
        peers: root.join("benches/peers"),
    };
    let mut all = Vec::new();
    let sizes: &[(usize, usize)] = match scale {
        Scale::Quick => &[(100, 40)],
        Scale::Full => &[
            (100, 40),
            (32, 40),
            (400, 40),
            (32, 100),
            (100, 100),
            (32, 300),
            (100, 300),
        ],
    };
    let threads: &[usize] = match scale {
        Scale::Quick => &[1],
        Scale::Full => &[1, 2],
    };
    for &(batch, frames) in sizes {
        for &threads in threads {
            all.push(network(&commands, "train-step", batch, frames, threads));
        }
    }
    for &(batch, frames) in &sizes[..sizes.len().min(2)] {
        all.push(network(&commands, "infer", batch, frames, 1));
    }
    all.push(parts(&commands, 100, 40));
    let audio = speech(root)?;
    all.push(log_mel(
        &commands,
        "kaldi",
        &audio,
        &["kaldi-native-fbank", "torchaudio", "librosa"],
    ));
    all.push(log_mel(
        &commands,
        "librosa",
        &audio,
        &["torchaudio", "librosa"],
    ));
    let points: &[&str] = match scale {
        Scale::Quick => &["1000"],
        Scale::Full => &["1000", "5000"],
    };
    for points in points {
        all.push(Comparison {
            name: format!("linkage N={points}"),
            threads: 1,
            contenders: vec![
                commands.ours("siamang", &["linkage", "--points", points], 1),
                commands.python("SciPy", "linkage.py", &["--points", points], 1),
            ],
        });
    }
    Ok(all)
}

fn network(
    commands: &Commands<'_>,
    work: &str,
    batch: usize,
    frames: usize,
    threads: usize,
) -> Comparison {
    let (batch, frames) = (batch.to_string(), frames.to_string());
    let size = ["--batch", &batch, "--frames", &frames];
    let arguments = |first, flags: &[&'static str]| [&[first], &size[..], flags].concat();
    let ours = |label: &str, first, flags: &[&'static str]| {
        commands.ours(label, &arguments(first, flags), threads)
    };
    let torch = |label: &str, flags: &[&'static str]| {
        let arguments = arguments(work, flags);
        let mut contender = commands.python(label, "torch_step.py", &arguments, threads);
        if let Some(library) = tcmalloc().filter(|_| flags.contains(&"--tuned")) {
            contender.environment.push(("LD_PRELOAD", library.into()));
        }
        contender
    };
    let burn = format!("burn-{work}");
    let mut avx2 = ours("siamang, f32, AVX2 alone", work, &[]);
    avx2.environment.push(("SIAMANG_SIMD", "avx2".into()));
    let mut torch_avx2 = torch("PyTorch, f32, AVX2 alone, tuned too", &["--tuned"]);
    for (name, value) in [
        ("ATEN_CPU_CAPABILITY", "avx2"),
        ("ONEDNN_MAX_CPU_ISA", "AVX2"),
        ("MKL_ENABLE_INSTRUCTIONS", "AVX2"),
    ] {
        torch_avx2.environment.push((name, value.into()));
    }
    let mut contenders = vec![
        ours("siamang, f32", work, &[]),
        ours("siamang, bf16", work, &["--bf16"]),
        torch("PyTorch, f32, default", &[]),
        torch(
            "PyTorch, f32, tcmalloc, fused Adam, flushed denormals",
            &["--tuned"],
        ),
        torch("PyTorch, bf16 autocast, the same", &["--tuned", "--bf16"]),
        avx2,
        torch_avx2,
        ours("Burn's BiLstm", &burn, &[]),
    ];
    if work == "train-step" {
        contenders.push(ours(
            "the recurrent layers' matrix products alone (gemm)",
            "matmul",
            &[],
        ));
    }
    Comparison {
        name: format!("{work} T={frames} B={batch}"),
        threads,
        contenders,
    }
}

/// A training step and what it does besides its recurrent layers.
fn parts(commands: &Commands<'_>, batch: usize, frames: usize) -> Comparison {
    let (batch, frames) = (batch.to_string(), frames.to_string());
    let size = ["--batch", &batch, "--frames", &frames];
    let ours = |label: &str, first: &[&str]| commands.ours(label, &[first, &size[..]].concat(), 1);
    Comparison {
        name: format!("parts of a train-step T={frames} B={batch}"),
        threads: 1,
        contenders: vec![
            ours("the whole step", &["train-step"]),
            ours("the batch as a tensor", &["part", "data"]),
            ours("dropout after the first layer", &["part", "dropout"]),
            ours("dense layers and loss", &["part", "head-and-loss"]),
            ours("gradient norms and Adam", &["part", "optimiser"]),
        ],
    }
}

fn log_mel(commands: &Commands<'_>, preset: &str, audio: &Path, libraries: &[&str]) -> Comparison {
    let audio = audio.to_string_lossy();
    let mut contenders = vec![commands.ours("siamang", &["log-mel", preset, &audio], 1)];
    contenders.extend(
        libraries
            .iter()
            .map(|library| commands.python(library, "log_mel.py", &[library, preset, &audio], 1)),
    );
    Comparison {
        name: format!("log-mel {preset}, 60 s"),
        threads: 1,
        contenders,
    }
}

/// A minute of speech as a 16-bit WAV, made of the voices in data/.
fn speech(root: &Path) -> Result<PathBuf> {
    const SAMPLES: usize = 60 * 16_000;
    let path = root.join("target/bench-speech.wav");
    let mut samples: Vec<i16> = Vec::new();
    let mut files: Vec<PathBuf> = walkdir::WalkDir::new(root.join("data/voices"))
        .into_iter()
        .filter_map(Result::ok)
        .map(walkdir::DirEntry::into_path)
        .filter(|path| audio_features::is_audio_path(path))
        .collect();
    files.sort();
    for file in files {
        if samples.len() >= SAMPLES {
            break;
        }
        let recording = audio_features::read_recording(&file, 16_000)?;
        samples.extend(
            recording
                .waveform
                .samples
                .iter()
                .map(|&sample| (sample * 32_767.0) as i16),
        );
    }
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(&path, spec)
        .with_context(|| format!("cannot write {}", path.display()))?;
    for &sample in samples.iter().take(SAMPLES) {
        writer.write_sample(sample)?;
    }
    writer.finalize()?;
    Ok(path)
}
