//! What a diagnosis knows of a run from its configuration alone.

use std::path::Path;

use diagnosis::Facts;
use pair_sampler::SamplerConfig;
use serde::Deserialize;
use speaker_model::LossChoice;

use crate::config::{CONFIG_FILE, TrainConfig, is_of_0_1};

/// What does not change over the run in `directory`, as far as its configuration can be read; also over one that siamang 0.1
/// began.
#[must_use]
pub fn facts_of_run(directory: &Path) -> Facts {
    let path = directory.join(CONFIG_FILE);
    let Ok(text) = std::fs::read_to_string(&path) else {
        return Facts::default();
    };
    if is_of_0_1(&text) {
        return toml::from_str::<Earlier>(&text).map_or_else(|_| Facts::default(), Earlier::facts);
    }
    let config = TrainConfig::parse(&text, &path.display().to_string());
    config.as_ref().map(facts).unwrap_or_default()
}

/// What of a configuration of 0.1 a diagnosis wants to know.
#[derive(Deserialize)]
struct Earlier {
    max_steps: u64,
    centre: bool,
    sampler: SamplerConfig,
    loss: EarlierLoss,
}

#[derive(Deserialize)]
struct EarlierLoss {
    #[serde(default = "default_margin")]
    margin: f64,
}

fn default_margin() -> f64 {
    3.0
}

impl Earlier {
    fn facts(self) -> Facts {
        Facts {
            margin: Some(self.loss.margin),
            batch_segments: Some(batch_segments(self.sampler)),
            max_steps: Some(self.max_steps),
            centred: self.centre,
            ..Facts::default()
        }
    }
}

/// What does not change over a run with this configuration.
#[must_use]
pub fn facts<L: LossChoice>(config: &TrainConfig<L>) -> Facts {
    Facts {
        margin: config.loss.pairwise().and_then(|pairwise| pairwise.margin),
        batch_segments: Some(batch_segments(config.sampler)),
        max_steps: Some(config.max_steps),
        centred: config.centre,
        augments: config.augment.is_some() || config.samples.is_some(),
        ..Facts::default()
    }
}

/// Segments in a batch.
pub(crate) fn batch_segments(sampler: SamplerConfig) -> usize {
    match sampler {
        SamplerConfig::Uniform { segments } => segments,
        SamplerConfig::Pk { speakers, segments } => speakers.saturating_mul(segments),
        SamplerConfig::Pairs { pairs, .. } => pairs.saturating_mul(2),
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

    #[test]
    fn a_run_of_0_1_is_judged_by_its_margin_too() {
        let directory = tempfile::tempdir().unwrap();
        let golden = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../speaker-model/tests/golden/format_1/linear/training.toml");
        std::fs::copy(golden, directory.path().join(CONFIG_FILE)).unwrap();
        let found = facts_of_run(directory.path());
        assert_eq!((found.margin, found.batch_segments), (Some(3.0), Some(240)));
        assert_eq!((found.max_steps, found.centred), (Some(3000), true));
    }
}
