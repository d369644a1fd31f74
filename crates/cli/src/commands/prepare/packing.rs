//! From a plan to a store: what every `prepare` does once it knows what is to be packed.

use std::sync::Mutex;
use std::time::Instant;

use anyhow::Result;
use corpus_prep::{Estimate, PackPlan, free_bytes, shown_bytes};
use speech_data::store::{PackProgress, Store};

use super::flags::PackArgs;
use super::progress::{Progress, shown_time};
use super::report::{Figures, report};
use super::stoppable::{Stoppable, is_interrupted};
use crate::console::{counted, print_if_read};
use crate::context::Context;
use crate::fault::ExitStatus;

/// Warnings of a plan that are shown; `--json` has them all.
const MOST_LINES: usize = 20;

/// Prints the plan, packs, and prints progress and summary. `begin` is when looking for the recordings began.
pub(crate) fn run_plan(
    plan: &dyn PackPlan,
    args: &PackArgs,
    context: &Context,
    jobs: usize,
    begin: Instant,
) -> Result<ExitStatus> {
    let console = &context.console;
    plan.notes().iter().for_each(|note| console.note(note));
    for warning in plan.warnings().iter().take(MOST_LINES) {
        console.warn(warning);
    }
    if let more @ 1.. = plan.warnings().len().saturating_sub(MOST_LINES) {
        console.warn(&format!("and {}", counted(more, "more warning")));
    }
    let settings = args.settings();
    let estimate = plan.estimate(&settings, args.shard, jobs);
    if !context.json {
        print_if_read(&plan_text(plan, args, &estimate, jobs))?;
    }
    plan.check_room(&args.out, estimate.bytes_to_write)?;
    if args.plan {
        if context.json {
            print_if_read(&format!(
                "{}\n",
                serde_json::json!({
                    "speakers": plan.num_speakers(),
                    "utterances": estimate.utterances,
                    "hours": estimate.hours,
                    "bytes_to_read": estimate.bytes_to_read,
                    "bytes_to_write": estimate.bytes_to_write,
                    "bytes_free": free_bytes(&args.out),
                    "seconds": estimate.seconds,
                    "sets": plan.sets(),
                    "warnings": plan.warnings(),
                })
            ))?;
        }
        return Ok(ExitStatus::Done);
    }
    let look_s = begin.elapsed().as_secs_f64();
    let begin = Instant::now();
    let progress = Progress::new(console);
    let last = Mutex::new(PackProgress::default());
    let stoppable = Stoppable::new(plan)?;
    let stoppable: &dyn PackPlan = &stoppable;
    let summary = stoppable.pack(&args.out, &settings, args.shard, args.retry(), &|state| {
        if let Ok(mut last) = last.lock() {
            *last = *state;
        }
        progress.packing(state);
    });
    progress.end();
    if summary.is_err() && is_interrupted() {
        let last = last.into_inner().unwrap_or_default();
        console.raw(&format!(
            "interrupted: {} of {} files are in `{}`; the same command goes on from there\n",
            last.done,
            last.total,
            args.out.display()
        ));
        return Ok(ExitStatus::Interrupted);
    }
    let summary = summary?;
    let pack_s = begin.elapsed().as_secs_f64();
    let last = last.into_inner().unwrap_or_default();
    if last.resumed > 0 {
        console.note(&format!("went on after {} utterances", last.resumed));
    }
    let mut warnings = plan.warnings().to_vec();
    for warning in plan.finish(&Store::open(&args.out)?)? {
        console.warn(&warning);
        warnings.push(warning);
    }
    let changed = plan.changed();
    for warning in &changed {
        console.warn(warning);
        warnings.push(warning.clone());
    }
    let figures = Figures::new(look_s, pack_s, &last);
    let status = report(
        context,
        &args.out,
        &summary,
        &plan.sets(),
        &warnings,
        &figures,
    )?;
    if summary.failed > 0 && last.done == last.resumed && !args.retry_failed {
        console.note(
            "nothing was tried anew: what failed before has the same source as then; `--retry-failed` tries it again all the same",
        );
    }
    Ok(match status {
        ExitStatus::Done if !changed.is_empty() => ExitStatus::SomeSkipped,
        status => status,
    })
}

/// What is there, and what packing it will take.
fn plan_text(plan: &dyn PackPlan, args: &PackArgs, estimate: &Estimate, jobs: usize) -> String {
    let mut text = String::new();
    for set in plan.sets() {
        text += &format!(
            "{} {}: {} speakers, {} videos, {} of {} utterances\n",
            set.corpus,
            set.split,
            set.speakers,
            set.videos,
            set.utterances,
            set.expected_utterances
        );
    }
    let part = match args.shard {
        Some(part) => format!(" (part {part})"),
        None => String::new(),
    };
    text + &format!(
        "plan{part}: {} speakers, {} files, about {:.1} h; {} to read, about {} to write as {}, {} free; about {} on {jobs} threads\n",
        plan.num_speakers(),
        estimate.utterances,
        estimate.hours,
        shown_bytes(estimate.bytes_to_read),
        shown_bytes(estimate.bytes_to_write),
        args.encoding,
        free_bytes(&args.out).map_or("?".to_owned(), shown_bytes),
        shown_time(estimate.seconds),
    )
}
