//! A model as an ONNX file, for runtimes that know nothing of bundles: features in, vectors of length 1 out.
//!
//! The normalisation of features is inside the graph, so that nobody can forget it: the recording's mean and deviation, or the
//! training's mean. So are the encoder, adaptations, the centre and the unit length. The log-mel itself, and what drops frames, come before; the
//! file's metadata say all of it in the words of the configuration.

mod about;
mod front;
mod single;

use onnx_graph::write::{Builder, Size, sherpa_metadata};

pub use about::{AboutOnnx, OnnxPort, SherpaFit};

use about::{INPUT, OUTPUT};

use crate::ModelError;
use crate::bundle::Bundle;
use crate::model::EmbeddingModel;

/// A model as an ONNX file.
#[derive(Clone, Debug)]
pub struct OnnxModel {
    /// The file.
    pub bytes: Vec<u8>,
    /// What its metadata say under the key `siamang`.
    pub about: AboutOnnx,
}

/// Largest message of Protocol Buffers that others read, in bytes.
const LARGEST: usize = i32::MAX as usize;

impl OnnxModel {
    /// The model of `bundle`, with weights of 32 bits.
    ///
    /// # Errors
    /// [`ModelError::NotWritten`] for an encoder of which a part has no form in ONNX, [`ModelError::Shape`] for one with more
    /// weights than such a file can hold, and as [`EmbeddingModel::embed_features`].
    pub fn of(bundle: &Bundle) -> Result<Self, ModelError> {
        let embedder = bundle.embedder();
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
        builder.metadata("siamang", &about.to_json()?);
        if let Ok(keys) = sherpa {
            builder.all_metadata(&keys);
        }
        let bytes = builder.finish()?;
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
