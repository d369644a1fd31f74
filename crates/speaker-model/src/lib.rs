//! Encoders, the KL/hinge loss and bundles.
#![allow(
    clippy::cast_precision_loss,
    reason = "counts of frames, pairs and parameters are far below 2^52"
)]

mod blstm;
mod bundle;
mod config;
mod device;
mod dropout;
mod embedder;
mod encoder;
mod error;
mod files;
mod fused_op;
mod head;
mod init;
mod loss;
mod network;
mod segments;
mod self_test;
mod weights;
mod whitening;

pub use blstm::{Blstm, LstmWeights};
pub use bundle::{Bundle, BundleConfig, FORMAT_VERSION, Origin};
pub use config::{
    Activation, Arithmetic, EmbeddingLayer, EncoderConfig, HeadConfig, ModelConfig, Pooling,
};
pub use device::{available_devices, device};
pub use dropout::DropoutStream;
pub use embedder::Embedder;
pub use encoder::Encoder;
pub use error::ModelError;
pub use files::write_atomically;
pub use fused_lstm::{SIMD_VARIABLE, Simd, flushing_denormals, set_simd};
pub use head::{Dense, Head};
pub use loss::{KlHingeConfig, PairLoss, Weighting, all_pairs, explicit_pairs};
pub use network::SpeakerNetwork;
pub use segments::Segmentation;
pub use weights::Precision;
pub use whitening::Whitening;
