//! What a Parquet file of embeddings says about itself: how it was made, of which recordings, and which part of a work
//! it is. It is one entry of the file's key-value metadata, so that nobody who reads the columns sees it.

use serde::{Deserialize, Serialize};
use speaker_scoring::Centre;
use speech_data::store::Part;

use crate::outcome::Skipped;

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
    pub(crate) model_hash: String,
    /// Version of siamang.
    pub(crate) version: String,
    pub(crate) device: String,
    pub(crate) precision: String,
    pub(crate) simd: String,
    /// Mean that was subtracted, or, with `these`, is to be.
    pub centre: Centre,
    /// How many recordings there are, those that could not be used included.
    pub num_recordings: u32,
    /// BLAKE3 of their names, speakers and contents, or sizes, in order.
    pub(crate) recordings_hash: String,
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
