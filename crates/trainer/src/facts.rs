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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sampler_has_its_number_of_segments() {
        let segments = |sampler| {
            let config = TrainConfig {
                sampler,
                ..TrainConfig::question()
            };
            facts(&config).batch_segments
        };
        let pk = SamplerConfig::Pk {
            speakers: 12,
            segments: 4,
        };
        assert_eq!(segments(pk), Some(48));
        assert_eq!(
            segments(SamplerConfig::Uniform { segments: 100 }),
            Some(100)
        );
        // 64 pairs of the question.
        let question = facts(&TrainConfig::question());
        assert_eq!(
            (question.batch_segments, question.margin),
            (Some(128), Some(3.0))
        );
    }
}
