//! `siamang verify`: are two recordings of one speaker?

mod report;

use std::path::{Path, PathBuf};

use anyhow::{Error, Result};
use siamang::{Embedded, Enrolment, Input, Model, Scorer, SpeechDetector};
use speech_data::VoxcelebName;

use self::report::{Decision, Report, Side, no_verdict, text};
use crate::console::{print_json, print_text};
use crate::context::{Context, ModelArgs};
use crate::costs::CostArgs;
use crate::fault::{ExitStatus, fault, usage};
use crate::hearing::{ChannelArgs, VadArgs};
use crate::model::CARD;
use crate::trials::warn_of_overlap;
use crate::{model, stdin};

/// Used where neither the user nor the model says from which score on voices are one.
pub(crate) const UNCALIBRATED: f64 = 0.5;

/// A recording with less speech says little about its speaker.
const SHORT_S: f64 = 1.0;

const EXAMPLES: &str = "\
Examples:
  siamang verify monday.wav friday.m4a
  siamang verify call.wav --against ann1.wav ann2.wav ann3.wav    # several recordings of one speaker
  siamang verify a.wav b.wav --p-target 0.01 --c-fa 10            # strangers are many, and dear
  siamang verify --model run --threshold 0.42 a.wav b.wav --json
  siamang verify --channel 1 call.wav enrolment.wav
  ffmpeg -v error -i talk.mkv -f wav - | siamang verify - monday.wav

With a calibrated model, such as the built-in one, the answer is a log-likelihood ratio (LLR): how many
times likelier the two sound as they do if one speaker is on both sides. It is the same speaker where
that outweighs what was expected before (`--p-target`) and what errors cost. `siamang calibrate`
calibrates other models. Without a calibration, or with `--threshold`, the cosine of the two embeddings,
-1 to 1, is compared with a threshold: `--threshold`, else the one on the model's card, else 0.5, which
is a guess. docs/decisions.md explains which to choose. The exit code is 0 for either answer, and 3
where there is none: with less than 0.2 s of speech, or less than the calibration has seen, no score
says who speaks.";

/// Are two recordings of one speaker?
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// The two recordings, or with `--against` those of one side; `-` is standard input.
    #[arg(value_name = "RECORDING", required = true)]
    recordings: Vec<PathBuf>,
    /// Recordings of the other side; several on a side are taken for one speaker's.
    #[arg(long, value_name = "RECORDING", num_args = 1..)]
    against: Vec<PathBuf>,
    /// Decide by the cosine: the lowest that counts as the same speaker, -1 to 1.
    #[arg(long, value_name = "COSINE", allow_negative_numbers = true, conflicts_with_all = ["p_target", "c_miss", "c_fa"])]
    threshold: Option<f64>,
    #[command(flatten)]
    costs: CostArgs,
    #[command(flatten)]
    channel: ChannelArgs,
    #[command(flatten)]
    vad: VadArgs,
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
    let costs = args.costs.parameters()?;
    let sides = sides(args)?;
    let model = model::load(args.model.model.as_deref(), context)?;
    let input = |path: &PathBuf| args.channel.of_one(recording(path)?);
    let inputs = sides
        .iter()
        .map(|side| side.iter().map(input).collect::<Result<Vec<Input>>>())
        .collect::<Result<Vec<_>>>()?;
    let all: Vec<Input> = inputs.iter().flatten().cloned().collect();
    let names = all.iter().filter_map(|input| speaker_in(&input.id));
    warn_of_overlap(&model, names, "these recordings", &context.console);
    let detector = args.vad.or(SpeechDetector::Network);
    let mut embedded = model.embed_inputs(&all, detector).map_err(explained)?;
    let second = embedded.split_off(inputs[0].len());
    let enrolments = [&embedded, &second].map(|side| Enrolment::of(side));
    let (threshold, from) = rule(&model, args);
    let (score, decision) = match &enrolments {
        [Some(a), Some(b)] => {
            let score = Scorer::default().score(&a.embedding, &b.embedding);
            let decision = match threshold {
                Some(threshold) => Some(Decision::Cosine {
                    is_same: f64::from(score) >= threshold,
                }),
                None => model
                    .llr(a, b)
                    .map(|llr| Decision::of_llr(llr, costs, &model)),
            };
            (Some(score), decision)
        }
        _ => (None, None),
    };
    if args.costs.is_stated() && model.calibration().is_none() {
        context.console.warn(
            "this model is not calibrated: the prior and the costs are of no account; `siamang calibrate` calibrates it",
        );
    }
    let measured = match (threshold, from) {
        (Some(_), CARD) => Some("threshold on the model's card"),
        (None, _) => Some("calibration"),
        _ => None,
    };
    let [a, b] = [(0, embedded), (1, second)].map(|(number, embedded)| {
        let side = inputs[number].iter().zip(embedded);
        side.map(|(input, embedded)| shown_side(&model, input, embedded, measured, context))
            .collect::<Vec<Side>>()
    });
    let reason = no_verdict(&[&a, &b]);
    let report = Report::new(score, (threshold, from), decision, reason, [a, b], &model);
    if report.is_uncalibrated() {
        context.console.note(&format!(
            "the threshold {UNCALIBRATED} is not calibrated: this model's card states none; `siamang calibrate` makes a calibration, `siamang eval` shows thresholds"
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

/// The recordings of either side.
fn sides(args: &Args) -> Result<[Vec<PathBuf>; 2]> {
    match (args.recordings.as_slice(), args.against.is_empty()) {
        ([a, b], true) => Ok([vec![a.clone()], vec![b.clone()]]),
        (_, false) => Ok([args.recordings.clone(), args.against.clone()]),
        (recordings, true) => Err(usage(
            format!("{} recordings, expected two", recordings.len()),
            "name two, or those of the other side behind `--against`",
        )),
    }
}

/// What decides: a cosine, or where there is none the calibration; and who says so.
fn rule(model: &Model, args: &Args) -> (Option<f64>, &'static str) {
    let card = model.thresholds().verify(siamang::Centre::Model);
    match (args.threshold, model.calibration(), card) {
        (Some(threshold), ..) => (Some(threshold), "the command line"),
        (None, Some(_), _) => (None, "the model's calibration"),
        (None, None, Some(threshold)) => (Some(threshold), CARD),
        (None, None, None) => (Some(UNCALIBRATED), report::GUESS),
    }
}

fn shown_side(
    model: &Model,
    input: &Input,
    mut embedded: Embedded,
    measured: Option<&str>,
    context: &Context,
) -> Side {
    let path = input.path();
    let quality = embedded.quality;
    if let Some(what) = measured.filter(|_| quality.is_heard()) {
        let mut sound = model.measured_sound().clone();
        if model.calibration().is_some() {
            // How much speech it has seen is the calibration's own to say.
            sound.speech_s = None;
        }
        let differences = sound.differences(&quality);
        if !differences.is_empty() {
            let differences = differences.join("; ");
            embedded.warnings.push(format!(
                "the {what} was measured on other recordings: {differences}"
            ));
        }
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
            "all recordings are needed; see `siamang check` for a look at many",
        ),
        error => error.into(),
    }
}
