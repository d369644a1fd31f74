//! `siamang enrol`: recordings become a voice of a register, or more of one.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;
use siamang::{
    EnrolOptions, Enrolled, Heard, Input, Skipped, SpeechDetector, enrol, hear, open_writer,
    voice_name,
};

use crate::console::{counted, print_json, print_text};
use crate::context::{Context, ModelArgs};
use crate::embedding::Interruptible;
use crate::fault::{ExitStatus, usage};
use crate::hearing::{ChannelArgs, VadArgs};
use crate::model;
use crate::recordings::{LeftOut, gather};
use crate::register::{RegisterArgs, WAIT, of_library};
use crate::tables::TableArgs;

const EXAMPLES: &str = "\
Examples:
  siamang enrol ann monday.wav friday.m4a --register voices --note 'agreed on 1 December'
  siamang enrol ann call.wav --channel 1 --session 2026-12-01 --register voices
  siamang enrol --each-speaker people/ --register voices      # people/ann/1.wav, people/bob/1.wav …

A recording is refused where it holds too little speech or does not sound like the voice's other
recordings, and named with the reason; the exit code is then 3. What is enrolled already is left as it
is. `--trust` takes your word for who speaks.

What is kept of a voice is biometric data: ask before you enrol somebody, and `siamang forget` when you are
asked to. docs/register.md says what is stored.";

/// Enrol a voice in a register, or more recordings of one.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Name of the voice; with `--each-speaker` one of the RECORDINGS.
    #[arg(value_name = "NAME")]
    name: OsString,
    /// Recordings of that voice alone: files, folders, manifests, stores, or `-` for standard input.
    #[arg(value_name = "RECORDINGS", required_unless_present = "each_speaker")]
    recordings: Vec<PathBuf>,
    #[command(flatten)]
    register: RegisterArgs,
    #[command(flatten)]
    model: ModelArgs,
    /// Names are those of the speakers that folders or a manifest tell.
    #[arg(long)]
    each_speaker: bool,
    /// What the speaker agreed to, or another note that is kept with the recordings.
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// On which occasion they were made: occasions count alike [default: the folder's or the manifest's].
    #[arg(long, value_name = "NAME")]
    session: Option<String>,
    /// Lowest cosine at which recordings sound like one voice, -1 to 1 [default: that of the model's card].
    #[arg(long, value_name = "COSINE", allow_negative_numbers = true)]
    threshold: Option<f64>,
    /// Seconds of speech that a recording needs.
    #[arg(long, value_name = "SECONDS", default_value_t = 0.5)]
    least_speech: f64,
    /// Enrol recordings whatever they sound like, if they hold enough speech.
    #[arg(long)]
    trust: bool,
    #[command(flatten)]
    tables: TableArgs,
    #[command(flatten)]
    channel: ChannelArgs,
    #[command(flatten)]
    vad: VadArgs,
}

#[derive(Serialize)]
struct Report<'a> {
    register: String,
    model: String,
    voices: &'a [Enrolled],
    skipped: &'a [Skipped],
    left_out: &'a LeftOut,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitStatus> {
    check(args)?;
    let console = &context.console;
    let mut paths = args.recordings.clone();
    let name = match args.each_speaker {
        true => {
            paths.insert(0, PathBuf::from(&args.name));
            None
        }
        false => Some(voice_name(&args.name.to_string_lossy()).map_err(of_library)?),
    };
    let model = model::load(args.model.model.as_deref(), context)?;
    // A register of another model is refused before any work.
    if args.register.register.exists() {
        drop(open_writer(&args.register.register, &model, WAIT)?);
    }
    let mut recordings = gather(&paths, &[], &args.tables, console)?;
    let inputs = args.channel.of(std::mem::take(&mut recordings.inputs));
    let detector = args.vad.or(SpeechDetector::Network);
    let heard = hear(&model, &inputs, detector, &Interruptible::new(console));
    let (heard, mut skipped) = match heard {
        Err(siamang::Error::Interrupted) => {
            console.raw("interrupted; nothing was enrolled\n");
            return Ok(ExitStatus::Interrupted);
        }
        heard => heard?,
    };
    let options = EnrolOptions {
        session: args.session.clone(),
        note: args.note.clone(),
        least_speech_s: args.least_speech,
        trust: args.trust,
        threshold: args.threshold.or(EnrolOptions::of(&model).threshold),
    };
    let mut writer = open_writer(&args.register.register, &model, WAIT)?;
    let mut voices = Vec::new();
    for (name, heard) in by_name(name, heard, &mut skipped, &inputs) {
        voices.push(enrol(&mut writer, &name, heard, &options)?);
    }
    for voice in &voices {
        for one in &voice.not_enrolled {
            match one.is_known {
                true => console.note(&one.reason),
                false => console.skipped(&one.reason),
            }
        }
        if let Some(like) = &voice.sounds_like {
            console.warn(&format!(
                "`{}` sounds like `{}` (cosine {:.3}): if they are one person, keep one of the names",
                voice.name, like.name, like.score
            ));
        }
    }
    match context.json {
        true => print_json(&Report {
            register: args.register.register.display().to_string(),
            model: model.name(),
            voices: &voices,
            skipped: &skipped,
            left_out: &recordings.left_out,
        })?,
        false => print_text(&text(&voices))?,
    }
    let refused = voices.iter().flat_map(|voice| &voice.not_enrolled);
    let is_less = refused.filter(|one| !one.is_known).count() > 0;
    Ok(
        match is_less || !skipped.is_empty() || recordings.left_out.is_less() {
            true => ExitStatus::SomeSkipped,
            false => ExitStatus::Done,
        },
    )
}

fn check(args: &Args) -> Result<()> {
    let is_cosine = |value: &f64| (-1.0..=1.0).contains(value);
    if let Some(threshold) = args.threshold.filter(|value| !is_cosine(value)) {
        return Err(usage(
            format!("`--threshold` is {threshold}, expected a cosine from -1 to 1"),
            "leave it out for the one on the model's card",
        ));
    }
    if !(args.least_speech >= 0.0 && args.least_speech.is_finite()) {
        return Err(usage(
            format!(
                "`--least-speech` is {}, expected seconds from 0 on",
                args.least_speech
            ),
            "leave it out for half a second",
        ));
    }
    Ok(())
}

/// Recordings by the voice that they are of; those of nobody are left out.
fn by_name(
    name: Option<String>,
    heard: Vec<Heard>,
    skipped: &mut Vec<Skipped>,
    inputs: &[Input],
) -> Vec<(String, Vec<Heard>)> {
    if let Some(name) = name {
        return vec![(name, heard)];
    }
    let mut voices: BTreeMap<String, Vec<Heard>> = BTreeMap::new();
    for heard in heard {
        match heard.input.speaker.clone() {
            Some(speaker) => voices.entry(speaker).or_default().push(heard),
            None => skipped.push(Skipped {
                id: heard.input.id.clone(),
                reason: format!(
                    "`{}`: neither a folder nor a manifest says who speaks (1 of {} recordings)",
                    heard.input.path(),
                    inputs.len()
                ),
            }),
        }
    }
    voices.into_iter().collect()
}

fn text(voices: &[Enrolled]) -> String {
    let lines = voices.iter().map(|voice| {
        let kind = match (voice.is_new, voice.added.is_empty()) {
            (true, _) => ", a new voice",
            (false, false) => "",
            (false, true) => ", nothing new",
        };
        format!(
            "{}: {} enrolled, {} by now{kind}\n",
            voice.name,
            counted(voice.added.len(), "recording"),
            voice.num_recordings
        )
    });
    lines.collect()
}
