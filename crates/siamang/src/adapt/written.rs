//! A found map, as part of a bundle.

use speaker_model::{AdaptedFrom, Bundle, TrainingSpeakers};
use speaker_scoring::{Centre, Thresholds};
use speech_data::Utterance;

use super::find::FoundMap;
use super::labelled::LabelledSet;
use crate::error::Error;
use crate::model::Model;

/// What the bundle says of the recordings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdaptedData {
    /// In words.
    pub description: String,
    /// Seed of the draws.
    pub seed: u64,
}

/// The bundle of `model` behind the map: its embeddings are the map's, its card has the threshold of speakers held out, and it says what
/// it comes from and whom it knows. None where there is no map.
///
/// # Errors
/// [`Error::Model`] where the model's files cannot be read any more, or the map is one of other embeddings.
pub fn adapted_bundle(
    model: Model,
    set: &LabelledSet,
    found: &FoundMap,
    data: &AdaptedData,
) -> Result<Option<Bundle>, Error> {
    let Some(map) = &found.map else {
        return Ok(None);
    };
    let from = AdaptedFrom {
        bundle: model.hash()?,
        data: data.description.clone(),
        data_hash: recordings_hash(&set.utterances),
        num_speakers: set.num_speakers(),
        num_recordings: set.num_recordings(),
        num_sessions_beyond: found.num_sessions_beyond,
        num_copies: set.num_copies(),
        seed: data.seed,
        centred: false,
        map: found.choice,
    };
    let bundle = model.into_bundle();
    let known = bundle.training_speakers().cloned();
    let names = set.speakers().iter().map(String::as_str);
    let speakers = match known {
        Some(known) => known.and(names),
        None => TrainingSpeakers::of(names),
    };
    let thresholds = Thresholds {
        verify: Some((1000.0 * found.threshold).round() / 1000.0),
        cluster: None,
        centre: Centre::Model,
        model: None,
    };
    Ok(Some(
        bundle
            .adapted(map, from)?
            .with_thresholds(thresholds)
            .with_training_speakers(speakers),
    ))
}

/// BLAKE3 of the names of recordings and their speakers.
#[must_use]
pub fn recordings_hash(utterances: &[Utterance]) -> String {
    let mut hasher = blake3::Hasher::new();
    for utterance in utterances {
        for part in [&utterance.id, &utterance.speaker] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
    }
    hasher.finalize().to_hex().to_string()
}
