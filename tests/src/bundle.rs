//! A model for tests.

use std::path::Path;

use audio_features::{FeatureConfig, FrontEnd, Normalisation};
use speaker_model::{
    Bundle, Embedder, Encoder, EncoderConfig, Initialiser, LstmConfig, MeanDeviationConfig, Origin,
    PoolingConfig, Segmentation, WeightType,
};

/// Writes the bundle of an encoder of 8 units with random weights: embeddings of 32 dimensions, centred.
pub fn write_bundle(directory: &Path) {
    let mut features = FeatureConfig::kaldi();
    features.normalisation = Normalisation::Utterance;
    let mut config = EncoderConfig::question();
    let trunk = config.trunk.downcast_mut::<LstmConfig>().unwrap();
    trunk.num_layers = 1;
    trunk.hidden = 8;
    config.pooling = PoolingConfig::from(MeanDeviationConfig::default());
    let device = speaker_model::device("flex").unwrap();
    let mut initialiser = Initialiser::seeded(1, &device);
    let encoder = Encoder::new(features.num_bins, &config, &mut initialiser).unwrap();
    let centre = Some(vec![0.1; encoder.embedding_dim()]);
    let front_end = FrontEnd::new(features, None).unwrap();
    let segmentation = Segmentation::Whole;
    let embedder = Embedder::new(front_end, encoder, segmentation, centre, &device).unwrap();
    let bundle = Bundle::new(embedder, Origin::default());
    bundle.save(directory, WeightType::F32).unwrap();
}
