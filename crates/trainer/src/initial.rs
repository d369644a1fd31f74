//! The model that a training goes on from.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::Path;

use audio_features::FeatureConfig;
use diagnosis::journal::StartInitial;
use serde::{Deserialize, Serialize};
use speaker_model::{
    Bundle, EmbeddingModel, Encoder, EncoderConfig, NamedTensor, NetworkConfig, Segmentation,
    TakenWeights,
};

use crate::TrainError;

/// The file in a run's directory that says which model it went on from.
const FILE: &str = "initial.json";

/// Names of parameters that are told; the others are counted.
const MOST_NAMED: usize = 4;

/// The model that a training goes on from: its encoder's weights, and what these were trained behind.
#[derive(Clone, Debug)]
pub struct Initial {
    origin: InitialOrigin,
    features: FeatureConfig,
    encoder: EncoderConfig,
    segmentation: Segmentation,
    centred: bool,
    tensors: BTreeMap<String, NamedTensor>,
}

/// Which model it was: what a run and its bundles say of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InitialOrigin {
    /// Its name.
    name: String,
    /// BLAKE3 of what decides its embeddings.
    hash: String,
    /// Network, source and licence, where others trained it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    imported: Option<String>,
    /// The mean frame that its front end subtracts, which its weights were trained behind: the training goes on with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    feature_mean: Option<Vec<f32>>,
    /// Tensors of its encoder that were taken.
    num_taken: usize,
    /// Those of the encoder that are new.
    num_new: usize,
    /// Those of its encoder that fit nowhere.
    num_unused: usize,
}

impl InitialOrigin {
    /// The mean frame that the front end of the run subtracts in the place of that of its own recordings.
    pub(crate) fn feature_mean(&self) -> Option<&[f32]> {
        self.feature_mean.as_deref()
    }

    /// Its name and its hash.
    pub(crate) fn named(self) -> (String, String) {
        (self.name, self.hash)
    }

    /// For the journal.
    pub(crate) fn journaled(&self) -> StartInitial {
        StartInitial {
            name: self.name.clone(),
            hash: self.hash.clone(),
            num_taken: self.num_taken,
            num_new: self.num_new,
            num_unused: self.num_unused,
        }
    }

    /// `data` in words, and what is owed to the model.
    pub(crate) fn described(&self, data: &str) -> String {
        let imported = self.imported.as_ref();
        let imported = imported.map_or(String::new(), |words| format!(" ({words})"));
        format!("{data}; from the weights of {}{imported}", self.name)
    }

    /// Writes down which model a run begins with, if it begins with one.
    pub(crate) fn write(origin: Option<&Self>, run: &Path) -> Result<(), TrainError> {
        let path = run.join(FILE);
        let Some(origin) = origin else {
            // Of a run that ended before its first checkpoint.
            return match std::fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    Err(TrainError::io(path)(error))
                }
                _ => Ok(()),
            };
        };
        let json = serde_json::to_vec_pretty(origin);
        let json = json.map_err(|error| TrainError::io(&path)(error.into()))?;
        durable::write(&path, &json).map_err(TrainError::io(&path))
    }

    /// What a run that goes on says of the model that it began with, if it began with one.
    pub(crate) fn read(run: &Path) -> Result<Option<Self>, TrainError> {
        let path = run.join(FILE);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(TrainError::io(path)(error)),
        };
        let origin = serde_json::from_slice(&bytes);
        origin.map(Some).map_err(|error| TrainError::Checkpoint {
            path,
            found: error.to_string(),
            remedy: "remove the file: nothing but the words on where the run comes from are lost",
        })
    }
}

