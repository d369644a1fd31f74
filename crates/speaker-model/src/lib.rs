//! Encoders, the KL/hinge loss and bundles.
#![allow(
    clippy::cast_precision_loss,
    reason = "counts of frames, pairs and parameters are far below 2^52"
)]

mod bundle;
mod config;
mod dense;
mod device;
mod dropout;
mod embedder;
mod encoder;
mod error;
mod fused_op;
mod head;
mod init;
mod loss;
mod lstm;
mod network;
mod seen;
mod segments;
mod self_test;
mod weights;
mod whitening;

pub use bundle::{Bundle, BundleConfig, FORMAT_VERSION, Origin};
pub use config::{
    Activation, Arithmetic, DenseConfig, Direction, EmbeddingLayer, EncoderConfig, HeadConfig,
    ModelConfig, Pooling,
};
pub use dense::Dense;
pub use device::{available_devices, device};
pub use dropout::DropoutStream;
pub use embedder::Embedder;
pub use encoder::Encoder;
pub use error::ModelError;
pub use fused_lstm::{SIMD_VARIABLE, Simd, flushing_denormals, set_simd};
pub use head::Head;
pub use loss::{KlHingeConfig, PairLoss, Weighting, all_pairs, explicit_pairs};
pub use lstm::{Lstm, LstmWeights};
pub use network::SpeakerNetwork;
pub use seen::Seen;
pub use segments::Segmentation;
pub use weights::Precision;
pub use whitening::Whitening;
