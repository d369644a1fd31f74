//! A training as one writes it down in TOML, and the presets.

use audio_features::FeatureConfig;
use audio_features::augment::AugmentConfig;
use pair_sampler::{CropConfig, GroupBy, SamplerConfig};
use serde::{Deserialize, Serialize};
use speaker_model::{Arithmetic, KlHingeConfig, ModelConfig, Segmentation};

use crate::TrainError;
use crate::schedule::{Decay, Schedule};

/// All that decides a training but for the recordings: with the same data and seed, the same result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Seed of the initialisation, the batches, the crops, the augmentation and the dropout.
    pub seed: u64,
    /// Training steps at most.
    pub max_steps: u64,
    /// Minutes at most; where they run out the run stops as after its last step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_minutes: Option<f64>,
    /// Steps between two evaluations on the development trials, and between two checkpoints.
    pub eval_every: u64,
    /// Evaluations without a better mean EER after which the run stops; none for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<u64>,
    /// Frames of a training segment.
    pub crop_frames: usize,
    /// How a recording is cut when it is embedded.
    pub segmentation: Segmentation,
    /// Whether the mean embedding of the training data is subtracted from every embedding.
    pub centre: bool,
    /// Where in a recording a segment starts.
    pub crop: CropConfig,
    /// How batches are drawn.
    pub sampler: SamplerConfig,
    /// A column that groups batches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_by: Option<GroupBy>,
    /// Loss.
    pub loss: KlHingeConfig,
    /// Optimiser.
    pub optimiser: OptimiserConfig,
    /// Front end.
    pub features: FeatureConfig,
    /// Changes to the training recordings, in the mel domain. The development trials are then evaluated twice, on the
    /// recordings as they are and on changed ones, and both count in the mean EER.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub augment: Option<AugmentConfig>,
    /// Step (from 0) of the first batch that is changed: pairs that differ in their channel too are easier learned by a
    /// network that already tells voices apart.
    #[serde(default)]
    pub augment_from_step: u64,
    /// Arithmetic of the recurrent layers in training; evaluations and bundles compute in 32 bits.
    #[serde(default)]
    pub precision: Arithmetic,
    /// Network.
    pub model: ModelConfig,
}

/// Adam (Kingma & Ba 2015) or, with weight decay, `AdamW` (Loshchilov & Hutter 2019).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimiserConfig {
    /// Highest learning rate.
    pub learning_rate: f64,
    /// How the learning rate runs over the steps.
    #[serde(default)]
    pub schedule: Schedule,
    /// Decay rate of the first moment.
    #[serde(default = "default_beta_1")]
    pub beta_1: f32,
    /// Decay rate of the second moment.
    #[serde(default = "default_beta_2")]
    pub beta_2: f32,
    /// Added to the root of the second moment; Keras and `PyTorch` use 1e-8, Burn's default is 1e-5.
    #[serde(default = "default_epsilon")]
    pub epsilon: f32,
    /// Decoupled weight decay; 0 is plain Adam.
    #[serde(default)]
    pub weight_decay: f32,
    /// Longest gradient: a longer one, over all parameters together, is scaled down to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f64>,
}

fn default_beta_1() -> f32 {
    0.9
}

fn default_beta_2() -> f32 {
    0.999
}

fn default_epsilon() -> f32 {
    1e-8
}

impl OptimiserConfig {
    fn adam(clip_norm: Option<f64>) -> Self {
        Self {
            learning_rate: 0.001,
            schedule: Schedule::default(),
            beta_1: default_beta_1(),
            beta_2: default_beta_2(),
            epsilon: default_epsilon(),
            weight_decay: 0.0,
            clip_norm,
        }
    }
}

impl TrainConfig {
    /// The question's training, mended: its network with a softmax head, its fixed crop of 0.4 s starting
    /// at 0.1 s, its 64 explicit pairs, both directions of the divergence and margin 3.
    #[must_use]
    pub fn question() -> Self {
        let features = FeatureConfig::librosa();
        Self {
            crop: CropConfig::Fixed { start_s: 0.1 },
            sampler: SamplerConfig::Pairs {
                pairs: 64,
                same_share: 0.5,
                across_sessions: false,
                same_gender: true,
            },
            model: ModelConfig::question(features.num_bins),
            ..Self::base(features)
        }
    }