impl Initial {
    /// The model `bundle`, called `name`, whose BLAKE3 is `hash`.
    ///
    /// # Errors
    /// [`TrainError::GraphModel`] for a network that cannot be trained.
    pub fn new(
        bundle: &Bundle,
        name: impl Into<String>,
        hash: impl Into<String>,
    ) -> Result<Self, TrainError> {
        let (name, hash) = (name.into(), hash.into());
        let config = bundle.config();
        let (NetworkConfig::Encoder(of), Ok(encoder)) =
            (&config.network, bundle.embedder().encoder())
        else {
            return Err(TrainError::GraphModel { name });
        };
        let imported = config.imported.as_ref().map(|imported| {
            format!(
                "{} of {}, {}",
                imported.network, imported.authors, imported.licence
            )
        });
        Ok(Self {
            origin: InitialOrigin {
                name,
                hash,
                imported,
                feature_mean: bundle
                    .embedder()
                    .front_end()
                    .global_mean()
                    .map(<[f32]>::to_vec),
                num_taken: 0,
                num_new: 0,
                num_unused: 0,
            },
            features: config.features.clone(),
            encoder: of.clone(),
            segmentation: config.segmentation,
            centred: config.centred,
            tensors: encoder.tensors(),
        })
    }

    /// The same with an encoder as a run trained it. Where a projection takes statistics over batches, a bundle has those of
    /// recordings in their place.
    pub(crate) fn with_encoder(
        self,
        encoder: EncoderConfig,
        tensors: BTreeMap<String, NamedTensor>,
    ) -> Self {
        Self {
            encoder,
            tensors,
            ..self
        }
    }

    /// What is said of it before it is known what of it fits.
    pub(crate) fn origin(&self) -> &InitialOrigin {
        &self.origin
    }

    /// BLAKE3 of what decides its embeddings.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.origin.hash
    }

    /// The front end that its weights were trained behind.
    #[must_use]
    pub fn features(&self) -> &FeatureConfig {
        &self.features
    }

    /// What its encoder is made of.
    #[must_use]
    pub fn encoder(&self) -> &EncoderConfig {
        &self.encoder
    }

    /// How it cuts a recording.
    #[must_use]
    pub fn segmentation(&self) -> Segmentation {
        self.segmentation
    }

    /// Whether it subtracts a mean of embeddings.
    #[must_use]
    pub fn centred(&self) -> bool {
        self.centred
    }

    /// Refuses a training behind a front end in which a bin says something else. Which frames are heard and how deep an empty
    /// band lies may differ: weights are soon used to that.
    ///
    /// # Errors
    /// [`TrainError::OtherFrontEnd`] with the first field that differs.
    pub(crate) fn check(&self, features: &FeatureConfig) -> Result<(), TrainError> {
        let others = self.other_fields(features);
        let other = others.into_iter().find(|other| !other.may_differ());
        other.map_or(Ok(()), |other| {
            Err(TrainError::OtherFrontEnd {
                name: self.origin.name.clone(),
                field: other.field,
                found: other.found,
                expected: other.expected,
            })
        })
    }

    /// What differs between the front end that its weights were trained behind and another.
    fn other_fields(&self, features: &FeatureConfig) -> Vec<OtherField> {
        let [own, other] = [&self.features, features].map(fields);
        let names: BTreeSet<&String> = own.keys().chain(other.keys()).collect();
        let others = names.into_iter().filter_map(|field| {
            let [found, expected] = [&own, &other].map(|of| of.get(field));
            let value = |value: Option<&String>| value.map_or("absent", String::as_str).to_owned();
            (found != expected).then(|| OtherField {
                field: field.clone(),
                found: value(found),
                expected: value(expected),
            })
        });
        others.collect()
    }

    /// `encoder`, which will stand behind `features`, with those of its weights that fit, and what is told of that.
    ///
    /// # Errors
    /// [`TrainError::NothingTaken`] where none fits.
    pub(crate) fn given(
        &self,
        encoder: Encoder,
        features: &FeatureConfig,
    ) -> Result<(Encoder, InitialOrigin, String), TrainError> {
        let config = encoder.config().clone();
        let thinned = config.thinned(&self.encoder, &self.tensors, encoder.num_bins());
        let (mut tensors, thinned) = match thinned {
            Some(thinned) => (thinned.tensors, Some(thinned.words)),
            None => (self.tensors.clone(), None),
        };
        let num_left = self.tensors.len() - tensors.len();
        let mut left = Vec::new();
        // The same sizes behind another treatment of what comes in are other weights.
        if self.encoder.projection != config.projection {
            left = tensors
                .keys()
                .filter(|name| name.starts_with("projection."))
                .cloned()
                .collect();
            left.iter().for_each(|name| drop(tensors.remove(name)));
        }
        let (encoder, mut weights) = encoder.taking(tensors.clone());
        weights.unused.extend(left);
        if weights.taken.is_empty() {
            let kinds = [&self.encoder, &config].map(kind);
            return Err(TrainError::NothingTaken {
                name: self.origin.name.clone(),
                num: weights.unused.len(),
                found: kinds[0].clone(),
                expected: kinds[1].clone(),
            });
        }
        let mut words = self.words(&weights, &tensors);
        if let Some(thinned) = thinned {
            words += &format!("; thinned to {thinned}");
        }
        for OtherField {
            field,
            found,
            expected,
        } in self.other_fields(features)
        {
            words += &format!("; `{field}` is {expected}, {found} where they were trained");
        }
        let origin = InitialOrigin {
            num_taken: weights.taken.len(),
            num_new: weights.new.len(),
            num_unused: weights.unused.len() + num_left,
            ..self.origin.clone()
        };
        Ok((encoder, origin, words))
    }

    /// What became of `tensors`.
    fn words(&self, weights: &TakenWeights, tensors: &BTreeMap<String, NamedTensor>) -> String {
        let TakenWeights { taken, new, unused } = weights;
        let numbers = |names: &[String]| -> usize {
            let tensors = names.iter().filter_map(|name| tensors.get(name));
            tensors.map(|tensor| tensor.values.len()).sum()
        };
        let all = taken.len() + new.len();
        let mut words = format!(
            "{} of the encoder's {all} tensors ({} numbers) are those of {}",
            taken.len(),
            numbers(taken),
            self.origin.name
        );
        for (what, names) in [("new", new), ("unused of it", unused)] {
            if !names.is_empty() {
                words += &format!("; {what}: {}", some(names));
            }
        }
        words
    }
}

