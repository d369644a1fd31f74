//! From a plan to a store: what every `prepare` does once it knows what is to be packed.

use std::sync::Mutex;
use std::time::Instant;

use anyhow::Result;
use corpus_prep::{Estimate, PackPlan, free_bytes, shown_bytes};
use speech_data::store::{PackProgress, Store};

use super::flags::PackArgs;
use super::progress::{Progress, shown_time};
use super::report::{Figures, report};
use crate::console::print_if_read;
use crate::context::Context;
use crate::fault::ExitStatus;

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
    plan.warnings()
        .iter()
        .for_each(|warning| console.warn(warning));
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
    let summary = plan.pack(&args.out, &settings, args.shard, &|state| {
        if let Ok(mut last) = last.lock() {
            *last = *state;
        }
        progress.packing(state);
    });
    progress.end();
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
    let figures = Figures::new(look_s, pack_s, &last);
    report(
        context,
        &args.out,
        &summary,
        &plan.sets(),
        &warnings,
        &figures,
    )
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
