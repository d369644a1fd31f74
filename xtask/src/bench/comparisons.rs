//! What is compared with what.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::corpus;
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
    let audio = corpus::minute(root)?;
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
            most_rounds: usize::MAX,
            contenders: vec![
                commands.ours("siamang", &["linkage", "--points", points], 1),
                commands.python("SciPy", "linkage.py", &["--points", points], 1),
            ],
        });
    }
    if scale == Scale::Full {
        for &threads in threads {
            all.push(Comparison {
                name: EMBED.to_owned(),
                threads,
                most_rounds: EMBED_ROUNDS,
                contenders: embed(&commands, root, threads),
            });
        }
    }
    Ok(all)
}

/// Name of the comparison of whole programs, which needs [`prepare_embed`].
pub(crate) const EMBED: &str = "embed, 60 recordings of 4 to 20 s";

const EMBED_RECORDINGS: usize = 60;

/// A round takes most of a minute.
const EMBED_ROUNDS: usize = 5;

/// The bundle of Resemblyzer's architecture that [`EMBED`] uses, below `target`.
const EMBED_RUN: &str = "target/bench-resemblyzer";

/// Makes the recordings and an untrained bundle of Resemblyzer's architecture.
pub(crate) fn prepare_embed(root: &Path) -> Result<()> {
    corpus::recordings(root, EMBED_RECORDINGS)?;
    let run = root.join(EMBED_RUN);
    if run.exists() {
        std::fs::remove_dir_all(&run)?;
    }
    let output = Command::new(program(root))
        .args(["train", "--quiet", "--max-steps", "0", "--config"])
        .arg(root.join("configs/resemblyzer.toml"))
        .arg("--out")
        .arg(&run)
        .stdin(Stdio::null())
        .output()
        .context("cannot run siamang")?;
    ensure!(
        output.status.success(),
        "`siamang train` failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}

fn program(root: &Path) -> PathBuf {
    root.join("target/release/siamang")
}

/// Ours is the whole program, from its start to its written file. Resemblyzer once is the same, and once what it takes when
/// Python, its libraries and the weights are loaded already.
fn embed(commands: &Commands<'_>, root: &Path, threads: usize) -> Vec<Contender> {
    let folder = root.join(format!("target/bench-recordings-{EMBED_RECORDINGS}"));
    let whole = |label: &str, command: &[&OsStr]| {
        let flags = ["program", "--check", "n_embedded"];
        let mut contender = commands.ours(label, &flags, threads);
        contender.command.push("--".into());
        contender.command.extend(command.iter().map(OsString::from));
        contender
    };
    let (siamang, run) = (program(root), root.join(EMBED_RUN));
    let (ours_out, peers_out) = (
        root.join("target/bench-ours.npy"),
        root.join("target/bench-peers.npy"),
    );
    let count = threads.to_string();
    let ours = |label: &str, precision: &str| {
        let mut command: Vec<&OsStr> = vec![siamang.as_ref(), "embed".as_ref(), folder.as_ref()];
        command.extend(["--quiet", "--json", "--threads", &count].map(OsStr::new));
        command.extend([OsStr::new("--precision"), precision.as_ref()]);
        command.extend([OsStr::new("--model"), run.as_ref()]);
        command.extend([OsStr::new("--out"), ours_out.as_ref()]);
        whole(label, &command)
    };
    let (folder, out) = (folder.to_string_lossy(), peers_out.to_string_lossy());
    let arguments = [&*folder, "--out", &*out];
    let loaded = commands.python("Resemblyzer, loaded", "embed.py", &arguments, threads);
    let mut once: Vec<&OsStr> = loaded.command.iter().map(OsString::as_os_str).collect();
    once.push("--once".as_ref());
    let mut once = whole("Resemblyzer, the whole program", &once);
    once.environment.clone_from(&loaded.environment);
    vec![
        ours("siamang, f32, the whole program", "f32"),
        ours("siamang, bf16, the whole program", "bf16"),
        loaded,
        once,
    ]
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
        most_rounds: usize::MAX,
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
        most_rounds: usize::MAX,
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
        most_rounds: usize::MAX,
        contenders,
    }
}
