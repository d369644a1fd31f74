//! `siamang train`: recordings to a model that verifies and clusters speakers.

mod extras;
mod test_set;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use anyhow::{Context, Result};
use clap::{Args as ClapArgs, ValueEnum};
use diagnosis::journal::EndReason;
use speech_data::Problem;
use trainer::{OnCollapse, Outcome, RunDirectory, RunOptions, TrainError, train};

use self::extras::Extras;
use crate::commands::report;
use crate::console::{Console, counted, print_text};
use crate::context::{Context as Shared, Global};
use crate::fault::ExitStatus;
use crate::training::{
    Display, INTERRUPTED, Recipe, check_began_with, configuration, idle_settings, options, read,
    ready,
};

/// Train a speaker network.
#[derive(ClapArgs, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    recipe: Recipe,
    /// Directory of the run: configuration, journal, checkpoints
    #[arg(short, long, default_value = "run")]
    out: PathBuf,
    /// Go on from the last checkpoint in `--out`
    #[arg(long)]
    resume: bool,
    /// Print the whole configuration and stop: a start for a file of your own
    #[arg(long)]
    print_config: bool,
    /// What to do where all outputs have become alike
    #[arg(long, value_enum, value_name = "ACTION", default_value_t = CollapseAction::Warn)]
    on_collapse: CollapseAction,
    /// Write the curves for TensorBoard too, to `tensorboard/` in the run's directory
    #[arg(long)]
    tensorboard: bool,
    /// Do not write `report.html` at the end; `siamang report` makes it later
    #[arg(long)]
    no_report: bool,
    /// Threads that make batches ahead of the training step
    #[arg(long, default_value_t = NonZeroUsize::MIN)]
    workers: NonZeroUsize,
}

const EXAMPLES: &str = "\
Losses, by `kind` below `[loss]` in a configuration (docs/losses.md): kl_hinge, softmax,
am_softmax, aam_softmax, sphere_face2, ge2e, prototypical, angular_prototypical, triplet,
contrastive, supervised_contrastive, teacher_cosine, teacher_contrastive, and sums of these.

Examples:
  siamang train                                  # the built-in voices, under a minute
  siamang train --data corpus --out run          # one folder per speaker; some are held out
  siamang train --data corpus --split split.tsv --trials dev.txt --preset paper --sampler pk --out run
  siamang train --data corpus --split split.tsv --trials dev.txt --config configs/best.toml --out run
  siamang train --data corpus --rooms rir --noise noise --music music --workers 2 --out run   # samples as rooms and telephones make them
  siamang train --data corpus --teacher campplus --config distil.toml --out run   # learn from another model (docs/teacher.md)
  siamang train --data mine --init campplus --out run             # go on from a model (docs/onward.md)
  siamang train --data corpus --split split.tsv --trials dev.txt --init run --config long-crops.toml --out run2
  siamang train --data corpus --teacher campplus --unlabelled podcasts --config distil.toml --out run   # and of speech without names
  siamang train --data corpus --split split.tsv --trials dev.txt --out run --resume";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum CollapseAction {
    /// Say so, and go on
    Warn,
    /// Say so, save, and end with exit code 4
    Stop,
}

