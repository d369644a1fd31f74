//! What a file says of itself, so that features can be made for it years later.

use audio_features::{FeatureConfig, Normalisation};
use onnx_graph::write::SherpaLack;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use speaker_scoring::Thresholds;

use super::single::{least_frames, longest_single};
use crate::ModelError;
use crate::adaptation::AdaptedFrom;
use crate::bundle::{Bundle, Imported, Origin};
#[cfg(feature = "onnx")]
use crate::extractor::GraphConfig;
use crate::extractor::GraphLayout;
use crate::model::EmbeddingModel;
use crate::segments::Segmentation;

/// The names that WeSpeaker's files have, which runtimes look for.
pub(super) const INPUT: &str = "feats";
pub(super) const OUTPUT: &str = "embs";

const LOG_MEL: &str = "log_mel";

/// Of this description; another number says that fields have another meaning.
const FORMAT_VERSION: u32 = 1;

/// The JSON under the key `siamang` of a file's `metadata_props`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AboutOnnx {
    /// Of this description.
    pub format_version: u32,
    /// Version of the program that wrote it.
    pub version: &'static str,
    /// What goes in.
    pub input: OnnxPort,
    /// What comes out.
    pub output: OnnxPort,
    /// Rate of the samples that features are made of, in Hz.
    pub sample_rate_hz: u32,
    /// The whole front end with every constant, as `[features]` of a bundle; `null` is off.
    pub front_end: Value,
    /// What of it comes before the graph, in this order.
    pub before_the_graph: Vec<&'static str>,
    /// What the graph does, in this order.
    pub in_the_graph: Vec<&'static str>,
    /// What follows the graph, in this order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub behind_the_graph: Vec<&'static str>,
    /// How a graph that others trained is run; absent in files of our own encoders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub graph: Option<GraphRun>,
    /// Fewest frames that the network takes.
    pub least_frames: usize,
    /// How recordings are cut before they are embedded, which is not in the graph.
    pub segmentation: Segmentation,
    /// Frames of the longest recording that is one segment; absent where there is no longest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longest_in_one_piece: Option<usize>,
    /// What the graph's vectors have to do with those of the bundle.
    pub equality: String,
    /// Cosines from which on two embeddings count as one speaker's, where they are known.
    #[serde(skip_serializing_if = "Thresholds::is_empty")]
    pub thresholds: Thresholds,
    /// Where the model comes from.
    pub origin: Origin,
    /// What it was imported from, where others trained it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imported: Option<Imported>,
    /// What it was adapted from, in the order in which that was done.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub adapted: Vec<AdaptedFrom>,
    /// Whether sherpa-onnx can run the file; absent of a file that others wrote, whose keys for it stay as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sherpa_onnx: Option<SherpaFit>,
}

/// An input or output of the graph.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OnnxPort {
    /// Its name.
    pub name: String,
    /// Its axes: names of those that may have any size, numbers of others.
    pub axes: Vec<String>,
    /// What its numbers are.
    pub values: String,
}

/// What has to be known of a graph that others trained beside its input and output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphRun {
    /// Order of the axes of its input.
    pub layout: GraphLayout,
    /// Name of the input that takes the number of frames, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<String>,
    /// Frames of zeros are put behind a recording until their number is a multiple of this.
    pub frames_multiple: usize,
}

/// Whether sherpa-onnx, whose front end is fixed, feeds a file rightly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SherpaFit {
    /// If not, its keys are not in the file, so that it refuses it.
    pub feeds_it_rightly: bool,
    /// What it would do otherwise.
    pub differences: Vec<String>,
}

impl AboutOnnx {
    pub(super) fn of(
        bundle: &Bundle,
        sherpa: &Result<Vec<(String, String)>, SherpaLack>,
    ) -> Result<Self, ModelError> {
        let embedder = bundle.embedder();
        let features = embedder.front_end().config();
        let longest = longest_single(embedder.segmentation());
        let [before_the_graph, in_the_graph] = stages(
            features,
            !embedder.adaptations().is_empty(),
            embedder.centre().is_some(),
        );
        let any = |name: &str| name.to_owned();
        Ok(Self {
            format_version: FORMAT_VERSION,
            version: env!("CARGO_PKG_VERSION"),
            input: OnnxPort {
                name: INPUT.to_owned(),
                axes: vec![any("items"), any("frames"), features.num_bins.to_string()],
                values: frames_in_words(&before_the_graph, features),
            },
            output: OnnxPort {
                name: OUTPUT.to_owned(),
                axes: vec![any("items"), embedder.dim().to_string()],
                values: "embeddings of length 1, to be compared by their cosine".to_owned(),
            },
            sample_rate_hz: features.sample_rate_hz,
            front_end: every_constant(features)?,
            before_the_graph,
            in_the_graph,
            behind_the_graph: Vec::new(),
            graph: None,
            least_frames: least_frames(embedder)?,
            segmentation: embedder.segmentation(),
            longest_in_one_piece: longest,
            equality: equality(features, longest),
            thresholds: bundle.thresholds().clone(),
            origin: bundle.config().origin.clone(),
            imported: bundle.config().imported.clone(),
            adapted: bundle.config().adapted.clone(),
            sherpa_onnx: Some(SherpaFit {
                feeds_it_rightly: sherpa.is_ok(),
                differences: match sherpa {
                    Ok(_) => Vec::new(),
                    Err(lack) => lack.differences.clone(),
                },
            }),
        })
    }

