//! What a diagnosis knows of a run from its configuration alone.

use diagnosis::Facts;
use pair_sampler::SamplerConfig;
use speaker_model::LossChoice;

use crate::config::TrainConfig;

/// What does not change over a run with this configuration.
#[must_use]
pub fn facts<L: LossChoice>(config: &TrainConfig<L>) -> Facts {
    let batch_segments = match config.sampler {
        SamplerConfig::Uniform { segments } => segments,
        SamplerConfig::Pk { speakers, segments } => speakers * segments,
        SamplerConfig::Pairs { pairs, .. } => 2 * pairs,
    };
    Facts {
        margin: config.loss.pairwise().and_then(|pairwise| pairwise.margin),
        batch_segments: Some(batch_segments),
        max_steps: Some(config.max_steps),
        centred: config.centre,
        ..Facts::default()
    }
}
