//! The programs that are timed, built by cargo.

use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

/// Builds the contenders and `siamang` in `target/release`.
pub(crate) fn build(root: &Path) -> Result<()> {
    run(&mut cargo_build(root, "target"))
}

/// The contenders with Burn's libtorch backend.
pub(super) struct Libtorch {
    pub(super) contender: PathBuf,
    /// Folder of the shared libraries that it is linked to.
    pub(super) libraries: PathBuf,
}

impl Libtorch {
    /// Builds them on the libtorch of `python`'s PyTorch, in a target directory of their own: with another backend all of
    /// Burn is compiled again, and for `siamang` once more after that if it were the same directory.
    pub(super) fn build(root: &Path, python: &Path) -> Result<Self> {
        let libraries = libraries(python)?;
        let folder = "target/bench-libtorch";
        let bin = python.parent().unwrap_or(Path::new("")).to_owned();
        let others = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([bin].into_iter().chain(std::env::split_paths(&others)))?;
        let mut command = cargo_build(root, folder);
        command
            .args(["--features", "contenders/tch"])
            .env("PATH", path)
            .env("LIBTORCH_USE_PYTORCH", "1")
            // `tch` asks for 2.9.0; that and the 2.9.1 of requirements.txt have one interface.
            .env("LIBTORCH_BYPASS_VERSION_CHECK", "1");
        run(&mut command)?;
        Ok(Self {
            contender: root.join(folder).join("release/contender"),
            libraries,
        })
    }
}

/// Where the PyTorch of `python` has libtorch.
fn libraries(python: &Path) -> Result<PathBuf> {
    let script = "import pathlib, torch; print(pathlib.Path(torch.__file__).parent / 'lib')";
    let output = Command::new(python)
        .args(["-c", script])
        .output()
        .with_context(|| format!("cannot run {}", python.display()))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "no libtorch: {}",
        errors.lines().last().unwrap_or_default()
    );
    Ok(PathBuf::from(
        String::from_utf8_lossy(&output.stdout).trim(),
    ))
}

/// Both packages each time, so that the crates that they share have the same features.
fn cargo_build(root: &Path, target: &str) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.args(["build", "--release", "--target-dir", target]);
    command.args(["--package", "contenders", "--package", "cli"]);
    command.current_dir(root);
    command
}

/// Passes on what cargo says; its last error is the reason of a failure.
fn run(command: &mut Command) -> Result<()> {
    let mut child = command
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot run cargo")?;
    let mut reason = String::new();
    if let Some(lines) = child.stderr.take() {
        for line in BufReader::new(lines).lines() {
            let line = line?;
            writeln!(std::io::stderr(), "{line}")?;
            if line.trim_start().to_lowercase().starts_with("error") {
                reason = line.trim().to_owned();
            }
        }
    }
    if !child.wait()?.success() {
        bail!("the contenders do not build: {reason}");
    }
    Ok(())
}
