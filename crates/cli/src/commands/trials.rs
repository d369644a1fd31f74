//! `siamang trials`: what lists ask, and the cleaned Vox1-O from the original.

use std::path::PathBuf;

use anyhow::Result;
use corpus_prep::list_line;
use serde::Serialize;
use speech_data::{Manifest, TrialList, TrialSummary};

use crate::atomic;
use crate::console::{counted, print_json, print_text};
use crate::context::Context;
use crate::fault::ExitStatus;

/// What trial lists ask, and the cleaned Vox1-O from the original.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siamang trials show veri_test.txt list_test_all2.txt --manifest vox.store
  siamang trials clean veri_test.txt --out veri_test2.txt")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Count targets, repeats, targets within one session, and what the sides share; name published lists.
    Show {
        /// The lists.
        #[arg(required = true, value_name = "LIST")]
        lists: Vec<PathBuf>,
        /// Folder, table or store that knows sessions, genders and nationalities; of VoxCeleb's names the videos
        /// are known without.
        #[arg(long, value_name = "PATH")]
        manifest: Option<PathBuf>,
    },
    /// Leave out the trials of the seven utterances that the cleaned Vox1-O lacks.
    Clean {
        /// The original: veri_test.txt.
        #[arg(value_name = "LIST")]
        list: PathBuf,
        /// File to write; the same bytes as the published veri_test2.txt.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

#[derive(Serialize)]
struct Shown {
    lists: Vec<TrialSummary>,
}

#[derive(Serialize)]
struct Cleaned {
    out: String,
    n_trials: usize,
    n_targets: usize,
    n_left_out: usize,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitStatus> {
    match &args.command {
        Command::Show { lists, manifest } => {
            let manifest = manifest
                .as_deref()
                .map(|path| Manifest::open(path, None))
                .transpose()?;
            let lists = lists
                .iter()
                .map(|path| Ok(TrialSummary::of(&TrialList::read(path)?, manifest.as_ref())))
                .collect::<Result<Vec<_>>>()?;
            match context.json {
                true => print_json(&Shown { lists })?,
                false => print_text(&lists.iter().map(list_line).collect::<String>())?,
            }
        }
        Command::Clean { list, out } => {
            let original = TrialList::read(list)?;
            let cleaned = original.clean_vox1_o()?;
            // The published list has no line end at its end.
            atomic::write(out, cleaned.to_text().trim_end().as_bytes())?;
            let report = Cleaned {
                out: out.display().to_string(),
                n_trials: cleaned.trials.len(),
                n_targets: cleaned.num_targets(),
                n_left_out: original.trials.len() - cleaned.trials.len(),
            };
            match context.json {
                true => print_json(&report)?,
                false => print_text(&format!(
                    "{}, {} left out: {}\n",
                    counted(report.n_trials, "trial"),
                    report.n_left_out,
                    report.out
                ))?,
            }
        }
    }
    Ok(ExitStatus::Done)
}
