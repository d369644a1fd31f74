//! What a Parquet file of embeddings says about itself: how it was made, of which recordings, and which part of a work
//! it is. It is one entry of the file's key-value metadata, so that nobody who reads the columns sees it.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use speaker_model::Simd;
use speaker_scoring::Centre;
use speech_data::Holder;
use speech_data::store::Part;

use super::set::Skipped;
use crate::error::Error;
use crate::model::Model;
use crate::recordings::Input;

/// The entry's key.
pub(crate) const NOTE_KEY: &str = "siamang";

/// The format that this version writes, and the newest that it reads.
const FORMAT_VERSION: u32 = 1;

/// What a file says about itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    format_version: u32,
    /// What was to be embedded, and how: the same in all parts of a work and in the whole.
    pub work: Work,
    /// Which part the file is; none where it is the whole.
    pub part: Option<Part>,
    /// Of a part, the place of each row in the list of all recordings.
    pub places: Vec<u32>,
    /// Recordings that could not be used.
    pub left_out: Vec<LeftOut>,
}

/// A recording that could not be used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// Its place in the list of all recordings.
    pub place: u32,
    /// Its name.
    pub id: String,
    /// Why.
    pub reason: String,
}

/// Recordings to be embedded, and all that shapes their embeddings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Work {
    /// Where the model was.
    pub model: String,
    /// [`Bundle::hash`].
    model_hash: String,
    /// Version of siamang.
    version: String,
    device: String,
    precision: String,
    simd: String,
    /// Mean that was subtracted, or, with `these`, is to be.
    pub centre: Centre,
    /// How many recordings there are, those that could not be used included.
    pub num_recordings: u32,
    /// BLAKE3 of their names, speakers and contents, or sizes, in order.
    recordings_hash: String,
}

impl Note {
    pub(crate) fn new(work: Work, part: Option<Part>) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            work,
            part,
            places: Vec::new(),
            left_out: Vec::new(),
        }
    }

    /// Reads what [`NOTE_KEY`] holds.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Version {
            format_version: u32,
        }
        let damaged = |error: serde_json::Error| format!("its metadata `{NOTE_KEY}`: {error}");
        // The version comes first: a newer format may have fields that this version does not know.
        let Version { format_version } = serde_json::from_str(text).map_err(damaged)?;
        if format_version > FORMAT_VERSION {
            return Err(format!(
                "its metadata `{NOTE_KEY}` has format version {format_version}, this version reads up to {FORMAT_VERSION}"
            ));
        }
        serde_json::from_str(text).map_err(damaged)
    }

    /// What could not be used, as it is reported.
    pub(crate) fn skipped(&self) -> Vec<Skipped> {
        let skipped = self.left_out.iter().map(|left_out| Skipped {
            id: left_out.id.clone(),
            reason: left_out.reason.clone(),
        });
        skipped.collect()
    }
}

impl Work {
    /// The work of embedding `inputs`, all parts together, by `model`.
    pub(crate) fn new(model: &Model, centre: Centre, inputs: &[Input]) -> Result<Self, Error> {
        Ok(Self {
            model: model.name(),
            model_hash: model.hash()?,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            device: model.compute().device.clone(),
            precision: format!("{:?}", model.compute().compute_type).to_lowercase(),
            simd: Simd::chosen()
                .map_err(|error| Error::Instructions(error.to_string()))?
                .to_string(),
            centre,
            num_recordings: u32::try_from(inputs.len()).map_err(|_| {
                Error::Defect("more recordings than a file of embeddings can count")
            })?,
            recordings_hash: hash(inputs),
        })
    }

    /// The first thing that two works differ in, what either has, and what to do.
    pub(crate) fn difference(&self, other: &Self) -> Option<[String; 4]> {
        let differ = |what: &str, a: &dyn ToString, b: &dyn ToString, remedy: &str| {
            let (a, b) = (a.to_string(), b.to_string());
            (a != b).then(|| [what.to_owned(), a, b, remedy.to_owned()])
        };
        let same_model = "make all parts with one model";
        let same_settings = "make all parts with one version and the same settings, on processors with the same vector instructions";
        let same_list = "make all parts from the same recordings, given in the same order";
        differ("model", &self.model_hash, &other.model_hash, same_model)
            .or_else(|| differ("version", &self.version, &other.version, same_settings))
            .or_else(|| differ("device", &self.device, &other.device, same_settings))
            .or_else(|| {
                differ(
                    "precision",
                    &self.precision,
                    &other.precision,
                    same_settings,
                )
            })
            .or_else(|| differ("simd", &self.simd, &other.simd, same_settings))
            .or_else(|| differ("centre", &self.centre, &other.centre, same_settings))
            .or_else(|| {
                let [a, b] = [self, other].map(|work| work.num_recordings);
                differ("number of recordings", &a, &b, same_list)
            })
            .or_else(|| {
                let [a, b] = [self, other].map(|work| &work.recordings_hash);
                differ("list of recordings", a, b, same_list)
            })
    }
}

/// Of a stored recording the checksum counts, of a file its size: it is not read here.
fn hash(inputs: &[Input]) -> String {
    let contents: Vec<Vec<u8>> = inputs
        .par_iter()
        .map(|input| match input.location.holder() {
            Holder::Memory { bytes, .. } => blake3::hash(bytes).as_bytes().to_vec(),
            Holder::Stored { store, name } => {
                let entry = store.find(name).and_then(|index| store.entry(index).ok());
                entry.map_or(Vec::new(), |entry| entry.checksum.to_vec())
            }
            Holder::File(path) => match std::fs::metadata(path) {
                Ok(metadata) => metadata.len().to_le_bytes().to_vec(),
                Err(_) => Vec::new(),
            },
        })
        .collect();
    let mut hasher = blake3::Hasher::new();
    let mut add = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    for (input, content) in inputs.iter().zip(&contents) {
        add(input.id.as_bytes());
        add(input.speaker.as_deref().unwrap_or_default().as_bytes());
        add(content);
        if let Some(cut) = input.location.part() {
            add(&cut.start_s().to_le_bytes());
            add(&cut.end_s().to_le_bytes());
        }
    }
    hasher.finalize().to_hex().to_string()
}
