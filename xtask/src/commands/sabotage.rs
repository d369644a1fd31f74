//! `cargo xtask sabotage`: does the diagnosis find what was spoiled on purpose?

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::sabotage::case::Case;
use crate::sabotage::cases::cases;
use crate::sabotage::corpora::Corpora;
use crate::sabotage::trial::{
    Campaign, LIMIT, Program, Records, Wanted, judge_again, listing, run as run_all, stability,
    table,
};

/// Spoil trainings one by one, ask `siamang doctor` what is wrong, obey, and see whether it helps; and train healthy ones,
/// which it has to leave alone.
///
/// A case draws a small corpus from real ones, spoils labels, lists, recordings or settings, trains for a few hundred steps and
/// compares the first finding with the cause. Results are kept one a line: what is done is not done again.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  cargo xtask sabotage --corpora corpora --siamang target/release/siamang    # everything, about an hour of one core
  cargo xtask sabotage --corpora corpora --siamang siamang --only labels-    # what concerns labels
  cargo xtask sabotage --corpora corpora --siamang siamang --seeds 1,2,3
  cargo xtask sabotage --corpora corpora --siamang siamang --only healthy-4 --stable
  cargo xtask sabotage --list                                                # the cases
  cargo xtask sabotage --table                                               # Markdown of what is there")]
pub(crate) struct Sabotage {
    /// A folder of corpora with `split.tsv`: path, speaker, corpus, session, gender, split.
    #[arg(long, required_unless_present_any = ["list", "table"])]
    corpora: Option<PathBuf>,
    /// A folder with `music` [default: `augmentation` beside the corpora].
    #[arg(long)]
    augmentation: Option<PathBuf>,
    /// The program to ask.
    #[arg(long, required_unless_present_any = ["list", "table"])]
    siamang: Option<PathBuf>,
    /// Where results and runs go [default: target/sabotage].
    #[arg(long)]
    out: Option<PathBuf>,
    /// Only cases whose name contains one of these.
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    only: Vec<String>,
    /// Seeds of each case: of who is drawn, of what is done to them, and of the training.
    #[arg(long, value_delimiter = ',', default_value = "1")]
    seeds: Vec<u64>,
    /// Trainings at a time, one thread each.
    #[arg(long, default_value_t = 1)]
    jobs: usize,
    /// The same data for all seeds, without obeying, into results of their own: is the verdict the same?
    /// [default seeds: 1 to 8]
    #[arg(long)]
    stable: bool,
    /// Keep the recordings and runs of every case.
    #[arg(long)]
    keep: bool,
    /// Name the cases and what would be right, and do nothing.
    #[arg(long)]
    list: bool,
    /// Print the table of what is there, and do nothing.
    #[arg(long)]
    table: bool,
}

pub(crate) fn run(args: &Sabotage) -> Result<()> {
    let all = cases();
    let is_wanted = |case: &&Case| {
        args.only.is_empty()
            || args
                .only
                .iter()
                .any(|part| case.name.contains(part.as_str()))
    };
    let wanted: Vec<Case> = all.iter().filter(is_wanted).copied().collect();
    if wanted.is_empty() {
        bail!("`--only` matches no case; `--list` names them");
    }
    if args.list {
        return print(&listing(&wanted));
    }
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let out = args
        .out
        .clone()
        .unwrap_or_else(|| root.join("target/sabotage"));
    let results = out.join(match args.stable {
        true => "stable.jsonl",
        false => "results.jsonl",
    });
    if let (Some(corpora), Some(siamang), false) = (&args.corpora, &args.siamang, args.table) {
        let augmentation = args.augmentation.clone();
        let augmentation = augmentation.unwrap_or_else(|| corpora.join("../augmentation"));
        let campaign = Campaign {
            corpora: Corpora::read(corpora)?,
            augmentation,
            program: Program {
                path: siamang
                    .canonicalize()
                    .with_context(|| format!("cannot find {}", siamang.display()))?,
                cache: out.join("cache"),
                limit: LIMIT,
            },
            out,
            results: results.clone(),
            jobs: args.jobs,
            keep: args.keep,
        };
        let eight: Vec<u64> = (1..=8).collect();
        let seeds = match args.stable && args.seeds == [1] {
            true => &eight,
            false => &args.seeds,
        };
        let mut list: Vec<Wanted> = seeds
            .iter()
            .flat_map(|seed| {
                wanted.iter().map(|case| Wanted {
                    case: *case,
                    seed: *seed,
                    data_seed: if args.stable { 1 } else { *seed },
                    obeys: !args.stable,
                })
            })
            .collect();
        // The slow ones last.
        list.sort_by_key(|one| one.case.recipe.flags.len());
        run_all(&campaign, &list)?;
    }
    let mut records = Records::read(&results)?;
    judge_again(&mut records, &wanted);
    print(&match args.stable {
        true => stability(&records, &wanted),
        false => table(&records, &wanted),
    })
}

fn print(text: &str) -> Result<()> {
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}
