//! `siamang identify-protocol`: how well identification goes where others speak as well.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;
use siamang::{EmbeddingSet, IdentifyProtocol, OpenSet, Skipped, SpeechDetector, open_set};
use speech_data::Filter;

use crate::console::{print_json, print_text};
use crate::context::{Context, ModelArgs};
use crate::embedding::Interruptible;
use crate::fault::ExitStatus;
use crate::hearing::VadArgs;
use crate::model;
use crate::recordings::{LeftOut, check_filters, gather};
use crate::tables::TableArgs;

const EXAMPLES: &str = "\
Examples:
  siamang identify-protocol people/                           # people/ann/1.wav, people/ann/2.wav, people/bob/1.wav …
  siamang identify-protocol corpus/ --filter split=test --recordings 5 --json
  siamang identify-protocol corpus/ --filter corpus=calls --fpir 0.001 --enrolled 0.8

Some of the speakers are enrolled, and all other recordings are looked for among them: of those who are
enrolled ones that were made on other occasions, where there are any. FPIR is the share of recordings of
others that are given a name; FNIR the share of recordings of the enrolled that are not given theirs. The threshold
is what `siamang identify --threshold` takes for as many voices.";

/// Measure identification: how often the enrolled are not named where others seldom are.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Recordings of known speakers: folders, manifests, stores.
    #[arg(required = true, value_name = "PATHS")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    model: ModelArgs,
    /// Rows of a manifest to use, such as `split=test`.
    #[arg(long, value_name = "COLUMN=VALUES")]
    filter: Vec<Filter>,
    /// Share of the speakers who are enrolled.
    #[arg(long, value_name = "SHARE", default_value_t = IdentifyProtocol::default().enrolled)]
    enrolled: f64,
    /// Recordings that each is enrolled with.
    #[arg(long, value_name = "N", default_value_t = IdentifyProtocol::default().recordings)]
    recordings: usize,
    /// How often speakers are drawn.
    #[arg(long, value_name = "N", default_value_t = IdentifyProtocol::default().draws)]
    draws: usize,
    /// Another seed draws others.
    #[arg(long, value_name = "N", default_value_t = IdentifyProtocol::default().seed)]
    seed: u64,
    /// Share of the recordings of others that may be given a name.
    #[arg(long, value_name = "SHARE", default_value_t = IdentifyProtocol::default().fpir)]
    fpir: f64,
    #[command(flatten)]
    tables: TableArgs,
    #[command(flatten)]
    vad: VadArgs,
}

#[derive(Serialize)]
struct Report<'a> {
    model: String,
    protocol: &'a IdentifyProtocol,
    num_recordings: usize,
    /// Recordings with too little speech for an answer, which are not looked for.
    num_unheard: usize,
    #[serde(flatten)]
    open_set: &'a OpenSet,
    skipped: &'a [Skipped],
    left_out: &'a LeftOut,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitStatus> {
    check_filters(&args.paths, &args.filter)?;
    let console = &context.console;
    let model = model::load(args.model.model.as_deref(), context)?;
    let recordings = gather(&args.paths, &args.filter, &args.tables, console)?;
    let detector = args.vad.or(SpeechDetector::Network);
    let embedder = model.bundle().embedder();
    let progress = Interruptible::new(console);
    let made = EmbeddingSet::embed(embedder, &recordings.inputs, detector, &progress);
    let (mut set, skipped) = match made {
        Err(siamang::Error::Interrupted) => {
            console.raw("interrupted\n");
            return Ok(ExitStatus::Interrupted);
        }
        made => made?,
    };
    let heard: Vec<bool> = set
        .quality
        .iter()
        .map(|quality| quality.as_ref().is_none_or(siamang::Quality::is_heard))
        .collect();
    let num_unheard = set.retain(&heard)?.len();
    let sessions: HashMap<&str, Option<String>> = recordings
        .inputs
        .iter()
        .map(|input| (input.id.as_str(), input.session.clone()))
        .collect();
    let sessions: Vec<Option<String>> = set
        .ids
        .iter()
        .map(|id| sessions.get(id.as_str()).cloned().flatten())
        .collect();
    let protocol = IdentifyProtocol {
        enrolled: args.enrolled,
        recordings: args.recordings,
        draws: args.draws,
        seed: args.seed,
        fpir: args.fpir,
    };
    let found = open_set(&set, &sessions, &protocol)?;
    match context.json {
        true => print_json(&Report {
            model: model.name(),
            protocol: &protocol,
            num_recordings: set.ids.len(),
            num_unheard,
            open_set: &found,
            skipped: &skipped,
            left_out: &recordings.left_out,
        })?,
        false => print_text(&text(&found, num_unheard))?,
    }
    Ok(match skipped.is_empty() && !recordings.left_out.is_less() {
        true => ExitStatus::Done,
        false => ExitStatus::SomeSkipped,
    })
}

fn text(found: &OpenSet, num_unheard: usize) -> String {
    let rates = &found.rates;
    let mut text = format!(
        "{} voices of {} speakers, {} searches for the enrolled and {} for others ({num_unheard} recordings with too little speech)\n",
        found.num_voices, rates.num_speakers, rates.num_enrolled, rates.num_others
    );
    text.push_str(&format!(
        "  FNIR {:.1} % ({:.1} to {:.1}) at FPIR {:.2} %, threshold {:.3}; the nearest is the right one in {:.1} %\n",
        100.0 * rates.fnir,
        100.0 * rates.fnir_interval.low,
        100.0 * rates.fnir_interval.high,
        100.0 * rates.fpir,
        rates.threshold,
        100.0 * rates.rank_1
    ));
    for (margin, rates) in &found.margins {
        text.push_str(&format!(
            "  with a margin of {margin}: FNIR {:.1} %, threshold {:.3}\n",
            100.0 * rates.fnir,
            rates.threshold
        ));
    }
    text
}