/// The first of some names, and how many more there are.
fn some(names: &[String]) -> String {
    let named: Vec<String> = names
        .iter()
        .take(MOST_NAMED)
        .map(|name| format!("`{name}`"))
        .collect();
    let named = named.join(", ");
    match names.len().saturating_sub(MOST_NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// What a front end is told, by the names of the fields in a configuration.
fn fields(features: &FeatureConfig) -> BTreeMap<String, String> {
    fn flat(prefix: &str, table: &toml::Table, into: &mut BTreeMap<String, String>) {
        for (name, value) in table {
            let name = format!("{prefix}.{name}");
            match value {
                toml::Value::Table(table) => flat(&name, table, into),
                value => drop(into.insert(name, value.to_string())),
            }
        }
    }
    let mut into = BTreeMap::new();
    if let Ok(table) = toml::Table::try_from(features) {
        flat("features", &table, &mut into);
    }
    into
}

/// A field in which two front ends differ.
struct OtherField {
    field: String,
    /// Its value in the model.
    found: String,
    /// Its value in the configuration.
    expected: String,
}

impl OtherField {
    fn may_differ(&self) -> bool {
        let tables = ["features.speech_activity.", "features.relative_level."];
        tables.iter().any(|table| self.field.starts_with(table))
    }
}

/// The kind of an encoder's trunk.
fn kind(encoder: &EncoderConfig) -> String {
    let table = toml::Table::try_from(encoder).ok();
    let kind = table.and_then(|table| Some(table.get("trunk")?.get("kind")?.as_str()?.to_owned()));
    kind.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_a_front_end_are_named_as_in_a_configuration() {
        let [librosa, kaldi] =
            [FeatureConfig::librosa(), FeatureConfig::kaldi()].map(|of| fields(&of));
        assert_eq!(
            librosa.keys().next().map(String::as_str),
            kaldi.keys().next().map(String::as_str)
        );
        assert_eq!(
            kaldi["features.num_bins"],
            kaldi["features.num_bins"]
                .parse::<usize>()
                .map_or(String::new(), |bins| bins.to_string())
        );
        assert_ne!(librosa["features.mel_scale"], kaldi["features.mel_scale"]);
    }

    #[test]
    fn many_names_are_counted() {
        let names: Vec<String> = (0..6).map(|number| number.to_string()).collect();
        assert_eq!(some(&names), "`0`, `1`, `2`, `3` and 2 more");
        assert_eq!(some(&names[..1]), "`0`");
    }
}
