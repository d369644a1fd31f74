//! `siamang verify`: are two recordings of one speaker?

use std::path::{Path, PathBuf};

use anyhow::{Error, Result};
use serde::Serialize;
use siamang::{Embedded, Input, LEAST_SPEECH_S, Quality, Scorer, SpeechDetector};
use speech_data::VoxcelebName;

use crate::console::{print_json, print_text};
use crate::context::{Context, ModelArgs};
use crate::fault::{ExitStatus, fault, usage};
use crate::hearing::{ChannelArgs, VadArgs};
use crate::model::CARD;
use crate::trials::warn_of_overlap;
use crate::{model, stdin};

/// Used where neither the user nor the model's card states a threshold.
pub(crate) const UNCALIBRATED: f64 = 0.5;

/// A recording with less speech says little about its speaker.
const SHORT_S: f64 = 1.0;

const EXAMPLES: &str = "\
Examples:
  siamang verify monday.wav friday.m4a
  siamang verify --model run --threshold 0.42 a.wav b.wav --json
  siamang verify --channel 1 call.wav enrolment.wav
  ffmpeg -v error -i talk.mkv -f wav - | siamang verify - monday.wav

The score is the cosine of the two embeddings, -1 to 1. The answer is yes at or above the
threshold: `--threshold`, else the one on the model's card (`card.toml` in its bundle,
`[thresholds]`, `verify`), else 0.5, which is not calibrated. `siamang eval` prints the
threshold of the equal error rate. The exit code is 0 for either answer, and 3 where there is none:
of a recording with less than 0.2 s of speech no score says who speaks.";

/// Are two recordings of one speaker?
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// The first recording; `-` is standard input.
    #[arg(value_name = "A")]
    a: PathBuf,
    /// The second recording; `-` is standard input.
    #[arg(value_name = "B")]
    b: PathBuf,
    /// Lowest cosine that counts as the same speaker, -1 to 1.
    #[arg(long, value_name = "COSINE", allow_negative_numbers = true)]
    threshold: Option<f64>,
    #[command(flatten)]
    channel: ChannelArgs,
    #[command(flatten)]
    vad: VadArgs,
}

#[derive(Serialize)]
struct Report {
    score: f32,
    /// The answer; null where `no_verdict` says why there is none.
    same_speaker: Option<bool>,
    no_verdict: Option<String>,
    scale: &'static str,
    threshold: f64,
    threshold_from: &'static str,
    a: Side,
    b: Side,
    model: String,
}

#[derive(Serialize)]
struct Side {
    path: String,
    seconds: f64,
    quality: Quality,
    warnings: Vec<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitStatus> {
    if let Some(threshold) = args
        .threshold
        .filter(|threshold| !(-1.0..=1.0).contains(threshold))
    {
        return Err(usage(
            format!("`--threshold` is {threshold}, expected a cosine from -1 to 1"),
            "take the `eer_threshold` that `siamang eval` prints",
        ));
    }
    let model = model::load(args.model.model.as_deref(), context)?;
    let input = |path| args.channel.of_one(recording(path)?);
    let inputs = [input(&args.a)?, input(&args.b)?];
    let names = inputs.iter().filter_map(|input| speaker_in(&input.id));
    warn_of_overlap(&model, names, "these recordings", &context.console);
    let detector = args.vad.or(SpeechDetector::Network);
    let answer = model.verify_inputs(&inputs, detector).map_err(explained)?;
    let (threshold, threshold_from) = match (args.threshold, answer.threshold) {
        (Some(threshold), _) => (threshold, "the command line"),
        (None, Some(threshold)) => (threshold, CARD),
        (None, None) => (UNCALIBRATED, "no calibration"),
    };
    let same_speaker = answer.answer_at(threshold);
    let sound = (threshold_from == CARD).then(|| model.measured_sound());
    let side = |input: &Input, mut embedded: Embedded| {
        let path = input.path();
        let quality = embedded.quality;
        let differences = sound.map_or(Vec::new(), |sound| sound.differences(&quality));
        if quality.is_heard() && !differences.is_empty() {
            embedded.warnings.push(format!(
                "the threshold on the model's card was measured on other recordings: {}",
                differences.join("; ")
            ));
        }
        context.console.warn_all(&path, &embedded.warnings);
        if quality.is_heard() && quality.speech_s < SHORT_S {
            let text = format!(
                "{path}: {:.2} s is little speech to recognise a voice by",
                quality.speech_s
            );
            context.console.warn(&text);
        }
        Side {
            path,
            seconds: quality.seconds,
            quality,
            warnings: embedded.warnings,
        }
    };
    let (a, b) = (side(&inputs[0], answer.a), side(&inputs[1], answer.b));
    let report = Report {
        score: answer.score,
        same_speaker,
        no_verdict: no_verdict(&[&a, &b]),
        scale: Scorer::default().scale(),
        threshold,
        threshold_from,
        a,
        b,
        model: model.name(),
    };
    if report.threshold_from == "no calibration" {
        context.console.note(&format!(
            "the threshold {UNCALIBRATED} is not calibrated: this model's card states none; choose one with `siamang eval`"
        ));
    }
    match context.json {
        true => print_json(&report)?,
        false => print_text(&text(&report))?,
    }
    Ok(match report.same_speaker {
        Some(_) => ExitStatus::Done,
        None => ExitStatus::SomeSkipped,
    })
}

/// Why there is no verdict, if there is none.
fn no_verdict(sides: &[&Side]) -> Option<String> {
    let unheard = sides.iter().filter(|side| !side.quality.is_heard());
    let unheard: Vec<String> = unheard
        .map(|side| {
            format!(
                "`{}` holds {:.2} s of speech in {:.2} s",
                side.path, side.quality.speech_s, side.seconds
            )
        })
        .collect();
    (!unheard.is_empty()).then(|| {
        format!(
            "{}; at least {LEAST_SPEECH_S} s are needed in each recording",
            unheard.join(", ")
        )
    })
}

/// The recording at `path`, `-` being standard input.
fn recording(path: &Path) -> Result<Input> {
    match stdin::is_meant(path) {
        true => Ok(Input::bytes(stdin::NAME, stdin::bytes("a recording")?)),
        false => Ok(Input::file(path.display().to_string(), path)),
    }
}

/// The speaker that a path names: VoxCeleb's, or its folder.
fn speaker_in(path: &str) -> Option<&str> {
    let folder = || Path::new(path).parent()?.file_name()?.to_str();
    VoxcelebName::parse(path)
        .map(|name| name.speaker)
        .or_else(folder)
}

/// A recording that cannot be used leaves nothing to compare.
fn explained(error: siamang::Error) -> Error {
    use siamang::Error;
    match error {
        Error::Data(_) | Error::Store(_) | Error::TooShort { .. } => fault(
            error.explained(),
            "both recordings are needed; see `siamang check` for a look at many",
        ),
        error => error.into(),
    }
}

fn text(report: &Report) -> String {
    if let Some(reason) = &report.no_verdict {
        return format!("no verdict: {reason}\n");
    }
    let answer = match report.same_speaker {
        Some(true) => "same speaker",
        _ => "different speakers",
    };
    format!(
        "{answer}: cosine {:.3} (scale -1 to 1), threshold {:.3} from {}\n  {:8.2} s  {}\n  {:8.2} s  {}\n",
        report.score,
        report.threshold,
        report.threshold_from,
        report.a.seconds,
        report.a.path,
        report.b.seconds,
        report.b.path
    )
}
