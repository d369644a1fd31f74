//! What can go wrong between a configuration and an embedding.

use std::path::PathBuf;

/// An error of this crate; each variant names the place, what was found and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A device name that this build does not know.
    #[error("device `{found}` is not built in, available are: {available}")]
    UnknownDevice {
        /// The name that was asked for.
        found: String,
        /// The names of this build, comma separated.
        available: String,
    },
    /// A model configuration that describes no network.
    #[error("model configuration: `{field}` is {found}, expected {expected}")]
    Config {
        /// The field, as written in a configuration file.
        field: &'static str,
        /// Its value.
        found: String,
        /// What it may be.
        expected: &'static str,
    },
    /// Inputs whose shapes do not go together.
    #[error("{what}: found {found}, expected {expected}")]
    Shape {
        /// Which input.
        what: &'static str,
        /// Its size.
        found: String,
        /// The size that fits.
        expected: String,
    },
    /// A model whose embeddings of made signals are not those that its writer's had.
    #[error("self-test: `{field}` is {found}, expected {expected}")]
    SelfTest {
        /// Which embedding.
        field: String,
        /// What it is.
        found: String,
        /// What it may be.
        expected: String,
    },
    /// A file that could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause, as the system gives it.
        source: std::io::Error,
    },
    /// A bundle field that does not match what this version or the rest of the bundle says.
    #[error("{path}: `{field}` is {found}, expected {expected}")]
    Bundle {
        /// The file inside the bundle.
        path: PathBuf,
        /// The field or tensor.
        field: String,
        /// What the file has.
        found: String,
        /// What would fit.
        expected: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// Something wants an encoder's layers, and the network is a graph.
    #[error(
        "the model is an ONNX graph that others trained: it embeds, but has no layers and weights of ours"
    )]
    IsGraph,
    /// A bundle with a graph, in a program that runs none.
    #[error("{path}: the network is an ONNX graph, and this siamang was built without them")]
    NoGraphs {
        /// The graph.
        path: PathBuf,
    },
    /// A part of an encoder that has no form as an ONNX graph.
    #[error("the {part} of this model's encoder cannot be written as an ONNX graph")]
    NotWritten {
        /// Which part.
        part: &'static str,
    },
    /// Something that stands behind the graph of others, in whose file it has no place.
    #[error("the {part} stands behind a graph that others trained, and has no place in its file")]
    BehindGraph {
        /// What.
        part: &'static str,
    },
    /// A graph that cannot be written or run, or a run that gave no vector.
    #[error(transparent)]
    Graph(#[from] onnx_graph::OnnxError),
    /// A layer that cannot be computed on this processor or with this much memory.
    #[error(transparent)]
    Kernel(#[from] fused_conv::ConvError),
    /// The feature configuration of a bundle is refused by the front end.
    #[error(transparent)]
    Features(#[from] audio_features::FeatureError),
}

impl ModelError {
    /// What to do about it, where there is something to say.
    pub fn remedy(&self) -> Option<&str> {
        Some(match self {
            Self::Features(error) => return error.remedy(),
            Self::Kernel(error) => return error.remedy(),
            Self::Bundle { remedy, .. } => remedy,
            Self::IsGraph => {
                "copy its folder to give it away; train or export a model whose bundle has an `[encoder]`"
            }
            Self::NoGraphs { .. } => "take a siamang with the feature `onnx`, as it is by default",
            Self::Graph(error) => return error.remedy(),
            Self::NotWritten { .. } => {
                "use the model as it is, or write how its parts are as ONNX operators"
            }
            Self::BehindGraph { .. } => {
                "copy the bundle's folder to give it away, or write the file of the model that it was adapted from"
            }
            Self::SelfTest { .. } => "use a model whose weights and front end belong together",
            _ => return None,
        })
    }

    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
