//! `siamang trials`: what lists ask, and the cleaned Vox1-O from the original.

use std::path::PathBuf;

use anyhow::Result;
use corpus_prep::list_line;
use serde::Serialize;
use speech_data::{Manifest, TrialList, TrialSummary};

use crate::console::{counted, print_json, print_text};
use crate::context::Context;
use crate::fault::ExitStatus;
use crate::output;
use crate::stdin;
use crate::tables::PipeArgs;
use crate::trials::read_list;

/// What trial lists ask, and the cleaned Vox1-O from the original.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siamang trials show veri_test.txt list_test_all2.txt --manifest vox.store
  siamang trials clean veri_test.txt --out veri_test2.txt

`show` counts what a list asks and what is odd about it; the exit code is 1 where a pair is target
and nontarget.")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Count targets, repeats, targets within one session, and what the sides share; name published lists.
    Show {
        /// The lists; `-` is standard input.
        #[arg(required = true, value_name = "LIST")]
        lists: Vec<PathBuf>,
        /// Folder, table or store that knows sessions, genders and nationalities; of VoxCeleb's names the videos
        /// are known without.
        #[arg(long, value_name = "PATH")]
        manifest: Option<PathBuf>,
        #[command(flatten)]
        pipes: PipeArgs,
    },
    /// Leave out the trials of the seven utterances that the cleaned Vox1-O lacks.
    Clean {
        /// The original: veri_test.txt; `-` is standard input.
        #[arg(value_name = "LIST")]
        list: PathBuf,
        /// File to write, the same bytes as the published veri_test2.txt; `-` is standard output.
        #[arg(short, long, value_name = "FILE")]
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
        Command::Show {
            lists,
            manifest,
            pipes,
        } => {
            let manifest = manifest.as_deref();
            let reading = pipes.reading(manifest)?;
            let manifest = manifest
                .map(|path| Manifest::open_with(path, None, &reading.options()))
                .transpose()?;
            let lists = lists
                .iter()
                .map(|path| {
                    let (bytes, name) = stdin::text_file(path, "a trial list")?;
                    let list = TrialList::as_it_is(&bytes, &name)?;
                    Ok(TrialSummary::of(&list, manifest.as_ref()))
                })
                .collect::<Result<Vec<_>>>()?;
            for list in &lists {
                if let pairs @ 1.. = list.pairs.n_contradictions {
                    context.console.warn(&format!(
                        "list `{}`: {} target and nontarget, of which one is wrong; an evaluation refuses the list and names the lines",
                        list.name,
                        match pairs {
                            1 => "1 pair is".to_owned(),
                            pairs => format!("{pairs} pairs are"),
                        }
                    ));
                }
            }
            let is_sound = lists.iter().all(|list| list.pairs.n_contradictions == 0);
            match context.json {
                true => print_json(&Shown { lists })?,
                false => print_text(&lists.iter().map(list_line).collect::<String>())?,
            }
            return Ok(match is_sound {
                true => ExitStatus::Done,
                false => ExitStatus::Failed,
            });
        }
        Command::Clean { list, out } => {
            let original = read_list(list)?;
            let cleaned = original.clean_vox1_o()?;
            // The published list has no line end at its end.
            let text = cleaned.to_text();
            if output::write(out, text.trim_end().as_bytes())? {
                return Ok(ExitStatus::Done);
            }
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
