//! `siamang reembed`: a register moves to another model.

use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;
use siamang::{Reembedded, reembed};

use crate::console::{counted, print_json, print_text};
use crate::context::{Context, ModelArgs};
use crate::embedding::Interruptible;
use crate::fault::ExitStatus;
use crate::model;
use crate::register::RegisterArgs;

const EXAMPLES: &str = "\
Examples:
  siamang reembed --register voices --model campplus --out voices-campplus

Recordings are embedded anew from the files that they were enrolled from, if these are still there and the same.
The others are named, and the exit code is then 3. The old register stays as it is.";

/// Make a register for another model of the recordings of a register.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    register: RegisterArgs,
    #[command(flatten)]
    model: ModelArgs,
    /// Folder of the new register.
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
}

#[derive(Serialize)]
struct Report<'a> {
    out: String,
    model: String,
    #[serde(flatten)]
    reembedded: &'a Reembedded,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitStatus> {
    let console = &context.console;
    let model = model::load(args.model.model.as_deref(), context)?;
    let progress = Interruptible::new(console);
    let made = match reembed(&args.register.register, &args.out, &model, &progress) {
        Err(siamang::Error::Interrupted) => {
            console.raw("interrupted; nothing was written\n");
            return Ok(ExitStatus::Interrupted);
        }
        made => made?,
    };
    for lost in &made.lost {
        console.skipped(&format!("`{}`: {}", lost.name, lost.reason));
    }
    for name in &made.lost_voices {
        console.warn(&format!(
            "`{name}` is not in the new register: none of its recordings is left"
        ));
    }
    match context.json {
        true => print_json(&Report {
            out: args.out.display().to_string(),
            model: model.name(),
            reembedded: &made,
        })?,
        false => print_text(&format!(
            "{} with {} in `{}`\n",
            counted(made.num_voices, "voice"),
            counted(made.num_recordings, "recording"),
            args.out.display()
        ))?,
    }
    Ok(match made.lost.is_empty() {
        true => ExitStatus::Done,
        false => ExitStatus::SomeSkipped,
    })
}
