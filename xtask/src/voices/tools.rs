//! The two programs that make the audio: espeak-ng speaks, oggenc compresses.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use super::SAMPLE_RATE_HZ;
use super::cast::Voice;
use super::session::root_mean_square;

/// oggenc's `-q`: about 30 kbit/s for 16 kHz mono.
const VORBIS_QUALITY: &str = "1";

/// Versions of the tools, as they say them.
pub(crate) struct Versions {
    pub(crate) espeak_ng: String,
    pub(crate) oggenc: String,
}

/// What espeak-ng said, at its own rate.
pub(crate) struct Speech {
    pub(crate) samples: Vec<f32>,
    pub(crate) sample_rate_hz: u32,
}

/// Asks both tools for their version, which also finds out whether they are installed.
pub(crate) fn versions() -> Result<Versions> {
    let espeak = run(
        "espeak-ng",
        "espeak-ng",
        Command::new("espeak-ng").arg("--version"),
    )?;
    let oggenc = run(
        "oggenc",
        "vorbis-tools",
        Command::new("oggenc").arg("--version"),
    )?;
    // "eSpeak NG text-to-speech: 1.51  Data at: ...": the path is this machine's affair.
    let espeak = espeak.split("  Data at").next().unwrap_or_default();
    Ok(Versions {
        espeak_ng: espeak
            .replace("eSpeak NG text-to-speech: ", "")
            .trim()
            .to_owned(),
        oggenc: oggenc.lines().next().unwrap_or_default().trim().to_owned(),
    })
}

/// Says `text`. `words_per_minute` is espeak-ng's own, before any warp.
pub(crate) fn speak(voice: &str, pitch: u32, words_per_minute: u32, text: &str) -> Result<Speech> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let path = folder.path().join("speech.wav");
    let mut command = Command::new("espeak-ng");
    command.args(["-v", voice, "-b", "1", "-p", &pitch.to_string()]);
    command
        .args(["-s", &words_per_minute.to_string(), "-w"])
        .arg(&path)
        .arg(text);
    run("espeak-ng", "espeak-ng", &mut command)?;
    let mut reader = hound::WavReader::open(&path)
        .with_context(|| format!("espeak-ng wrote no readable WAV for voice `{voice}`"))?;
    let format = reader.spec();
    ensure!(
        format.channels == 1 && format.bits_per_sample == 16,
        "espeak-ng wrote {} channels of {} bits; expected 1 of 16",
        format.channels,
        format.bits_per_sample
    );
    let samples: Vec<f32> = reader
        .samples::<i16>()
        .map(|sample| sample.map(|sample| f32::from(sample) / 32768.0))
        .collect::<Result<_, _>>()?;
    ensure!(
        root_mean_square(&samples) > 1e-3,
        "espeak-ng's voice `{voice}` is silent for `{text}`"
    );
    Ok(Speech {
        samples,
        sample_rate_hz: format.sample_rate,
    })
}

/// Fails unless the variant of `voice` changes what espeak-ng says: it leaves out one that it does not know without a
/// word, and two speakers would be one.
pub(crate) fn require_variant(voice: &Voice) -> Result<()> {
    let say = |name: &str| speak(name, 50, 170, "one two three");
    let with = say(&voice.espeak_name())?;
    ensure!(
        with.samples != say(voice.voice)?.samples,
        "espeak-ng ignores variant `{}` of voice `{}`; is it among `espeak-ng --voices=variant`?",
        voice.variant,
        voice.voice
    );
    Ok(())
}

/// Writes `samples` as Ogg Vorbis. The stream's serial number is fixed: oggenc would draw one.
pub(crate) fn encode(samples: &[f32], path: &Path) -> Result<()> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let wav_path = folder.path().join("speech.wav");
    let format = hound::WavSpec {
        channels: 1,
        sample_rate: SAMPLE_RATE_HZ,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(&wav_path, format)?;
    for sample in samples {
        writer.write_sample((sample * 32767.0).round() as i16)?;
    }
    writer.finalize()?;
    let mut command = Command::new("oggenc");
    command.args(["--quiet", "--serial", "1", "-q", VORBIS_QUALITY, "-o"]);
    command.arg(path).arg(&wav_path);
    run("oggenc", "vorbis-tools", &mut command)?;
    Ok(())
}

/// Runs a tool and returns what it printed.
fn run(tool: &str, debian_package: &str, command: &mut Command) -> Result<String> {
    let output = match command.stdin(Stdio::null()).output() {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => bail!(
            "`{tool}` is not installed; on Debian or Ubuntu: apt-get install {debian_package}"
        ),
        Err(error) => return Err(error).with_context(|| format!("cannot run `{tool}`")),
    };
    ensure!(
        output.status.success(),
        "`{tool}` failed ({}): {}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_tool_names_its_package() {
        let absent = "siamang-absent-tool";
        let error = run(absent, "absent-package", &mut Command::new(absent));
        let text = error.map_err(|error| error.to_string()).err();
        assert!(text.is_some_and(|text| text.contains("apt-get install absent-package")));
    }
}
