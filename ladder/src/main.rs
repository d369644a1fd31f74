//! What `cargo xtask ladder` drives: the question's failing version, rebuilt outside the product, and one wrong
//! assumption mended a rung. It trains and journals what is not there yet, and writes docs/why-it-failed.md from what is.

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
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;

use data::Corpora;
use record::Record;
use rung::{Rung, ladder, side_runs};
use train::Place;

/// Train the question's failing version and one mended assumption a rung, and write docs/why-it-failed.md.
///
/// Runs are journaled: an interrupted ladder goes on where it was, and what has been trained for as many steps with the
/// same settings is not trained again. The document says how many seeds each figure has.
#[derive(Parser)]
#[command(name = "cargo xtask ladder", bin_name = "cargo xtask ladder")]
struct Arguments {
    /// A folder with recordings and `split.tsv`, whose column `split` has `train`, `dev` and `test`.
    #[arg(long, required_unless_present = "report")]
    data: Option<PathBuf>,
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
    /// Folder of the finished runs, which `cargo xtask` gives, as it does what follows.
    #[arg(long, hide = true)]
    out: PathBuf,
    /// Folder of the document.
    #[arg(long, hide = true)]
    docs: PathBuf,
    /// Commit to note in the runs.
    #[arg(long, hide = true)]
    commit: String,
}

fn main() -> ExitCode {
    process::keep_freed_memory();
    let arguments = Arguments::parse();
    match process::flushing_denormals(|| climb(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A closed standard error leaves nobody to tell; the exit code still says it.
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn climb(arguments: &Arguments) -> Result<()> {
    // Operations run on the pool's threads, so that these flush denormal numbers too.
    process::start_threads(None).context("cannot make the thread pool")?;
    if let Some(data) = arguments.data.as_deref().filter(|_| !arguments.report) {
        train(arguments, data)?;
    }
    report::report(&arguments.out, &arguments.docs, arguments.json)
}

/// Every run in the order in which they are most wanted: short rungs first, one seed after the other, and the runs beside
/// the ladder last.
fn wanted(arguments: &Arguments) -> Result<Vec<(Rung, u64)>> {
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

fn train(arguments: &Arguments, data: &Path) -> Result<()> {
    let runs = wanted(arguments)?;
    std::fs::create_dir_all(&arguments.out)
        .with_context(|| format!("cannot make {}", arguments.out.display()))?;
    let trials = arguments.trials.clone();
    let trials = trials.unwrap_or_else(|| data.join("trials"));
    let mut place: Option<Place> = None;
    let num_runs = runs.len();
    for (number, (rung, seed)) in runs.into_iter().enumerate() {
        let known = Record::read(&arguments.out, rung.name, seed)?;
        let ended = known
            .as_ref()
            .is_some_and(|record| record.run.end.is_some());
        let known = known.map_or(0, |record| record.steps_of(&rung.settings));
        if ended && known >= rung.settings.steps {
            continue;
        }
        let place = match &mut place {
            Some(place) => place,
            none => none.insert(Place::new(
                Corpora::read(
                    data,
                    arguments.split.as_deref(),
                    &trials,
                    &arguments.corpora,
                )?,
                arguments.commit.clone(),
                machine(),
            )),
        };
        let record = train::run(&rung, seed, place, |record| {
            // What an interruption left stays until there is as much.
            match record.run.trace.len() as u64 >= known {
                true => record.write(&arguments.out),
                false => Ok(()),
            }
        })?;
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
