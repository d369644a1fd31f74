//! The Python environment of the peers.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The Python given, or one below `target` that has the peers; it is made where it is missing, which downloads
/// gigabytes.
pub(crate) fn python(root: &Path, given: Option<&Path>) -> Result<PathBuf> {
    if let Some(python) = given {
        return Ok(std::path::absolute(python)?);
    }
    let environment = root.join("target/bench-venv");
    let python = environment.join("bin/python");
    let peers = root.join("benches/peers");
    let lists = ["requirements.txt", "requirements-alone.txt"].map(|name| peers.join(name));
    let mut wanted = String::new();
    for list in &lists {
        wanted += &std::fs::read_to_string(list)
            .with_context(|| format!("cannot read {}", list.display()))?;
    }
    // What was installed, once all of it is.
    let complete = environment.join("complete");
    if std::fs::read_to_string(&complete).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    succeed(
        Command::new("python3")
            .args(["-m", "venv"])
            .arg(&environment),
    )?;
    for (list, flags) in lists.iter().zip([&[][..], &["--no-deps"]]) {
        let mut install = Command::new(&python);
        install.args(["-m", "pip", "install"]).args(flags);
        succeed(install.arg("--requirement").arg(list))?;
    }
    std::fs::write(&complete, wanted)?;
    Ok(python)
}

fn succeed(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot run {:?}", command.get_program()))?;
    if !status.success() {
        bail!("{command:?} failed; give an environment that has the peers with `--python`");
    }
    Ok(())
}

/// The allocator that PyTorch is quickest with, where Debian's `libtcmalloc-minimal4` or another package has put it.
pub(crate) fn tcmalloc() -> Option<PathBuf> {
    let folders = [
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/usr/lib64",
        "/usr/lib",
    ];
    let names = ["libtcmalloc.so.4", "libtcmalloc_minimal.so.4"];
    let mut places = folders
        .iter()
        .flat_map(|folder| names.map(|name| Path::new(folder).join(name)));
    places.find(|path| path.exists())
}
