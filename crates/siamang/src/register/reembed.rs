//! A register moves to another model: its recordings are embedded anew, where they still are what they were.

use std::path::Path;
use std::time::Duration;

use audio_features::SpeechDetector;
use serde::Serialize;
use voice_register::{Entry, Register, Writer};

use super::content::content_hash;
use super::owner::{Facts, owner};
use crate::embeddings::{DEFAULT_MEMORY_MB, embed_each};
use crate::error::Error;
use crate::model::Model;
use crate::outcome::Embedded;
use crate::progress::Progress;
use crate::recordings::Input;

/// An enrolled recording that cannot be embedded anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lost {
    /// The voice.
    pub name: String,
    /// Where the recording was.
    pub place: String,
    /// Why it cannot be used.
    pub reason: String,
}

/// What became of a register.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reembedded {
    /// Voices of the new register.
    pub num_voices: usize,
    /// Their recordings.
    pub num_recordings: usize,
    /// Recordings that are not among them.
    pub lost: Vec<Lost>,
    /// Voices that are not among them, since none of their recordings is left.
    pub lost_voices: Vec<String>,
}

/// Embeds all recordings of the register at `from` by `model` and makes a new register of them in `to`, which must not exist. What is noted of
/// recordings is taken along.
///
/// # Errors
/// [`Error::Register`], [`Error::Interrupted`], [`Error::Model`]. The old register stays as it is in any case.
pub fn reembed(
    from: &Path,
    to: &Path,
    model: &Model,
    progress: &dyn Progress,
) -> Result<Reembedded, Error> {
    if to.exists() {
        return Err(Error::Write {
            path: to.to_owned(),
            found: "it exists already".to_owned(),
        });
    }
    let register = Register::open(from)?;
    let mut made = Reembedded::default();
    let mut voices: Vec<(String, Vec<Entry>)> = Vec::new();
    let mut inputs = Vec::new();
    let mut places = Vec::new();
    for row in register.rows() {
        let (voice, _) = register.voice(row)?;
        for entry in &voice.entries {
            match found_again(entry) {
                Ok(input) => {
                    inputs.push(input);
                    places.push((voices.len(), entry.about.clone()));
                }
                Err(reason) => made.lost.push(Lost {
                    name: voice.name.clone(),
                    place: entry.about.place.clone(),
                    reason,
                }),
            }
        }
        voices.push((voice.name, Vec::new()));
    }
    let each = |index: usize, outcome: Result<Embedded, Error>| {
        let (voice, about) = &places[index];
        let (name, entries) = &mut voices[*voice];
        match outcome {
            Ok(embedded) => {
                let mut about = about.clone();
                let facts = Facts::of(&inputs[index], &embedded.quality);
                about.facts = serde_json::to_value(facts).unwrap_or_default();
                entries.push(Entry {
                    about,
                    vector: embedded.embedding,
                });
            }
            Err(error) => made.lost.push(Lost {
                name: name.clone(),
                place: about.place.clone(),
                reason: error.explained(),
            }),
        }
        Ok(())
    };
    if !inputs.is_empty() {
        let embedder = model.bundle().embedder();
        let detector = SpeechDetector::Network;
        embed_each(
            embedder,
            &inputs,
            detector,
            DEFAULT_MEMORY_MB,
            progress,
            each,
        )?;
    }
    let (kept, lost): (Vec<_>, Vec<_>) = voices
        .into_iter()
        .partition(|(_, entries)| !entries.is_empty());
    made.lost_voices = lost.into_iter().map(|(name, _)| name).collect();
    made.num_voices = kept.len();
    made.num_recordings = kept.iter().map(|(_, entries)| entries.len()).sum();
    let mut writer = Writer::create(to, owner(model)?, Duration::ZERO)?;
    writer.add_many(kept)?;
    Ok(made)
}

/// The recording of an entry, where it is still what was enrolled.
fn found_again(entry: &Entry) -> Result<Input, String> {
    let place = &entry.about.place;
    let Some(location) = Facts::read(&entry.about).location() else {
        return Err(format!("`{place}` was no file that could be found again"));
    };
    match content_hash(&location) {
        Ok(hash) if hash == entry.about.hash => Ok(Input {
            id: place.clone(),
            location,
            speaker: None,
            session: entry.about.session.clone(),
        }),
        Ok(_) => Err(format!("`{place}` is another recording by now")),
        Err(error) => Err(error.explained()),
    }
}
