//! `siamang list`, `show`, `rename` and `forget`: the voices of a register.

use anyhow::Result;
use serde::Serialize;
use siamang::{About, Quality, Voice, quality_of};
use speaker_scoring::cosine;

use crate::console::{counted, print_json, print_text};
use crate::context::Context;
use crate::fault::{ExitStatus, usage};
use crate::register::{RegisterArgs, date, of_library, warn_of};

/// List the voices of a register.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  siamang list --register voices
  siamang list --register voices --json")]
pub(crate) struct ListArgs {
    #[command(flatten)]
    register: RegisterArgs,
}

/// Show what a register holds of a voice.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  siamang show ann --register voices
  siamang show 'Zoë B.' --register voices --json

`alike` is the cosine of a recording with the mean of the voice's others.")]
pub(crate) struct ShowArgs {
    /// Name of the voice.
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    register: RegisterArgs,
}

/// Give a voice of a register another name.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  siamang rename ann 'Ann Lee' --register voices

The files are written anew, so that the old name is in none of them.")]
pub(crate) struct RenameArgs {
    /// Name that the voice has.
    #[arg(value_name = "OLD")]
    old: String,
    /// Name that it gets.
    #[arg(value_name = "NEW")]
    new: String,
    #[command(flatten)]
    register: RegisterArgs,
}

/// Forget voices: their names and vectors are in no file of the register afterwards.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  siamang forget ann --register voices
  siamang forget ann bob --register voices --json

All other voices are written to new files, which takes as long as a copy of the register. The recordings
themselves, copies of the register and backups of the disk are yours to delete.")]
pub(crate) struct ForgetArgs {
    /// Names of voices.
    #[arg(value_name = "NAMES", required = true)]
    names: Vec<String>,
    #[command(flatten)]
    register: RegisterArgs,
}

#[derive(Serialize)]
struct Listed {
    name: String,
    num_recordings: usize,
    num_sessions: usize,
    /// Seconds of speech of all of its recordings.
    speech_s: f64,
    first_enrolled: String,
    last_enrolled: String,
}

#[derive(Serialize)]
struct List {
    register: String,
    model: String,
    model_hash: String,
    num_voices: usize,
    voices: Vec<Listed>,
}

impl Listed {
    fn of(voice: &Voice) -> Self {
        let abouts = || voice.entries.iter().map(|entry| &entry.about);
        let mut sessions: Vec<&Option<String>> = abouts().map(|about| &about.session).collect();
        sessions.sort();
        sessions.dedup();
        let times = || abouts().map(|about| about.enrolled_at);
        let speech = abouts().filter_map(|about| quality_of(about).map(|quality| quality.speech_s));
        Self {
            name: voice.name.clone(),
            num_recordings: voice.entries.len(),
            num_sessions: sessions.len(),
            speech_s: speech.sum(),
            first_enrolled: date(times().min().unwrap_or(0)),
            last_enrolled: date(times().max().unwrap_or(0)),
        }
    }
}

pub(crate) fn list(args: &ListArgs, context: &Context) -> Result<ExitStatus> {
    let register = args.register.open(&context.console)?;
    let mut is_whole = register.damage().is_empty();
    let mut voices = Vec::new();
    for row in register.rows() {
        let (voice, damage) = register.voice(row).map_err(of_library)?;
        is_whole &= damage.is_empty();
        warn_of(&damage, &context.console);
        if !voice.entries.is_empty() {
            voices.push(Listed::of(&voice));
        }
    }
    voices.sort_by(|a, b| a.name.cmp(&b.name));
    let list = List {
        register: register.path().display().to_string(),
        model: register.owner().model.clone(),
        model_hash: register.owner().model_hash.clone(),
        num_voices: voices.len(),
        voices,
    };
    match context.json {
        true => print_json(&list)?,
        false => print_text(&list_text(&list))?,
    }
    Ok(match is_whole {
        true => ExitStatus::Done,
        false => ExitStatus::SomeSkipped,
    })
}

fn list_text(list: &List) -> String {
    let mut text = format!(
        "{} of the model `{}`\n",
        counted(list.num_voices, "voice"),
        list.model
    );
    for voice in &list.voices {
        text.push_str(&format!(
            "  {}: {} of {}, {:.1} s of speech, enrolled {}\n",
            voice.name,
            counted(voice.num_recordings, "recording"),
            counted(voice.num_sessions, "session"),
            voice.speech_s,
            voice.last_enrolled
        ));
    }
    text
}

#[derive(Serialize)]
struct Shown {
    name: String,
    recordings: Vec<ShownRecording>,
}

