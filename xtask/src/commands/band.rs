//! `cargo xtask band`: where the curves of healthy runs lie, for the reports of later ones.

use std::path::PathBuf;

use anyhow::{Context, Result};
use run_report::{Band as Curves, drawable_journal};

/// Take the lowest and highest curves of healthy runs that differ in their seed alone, for `siamang report` to draw others over.
#[derive(clap::Args)]
#[command(after_help = "Example:
  cargo xtask band best --data 'sc, wuw2, msc, asc, dsp' runs/best-1 runs/best-2 runs/best-3

A band of a new name has to be added to the list in crates/run-report/src/band.rs.")]
pub(crate) struct Band {
    /// Name of the preset.
    preset: String,
    /// What the runs were trained on, in words.
    #[arg(long)]
    data: String,
    /// Directories of the runs.
    #[arg(required = true, num_args = 2.., value_name = "RUN")]
    runs: Vec<PathBuf>,
}

pub(crate) fn run(args: &Band) -> Result<()> {
    let runs = args
        .runs
        .iter()
        .map(|run| {
            let path = run.join("config.toml");
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            let configuration = text
                .parse()
                .with_context(|| format!("{} is not a configuration", path.display()))?;
            Ok((drawable_journal(run)?, configuration))
        })
        .collect::<Result<Vec<_>>>()?;
    let band = Curves::of_runs(&args.preset, &args.data, &runs)?;
    let out = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../crates/run-report/bands")
        .join(format!("{}.json", args.preset));
    std::fs::write(&out, band.to_json()? + "\n")
        .with_context(|| format!("cannot write {}", out.display()))
}
