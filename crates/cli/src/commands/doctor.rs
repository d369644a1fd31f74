//! `siamang doctor`: what is wrong with a training, before, during and after it.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args as ClapArgs;
use diagnosis::{Check, CheckVerdict, Diagnosis, Finding, Run, Verdict, judge};
use trainer::facts;

use crate::console::{print_json, print_text};
use crate::context::Global;
use crate::fault::ExitStatus;
use crate::hint::flags;
use crate::history::history_of;
use crate::training::{Recipe, preflight, why};

/// Say what is wrong with a training, and what to try next.
#[derive(ClapArgs, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A run, finished or still going; without one, the checks that `train` makes before its first step
    #[arg(value_name = "RUN", conflicts_with_all = ["data", "preset", "config", "sampler", "batch_speakers", "batch_segments", "weighting", "seed", "max_steps", "max_minutes", "eval_every", "rooms", "noise", "music", "babble", "devices", "teacher", "init", "cache"])]
    run: Option<PathBuf>,
    #[command(flatten)]
    recipe: Recipe,
}

const EXAMPLES: &str = "\
Examples:
  siamang doctor run                             # what happened, and what to try next
  siamang doctor run --json                      # {\"verdict\": …, \"findings\": […]}
  siamang doctor                                 # checks that `siamang train` would make
  siamang doctor --data corpus --split split.tsv --config configs/best.toml

Exit codes: 0 healthy or suspect; 1 broken, or failed.";

/// Findings that are told in full; a screen has room for so many.
const IN_FULL: usize = 3;

pub(crate) fn run(args: &Args, global: &Global) -> Result<ExitStatus> {
    let (diagnosis, text) = match &args.run {
        Some(run) => of_run(run)?,
        None => before(&args.recipe, global)?,
    };
    if global.json {
        print_json(&diagnosis)?;
    } else {
        print_text(&text)?;
    }
    Ok(match diagnosis.verdict {
        Verdict::Healthy | Verdict::Suspect => ExitStatus::Done,
        Verdict::Broken => ExitStatus::Failed,
    })
}

/// The checks before the first step.
fn before(recipe: &Recipe, global: &Global) -> Result<(Diagnosis, String)> {
    let (config, event) = preflight(recipe, global)?;
    let run = Run::new(facts(&config), [&event]);
    let diagnosis = judge(&run);
    let mut text = String::new();
    for check in &run.preflight {
        text += &of_check(check);
    }
    text += &format!("\nverdict: {}\n", word(diagnosis.verdict));
    Ok((diagnosis, text))
}

fn of_check(check: &Check) -> String {
    let kind = match check.verdict {
        CheckVerdict::Passed => "passed ",
        CheckVerdict::Note => "note   ",
        CheckVerdict::Suspect => "suspect",
        CheckVerdict::Broken => "broken ",
        CheckVerdict::Skipped => "skipped",
    };
    let question = check.name.question();
    match check.verdict {
        CheckVerdict::Passed => format!("{kind}  {question}: {}\n", check.measured),
        CheckVerdict::Skipped => format!("{kind}  {question}: {}\n", check.reason),
        _ => format!(
            "{kind}  {question}: {}\n           name: {}\n           expected: {}\n           why: {}\n           try: {}{}\n",
            check.measured,
            check.name,
            check.expected,
            check.reason,
            check.remedy,
            flags(check.name)
        ),
    }
}

/// What is wrong with a run, as its journal says, and the same in words.
fn of_run(directory: &Path) -> Result<(Diagnosis, String)> {
    let run = history_of(directory)?;
    let diagnosis = judge(&run);
    let mut text = format!("verdict: {}\n{}\n", word(diagnosis.verdict), course(&run));
    let (full, rest) = diagnosis
        .findings
        .split_at(diagnosis.findings.len().min(IN_FULL));
    for finding in full {
        text += &in_full(finding);
    }
    if !rest.is_empty() {
        let names: Vec<String> = rest
            .iter()
            .map(|finding| format!("{} ({})", finding.name, finding.severity.as_str()))
            .collect();
        let _ = write!(
            text,
            "\nalso: {}; `--json` says all of it\n",
            names.join(", ")
        );
    }
    if diagnosis.findings.is_empty() {
        text += "\nnothing to remark\n";
    }
    Ok((diagnosis, text))
}

/// How far the run has come, in a line.
fn course(run: &Run) -> String {
    let step = run.trace.last().map_or(0, |point| point.step);
    let step = run
        .evaluations
        .last()
        .map_or(step, |last| step.max(last.step));
    let end = run.end.map(|end| format!("ended: {}", why(end.reason)));
    let most = run
        .facts
        .max_steps
        .map_or(String::new(), |most| format!(" of {most}"));
    let mut text = format!(
        "step {step}{most}, {}",
        end.unwrap_or_else(|| "goes on".to_owned())
    );
    if let Some(point) = run.trace.last() {
        let _ = write!(
            text,
            "; loss {:.3}{}",
            point.loss,
            point
                .when_alike
                .map_or(String::new(), |plateau| format!(" (plateau {plateau:.3})"))
        );
    }
    let rates = run
        .evaluations
        .iter()
        .filter(|evaluation| evaluation.step > 0);
    let best = rates
        .filter_map(|evaluation| Some((evaluation.dev_eer?, evaluation.step)))
        .min_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((eer, step)) = best {
        let untrained = run
            .evaluations
            .iter()
            .find_map(|evaluation| evaluation.untrained_eer);
        let untrained = untrained.map_or(String::new(), |eer| {
            format!(", untrained {:.1} %", 100.0 * eer)
        });
        let _ = write!(
            text,
            "; best dev EER {:.1} % at step {step}{untrained}",
            100.0 * eer
        );
    }
    text
}

fn in_full(finding: &Finding) -> String {
    format!(
        "\n{} (step {}): {}\n  measured: {}\n  expected: {}\n  why: {}\n  try: {}{}\n",
        finding.severity.as_str(),
        finding.step,
        finding.name,
        finding.measured,
        finding.expected,
        finding.reason,
        finding.remedy,
        flags(finding.name)
    )
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Healthy => "healthy",
        Verdict::Suspect => "suspect: something probably harms the result",
        Verdict::Broken => "broken: this training cannot give a useful model",
    }
}
