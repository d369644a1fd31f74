//! Recordings for tests.

use std::path::Path;

/// Half a second of a made voice: harmonics of the speaker's pitch under the speaker's formants, at 16 kHz, with a
/// little noise that differs from take to take, in three syllables.
pub fn voice(speaker: u32, take: u32) -> Vec<f32> {
    let pitch_hz = 90.0 + 35.0 * speaker as f32;
    let formant_hz = 400.0 + 450.0 * speaker as f32;
    let mut state = speaker * 1000 + take;
    (0..8000)
        .map(|i| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (state >> 8) as f32 / (1 << 24) as f32 - 0.5;
            let time_s = i as f32 / 16_000.0;
            let harmonics = (1..30)
                .map(|k| k as f32 * pitch_hz)
                .take_while(|hz| *hz < 7500.0);
            let tone: f32 = harmonics
                .map(|hz| {
                    let distance = (hz - formant_hz) / 300.0;
                    let level = 0.02 + (-distance * distance).exp();
                    level * (std::f32::consts::TAU * hz * time_s + take as f32).sin()
                })
                .sum();
            // Steady sound is no speech.
            let syllable = 0.5 - 0.5 * (std::f32::consts::TAU * 6.0 * time_s).cos();
            0.1 * (0.05 + syllable) * tone + 0.002 * noise
        })
        .collect()
}

/// Writes interleaved samples as 16-bit WAV.
pub fn write_wav(path: &Path, samples: &[f32], sample_rate: u32, channels: u16) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let spec = hound::WavSpec {
        channels,
        sample_rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for sample in samples {
        writer
            .write_sample((sample * 32_767.0).round() as i16)
            .unwrap();
    }
    writer.finalize().unwrap();
}

/// Writes `root/s<speaker>/<take>.wav`.
pub fn write_corpus(root: &Path, speakers: u32, takes: u32) {
    for speaker in 0..speakers {
        for take in 0..takes {
            let path = root.join(format!("s{speaker}/{take}.wav"));
            write_wav(&path, &voice(speaker, take), 16_000, 1);
        }
    }
}
