//! A model as an ONNX file, for runtimes that know nothing of bundles: features in, vectors of length 1 out.
//!
//! The normalisation of features is inside the graph, so that nobody can forget it: the recording's mean and deviation, or the
//! training's mean. So are the encoder, adaptations, the centre and the unit length. The log-mel itself, and what drops frames, come before; the
//! file's metadata say all of it in the words of the configuration.

mod about;
mod front;
mod single;

#[cfg(feature = "onnx")]
use onnx_graph::write::with_metadata;
use onnx_graph::write::{Builder, Size, sherpa_metadata};

pub use about::{AboutOnnx, GraphRun, OnnxPort, SherpaFit};

use about::{INPUT, OUTPUT};

use crate::ModelError;
use crate::bundle::Bundle;
#[cfg(feature = "onnx")]
use crate::extractor::{Extractor, SpeakerGraph};
use crate::model::EmbeddingModel;

/// A model as an ONNX file.
#[derive(Clone, Debug)]
pub struct OnnxModel {
    /// The file.
    pub bytes: Vec<u8>,
    /// What its metadata say under the key `siamang`.
    pub about: AboutOnnx,
}

/// The key of `metadata_props`.
const KEY: &str = "siamang";

/// Largest message of Protocol Buffers that others read, in bytes.
const LARGEST: usize = i32::MAX as usize;

impl OnnxModel {
    /// The model of `bundle`, with weights of 32 bits. A graph that others trained stays the file that it is, with what
    /// is before and behind it in its metadata.
    ///
    /// # Errors
    /// [`ModelError::NotWritten`] for an encoder of which a part has no form in ONNX, [`ModelError::Shape`] for one with more
    /// weights than such a file can hold, [`ModelError::BehindGraph`] for an adaptation or a centre of a graph that others trained, and as [`EmbeddingModel::embed_features`].
    pub fn of(bundle: &Bundle) -> Result<Self, ModelError> {
        let embedder = bundle.embedder();
        #[cfg(feature = "onnx")]
        if let Extractor::Graph(graph) = embedder.extractor() {
            return Self::of_graph(bundle, graph);
        }
        let (front_end, dim) = (embedder.front_end(), embedder.dim());
        let mut builder = Builder::new("siamang");
        let (items, frames) = (Size::Dynamic("B"), Size::Dynamic("T"));
        let bins = Size::Fixed(front_end.config().num_bins);
        let features = builder.input(INPUT, &[items, frames, bins]);
        let features = front::write(front_end, &mut builder, features)?;
        let mut embedding = embedder.encoder()?.write(&mut builder, features)?;
        for adaptation in embedder.adaptations() {
            embedding = adaptation.write(&mut builder, embedding, dim)?;
        }
        if let Some(centre) = embedder.centre() {
            embedding = builder.subtract(&embedding, centre)?;
        }
        let embedding = builder.unit_length(&embedding);
        builder.output(OUTPUT, &embedding, &[items, Size::Fixed(dim)]);
        let sherpa = sherpa_metadata(&front::seen_by_sherpa(front_end.config()), dim, "");
        let about = AboutOnnx::of(bundle, &sherpa)?;
        builder.metadata(KEY, &about.to_json()?);
        if let Ok(keys) = sherpa {
            builder.all_metadata(&keys);
        }
        Self::of_bytes(builder.finish()?, about)
    }

    #[cfg(feature = "onnx")]
    fn of_graph(bundle: &Bundle, graph: &SpeakerGraph) -> Result<Self, ModelError> {
        let embedder = bundle.embedder();
        if !embedder.adaptations().is_empty() {
            return Err(ModelError::BehindGraph { part: "adaptation" });
        }
        if embedder.centre().is_some() {
            return Err(ModelError::BehindGraph { part: "centre" });
        }
        let about = AboutOnnx::of_graph(bundle, graph.config())?;
        let bytes = with_metadata(graph.bytes(), &[(KEY, &about.to_json()?)])?;
        Self::of_bytes(bytes, about)
    }

    fn of_bytes(bytes: Vec<u8>, about: AboutOnnx) -> Result<Self, ModelError> {
        if bytes.len() > LARGEST {
            return Err(ModelError::Shape {
                what: "bytes of the ONNX file",
                found: bytes.len().to_string(),
                expected: format!("at most {LARGEST}, which is all that such a file can have"),
            });
        }
        Ok(Self { bytes, about })
    }
}
