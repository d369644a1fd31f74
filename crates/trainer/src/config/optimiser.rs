//! The optimiser as one writes it down.

use serde::{Deserialize, Serialize};

use super::schedule::Schedule;

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
    /// Parameters that are trained at another rate, or not at all; of several that name a parameter the last one counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<LayerRate>,
}

/// The rate of some parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerRate {
    /// A parameter's name, or its beginning up to a dot, as in `encoder.trunk.layers.0`; `*` stands for any letters.
    pub name: String,
    /// Share of the learning rate; at 0 they stay as they are, and batch norms among them keep to their statistics.
    pub rate: f64,
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
    /// Adam with its usual constants.
    pub(super) fn adam(clip_norm: Option<f64>) -> Self {
        Self {
            learning_rate: 0.001,
            schedule: Schedule::default(),
            beta_1: default_beta_1(),
            beta_2: default_beta_2(),
            epsilon: default_epsilon(),
            weight_decay: 0.0,
            clip_norm,
            layers: Vec::new(),
        }
    }
}
