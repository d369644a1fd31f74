//! `cargo xtask bench`: Siamang beside its peers, taking turns in one run.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::bench::build;
use crate::bench::comparisons::{Scale, comparisons};
use crate::bench::contenders::Contenders;
use crate::bench::peers::python;
use crate::bench::report::{self, Outcome};
use crate::bench::turns::compare;

/// Time Siamang beside PyTorch, Burn's own layers, also on libtorch, onnxruntime, kaldi-native-fbank, torchaudio, librosa, SciPy and Resemblyzer.
///
/// Every contender is a process that does its work once when it is told to; they are told in turn, so that whatever
/// else the machine does hits all of them alike. Peers come from PyPI into a virtual environment below `target`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  cargo xtask bench                                  # everything, half an hour; writes BENCHMARKS.md
  cargo xtask bench --quick                          # the main lines: two minutes, once all is built
  cargo xtask bench --only train-step --json
  cargo xtask bench --only models                    # networks that others publish, beside onnxruntime
  cargo xtask bench --only embed                     # recordings to embeddings, beside Resemblyzer
  cargo xtask bench --python V/bin/python            # an environment that has the peers already")]
pub(crate) struct Bench {
    /// A few sizes and rounds only; BENCHMARKS.md stays as it is.
    #[arg(long)]
    quick: bool,
    /// Only comparisons whose name contains this.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Print one JSON object instead of tables.
    #[arg(long)]
    json: bool,
    /// Rounds after two to warm up, fewer where they take long [default: 15, quick: 7].
    #[arg(long)]
    rounds: Option<usize>,
    /// A Python that has the peers of benches/peers/requirements.txt [default: one that is made below `target`].
    #[arg(long)]
    python: Option<PathBuf>,
}

pub(crate) fn run(args: &Bench) -> Result<()> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    build(&root)?;
    let makers = Contenders::new(&root, python(&root, args.python.as_deref())?);
    let scale = if args.quick {
        Scale::Quick
    } else {
        Scale::Full
    };
    let rounds = args.rounds.unwrap_or(if args.quick { 7 } else { 15 });
    let is_wanted = |name: &str| {
        args.only
            .as_ref()
            .is_none_or(|wanted| name.contains(wanted.as_str()))
    };
    let mut outcomes: Vec<Outcome> = Vec::new();
    for comparison in comparisons(scale) {
        if is_wanted(&comparison.name) {
            let outcome = compare(comparison, &makers, rounds)?;
            report::progress(&outcome)?;
            outcomes.push(outcome);
        }
    }
    if outcomes.is_empty() {
        bail!("`--only` matches no comparison");
    }
    if args.json {
        return report::print_json(&outcomes);
    }
    if args.quick || args.only.is_some() {
        return report::print(&report::markdown(&root, &outcomes, ""));
    }
    let path = root.join("BENCHMARKS.md");
    let old = std::fs::read_to_string(&path).unwrap_or_default();
    std::fs::write(&path, report::markdown(&root, &outcomes, &old))
        .with_context(|| format!("cannot write {}", path.display()))
}