#[derive(Serialize)]
struct ShownRecording {
    place: String,
    hash: String,
    session: Option<String>,
    note: Option<String>,
    enrolled: String,
    quality: Option<Quality>,
    /// The cosine with the mean of the voice's other recordings; none where there are none.
    alike: Option<f32>,
}

pub(crate) fn show(args: &ShowArgs, context: &Context) -> Result<ExitStatus> {
    let register = args.register.open(&context.console)?;
    let row = register.find(&args.name).map_err(of_library)?;
    let Some(row) = row else {
        return Err(of_library(siamang::RegisterError::NoSuchVoice {
            path: register.path().to_owned(),
            name: args.name.clone(),
        }));
    };
    let (voice, damage) = register.voice(row).map_err(of_library)?;
    warn_of(&damage, &context.console);
    let alike = |number: usize| {
        let mut others = voice.clone();
        let one = others.entries.remove(number);
        (!others.entries.is_empty()).then(|| cosine(&others.centre(), &one.vector))
    };
    let recordings = voice.entries.iter().enumerate().map(|(number, entry)| {
        let about: &About = &entry.about;
        ShownRecording {
            place: about.place.clone(),
            hash: about.hash.clone(),
            session: about.session.clone(),
            note: about.note.clone(),
            enrolled: date(about.enrolled_at),
            quality: quality_of(about),
            alike: alike(number),
        }
    });
    let shown = Shown {
        name: voice.name.clone(),
        recordings: recordings.collect(),
    };
    match context.json {
        true => print_json(&shown)?,
        false => print_text(&shown_text(&shown))?,
    }
    Ok(match damage.is_empty() {
        true => ExitStatus::Done,
        false => ExitStatus::SomeSkipped,
    })
}

fn shown_text(shown: &Shown) -> String {
    let mut text = format!(
        "{}: {}\n",
        shown.name,
        counted(shown.recordings.len(), "recording")
    );
    for one in &shown.recordings {
        text.push_str(&format!("  {}\n    enrolled {}", one.place, one.enrolled));
        if let Some(session) = &one.session {
            text.push_str(&format!(", session {session}"));
        }
        if let Some(quality) = &one.quality {
            text.push_str(&format!(", {:.1} s of speech", quality.speech_s));
        }
        if let Some(alike) = one.alike {
            text.push_str(&format!(", alike {alike:.3}"));
        }
        text.push('\n');
        if let Some(note) = &one.note {
            text.push_str(&format!("    note: {note}\n"));
        }
    }
    text
}

#[derive(Serialize)]
struct Renamed<'a> {
    old: &'a str,
    new: &'a str,
}

pub(crate) fn rename(args: &RenameArgs, context: &Context) -> Result<ExitStatus> {
    let mut writer = args.register.write(&context.console)?;
    refuse_damaged(writer.register().damage().len(), "rename")?;
    writer.rename(&args.old, &args.new).map_err(of_library)?;
    match context.json {
        true => print_json(&Renamed {
            old: &args.old,
            new: &args.new,
        })?,
        false => print_text(&format!("`{}` is called `{}` now\n", args.old, args.new))?,
    }
    Ok(ExitStatus::Done)
}

/// Writing all anew would take what is damaged away, perhaps for ever.
fn refuse_damaged(num_damaged: usize, command: &str) -> Result<()> {
    match num_damaged {
        0 => Ok(()),
        _ => Err(usage(
            format!(
                "the register is damaged, and `siamang {command}` would write it anew without what is damaged"
            ),
            "keep a copy of it; `siamang check --register` says what is lost",
        )),
    }
}

#[derive(Serialize)]
struct Gone<'a> {
    names: &'a [String],
    num_recordings: usize,
    num_voices_left: usize,
    damage: &'a [siamang::Damage],
}

pub(crate) fn forget(args: &ForgetArgs, context: &Context) -> Result<ExitStatus> {
    let mut writer = args.register.write(&context.console)?;
    let names: Vec<&str> = args.names.iter().map(String::as_str).collect();
    let forgotten = writer.forget(&names).map_err(of_library)?;
    let left = writer.register().num_voices();
    if !forgotten.damage.is_empty() {
        context
            .console
            .warn("damaged bytes of the register are gone, too: the voice might have been in them");
    }
    match context.json {
        true => print_json(&Gone {
            names: &args.names,
            num_recordings: forgotten.num_recordings,
            num_voices_left: left,
            damage: &forgotten.damage,
        })?,
        false => print_text(&format!(
            "forgot {} with {}; {} left\n",
            counted(args.names.len(), "voice"),
            counted(forgotten.num_recordings, "recording"),
            counted(left, "voice")
        ))?,
    }
    Ok(ExitStatus::Done)
}
