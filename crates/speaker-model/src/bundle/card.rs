//! What was measured of a model, beside what it is.

use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};
use speaker_scoring::Thresholds;

use super::files::BundleFiles;
use super::sound::MeasuredSound;
use crate::ModelError;

pub(super) const CARD_FILE: &str = "card.toml";

/// A bundle's `card.toml`. It is no part of what decides embeddings, so that a threshold can be set without the model
/// becoming another.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Card {
    #[serde(default, skip_serializing_if = "Thresholds::is_empty")]
    pub(super) thresholds: Thresholds,
    /// The trials that the thresholds were fitted on, where a training fitted them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) fitted_on: Option<FittedOn>,
    /// What the thresholds were measured on.
    #[serde(default, skip_serializing_if = "is_unknown")]
    pub(super) sound: MeasuredSound,
    /// The model that it learned from, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) teacher: Option<TeacherOrigin>,
    /// What else somebody wrote there; it goes where the bundle goes.
    #[serde(flatten)]
    others: toml::Table,
}

/// Which model a training learned from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeacherOrigin {
    /// What it is called.
    pub name: String,
    /// Commit of the program that trained it, or imported it.
    #[serde(default)]
    pub commit: String,
    /// BLAKE3 of what decides its embeddings ([`Bundle::hash`](crate::Bundle::hash)).
    #[serde(default)]
    pub hash: String,
}

/// `[fitted_on]` of a card: the development trials of a training, which gave its thresholds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedOn {
    /// Names of the trial lists.
    pub trials: Vec<String>,
    /// Trials of one speaker.
    pub num_target: usize,
    /// Trials of two speakers.
    pub num_nontarget: usize,
    /// Recordings that they name.
    pub num_recordings: usize,
    /// Speakers of these, as far as they are known.
    pub num_speakers: usize,
    /// Mean EER over the lists, 0 to 1.
    pub eer: f64,
    /// Training steps that had been taken.
    pub step: u64,
}

impl Card {
    /// The card of the bundle of `files`, empty where there is none; `weights` is the hash of its weights.
    pub(super) fn read(
        files: &BundleFiles<'_>,
        weights: impl FnOnce() -> Result<String, ModelError>,
    ) -> Result<Self, ModelError> {
        let path = files.path(CARD_FILE);
        let fault = |field: &str, found: String, expected: String, remedy| ModelError::Bundle {
            path: path.clone(),
            field: field.to_owned(),
            found,
            expected,
            remedy,
        };
        let text = match files.read_text(CARD_FILE) {
            Err(ModelError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            other => other?,
        };
        let card: Self = toml::from_str(&text).map_err(|error| {
            fault(
                "thresholds, fitted_on, sound or teacher",
                error.message().to_owned(),
                "numbers `verify` and `cluster`, `centre` and `model`; under `[sound]` pairs of numbers `speech_s`, `snr_db` and `band_hz`; under `[teacher]` `name`, `commit` and `hash`"
                    .to_owned(),
                "correct the card, or remove it",
            )
        })?;
        card.sound.validate(&path)?;
        if let Some(model) = &card.thresholds.model {
            let weights = weights()?;
            if *model != weights {
                return Err(fault(
                    "thresholds.model",
                    model.clone(),
                    weights,
                    "take the card from the bundle that the weights come from, or remove it: thresholds hold for one model",
                ));
            }
        }
        Ok(card)
    }

    /// Writes the card for the model whose weights have this hash; with nothing on it, removes the one that is there.
    pub(super) fn write(&self, directory: &Path, weights: &str) -> Result<(), ModelError> {
        let path = directory.join(CARD_FILE);
        if *self == Self::default() {
            return match std::fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    Err(ModelError::io(&path)(error))
                }
                _ => Ok(()),
            };
        }
        let mut card = self.clone();
        if !card.thresholds.is_empty() {
            card.thresholds.model = Some(weights.to_owned());
        }
        let text = toml::to_string(&card).map_err(|error| ModelError::Bundle {
            path: path.clone(),
            field: "thresholds".to_owned(),
            found: error.to_string(),
            expected: "values that TOML can hold".to_owned(),
            remedy: "report this as a defect",
        })?;
        durable::write(&path, text.as_bytes()).map_err(ModelError::io(&path))
    }
}

fn is_unknown(sound: &MeasuredSound) -> bool {
    *sound == MeasuredSound::default()
}
