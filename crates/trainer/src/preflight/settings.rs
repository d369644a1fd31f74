//! What the configuration alone says, beside the size of the weights and of a gradient.

use burn::module::Module;
use diagnosis::Check;
use diagnosis::preflight::{
    Travel, dropout_is_light, front_end_keeps_voices, learning_rate, noise_leaves_the_voice,
    scale_reaches, short_crops, steps_move_weights, weights_decay_slowly,
};
use speaker_model::{LossChoice, SpeakerNetwork};

use crate::config::TrainConfig;
use crate::evaluate::weight_rms;
use crate::material::Material;

/// Steps over which the mean of the rate is taken, at most.
const LOOKED_AT: u64 = 10_000;

/// Checks of settings for `network`, whose first gradient is `gradient_norm` long.
pub(super) fn setting_checks<C: LossChoice>(
    material: &Material<'_, C>,
    network: &SpeakerNetwork<C::Loss>,
    gradient_norm: f64,
) -> Vec<Check> {
    let config = material.config;
    let optimiser = &config.optimiser;
    let weight_rms = weight_rms(network);
    let clipped = optimiser
        .clip_norm
        .map_or(gradient_norm, |longest| gradient_norm.min(longest));
    let gradient = clipped / (network.num_params().max(1) as f64).sqrt();
    let stride = config.max_steps.div_ceil(LOOKED_AT).max(1) as usize;
    let factors: Vec<f64> = (0..config.max_steps)
        .step_by(stride)
        .map(|step| optimiser.schedule.factor(step, config.max_steps))
        .collect();
    let mean_factor = factors.iter().sum::<f64>() / factors.len().max(1) as f64;
    let travel = Travel {
        num_steps: config.max_steps,
        warmup_steps: optimiser.schedule.warmup_steps,
        mean_rate: optimiser.learning_rate * mean_factor,
        step_share: match gradient > 0.0 {
            true => gradient / (gradient + f64::from(optimiser.epsilon)),
            // A first gradient of zero is another check's.
            false => 1.0,
        },
        weight_rms,
        goes_on: material.goes_on,
        weight_decay: f64::from(optimiser.weight_decay),
    };
    let mut checks = vec![
        learning_rate(optimiser.learning_rate, weight_rms),
        steps_move_weights(&travel),
        weights_decay_slowly(&travel),
        front_end_keeps_voices(config.features.num_bins, config.features.high_hz),
        short_crops(config.shortest_crop() as f64 * config.features.hop_s()),
    ];
    if let Some(largest) = largest_dropout(config) {
        checks.push(dropout_is_light(largest));
    }
    if let Some(scale) = smallest_scale(config) {
        let others = material.manifest.speakers().len().saturating_sub(1) as f64;
        // Where the cosine with the own centre is 1 and with all others -1.
        checks.push(scale_reaches(1.0 / (1.0 + others * (-2.0 * scale).exp())));
    }
    let noise = config
        .augment
        .as_ref()
        .and_then(|augment| augment.noise.as_ref());
    if let Some(noise) = noise {
        let snr_db = f64::midpoint(noise.snr_db[0], noise.snr_db[1]);
        checks.push(noise_leaves_the_voice(noise.probability, snr_db));
    }
    checks
}

/// The smallest factor of the cosines in a softmax over classes, wherever in the loss it stands.
fn smallest_scale<C: LossChoice>(config: &TrainConfig<C>) -> Option<f64> {
    fn smallest(value: &toml::Value) -> Option<f64> {
        match value {
            toml::Value::Table(table) => {
                let kind = table.get("kind").and_then(toml::Value::as_str);
                let is_softmax = kind.is_some_and(|kind| kind.ends_with("am_softmax"));
                let own = table.get("scale").and_then(toml::Value::as_float);
                let inner = table.values().filter_map(smallest);
                inner.chain(own.filter(|_| is_softmax)).reduce(f64::min)
            }
            toml::Value::Array(values) => values.iter().filter_map(smallest).reduce(f64::min),
            _ => None,
        }
    }
    let loss = toml::Value::try_from(&config.loss).ok()?;
    smallest(&loss)
}

/// The largest number that is called `dropout` anywhere in the encoder or the loss.
fn largest_dropout<C: LossChoice>(config: &TrainConfig<C>) -> Option<f64> {
    fn largest(value: &toml::Value) -> Option<f64> {
        match value {
            toml::Value::Table(table) => table
                .iter()
                .filter_map(|(name, value)| match value.as_float() {
                    Some(dropout) if name == "dropout" => Some(dropout),
                    _ => largest(value),
                })
                .reduce(f64::max),
            toml::Value::Array(values) => values.iter().filter_map(largest).reduce(f64::max),
            _ => None,
        }
    }
    let encoder = toml::Value::try_from(&config.encoder).ok();
    let loss = toml::Value::try_from(&config.loss).ok();
    let both = [encoder, loss].into_iter().flatten();
    both.filter_map(|value| largest(&value)).reduce(f64::max)
}
