//! `siamang export`: the model of a run as a bundle to give away, or as an ONNX file for other runtimes.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Serialize;
use siamang::Model;
use speaker_model::{AboutOnnx, NetworkConfig, OnnxModel, WeightType};

use crate::atomic;
use crate::console::{Console, counted, print_json};
use crate::context::{Context, ModelArgs};
use crate::embedding;
use crate::fault::{ExitStatus, fault, usage};
use crate::model;
use crate::register::{of_library, warn_of};

const EXAMPLES: &str = "\
Examples:
  siamang export --model run --out my-model                   # half the size, 16-bit weights
  siamang export --model run --out my-model --weights f32
  siamang export --model run --out my-model.onnx              # for onnxruntime and others
  siamang export --register voices --out voices.parquet       # the vectors of a register, with their names

An ONNX file takes log-mel features `feats` [items, frames, bins] and gives `embs` [items, values],
vectors of length 1. The recording's mean, the encoder, the centre and the length are in the graph;
the front end before it stands in the file as JSON, under the key `siamang` of its metadata. A graph
that others trained stays the file that it was, with that key in its metadata. Where
sherpa-onnx's own front end feeds the model rightly, the file has its keys, too.";

/// Flags of `siamang export`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// Write the vectors of a register of voices instead, with their names: `--out` ends in .jsonl, .npy or .parquet, or is `-`.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["model", "format", "weights"])]
    register: Option<PathBuf>,
    /// Directory of the new bundle, or the new ONNX file.
    #[arg(short, long, value_name = "DIR|FILE")]
    out: PathBuf,
    /// What is written [default: `onnx` where `--out` ends in `.onnx`, else `bundle`].
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// How a bundle's weights are stored [default: f16]. Those of an ONNX file are of 32 bits.
    #[arg(long, value_enum)]
    weights: Option<WeightsName>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A directory that `--model` takes.
    Bundle,
    /// An ONNX file.
    Onnx,
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
    format: &'static str,
    model: String,
    /// Training steps that the model has taken.
    step: u64,
    /// Whether the model's card states thresholds; they are taken along.
    has_thresholds: bool,
    /// What an ONNX file says of itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    onnx: Option<AboutOnnx>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitStatus> {
    if let Some(register) = &args.register {
        return export_voices(register, &args.out, context);
    }
    let is_onnx = match args.format {
        Some(format) => format == Format::Onnx,
        None => args.out.extension().is_some_and(|ending| ending == "onnx"),
    };
    if is_onnx && args.weights.is_some() {
        return Err(usage(
            "`--weights` is for bundles: an ONNX file has weights of 32 bits",
            "leave `--weights` out",
        ));
    }
    let model = model::load(args.model.model.as_deref(), context)?;
    if let (NetworkConfig::Graph(_), false) = (&model.bundle().config().network, is_onnx) {
        return Err(fault(
            format!("`{}` is an ONNX graph that others trained", model.name()),
            "its file lies in the bundle as `graph.onnx`, and its front end stands in `bundle.toml`: copy the folder to give it away, or write both into one file with `--format onnx`",
        ));
    }
    let onnx = match is_onnx {
        true => Some(write_onnx(&model, &args.out)?),
        false => {
            model.bundle().save(&args.out, weight_type(args))?;
            None
        }
    };
    let report = Report {
        out: args.out.display().to_string(),
        format: if is_onnx { "onnx" } else { "bundle" },
        model: model.name(),
        step: model.bundle().config().origin.step,
        has_thresholds: !model.thresholds().is_empty(),
        onnx,
    };
    if context.json {
        print_json(&report)?;
        return Ok(ExitStatus::Done);
    }
    context.console.note(&match report.step {
        0 => format!("wrote `{}`", report.out),
        step => format!("wrote `{}`, from step {step} of the run", report.out),
    });
    if let Some(about) = &report.onnx {
        explain(about, &context.console);
    }
    if is_onnx && model.calibration().is_some() {
        context.console.note(
            "the calibration stays behind: an ONNX file has no place for its strangers; `siamang calibrate` calibrates the model again where it is imported",
        );
    }
    Ok(ExitStatus::Done)
}

#[derive(Serialize)]
struct VoicesReport {
    out: String,
    num_voices: usize,
    num_recordings: usize,
    damage: Vec<siamang::Damage>,
}

/// All vectors of a register.
fn export_voices(register: &Path, out: &Path, context: &Context) -> Result<ExitStatus> {
    let stream = embedding::stream(out, context)?;
    let is_stream = stream.is_some();
    let register = siamang::Register::open(register).map_err(of_library)?;
    let (num_recordings, damage) = siamang::export_register(&register, out, stream)?;
    warn_of(&damage, &context.console);
    let report = VoicesReport {
        out: out.display().to_string(),
        num_voices: register.num_voices(),
        num_recordings,
        damage,
    };
    match context.json {
        true => print_json(&report)?,
        false if is_stream => {}
        false => context.console.note(&format!(
            "wrote `{}`: {} of {}",
            report.out,
            counted(num_recordings, "recording"),
            counted(report.num_voices, "voice")
        )),
    }
    Ok(match report.damage.is_empty() {
        true => ExitStatus::Done,
        false => ExitStatus::SomeSkipped,
    })
}

fn weight_type(args: &Args) -> WeightType {
    match args.weights {
        None | Some(WeightsName::F16) => WeightType::F16,
        Some(WeightsName::F32) => WeightType::F32,
    }
}

fn write_onnx(model: &Model, path: &Path) -> Result<AboutOnnx> {
    if path.is_dir() {
        return Err(fault(
            format!("`{}` is a folder, expected an ONNX file", path.display()),
            "name a file, such as `model.onnx`, or leave `--format` out for a bundle",
        ));
    }
    let onnx = OnnxModel::of(model.bundle())?;
    atomic::write(path, &onnx.bytes)?;
    Ok(onnx.about)
}

/// What somebody who runs the file has to know.
fn explain(about: &AboutOnnx, console: &Console) {
    console.note(&format!(
        "`{}` [{}] takes {}, `{}` [{}] gives {}; in the graph: {}",
        about.input.name,
        about.input.axes.join(", "),
        about.input.values,
        about.output.name,
        about.output.axes.join(", "),
        about.output.values,
        about.in_the_graph.join(", "),
    ));
    console.note(&about.equality);
    match &about.sherpa_onnx {
        None => console.note("the graph is the file that others wrote, with its metadata and the front end among them; what it gives has any length"),
        Some(sherpa) if sherpa.feeds_it_rightly => console.note("sherpa-onnx's front end is this model's: its keys are in the file"),
        Some(sherpa) => console.note(&format!(
            "sherpa-onnx would feed this model wrongly ({}): its keys are left out, so that it refuses the file",
            sherpa.differences.join("; ")
        )),
    }
}
