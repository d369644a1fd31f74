//! What decoding one recording tells.

use audio_features::{AudioWarning, LEAST_SPEECH_S, QualityGauge, Recording};

/// A recording whose largest sample is below this (−60 dB of full scale) holds no voice.
const QUIET_PEAK: f32 = 1e-3;

/// What is kept of a recording's audio.
#[derive(Debug)]
pub(super) struct Probe {
    pub(super) seconds: f64,
    /// Rate of the file, in Hz.
    pub(super) rate_hz: u32,
    /// Samples per channel of the file.
    pub(super) num_frames: u64,
    /// BLAKE3 of the samples as 16 bits: equal for one recording in two lossless formats.
    pub(super) content: blake3::Hash,
    /// Whether there is no sound.
    pub(super) is_silent: bool,
    /// The highest frequency with sound, in Hz.
    pub(super) bandwidth_hz: Option<f64>,
    /// Kind and sentence of what is odd.
    pub(super) oddities: Vec<(&'static str, String)>,
}

impl Probe {
    pub(super) fn of(recording: &Recording, gauge: &QualityGauge) -> Self {
        let samples = &recording.waveform.samples;
        let peak = samples
            .iter()
            .fold(0.0f32, |peak, sample| peak.max(sample.abs()));
        let mut oddities: Vec<(&str, String)> = recording
            .warnings
            .iter()
            .map(|warning| (kind(warning), warning.to_string()))
            .collect();
        let is_flat = oddities.iter().any(|(kind, _)| *kind == "Silent");
        let is_quiet = !is_flat && !samples.is_empty() && peak < QUIET_PEAK;
        if is_quiet {
            let level = 20.0 * peak.max(1e-10).log10();
            oddities.push((
                "Silent",
                format!("silence: the largest sample is at {level:.0} dB of full scale, expected above -60"),
            ));
        }
        let quality = gauge.measure(recording);
        // A shorter recording cannot hold it.
        let is_long = quality.seconds >= 2.0 * LEAST_SPEECH_S;
        if !is_flat && !is_quiet && is_long && !quality.is_heard() {
            oddities.push((
                "NoSpeech",
                format!(
                    "{:.2} s of speech in {:.2} s, expected at least {LEAST_SPEECH_S} s: noise, or a level that never moves",
                    quality.speech_s, quality.seconds
                ),
            ));
        }
        let mut content = blake3::Hasher::new();
        for samples in samples.chunks(4_096) {
            let bytes: Vec<u8> = samples
                .iter()
                .flat_map(|sample| ((sample * 32_768.0).round() as i16).to_le_bytes())
                .collect();
            content.update(&bytes);
        }
        Self {
            seconds: recording.waveform.duration_s(),
            rate_hz: recording.source.sample_rate_hz,
            num_frames: recording.source.num_frames,
            content: content.finalize(),
            is_silent: is_flat || is_quiet,
            bandwidth_hz: quality.band_hz,
            oddities,
        }
    }
}

/// The kind of a warning of the decoder.
fn kind(warning: &AudioWarning) -> &'static str {
    match warning {
        AudioWarning::DigitalSilence { .. } => "Silent",
        AudioWarning::Clipping { .. } => "Clipped",
        AudioWarning::DcOffset { .. } => "DcOffset",
        AudioWarning::PartlyReadable { .. } => "Truncated",
        AudioWarning::NonFinite { .. } | AudioWarning::BeyondFullScale { .. } => "BadSamples",
        _ => "Audio",
    }
}