/// Runs the command.
pub(crate) fn run(args: &Args, global: &Global, shared: &Shared) -> Result<ExitStatus> {
    let resumes = args.resume && RunDirectory::new(&args.out).has_checkpoint();
    let mut source = read(&args.recipe, &global.device, !resumes)?;
    warn(&source.warnings, &shared.console);
    if let Some(model) = args.recipe.init.as_deref().filter(|_| resumes)
        && let Some(note) = check_began_with(model, &args.out, &global.device)?
    {
        shared.console.note(&note);
    }
    let goes_on = args.resume && args.out.join("config.toml").exists();
    let config = configuration(
        &args.recipe,
        global,
        &source.data,
        source.is_default,
        goes_on.then_some(args.out.as_path()),
    )?;
    for note in args
        .recipe
        .notes(&source.data.train)
        .iter()
        .chain(&source.notes)
        .chain(&idle_settings(&config, global))
    {
        shared.console.note(note);
    }
    for reason in &source.left_out {
        shared.console.skipped(reason);
    }
    if args.print_config {
        print_text(&toml::to_string(&config)?)?;
        return Ok(ExitStatus::Done);
    }
    if args.resume && !resumes {
        shared.console.note(&format!(
            "`{}` holds no checkpoint to go on from: the training begins with its first step",
            args.out.display()
        ));
    }
    match ready::builtin(&shared.device) {
        Ok(model) => {
            source.data.yardstick = ready::of_few_speakers(&model, &source.data, shared)?;
            source.data.listener = Some(ready::asked(&model)?);
        }
        Err(error) => shared.console.note(&format!(
            "the built-in model can neither listen to the labels nor be measured beside this training: {error}"
        )),
    }
    let source = source;
    ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            // A second Ctrl-C means now; the last checkpoint is whole.
            std::process::abort();
        }
    })
    .context("cannot listen for Ctrl-C")?;
    let options = RunOptions {
        num_workers: args.workers.get(),
        resume: args.resume,
        on_collapse: match args.on_collapse {
            CollapseAction::Warn => OnCollapse::Warn,
            CollapseAction::Stop => OnCollapse::Stop,
        },
        ..options(&args.recipe, global, args.out.clone())?
    };
    let display = Display::new(&config, global);
    let split = args.recipe.folder_and_table()?.and_then(|(_, table)| table);
    let extras = Extras::new(
        &args.out,
        &source.data,
        split.as_deref(),
        &source.reading,
        args.tensorboard,
    );
    let result = train(&config, &source.data, &options, &|notice| {
        extras.see(&notice);
        display.show(&notice);
    });
    display.finish();
    let outcome = match result {
        Err(TrainError::Interrupted) => {
            shared.console.raw(
                "interrupted before the first step; recordings that were prepared are not prepared again\n",
            );
            return Ok(ExitStatus::Interrupted);
        }
        Err(error @ TrainError::NonFinite { .. }) => {
            crate::fault::error(&error.into(), global.verbose);
            return Ok(ExitStatus::StoppedItself);
        }
        result => result?,
    };
    extras.warn(&shared.console);
    display.outcome(&outcome, &args.out)?;
    if let Some(test) = &source.test
        && outcome.reason != EndReason::Interrupted
    {
        let bundle = RunDirectory::new(&args.out).best_bundle()?;
        test_set::report(test, &bundle, shared)?;
    }
    if !args.no_report && outcome.reason != EndReason::Interrupted {
        let console = &shared.console;
        match report::of_training(&args.out, shared) {
            Ok(path) => console.note(&format!("to look at: {}", path.display())),
            Err(error) => console.warn(&format!("no report was written: {error}")),
        }
    }
    let of_tables = source.warnings.iter().filter(|one| one.is_left_out());
    let num_left_out = of_tables.count() + source.left_out.len();
    Ok(status(&outcome, display.num_skipped() + num_left_out))
}

/// Says what was left out of the data, and what is odd about the rest: the first of it.
fn warn(warnings: &[Problem], console: &Console) {
    const MOST: usize = 10;
    let (left_out, odd): (Vec<_>, Vec<_>) = warnings.iter().partition(|one| one.is_left_out());
    for warning in left_out.into_iter().chain(odd).take(MOST) {
        console.warn(&warning.to_string());
    }
    if let more @ 1.. = warnings.len().saturating_sub(MOST) {
        console.warn(&format!(
            "and {}; `siamang check` lists them all",
            counted(more, "more warning")
        ));
    }
}

fn status(outcome: &Outcome, num_skipped: usize) -> ExitStatus {
    match outcome.reason {
        EndReason::Interrupted => ExitStatus::Interrupted,
        EndReason::Collapse | EndReason::NonFinite => ExitStatus::StoppedItself,
        _ if num_skipped > 0 => ExitStatus::SomeSkipped,
        _ => ExitStatus::Done,
    }
}