    /// The training of Stadelmann et al. (ANNPR 2018): 100 segments of 0.4 s drawn uniformly, 10,000 steps;
    /// the head's widths follow from the number of training speakers.
    #[must_use]
    pub fn paper(num_speakers: usize) -> Self {
        let features = FeatureConfig::librosa();
        Self {
            model: ModelConfig::paper(features.num_bins, num_speakers),
            ..Self::base(features)
        }
    }

    fn base(features: FeatureConfig) -> Self {
        Self {
            seed: 1,
            max_steps: 10_000,
            max_minutes: None,
            eval_every: 500,
            patience: None,
            crop_frames: 40,
            segmentation: Segmentation::Frames(40),
            centre: false,
            crop: CropConfig::Random,
            sampler: SamplerConfig::Uniform { segments: 100 },
            group_by: None,
            loss: KlHingeConfig::default(),
            optimiser: OptimiserConfig::adam(None),
            model: ModelConfig::question(features.num_bins),
            features,
            augment: None,
            augment_from_step: 0,
            precision: Arithmetic::F32,
        }
    }

    /// Reads a configuration file.
    ///
    /// # Errors
    /// [`TrainError::Io`], or [`TrainError::Config`] with the line and the field.
    pub fn read(path: &std::path::Path) -> Result<Self, TrainError> {
        let text = std::fs::read_to_string(path).map_err(TrainError::io(path))?;
        let config: Self = toml::from_str(&text).map_err(|error| TrainError::Config {
            place: path.display().to_string(),
            found: error.to_string(),
            remedy: "compare it with the files in `configs/`",
        })?;
        config.validate()?;
        Ok(config)
    }

    /// # Errors
    /// [`TrainError::Config`] for a value that no training can have.
    pub fn validate(&self) -> Result<(), TrainError> {
        self.features.validate()?;
        self.model.validate()?;
        self.loss.validate()?;
        let fault = |place: &str, found: String, remedy| {
            Err(TrainError::Config {
                place: place.to_owned(),
                found,
                remedy,
            })
        };
        if self.model.num_bins != self.features.num_bins {
            let found = format!(
                "{} beside features.num_bins {}",
                self.model.num_bins, self.features.num_bins
            );
            return fault("model.num_bins", found, "give both the same number");
        }
        if self.crop_frames == 0 {
            return fault("crop_frames", "0".to_owned(), "give at least one frame");
        }
        if let Decay::LinearTail(share) = self.optimiser.schedule.decay
            && !(share > 0.0 && share <= 1.0)
        {
            return fault(
                "optimiser.schedule.decay.linear_tail",
                share.to_string(),
                "give a share of the steps above 0 and at most 1",
            );
        }
        if self.eval_every == 0 {
            return fault("eval_every", "0".to_owned(), "give at least one step");
        }
        let rate = self.optimiser.learning_rate;
        if !(rate > 0.0 && rate.is_finite()) {
            return fault(
                "optimiser.learning_rate",
                rate.to_string(),
                "give a positive number",
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test that cannot prepare its data has failed"
    )]
    use super::*;
    use burn::tensor::Device;
    use speaker_model::SpeakerNetwork;

    /// Weights of Resemblyzer's `VoiceEncoder`: PyTorch's 1,423,616 with one bias a gate instead of two.
    #[test]
    fn resemblyzers_configuration_has_its_number_of_weights() {
        let path =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/resemblyzer.toml");
        let model = TrainConfig::read(&path).unwrap().model;
        assert_eq!((model.num_bins, model.embedding_dim()), (40, 256));
        let network = SpeakerNetwork::new(&model, 1, &Device::flex()).unwrap();
        let found = burn::module::Module::num_params(&network.encoder);
        assert_eq!(found, 1_423_616 - 3 * 1024);
    }
}
