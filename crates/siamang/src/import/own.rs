//! Files that Siamang wrote itself. They carry the front end that comes before their graph, and may have sherpa-onnx's keys as well, by
//! which another family's front end would be taken for theirs.

use std::collections::BTreeMap;

use audio_features::{FeatureConfig, Normalisation};
use serde::Deserialize;
use serde_json::Value;
use speaker_model::{GraphRun, Imported, Segmentation};
use speaker_scoring::Thresholds;

/// The key of the metadata.
const KEY: &str = "siamang";

/// The description that is understood.
const FORMAT_VERSION: u32 = 1;

/// What a file says of itself.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Own {
    /// What comes before the graph: one that we wrote normalises features itself.
    pub(super) features: FeatureConfig,
    /// How a graph that others wrote is run.
    pub(super) run: Option<OthersGraph>,
    /// How its bundle cuts recordings.
    pub(super) segmentation: Segmentation,
    /// Cosines that were measured with it.
    pub(super) thresholds: Thresholds,
    /// What the bundle was imported from.
    pub(super) imported: Option<Imported>,
}

/// A graph that others wrote and we described.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct OthersGraph {
    pub(super) input: String,
    pub(super) output: String,
    pub(super) run: GraphRun,
}

impl Own {
    /// Where the file comes from: from us, and before that from those who trained its network.
    pub(super) fn origin(self, file: Imported) -> Imported {
        let [network, licence, authors] = match self.imported {
            Some(trained) => [trained.network, trained.licence, trained.authors],
            None => ["a network", "not known", "not known"].map(str::to_owned),
        };
        Imported {
            family: KEY.to_owned(),
            network,
            licence,
            authors,
            ..file
        }
    }
}

/// The parts of the description that are needed.
#[derive(Deserialize)]
struct Description {
    front_end: serde_json::Map<String, Value>,
    segmentation: Segmentation,
    #[serde(default)]
    thresholds: Thresholds,
    #[serde(default)]
    imported: Option<Imported>,
    #[serde(default)]
    graph: Option<GraphRun>,
    #[serde(default)]
    input: Named,
    #[serde(default)]
    output: Named,
}

#[derive(Default, Deserialize)]
struct Named {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Version {
    format_version: u32,
}

/// What a file's metadata say of it, where Siamang wrote it.
///
/// # Errors
/// What is wrong with a description that is there, in words.
pub(super) fn said(metadata: &BTreeMap<String, String>) -> Result<Option<Own>, String> {
    let Some(text) = metadata.get(KEY) else {
        return Ok(None);
    };
    let unknown =
        |found: String| format!("has metadata under `{KEY}` that are not understood: {found}");
    let Version { format_version } =
        serde_json::from_str(text).map_err(|error| unknown(error.to_string()))?;
    if format_version != FORMAT_VERSION {
        return Err(unknown(format!(
            "`format_version` {format_version}, expected {FORMAT_VERSION}"
        )));
    }
    let description: Description =
        serde_json::from_str(text).map_err(|error| unknown(error.to_string()))?;
    // What is off stands there as null.
    let mut constants = description.front_end;
    constants.retain(|_, value| !value.is_null());
    let features: FeatureConfig = serde_json::from_value(Value::Object(constants))
        .map_err(|error| unknown(error.to_string()))?;
    let features = match description.graph {
        Some(_) => features,
        None => FeatureConfig {
            top_db: None,
            normalisation: Normalisation::None,
            ..features
        },
    };
    features
        .validate()
        .map_err(|error| unknown(error.to_string()))?;
    Ok(Some(Own {
        features,
        run: description.graph.map(|run| OthersGraph {
            input: description.input.name,
            output: description.output.name,
            run,
        }),
        segmentation: description.segmentation,
        thresholds: description.thresholds,
        imported: description.imported,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Option<Own>, String> {
        said(&BTreeMap::from([(KEY.to_owned(), text.to_owned())]))
    }

    #[test]
    fn the_graph_normalises_and_the_rest_is_before_it() {
        let mut features = FeatureConfig::speechbrain();
        let constants = serde_json::to_string(&features).unwrap();
        let constants = constants.replacen('{', r#"{"speech_activity":null,"#, 1);
        let text = format!(
            r#"{{"format_version":1,"front_end":{constants},"segmentation":{{"frames":40}},"other":3}}"#
        );
        features.top_db = None;
        features.normalisation = Normalisation::None;
        let expected = Own {
            features,
            run: None,
            segmentation: Segmentation::Frames(40),
            thresholds: Thresholds::default(),
            imported: None,
        };
        assert_eq!(of(&text), Ok(Some(expected)));
        assert_eq!(said(&BTreeMap::new()), Ok(None));
    }

    #[test]
    fn a_description_that_is_not_understood_is_refused() {
        for text in [
            "",
            "{}",
            "3",
            r#"{"format_version":2}"#,
            r#"{"format_version":1}"#,
        ] {
            let error = of(text).unwrap_err();
            assert!(error.contains("`siamang`"), "{error}");
        }
        let mut features = FeatureConfig::kaldi();
        features.num_bins = 0;
        let constants = serde_json::to_string(&features).unwrap();
        let text =
            format!(r#"{{"format_version":1,"front_end":{constants},"segmentation":"whole"}}"#);
        assert!(of(&text).unwrap_err().contains("num_bins"));
    }
}
