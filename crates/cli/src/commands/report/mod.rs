//! `siamang report`: a run to look at, as one HTML file.

mod development;
mod labels;
mod sounds;

use std::path::{Path, PathBuf};

use anyhow::Result;
use diagnosis::journal::StartData;
use run_report::{
    Band, Examination, MapSettings, RunReport, compare_runs, drawable_journal, report_page,
};
use serde::{Deserialize, Serialize};
use trainer::RunDirectory;

use crate::console::{is_standard_output, print_json, print_text};
use crate::context::Context;
use crate::fault::{ExitStatus, usage};
use crate::history::diagnosis;
use crate::{atomic, output};

pub(crate) use self::development::remember;
use self::labels::labels;

const EXAMPLES: &str = "\
Examples:
  siamang report run                             # run/report.html: curves, scores, map, worst trials
  siamang report run --audio-mb 0 --out run.html # without recordings
  siamang report first second third              # comparison.html: verdicts, curves and settings
  siamang report --label slow --label quick first second

The file needs no network and nothing beside it. Recordings that are no longer where the run
found them are left out, and the page says so.";

/// Show a run, or several beside each other, in a browser.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Runs; several are compared.
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// File to write; `-` is standard output [default: RUN/report.html, or comparison.html for several runs].
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// What a run is called on the page, once for each run [default: as much of its path as tells it from the others]
    #[arg(long = "label", value_name = "NAME")]
    labels: Vec<String>,
    /// At most so many MB of the worst trials' recordings inside the page.
    #[arg(long, value_name = "MB", default_value_t = AUDIO_MB)]
    audio_mb: usize,
}

/// Enough for the beginnings of all recordings that a page shows.
const AUDIO_MB: usize = 6;

#[derive(Serialize)]
struct Answer {
    out: String,
    bytes: usize,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitStatus> {
    let names = labels(&args.runs, &args.labels)?;
    let (page, default) = match (args.runs.as_slice(), names.as_slice()) {
        ([run], [name]) => (
            page(run, name, args.audio_mb, context)?,
            run.join("report.html"),
        ),
        (runs, names) => {
            let runs = runs.iter().zip(names);
            let runs: Vec<RunReport> = runs
                .map(|(run, name)| recorded(run, name))
                .collect::<Result<_>>()?;
            (compare_runs(&runs), PathBuf::from("comparison.html"))
        }
    };
    let out = args.out.clone().unwrap_or(default);
    if is_standard_output(&out) && context.json {
        return Err(usage(
            "`--json` would print its report behind the page",
            "leave out `--json`, or name a file with `--out`",
        ));
    }
    if output::write(&out, page.as_bytes())? {
        return Ok(ExitStatus::Done);
    }
    if context.json {
        print_json(&Answer {
            out: out.display().to_string(),
            bytes: page.len(),
        })?;
    } else {
        print_text(&format!("{} ({} kB)\n", out.display(), page.len() / 1000))?;
    }
    Ok(ExitStatus::Done)
}

/// The report that a training ends with: `report.html` in its directory.
pub(crate) fn of_training(run: &Path, context: &Context) -> Result<PathBuf> {
    let out = run.join("report.html");
    let names = labels(&[run.to_owned()], &[])?;
    let name = names.first().map_or("", String::as_str);
    atomic::write(&out, page(run, name, AUDIO_MB, context)?.as_bytes())?;
    Ok(out)
}

/// One run with what its best model makes of the development recordings.
fn page(run: &Path, name: &str, audio_mb: usize, context: &Context) -> Result<String> {
    let mut report = recorded(run, name)?;
    match examined(run, context) {
        Ok(Some((examination, recordings))) => {
            let limit = audio_mb << 20;
            report.sounds = recordings.sounds(&examination, limit, &context.console);
            report.notes.extend(recordings.notes());
            report.examination = Some(examination);
        }
        Ok(None) => report.notes.push(
            "the run does not say where its development recordings are: it was made by an earlier version".to_owned(),
        ),
        Err(error) => report
            .notes
            .push(format!("the development recordings could not be examined: {error}")),
    }
    Ok(report_page(&report)?)
}

/// What the run's directory alone says.
fn recorded(run: &Path, name: &str) -> Result<RunReport> {
    let configuration = std::fs::read_to_string(run.join("config.toml")).ok();
    let table = configuration.as_deref().and_then(|text| text.parse().ok());
    Ok(RunReport {
        name: name.to_owned(),
        path: Some(run.display().to_string()),
        data: data_of_model(run),
        journal: drawable_journal(run)?,
        band: table.as_ref().and_then(Band::shipped),
        diagnosis: diagnosis(run).ok(),
        configuration,
        ..RunReport::default()
    })
}

/// What the best model of a run says that it was trained on, which journals of earlier versions do not say.
fn data_of_model(run: &Path) -> Option<StartData> {
    #[derive(Deserialize)]
    struct Bundle {
        origin: Origin,
    }
    #[derive(Deserialize)]
    struct Origin {
        data: String,
        data_hash: String,
    }
    let bundle = RunDirectory::new(run).best_bundle().ok()?;
    let text = std::fs::read_to_string(bundle.join("bundle.toml")).ok()?;
    let Bundle { origin } = toml::from_str(&text).ok()?;
    Some(StartData {
        description: origin.data,
        hash: origin.data_hash,
    })
}

fn examined(
    run: &Path,
    context: &Context,
) -> Result<Option<(Examination, development::Recordings)>> {
    let Some((development, recordings)) = development::read(run, context)? else {
        return Ok(None);
    };
    let examination = Examination::new(development, MapSettings::default())?;
    Ok(Some((examination, recordings)))
}
