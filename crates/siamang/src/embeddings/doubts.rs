//! Why an embedding may be worth little, by how its recording sounds.

use audio_features::{LEAST_SPEECH_S, Quality};
use speaker_model::{Embedder, EmbeddingModel};

/// Silence in more than this share of a recording moves the embedding of a model that does not leave it out.
const MOST_SILENCE: f64 = 0.5;

/// Noise within this of the speech, in dB, is heard as a part of the voice.
const NOISY_DB: f64 = 3.0;

/// What should be known of a recording before its embedding by this model is believed.
pub(super) fn doubts(quality: &Quality, embedder: &Embedder) -> Vec<String> {
    let features = embedder.front_end().config();
    if !quality.is_heard() {
        return vec![format!(
            "{:.2} s of speech in {:.2} s: less than {LEAST_SPEECH_S} s say nothing of who speaks",
            quality.speech_s, quality.seconds
        )];
    }
    let mut doubts = Vec::new();
    if features.speech_activity.is_none() && 1.0 - quality.speech_share > MOST_SILENCE {
        doubts.push(format!(
            "{:.0} % of it hold no speech, and this model hears them as well",
            100.0 * (1.0 - quality.speech_share)
        ));
    }
    if let Some(band_hz) = quality
        .band_hz
        .filter(|band_hz| *band_hz < embedder.least_band_hz())
    {
        doubts.push(format!(
            "the sound ends near {band_hz:.0} Hz, where the model listens up to {:.0} Hz: thresholds were made for other sound",
            features.high_hz
        ));
    }
    if let Some(snr_db) = quality.snr_db.filter(|snr_db| *snr_db < NOISY_DB) {
        doubts.push(format!("the speech is only {snr_db:.0} dB above the noise"));
    }
    doubts
}
