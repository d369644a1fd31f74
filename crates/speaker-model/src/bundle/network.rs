//! The files of a bundle's network: an encoder's weights, or a graph.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use audio_features::FrontEnd;
use burn::tensor::Device;

use super::config::{BundleConfig, NetworkConfig};
use super::files::BundleFiles;
use super::weights::{self, NamedTensor, WeightType};
use crate::ModelError;
use crate::embedder::Embedder;
use crate::encoder::{Encoder, EncoderConfig};
#[cfg(feature = "onnx")]
use crate::extractor::SpeakerGraph;
use crate::extractor::{Extractor, GraphConfig};
use crate::layers::Initialiser;

pub(super) const WEIGHTS_FILE: &str = "weights.safetensors";
pub(super) const GRAPH_FILE: &str = "graph.onnx";

/// Writes a network and `tensors`, which stand beside it, and removes what another network left there.
pub(super) fn write(
    extractor: &Extractor,
    mut tensors: BTreeMap<String, NamedTensor>,
    directory: &Path,
    weight_type: WeightType,
) -> Result<(), ModelError> {
    let [weights, graph] = [WEIGHTS_FILE, GRAPH_FILE].map(|name| directory.join(name));
    match extractor {
        Extractor::Encoder(encoder) => {
            tensors.extend(weights::tensors_of(encoder.encoder()));
            remove(&graph)?;
        }
        #[cfg(feature = "onnx")]
        Extractor::Graph(own) => {
            durable::write(&graph, own.bytes()).map_err(ModelError::io(&graph))?;
            if tensors.is_empty() {
                return remove(&weights);
            }
        }
    }
    weights::write(&weights, &tensors, weight_type)
}

fn remove(path: &Path) -> Result<(), ModelError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(ModelError::io(path)(error)),
        _ => Ok(()),
    }
}

/// The files that are there: weights, a graph, or a graph with vectors beside it.
pub(super) fn files<'a>(files: BundleFiles<'a>) -> Result<Vec<Cow<'a, [u8]>>, ModelError> {
    match (files.read(WEIGHTS_FILE), files.read(GRAPH_FILE)) {
        (Ok(weights), Ok(graph)) => Ok(vec![weights, graph]),
        (Ok(weights), Err(error)) if is_missing(&error) => Ok(vec![weights]),
        (Err(error), Ok(graph)) if is_missing(&error) => Ok(vec![graph]),
        (Err(error), _) | (_, Err(error)) => Err(error),
    }
}

fn is_missing(error: &ModelError) -> bool {
    matches!(error, ModelError::Io { source, .. } if source.kind() == ErrorKind::NotFound)
}

