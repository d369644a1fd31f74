//! `cargo xtask make-voices`: remakes data/voices, or checks it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use rand::RngExt;
use rayon::prelude::*;

use crate::voices::cast::{CAST, Voice, speaker_name};
use crate::voices::check::check;
use crate::voices::lists::{Row, trials, write_split, write_trials};
use crate::voices::readme::readme;
use crate::voices::resample::resample;
use crate::voices::sentences::script;
use crate::voices::session::{Session, root_mean_square};
use crate::voices::streams::{Purpose, stream};
use crate::voices::{NUM_SESSIONS, SAMPLE_RATE_HZ, UTTERANCES_PER_SESSION, tools};

/// What is wanted before the margins are added, in seconds.
const WANTED_S: std::ops::RangeInclusive<f64> = 1.6..=3.6;
/// Silence kept before and after the speech, in seconds.
const MARGIN_S: f64 = 0.12;

/// Arguments of `make-voices`.
#[derive(Args)]
pub(crate) struct MakeVoices {
    /// Folder of the corpus; an older corpus there is replaced.
    #[arg(long, default_value_os_t = default_folder())]
    out: PathBuf,
    /// Seed of everything that is random.
    #[arg(long, default_value_t = 8)]
    seed: u64,
    /// Make nothing; check the corpus that is there.
    #[arg(long, conflicts_with = "seed")]
    check: bool,
}

fn default_folder() -> PathBuf {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    repository.unwrap_or(Path::new(".")).join("data/voices")
}

/// Makes or checks the corpus and prints what is there.
pub(crate) fn run(arguments: &MakeVoices) -> Result<()> {
    if !arguments.check {
        make(&arguments.out, arguments.seed)?;
    }
    let summary = check(&arguments.out)?;
    let voices: Vec<String> = summary
        .voices
        .iter()
        .map(|(split, count)| format!("{split} {count}"))
        .collect();
    writeln!(
        std::io::stdout(),
        "{}: {} utterances, {:.1} min, {:.1} MB; voices: {}; {} trials",
        arguments.out.display(),
        summary.utterances,
        summary.seconds / 60.0,
        summary.bytes as f64 / 1e6,
        voices.join(", "),
        summary.trials
    )?;
    Ok(())
}

/// Makes the corpus beside `out` and puts it there when it is whole.
fn make(out: &Path, seed: u64) -> Result<()> {
    let versions = tools::versions()?;
    let occupied =
        out.exists() && !out.join("split.tsv").is_file() && fs::read_dir(out)?.next().is_some();
    if occupied {
        bail!(
            "{} is not an older corpus of voices (it has no split.tsv); remove it or choose another --out",
            out.display()
        );
    }
    let parent = match out.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent)?;
    let workshop = tempfile::Builder::new()
        .prefix(".voices-")
        .tempdir_in(parent)?;
    let root = workshop.path().join("voices");
    let rows: Vec<Vec<Row>> = CAST
        .par_iter()
        .enumerate()
        .map(|(index, voice)| {
            make_voice(&root, seed, index, voice)
                .with_context(|| format!("voice {} ({})", speaker_name(index), voice.espeak_name()))
        })
        .collect::<Result<_>>()?;
    let rows = rows.concat();
    let [dev, test] = ["dev", "test"].map(|split| trials(&rows, split, seed));
    fs::create_dir_all(root.join("trials"))?;
    fs::write(root.join("split.tsv"), write_split(&rows))?;
    fs::write(root.join("trials/dev.txt"), write_trials(&dev))?;
    fs::write(root.join("trials/test.txt"), write_trials(&test))?;
    fs::write(
        root.join("README.md"),
        readme(seed, &versions, &rows, &dev, &test),
    )?;
    if out.exists() {
        fs::remove_dir_all(out).with_context(|| format!("cannot replace {}", out.display()))?;
    }
    fs::rename(&root, out).with_context(|| format!("cannot write {}", out.display()))
}

/// All sessions of voice number `index`.
fn make_voice(root: &Path, seed: u64, index: usize, voice: &Voice) -> Result<Vec<Row>> {
    tools::require_variant(voice)?;
    let speaker = speaker_name(index);
    let mut script = script(
        voice.language,
        &mut stream(seed, Purpose::Script, index as u64),
    )
    .into_iter();
    let mut rows = Vec::new();
    for session_index in 0..NUM_SESSIONS {
        let session_number = index * NUM_SESSIONS + session_index;
        let session = Session::draw(seed, session_number as u64);
        let name = format!("s{}", session_index + 1);
        fs::create_dir_all(root.join(&speaker).join(&name))?;
        for utterance in 0..UTTERANCES_PER_SESSION {
            let number = session_number * UTTERANCES_PER_SESSION + utterance;
            let mut generator = stream(seed, Purpose::Utterance, number as u64);
            let pitch = voice
                .pitch
                .saturating_add_signed(generator.random_range(-4..=4));
            let pace = f64::from(voice.words_per_minute) * generator.random_range(0.94..1.06);
            let dry = loop {
                let text = script
                    .next()
                    .context("no sentence left that lasts as long as wanted")?;
                let dry = say(voice, pitch, pace, &text)?;
                if WANTED_S.contains(&(dry.len() as f64 / f64::from(SAMPLE_RATE_HZ))) {
                    break dry;
                }
            };
            let recorded = session.record(&dry, &mut generator);
            let path = format!("{speaker}/{name}/u{}.ogg", utterance + 1);
            tools::encode(&recorded, &root.join(&path))?;
            rows.push(Row {
                path,
                speaker: speaker.clone(),
                session: name.clone(),
                gender: voice.gender.to_owned(),
                split: voice.split.name().to_owned(),
                seconds: recorded.len() as f64 / f64::from(SAMPLE_RATE_HZ),
            });
        }
    }
    Ok(rows)
}

/// `text` in this voice without room or noise, at the corpus's rate, with the same silence around every utterance.
fn say(voice: &Voice, pitch: u32, words_per_minute: f64, text: &str) -> Result<Vec<f32>> {
    // The warp shortens what espeak-ng says by its factor; spoken slower by as much, the tempo stays.
    let espeak_pace = (words_per_minute / voice.warp).round() as u32;
    let speech = tools::speak(&voice.espeak_name(), pitch, espeak_pace, text)?;
    let claimed_hz = f64::from(speech.sample_rate_hz) * voice.warp;
    let samples = resample(&speech.samples, claimed_hz, f64::from(SAMPLE_RATE_HZ));
    let threshold = 0.05 * root_mean_square(&samples);
    let loud = |sample: &f32| sample.abs() > threshold;
    let first = samples.iter().position(loud);
    let last = samples.iter().rposition(loud);
    let (Some(first), Some(last)) = (first, last) else {
        bail!("nothing is heard for `{text}`");
    };
    ensure!(
        samples.iter().all(|sample| sample.is_finite()),
        "not finite: `{text}`"
    );
    let margin = vec![0.0; (MARGIN_S * f64::from(SAMPLE_RATE_HZ)) as usize];
    Ok([&margin[..], &samples[first..=last], &margin[..]].concat())
}
