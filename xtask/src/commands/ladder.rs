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
  cargo xtask ladder --data corpora --corpora sc,wuw2,msc,asc,dsp   # everything, about forty minutes of one core
  cargo xtask ladder --data corpora --only question --seeds 1      # one rung
  cargo xtask ladder --data corpora --steps 50 --seeds 1 --json    # a glance; docs/ stays as it is
  cargo xtask ladder --data corpora --report                       # the document from what is there")]
pub(crate) struct Ladder {
    /// A folder with recordings and `split.tsv`, whose column `split` has `train`, `dev` and `test`.
    #[arg(long)]
    data: PathBuf,
    /// Another split file.
    #[arg(long)]
    split: Option<PathBuf>,
    /// Folder of the lists `dev.*.txt` and `test.*.txt` [default: `trials` in the data].
    #[arg(long)]
    trials: Option<PathBuf>,
    /// Corpora whose training speakers are trained on, by the manifest's column `corpus` [default: all].
    #[arg(long, value_delimiter = ',')]
    corpora: Vec<String>,
    /// Seeds of every rung; the runs beside the ladder, which single claims need, have one.
    #[arg(long, default_value_t = 3)]
    seeds: u64,
    /// Steps of every run [default: each rung's own].
    #[arg(long)]
    steps: Option<u64>,
    /// Only these rungs and runs.
    #[arg(long, value_name = "RUNG")]
    only: Vec<String>,
    /// Train nothing; write the document from the runs that are there.
    #[arg(long)]
    report: bool,
    /// Print one JSON object instead of writing the document.
    #[arg(long)]
    json: bool,
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
    let journal = root.join("target/ladder");
    if !args.report {
        call(&root, &training(args, &root, &journal)?)?;
    }
    let mut report: Vec<OsString> = vec!["report".into(), "--out".into(), journal.into()];
    report.extend(["--docs".into(), root.join("docs").into()]);
    if args.json {
        report.push("--json".into());
    }
    call(&root, &report)
}

/// What the child is told to train.
fn training(args: &Ladder, root: &Path, journal: &Path) -> Result<Vec<OsString>> {
    let mut out: Vec<OsString> = vec!["run".into(), "--data".into(), args.data.clone().into()];
    let mut add = |flag: &str, value: OsString| out.extend([flag.into(), value]);
    if let Some(split) = &args.split {
        add("--split", split.into());
    }
    if let Some(trials) = &args.trials {
        add("--trials", trials.into());
    }
    if !args.corpora.is_empty() {
        add("--corpora", args.corpora.join(",").into());
    }
    if let Some(steps) = args.steps {
        add("--steps", steps.to_string().into());
    }
    for rung in &args.only {
        add("--only", rung.into());
    }
    add("--seeds", args.seeds.to_string().into());
    add("--out", journal.into());
    add("--commit", commit(root)?.into());
    Ok(out)
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

fn call(root: &Path, arguments: &[OsString]) -> Result<()> {
    let status = Command::new(root.join("target/release/ladder"))
        .args(arguments)
        // One thread: runs take turns with whatever else the machine does.
        .env("RAYON_NUM_THREADS", "1")
        .status()
        .context("cannot run the ladder")?;
    if !status.success() {
        bail!("the ladder did not finish; what it finished is kept");
    }
    Ok(())
}