/// BLAKE3 of these files.
pub(super) fn hash(of: BundleFiles<'_>) -> Result<String, ModelError> {
    let mut hasher = blake3::Hasher::new();
    for bytes in files(of)? {
        hasher.update(&bytes);
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// The tensors of the weights' file, which a graph may lack.
pub(super) fn tensors(
    files: &BundleFiles<'_>,
    network: &NetworkConfig,
) -> Result<BTreeMap<String, NamedTensor>, ModelError> {
    let bytes = match (files.read(WEIGHTS_FILE), network) {
        (Err(error), NetworkConfig::Graph(_)) if is_missing(&error) => return Ok(BTreeMap::new()),
        (bytes, _) => bytes?,
    };
    weights::parse(&bytes, &files.path(WEIGHTS_FILE))
}

/// The network that `config` describes behind its front end; `tensors` are those of the weights' file without the vectors that
/// were taken out of it.
pub(super) fn embedder(
    config: &BundleConfig,
    files: &BundleFiles<'_>,
    tensors: BTreeMap<String, NamedTensor>,
    front_end: FrontEnd,
    centre: Option<Vec<f32>>,
    device: &Device,
) -> Result<Embedder, ModelError> {
    let path = files.path(WEIGHTS_FILE);
    match &config.network {
        NetworkConfig::Encoder(encoder) => {
            let bins = config.features.num_bins;
            let encoder = encoder_of(bins, encoder, tensors, &path, device)?;
            Embedder::new(front_end, encoder, config.segmentation, centre, device)
        }
        NetworkConfig::Graph(graph) => {
            none_left(tensors, &path)?;
            graph_embedder(config, graph, files, front_end, centre)
        }
    }
}

#[cfg(feature = "onnx")]
fn graph_embedder(
    config: &BundleConfig,
    graph: &GraphConfig,
    files: &BundleFiles<'_>,
    front_end: FrontEnd,
    centre: Option<Vec<f32>>,
) -> Result<Embedder, ModelError> {
    let bytes = files.read(GRAPH_FILE)?.into_owned();
    let graph = SpeakerGraph::of_bundle(bytes, graph, config.features.num_bins);
    let graph = graph.map_err(|difference| ModelError::Bundle {
        path: files.path(GRAPH_FILE),
        field: difference.field.to_owned(),
        found: difference.found,
        expected: difference.expected,
        remedy: difference.remedy,
    })?;
    Embedder::of_graph(front_end, graph, config.segmentation, centre)
}

#[cfg(not(feature = "onnx"))]
fn graph_embedder(
    _: &BundleConfig,
    _: &GraphConfig,
    files: &BundleFiles<'_>,
    _: FrontEnd,
    _: Option<Vec<f32>>,
) -> Result<Embedder, ModelError> {
    Err(ModelError::NoGraphs {
        path: files.path(GRAPH_FILE),
    })
}

/// The encoder that `config` describes, for frames of `num_bins` bins, with the weights `tensors`, which messages say to be of
/// `path`. No more memory is asked for than the tensors have numbers, whatever the configuration claims.
///
/// # Errors
/// [`ModelError::Bundle`] for a missing, misshapen or needless tensor, [`ModelError::Config`].
pub fn encoder_of(
    num_bins: usize,
    config: &EncoderConfig,
    mut tensors: BTreeMap<String, NamedTensor>,
    path: &Path,
    device: &Device,
) -> Result<Encoder, ModelError> {
    let total = tensors.values().map(|tensor| tensor.values.len()).sum();
    let mut initialiser = Initialiser::of_file(total, device);
    let encoder = Encoder::new(num_bins, config, &mut initialiser);
    let encoder = encoder.map_err(|error| too_large(error, path))?;
    let encoder = weights::with_tensors(encoder, &mut tensors, path)?;
    none_left(tensors, path)?;
    Ok(encoder)
}

/// Refuses tensors that nothing needs.
fn none_left(tensors: BTreeMap<String, NamedTensor>, path: &Path) -> Result<(), ModelError> {
    match tensors.into_keys().next() {
        None => Ok(()),
        Some(name) => Err(ModelError::Bundle {
            path: path.to_owned(),
            field: name,
            found: "a tensor of that name".to_owned(),
            expected: "only the tensors that the configuration describes".to_owned(),
            remedy: "take weights and configuration from one bundle",
        }),
    }
}

/// A network that wants more parameters than its file holds.
fn too_large(error: ModelError, path: &Path) -> ModelError {
    match error {
        ModelError::Shape {
            what,
            found,
            expected,
        } => ModelError::Bundle {
            path: path.to_owned(),
            field: format!("encoder: {what}"),
            found,
            expected,
            remedy: "take weights and configuration from one bundle",
        },
        other => other,
    }
}

/// Takes the vector `name` out of `tensors`, where it must be if and only if it is `wanted`.
pub(super) fn vector(
    tensors: &mut BTreeMap<String, NamedTensor>,
    name: &str,
    wanted: bool,
    length: usize,
    path: &Path,
) -> Result<Option<Vec<f32>>, ModelError> {
    values(tensors, name, wanted, &[length], path)
}

/// The same of a tensor of any sizes.
pub(super) fn values(
    tensors: &mut BTreeMap<String, NamedTensor>,
    name: &str,
    wanted: bool,
    sizes: &[usize],
    path: &Path,
) -> Result<Option<Vec<f32>>, ModelError> {
    let found = match (tensors.remove(name), wanted) {
        (None, false) => return Ok(None),
        (Some(tensor), true) if tensor.shape == sizes => return Ok(Some(tensor.values)),
        (None, true) => "missing".to_owned(),
        (Some(tensor), _) => format!("shape {:?}", tensor.shape),
    };
    Err(ModelError::Bundle {
        path: path.to_owned(),
        field: name.to_owned(),
        found,
        expected: if wanted {
            format!("shape {sizes:?}")
        } else {
            "absent".to_owned()
        },
        remedy: "take weights and configuration from one bundle",
    })
}
