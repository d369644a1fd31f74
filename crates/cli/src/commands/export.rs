//! `siamang export`: the model of a run as a bundle to give away.

use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;
use speaker_model::WeightType;

use crate::console::print_json;
use crate::context::{Context, ModelArgs};
use crate::fault::ExitStatus;
use crate::model;

const EXAMPLES: &str = "\
Examples:
  siamang export --model run --out my-model                   # half the size, 16-bit weights
  siamang export --model run --out my-model --weights f32";

/// Flags of `siamang export`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// Directory of the new bundle.
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
    /// How the weights are stored.
    #[arg(long, value_enum, default_value = "f16")]
    weights: WeightsName,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum WeightsName {
    /// 16-bit floats.
    F16,
    /// 32-bit floats.
    F32,
}

#[derive(Serialize)]
struct Report {
    out: String,
    model: String,
    /// Training steps that the model has taken.
    step: u64,
    /// Whether the model's card states thresholds; they are taken along.
    has_thresholds: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitStatus> {
    let model = model::load(args.model.model.as_deref(), context)?;
    // The weights of a graph are what they are.
    model
        .bundle()
        .embedder()
        .encoder()
        .map_err(siamang::Error::from)?;
    let weight_type = match args.weights {
        WeightsName::F16 => WeightType::F16,
        WeightsName::F32 => WeightType::F32,
    };
    model.bundle().save(&args.out, weight_type)?;
    let report = Report {
        out: args.out.display().to_string(),
        model: model.name(),
        step: model.bundle().config().origin.step,
        has_thresholds: !model.thresholds().is_empty(),
    };
    match context.json {
        true => print_json(&report)?,
        false => context.console.note(&format!(
            "wrote `{}`, from step {} of the run",
            report.out, report.step
        )),
    }
    Ok(ExitStatus::Done)
}