    /// Of a bundle whose network is a graph that others trained: it is the encoder alone, and everything else stands around it.
    #[cfg(feature = "onnx")]
    pub(super) fn of_graph(bundle: &Bundle, graph: &GraphConfig) -> Result<Self, ModelError> {
        let embedder = bundle.embedder();
        let features = embedder.front_end().config();
        let longest = longest_single(embedder.segmentation());
        let [mut before_the_graph, inside] = stages(features, false, false);
        let (encoder, behind) = ("encoder", "unit_length");
        let others = |stage: &&str| ![encoder, behind].contains(stage);
        before_the_graph.extend(inside.into_iter().filter(others));
        let mut axes = [
            "items".to_owned(),
            "frames".to_owned(),
            features.num_bins.to_string(),
        ];
        if graph.layout == GraphLayout::BinsFrames {
            axes.swap(1, 2);
        }
        let others = before_the_graph.iter().filter(|stage| **stage != LOG_MEL);
        let others: Vec<&str> = others.copied().collect();
        Ok(Self {
            format_version: FORMAT_VERSION,
            version: env!("CARGO_PKG_VERSION"),
            input: OnnxPort {
                name: graph.input.clone(),
                axes: axes.into(),
                values: match others.is_empty() {
                    true => "log-mel frames".to_owned(),
                    false => format!("log-mel frames after {}", others.join(" and ")),
                },
            },
            output: OnnxPort {
                name: graph.output.clone(),
                axes: vec!["items".to_owned(), graph.embedding_dim.to_string()],
                values: "embeddings of any length, to be compared by their cosine".to_owned(),
            },
            sample_rate_hz: features.sample_rate_hz,
            front_end: every_constant(features)?,
            before_the_graph,
            in_the_graph: vec![encoder],
            behind_the_graph: vec![behind],
            graph: Some(GraphRun {
                layout: graph.layout,
                length: graph.length.clone(),
                frames_multiple: graph.frames_multiple,
            }),
            least_frames: least_frames(embedder)?,
            segmentation: embedder.segmentation(),
            longest_in_one_piece: longest,
            equality: format!(
                "vectors are brought to length 1; {}",
                equality(features, longest)
            ),
            thresholds: bundle.thresholds().clone(),
            origin: bundle.config().origin.clone(),
            imported: bundle.config().imported.clone(),
            adapted: Vec::new(),
            sherpa_onnx: None,
        })
    }

    pub(super) fn to_json(&self) -> Result<String, ModelError> {
        serde_json::to_string(self).map_err(|error| unwritable(&error))
    }
}

fn unwritable(error: &serde_json::Error) -> ModelError {
    ModelError::Shape {
        what: "description of the model",
        found: error.to_string(),
        expected: "values that JSON can hold".to_owned(),
    }
}

/// What comes before the graph, and what is in it.
fn stages(features: &FeatureConfig, is_adapted: bool, is_centred: bool) -> [Vec<&'static str>; 2] {
    let mut before = Vec::new();
    before.extend(features.least_level_dbfs.map(|_| "least_level_dbfs"));
    before.push(LOG_MEL);
    before.extend(features.whole_windows.map(|_| "whole_windows"));
    before.extend(features.speech_activity.as_ref().map(|_| "speech_activity"));
    before.extend(features.relative_level.map(|_| "relative_level"));
    let mut inside = Vec::new();
    inside.extend(features.top_db.map(|_| "top_db"));
    inside.extend(match features.normalisation {
        Normalisation::None => None,
        Normalisation::GlobalMean => Some("normalisation by the training's mean"),
        Normalisation::Utterance => Some("normalisation by the recording's mean"),
        Normalisation::UtteranceDeviation => {
            Some("normalisation by the recording's mean and deviation")
        }
    });
    inside.push("encoder");
    inside.extend(is_adapted.then_some("adaptation"));
    inside.extend(is_centred.then_some("centre"));
    inside.push("unit_length");
    [before, inside]
}

/// What goes into the graph.
fn frames_in_words(before_the_graph: &[&str], features: &FeatureConfig) -> String {
    let mut words = "log-mel frames".to_owned();
    let others = before_the_graph.iter().filter(|stage| **stage != LOG_MEL);
    let others: Vec<&str> = others.copied().collect();
    if !others.is_empty() {
        words += &format!(" after {}", others.join(" and "));
    }
    if features.top_db.is_some() || features.normalisation != Normalisation::None {
        words += ", not normalised yet";
    }
    words
}

/// The configuration with the fields that TOML leaves out.
fn every_constant(features: &FeatureConfig) -> Result<Value, ModelError> {
    let mut value = serde_json::to_value(features).map_err(|error| unwritable(&error))?;
    let over = serde_json::to_value(features.preemphasis_over);
    if let Value::Object(fields) = &mut value {
        let over = over.map_err(|error| unwritable(&error))?;
        fields.insert("preemphasis_over".to_owned(), over);
        for off in [
            "least_level_dbfs",
            "whole_windows",
            "top_db",
            "speech_activity",
            "relative_level",
        ] {
            fields.entry(off).or_insert(Value::Null);
        }
    }
    Ok(value)
}

/// What the graph's vectors have to do with those of the bundle, in words.
fn equality(features: &FeatureConfig, longest: Option<usize>) -> String {
    let Some(longest) = longest else {
        return "the graph's vector of all frames of a recording is Siamang's embedding of it"
            .to_owned();
    };
    let seconds = longest as f64 * features.hop_s();
    let over_all = match features.normalisation {
        Normalisation::Utterance | Normalisation::UtteranceDeviation => {
            ", with features that are normalised over all of the recording,"
        }
        _ => "",
    };
    format!(
        "the graph takes all frames as one segment: of a recording of up to {longest} frames ({seconds} s) its vector is Siamang's embedding; a longer one Siamang cuts into segments{over_all} and takes the mean of their vectors, which is another vector than the graph's"
    )
}
