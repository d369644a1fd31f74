//! Writes material as a folder that `siamang train` reads: 16-bit recordings, `split.tsv` and `trials.txt`.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use flacenc::bitsink::ByteSink;
use flacenc::component::BitRepr as _;
use flacenc::error::Verify as _;
use flacenc::source::MemSource;

use crate::sabotage::material::{Container, Material, Part, Recording, Sound};

/// The table's name, and the list's.
pub(crate) const TABLE: &str = "split.tsv";
pub(crate) const TRIALS: &str = "trials.txt";

/// Writes it below `folder`, which is made.
pub(crate) fn write(material: &Material, folder: &Path) -> Result<()> {
    let mut paths = HashMap::new();
    let mut table = "path\tspeaker\tcorpus\tsession\tgender\tsplit\n".to_owned();
    for one in &material.recordings {
        let path = path(one, material.has_table);
        let file = folder.join(&path);
        let parent = file.parent().context("a recording without a folder")?;
        fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        sound(&one.sound, &file).with_context(|| format!("cannot write {}", file.display()))?;
        let or_dash = |cell: &Option<String>| cell.clone().unwrap_or_else(|| "-".to_owned());
        let split = match one.part {
            Part::Train => "train",
            Part::Dev => "dev",
        };
        table += &format!(
            "{path}\t{}\t{}\t{}\t{}\t{split}\n",
            one.speaker,
            one.corpus,
            or_dash(&one.session),
            or_dash(&one.gender),
        );
        paths.insert(one.id.as_str(), path);
    }
    if material.has_table {
        fs::write(folder.join(TABLE), table).context("cannot write the table")?;
    }
    if material.trials.is_empty() {
        return Ok(());
    }
    let mut list = String::new();
    for trial in &material.trials {
        let place = |id: &str| {
            let path = paths.get(id);
            path.ok_or_else(|| anyhow!("the list names `{id}`, which is not there"))
        };
        let (left, right) = (place(&trial.left)?, place(&trial.right)?);
        list += &format!("{} {left} {right}\n", u8::from(trial.same));
    }
    fs::write(folder.join(TRIALS), list).context("cannot write the list")
}

fn path(recording: &Recording, has_table: bool) -> String {
    let ending = match recording.sound.container {
        Container::Wav => "wav",
        Container::Flac => "flac",
    };
    match has_table {
        true => format!("{}.{ending}", recording.id),
        false => format!("{}/{}.{ending}", recording.speaker, recording.id),
    }
}

fn sound(sound: &Sound, file: &Path) -> Result<()> {
    let to_16_bits = |sample: &f32| (sample * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16;
    let left: Vec<i16> = sound.samples.iter().map(to_16_bits).collect();
    let right: Option<Vec<i16>> = sound
        .right
        .as_ref()
        .map(|right| right.iter().map(to_16_bits).collect());
    match sound.container {
        Container::Flac => Ok(fs::write(file, flac(&left, sound.rate_hz)?)?),
        Container::Wav => {
            let spec = hound::WavSpec {
                channels: if right.is_some() { 2 } else { 1 },
                sample_rate: sound.rate_hz,
                bits_per_sample: 16,
                sample_format: hound::SampleFormat::Int,
            };
            let mut writer = hound::WavWriter::create(file, spec)?;
            for (index, sample) in left.iter().enumerate() {
                writer.write_sample(*sample)?;
                if let Some(right) = &right {
                    writer.write_sample(right.get(index).copied().unwrap_or(0))?;
                }
            }
            Ok(writer.finalize()?)
        }
    }
}

/// One channel as FLAC.
fn flac(samples: &[i16], rate_hz: u32) -> Result<Vec<u8>> {
    let mut config = flacenc::config::Encoder::default();
    config.block_size = 4_096.min(samples.len());
    config.multithread = false;
    let block_size = config.block_size;
    let config = config
        .into_verified()
        .map_err(|(_, error)| anyhow!("FLAC: {error}"))?;
    let wide: Vec<i32> = samples.iter().map(|&sample| i32::from(sample)).collect();
    let source = MemSource::from_samples(&wide, 1, 16, rate_hz as usize);
    let mut stream = flacenc::encode_with_fixed_block_size(&config, source, block_size)
        .map_err(|error| anyhow!("FLAC: {error:?}"))?;
    // The format leaves the last block out of the smallest size.
    stream
        .stream_info_mut()
        .set_block_sizes(block_size, block_size)
        .map_err(|error| anyhow!("FLAC: {error}"))?;
    let mut sink = ByteSink::new();
    stream
        .write(&mut sink)
        .map_err(|error| anyhow!("FLAC: {error:?}"))?;
    Ok(sink.as_slice().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sabotage::spoil::example::example;
    use audio_features::read_recording;

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut material = example();
        material.recordings[0].sound.container = Container::Flac;
        write(&material, folder.path()).unwrap();
        let table = fs::read_to_string(folder.path().join(TABLE)).unwrap();
        assert_eq!(table.lines().count(), 1 + material.recordings.len());
        let line = "audio/Train000.flac\tTrain00\tc0\tTrain00-0\tf\ttrain";
        assert_eq!(table.lines().nth(1), Some(line));
        let list = fs::read_to_string(folder.path().join(TRIALS)).unwrap();
        assert_eq!(list.lines().count(), material.trials.len());
        for (one, name) in material
            .recordings
            .iter()
            .zip(["Train000.flac", "Train001.wav"])
        {
            let path = folder.path().join("audio").join(name);
            let read = read_recording(&path, 16_000).unwrap().waveform.samples;
            assert_eq!(read.len(), one.sound.samples.len());
            let worst = read.iter().zip(one.sound.samples.iter());
            let worst = worst.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst <= 0.5 / 32_768.0, "{worst}");
        }
    }

    #[test]
    fn without_a_table_a_folder_is_a_speaker() {
        let folder = tempfile::tempdir().unwrap();
        let mut material = example();
        material.has_table = false;
        material.trials.clear();
        material.recordings.truncate(6);
        for (index, one) in material.recordings.iter_mut().enumerate() {
            one.id = format!("r{index}");
        }
        write(&material, folder.path()).unwrap();
        assert!(folder.path().join("Train01/r5.wav").exists());
        assert!(!folder.path().join(TABLE).exists());
    }
}
