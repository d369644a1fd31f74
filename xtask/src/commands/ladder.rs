//! `cargo xtask ladder`: the question's failing version, mended one wrong assumption at a time.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Train the question's failing version and one mended assumption a rung, and write docs/why-it-failed.md.
///
/// Runs are journaled below `target/ladder`: an interrupted ladder goes on where it was, and finished runs with the same
/// settings are not trained again. The document says how many seeds each figure has.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  cargo xtask ladder --data corpora --corpora sc,wuw2,msc,asc,dsp  # everything, about eighty minutes of one core
  cargo xtask ladder --data corpora --only question --seeds 1      # one rung
  cargo xtask ladder --data corpora --steps 50 --seeds 1 --json    # a glance; docs/ stays as it is
  cargo xtask ladder --report                                      # the document from what is there
  cargo xtask ladder -- --help                                     # all flags")]
pub(crate) struct Ladder {
    /// Flags of the program `ladder`, which is built first.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    flags: Vec<OsString>,
}

pub(crate) fn run(args: &Ladder) -> Result<()> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--package", "ladder"])
        .current_dir(&root)
        .status()
        .context("cannot run cargo")?;
    if !built.success() {
        bail!("the ladder does not build");
    }
    let status = Command::new(root.join("target/release/ladder"))
        .args(&args.flags)
        .arg("--out")
        .arg(root.join("target/ladder"))
        .arg("--docs")
        .arg(root.join("docs"))
        .args(["--commit", &commit(&root)?])
        // One thread: runs take turns with whatever else the machine does.
        .env("RAYON_NUM_THREADS", "1")
        .status()
        .context("cannot run the ladder")?;
    if !status.success() {
        bail!("the ladder did not finish; what it finished is kept");
    }
    Ok(())
}

/// The repository's commit, with a plus sign where files differ from it.
fn commit(root: &Path) -> Result<String> {
    let git = |arguments: &[&str]| -> Result<String> {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(root)
            .output()
            .context("cannot run git")?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short", "HEAD"])?;
    let changed = !git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    Ok(if changed { commit + "+" } else { commit })
}
