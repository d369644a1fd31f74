//! Encoders, losses and bundles: what the embedding of a recording's features is, and how wrong a batch of them is.
//!
//! A trained model is a [`Bundle`]. It gives one vector a recording, or one a segment with its time:
//!
//! ```no_run
//! use speaker_model::{Bundle, EmbeddingModel};
//!
//! # fn main() -> Result<(), speaker_model::ModelError> {
//! let model = Bundle::load("data/models/default".as_ref(), &speaker_model::device("flex")?)?.into_embedder();
//! let samples = vec![0.0; 32_000]; // two seconds at the rate of the model's front end
//! let embedding = model.embed(&samples)?;
//! assert_eq!(embedding.len(), model.dim());
//!
//! let features = model.front_end().features(&samples);
//! for segment in model.embed_segments(&[features])?.concat() {
//!     println!("{:.2} to {:.2} s: {:?}", segment.start_s, segment.end_s, segment.values);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A network in training is a [`SpeakerNetwork`]: an [`Encoder`] (input treatment, trunk, pooling, projection, each chosen by
//! its configuration) and a [`Loss`], which owns whatever stands between embedding and loss:
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use speaker_model::{EncoderConfig, KlHingeConfig, Loss, LossBatch, Pass, SpeakerNetwork};
//!
//! # fn main() -> Result<(), speaker_model::ModelError> {
//! let device = Device::flex();
//! let network = SpeakerNetwork::new(40, 2, None, &EncoderConfig::question(), &KlHingeConfig::question(), 1, &device)?;
//! let features = Tensor::ones([30, 4, 40], &device); // frames, segments, bins
//! let outputs = network.outputs(features, None, &mut Pass::inference())?;
//! let batch = LossBatch { labels: &[0, 0, 1, 1], ..LossBatch::default() };
//! let loss = network.loss().loss(outputs, &batch)?;
//! println!("{} ({} where all outputs are alike)", loss.value, loss.when_alike.unwrap_or(f64::NAN));
//! # Ok(())
//! # }
//! ```
#![allow(
    clippy::cast_precision_loss,
    reason = "counts of frames, pairs and parameters are far below 2^52"
)]

mod adaptation;
mod bundle;
mod choices;
mod device;
mod embedder;
mod encoder;
mod error;
mod extractor;
mod layers;
mod losses;
mod model;
mod module_path;
mod network;
mod onnx;
mod poolings;
mod projections;
mod segments;
mod trunks;

pub use adaptation::AdaptedFrom;
pub use bundle::weights::WeightType;
pub use bundle::{
    Bundle, BundleConfig, BundleFiles, CalibratedOn, CalibrationGroup, ErrorsAt, FORMAT_VERSION,
    FittedOn, Imported, MeasuredSound, ModelCalibration, NamedTensor, NetworkConfig, Origin,
    TakenWeights, TeacherOrigin, TrainingSpeakers, encoder_of, made_signals, read_tensors,
};
pub use choices::{check_count, check_dropout, check_size};
pub use device::{available_devices, device};
pub use embedder::Embedder;
pub use encoder::{Encoder, EncoderConfig, InputConfig, ThinnedWeights};
pub use error::ModelError;
#[cfg(feature = "onnx")]
pub use extractor::SpeakerGraph;
pub use extractor::{GraphConfig, GraphLayout};
pub use fused_lstm::Simd;
pub use layers::{
    Activation, ComputeType, Dense, Direction, DropoutStream, FramePadding, Initialiser, Pass,
    RunningStatistics, Seen, SeenValues, Whitening,
};
pub use losses::{
    AamSoftmax, AamSoftmaxConfig, AffineConfig, AmSoftmax, AmSoftmaxConfig, AngularPrototypical,
    AngularPrototypicalConfig, AnyLoss, Batches, Contrastive, ContrastiveConfig, Ge2e, Ge2eConfig,
    Growth, Head, HeadConfig, KlHinge, KlHingeConfig, Loss, LossBatch, LossChoice, LossConfig,
    LossInput, LossOutput, MOST_PAPER_CLASSES, MarginSchedule, MarginSoftmaxConfig, Mining,
    PairDistance, PairLoss, Pairwise, Prototypical, PrototypicalConfig, Softmax, SoftmaxConfig,
    SphereFace2, SphereFace2Config, Sum, SumConfig, SupervisedContrastive,
    SupervisedContrastiveConfig, TeacherContrastive, TeacherContrastiveConfig, TeacherCosine,
    TeacherCosineConfig, TeacherRows, Term, Triplet, TripletConfig, TripletDistance, WeightedLoss,
    Weighting, all_pairs, explicit_pairs,
};
pub use model::{EmbeddingModel, SegmentEmbedding};
pub use module_path::ModulePath;
pub use network::SpeakerNetwork;
pub use onnx::{AboutOnnx, GraphRun, OnnxModel, OnnxPort, SherpaFit};
pub use poolings::{
    AttentiveConfig, Deviation, LastStateConfig, MeanConfig, MeanDeviationConfig, MultiHeadConfig,
    PoolingConfig,
};
pub use projections::{IdentityConfig, LinearConfig, ProjectionConfig, UnitLengthConfig};
pub use segments::Segmentation;
pub use trunks::{
    CamBlock, CamPlusPlusConfig, EcapaConfig, KeptGroup, LstmConfig, Rectifier, ResNetConfig,
    ResidualTdnnConfig, TdnnConfig, TdnnLayer, TrunkConfig,
};
