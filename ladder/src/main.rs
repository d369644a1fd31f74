//! What `cargo xtask ladder` drives: the question's failing version, rebuilt outside the product, and one wrong
//! assumption mended a rung. `ladder run` trains and journals what is not there yet; `ladder report` writes
//! docs/why-it-failed.md from what is.

mod adam;
mod checks;
mod data;
mod draws;
mod evaluate;
mod layout;
mod loss;
mod network;
mod record;
mod report;
mod rung;
mod train;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};

use data::Corpora;
use record::Record;
use rung::{Rung, ladder, side_runs};
use train::Place;

/// The ladder.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Train every rung with every seed, but those whose runs are there.
    Run(Train),
    /// Write docs/why-it-failed.md from the runs that are there.
    Report {
        /// Folder of the finished runs.
        #[arg(long)]
        out: PathBuf,
        /// Folder of the document.
        #[arg(long)]
        docs: PathBuf,
        /// Print the figures as one JSON object instead.
        #[arg(long)]
        json: bool,
    },
}

#[derive(clap::Args)]
struct Train {
    /// The corpora: a folder with recordings and `split.tsv`.
    #[arg(long)]
    data: PathBuf,
    /// Another split file.
    #[arg(long)]
    split: Option<PathBuf>,
    /// Folder of the lists `dev.*.txt` and `test.*.txt` [default: `trials` in the data].
    #[arg(long)]
    trials: Option<PathBuf>,
    /// Corpora whose training speakers are trained on [default: all].
    #[arg(long, value_delimiter = ',')]
    corpora: Vec<String>,
    /// Seeds of the rungs; the runs beside the ladder have one.
    #[arg(long, default_value_t = 3)]
    seeds: u64,
    /// Steps of every run [default: each rung's own].
    #[arg(long)]
    steps: Option<u64>,
    /// Only the rungs and runs of this name.
    #[arg(long, value_name = "RUNG")]
    only: Vec<String>,
    /// Folder of the finished runs.
    #[arg(long)]
    out: PathBuf,
    /// Commit to note in the runs.
    #[arg(long)]
    commit: String,
}

fn main() -> ExitCode {
    allocator::keep_freed_memory();
    let result = speaker_model::flushing_denormals(|| match Arguments::parse().command {
        Command::Run(arguments) => run(&arguments),
        Command::Report { out, docs, json } => report::report(&out, &docs, json),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A closed standard error leaves nobody to tell; the exit code still says it.
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Every run in the order in which they are most wanted: short rungs first, one seed after the other, and the runs beside
/// the ladder last.
fn wanted(arguments: &Train) -> Result<Vec<(Rung, u64)>> {
    let with_steps = |mut rung: Rung| {
        rung.settings.steps = arguments.steps.unwrap_or(rung.settings.steps);
        rung
    };
    let rungs: Vec<Rung> = ladder().into_iter().map(with_steps).collect();
    let sides = side_runs().into_iter().map(with_steps);
    let is_asked_for = |rung: &Rung| {
        arguments.only.is_empty() || arguments.only.iter().any(|name| name == rung.name)
    };
    let mut runs: Vec<(Rung, u64)> = (1..=arguments.seeds)
        .flat_map(|seed| rungs.iter().map(move |rung| (rung.clone(), seed)))
        .collect();
    runs.sort_by_key(|(rung, _)| rung.settings.steps);
    runs.extend(sides.map(|rung| (rung, 1)));
    runs.retain(|(rung, _)| is_asked_for(rung));
    if runs.is_empty() {
        let names: Vec<&str> = ladder()
            .iter()
            .chain(&side_runs())
            .map(|rung| rung.name)
            .collect();
        bail!("`--only` matches no rung; there are {}", names.join(", "));
    }
    Ok(runs)
}

fn run(arguments: &Train) -> Result<()> {
    let runs = wanted(arguments)?;
    std::fs::create_dir_all(&arguments.out)
        .with_context(|| format!("cannot make {}", arguments.out.display()))?;
    let trials = arguments.trials.clone();
    let trials = trials.unwrap_or_else(|| arguments.data.join("trials"));
    let mut place: Option<Place> = None;
    let num_runs = runs.len();
    for (number, (rung, seed)) in runs.into_iter().enumerate() {
        let known = Record::read(&arguments.out, rung.name, seed)?;
        if known.is_some_and(|record| record.settings == rung.settings && record.run.end.is_some())
        {
            continue;
        }
        let place = match &mut place {
            Some(place) => place,
            none => none.insert(Place::new(
                Corpora::read(
                    &arguments.data,
                    arguments.split.as_deref(),
                    &trials,
                    &arguments.corpora,
                )?,
                arguments.commit.clone(),
                machine(),
            )),
        };
        let record = train::run(&rung, seed, place, |record| record.write(&arguments.out))?;
        let end = record.run.trace.last();
        let dev = record.evaluations.last().map_or(f64::NAN, |e| e.mean_dev());
        writeln!(
            std::io::stderr(),
            "{} of {num_runs}: {} seed {seed}: {} steps in {:.0} s, loss {:.4}, dev EER {:.1} %",
            number + 1,
            rung.name,
            rung.settings.steps,
            record.seconds,
            end.map_or(f64::NAN, |point| point.loss),
            100.0 * dev
        )?;
    }
    Ok(())
}

/// Model name of the processor, where the system says it.
fn machine() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == "model name").then(|| value.trim().to_owned())
    });
    name.unwrap_or_else(|| "an unknown processor".to_owned())
}
