//! Whole programs from recordings to embeddings, with Resemblyzer's architecture.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::contenders::{Contender, Contenders, pools};
use super::corpus;

/// Recordings of 4 to 20 s.
pub(super) const RECORDINGS: usize = 60;

/// Ours is the whole program, from its start to its written file. Resemblyzer once is the same, and once what it takes when
/// Python, its libraries and the weights are loaded already.
pub(super) fn contenders(makers: &Contenders, threads: usize) -> Result<Vec<Contender>> {
    let root = &makers.root;
    let folder = corpus::recordings(root, RECORDINGS)?;
    let siamang = root.join("target/release/siamang");
    let run = untrained(root, &siamang)?;
    let ours = |precision: &str| -> Vec<OsString> {
        let (out, threads) = (root.join("target/bench-ours.npy"), threads.to_string());
        let flags = ["--quiet", "--json", "--threads", &threads, "--precision"];
        let mut command: Vec<OsString> = vec![siamang.clone().into(), "embed".into()];
        command.push(folder.clone().into());
        command.extend(flags.map(OsString::from));
        command.extend([precision.into(), "--model".into(), run.clone().into()]);
        command.extend(["--out".into(), out.into()]);
        command
    };
    let whole = |label: &str, command: &[OsString]| {
        let program = ["program", "--check", "n_embedded", "--"].map(OsString::from);
        makers.ours(label, &[&program, command].concat(), threads)
    };
    let (recordings, out) = (
        folder.to_string_lossy(),
        root.join("target/bench-peers.npy"),
    );
    let out = out.to_string_lossy();
    let arguments = |flags: &[&'static str]| [&[&*recordings, "--out", &*out], flags].concat();
    let once = makers.python_command("embed.py", &arguments(&["--once"]), threads);
    let mut once = whole("Resemblyzer, the whole program", &once);
    once.environment = pools(threads);
    Ok(vec![
        whole("siamang, f32, the whole program", &ours("f32")),
        whole("siamang, bf16, the whole program", &ours("bf16")),
        makers.python("Resemblyzer, loaded", "embed.py", &arguments(&[]), threads),
        once,
    ])
}

/// A run of no steps, made by `siamang`.
fn untrained(root: &Path, siamang: &Path) -> Result<PathBuf> {
    let run = root.join("target/bench-resemblyzer");
    if run.exists() {
        std::fs::remove_dir_all(&run)?;
    }
    let output = Command::new(siamang)
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
    Ok(run)
}
