//! A model for tests.

use std::path::Path;

use audio_features::{FeatureConfig, FrontEnd, Normalisation};
use speaker_model::{
    Bundle, Embedder, ModelConfig, Origin, Pooling, Precision, Segmentation, SpeakerNetwork,
};

/// Writes the bundle of a network of 8 units with random weights: embeddings of 32 dimensions, centred.
pub fn write_bundle(directory: &Path) {
    let mut features = FeatureConfig::kaldi();
    features.normalisation = Normalisation::Utterance;
    let mut model = ModelConfig::question(features.num_bins);
    model.encoder.num_layers = 1;
    model.encoder.hidden = 8;
    model.encoder.pooling = Pooling::MeanDeviation;
    let device = speaker_model::device("flex").unwrap();
    let network = SpeakerNetwork::new(&model, 1, &device).unwrap();
    let front_end = FrontEnd::new(features, None).unwrap();
    let centre = Some(vec![0.1; model.embedding_dim()]);
    let embedder = Embedder::new(
        front_end,
        network.encoder,
        Segmentation::Whole,
        centre,
        &device,
    );
    let bundle = Bundle::new(embedder, model, Origin::default());
    bundle.save(directory, Precision::F32).unwrap();
}
