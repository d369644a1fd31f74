//! What makes the vector of a segment's frames: an encoder, or the graph of a network that others trained. The one place that
//! knows which.

mod encoder;
#[cfg(feature = "onnx")]
mod graph;
mod graph_config;

use std::ops::Range;

pub(crate) use encoder::BatchedEncoder;
#[cfg(feature = "onnx")]
pub use graph::SpeakerGraph;
pub use graph_config::{GraphConfig, GraphLayout};

use crate::ModelError;
use crate::encoder::Encoder;
use crate::layers::ComputeType;

/// One segment of one recording of a batch.
pub(crate) struct Segment<'a> {
    /// Which recording.
    pub(crate) recording: usize,
    pub(crate) frames: Range<usize>,
    /// `[frames, bins]`.
    pub(crate) values: &'a [f32],
}

/// A speaker network as it is used.
#[derive(Clone)]
pub(crate) enum Extractor {
    Encoder(Box<BatchedEncoder>),
    #[cfg(feature = "onnx")]
    Graph(SpeakerGraph),
}

impl Extractor {
    /// Bins of a feature frame.
    pub(crate) fn num_bins(&self) -> usize {
        match self {
            Self::Encoder(encoder) => encoder.encoder().num_bins(),
            #[cfg(feature = "onnx")]
            Self::Graph(graph) => graph.num_bins(),
        }
    }

    /// Dimensions of an embedding.
    pub(crate) fn dim(&self) -> usize {
        match self {
            Self::Encoder(encoder) => encoder.encoder().embedding_dim(),
            #[cfg(feature = "onnx")]
            Self::Graph(graph) => graph.config().embedding_dim,
        }
    }

    /// The encoder, where it is one.
    pub(crate) fn encoder(&self) -> Result<&Encoder, ModelError> {
        match self {
            Self::Encoder(encoder) => Ok(encoder.encoder()),
            #[cfg(feature = "onnx")]
            Self::Graph(_) => Err(ModelError::IsGraph),
        }
    }

    /// The same with another number format of products, where there is a choice; a graph has none.
    pub(crate) fn with_compute_type(self, compute_type: ComputeType) -> Self {
        match self {
            Self::Encoder(encoder) => {
                Self::Encoder(Box::new(encoder.with_compute_type(compute_type)))
            }
            #[cfg(feature = "onnx")]
            graph @ Self::Graph(_) => graph,
        }
    }

    /// Gives `each` of `segments`, the longest of which comes first, what the network makes of it before [`Self::mapped`].
    pub(crate) fn each(
        &self,
        segments: &[Segment<'_>],
        each: impl FnMut(&Segment<'_>, Vec<f32>),
    ) -> Result<(), ModelError> {
        match self {
            Self::Encoder(encoder) => encoder.each(segments, each),
            #[cfg(feature = "onnx")]
            Self::Graph(graph) => graph.each(segments, each),
        }
    }

    /// The part of the network that is a linear map and is therefore left for the mean over segments.
    pub(crate) fn mapped(&self, pooled: Vec<f64>) -> Vec<f64> {
        match self {
            Self::Encoder(encoder) => encoder.mapped(pooled),
            #[cfg(feature = "onnx")]
            Self::Graph(_) => pooled,
        }
    }
}
