//! Can the optimiser's settings move the weights where they should go?

use crate::check::CheckVerdict::{Broken, Passed, Suspect};
use crate::words::{number, percent};
use crate::{Check, Name};

/// What the optimiser's settings do to a typical weight over the whole run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Travel {
    /// Steps of the run.
    pub num_steps: u64,
    /// Steps over which the rate rises.
    pub warmup_steps: u64,
    /// Mean learning rate over them.
    pub mean_rate: f64,
    /// Share of the rate by which a step of Adam moves a weight: g / (g + epsilon), for the root mean square g of a clipped gradient.
    pub step_share: f64,
    /// Root mean square of the weights.
    pub weight_rms: f64,
    /// Whether the weights are those of a model, which a training may move a little only.
    pub goes_on: bool,
    /// Decoupled weight decay.
    pub weight_decay: f64,
}

impl Travel {
    /// By how much of its size a step moves a typical weight.
    fn a_step(&self) -> f64 {
        self.mean_rate * self.step_share / self.weight_rms.max(f64::MIN_POSITIVE)
    }
}

/// Less of its own size, in all steps together, and a weight is nearly where it was drawn; where it was trained before, much less
/// is much.
const LEAST_WAY: [f64; 2] = [1.0, 0.01];

/// Steps that move a weight by this share of its size are long enough: a run with few of them is too short, which is said elsewhere.
const LONG_ENOUGH: f64 = 5e-4;

/// Share of a step that clipping and epsilon leave, below which they are what holds the weights.
const HARDLY_A_STEP: f64 = 0.1;

/// Judges whether rate, warm-up, clipping and epsilon leave steps that move weights at all.
#[must_use]
pub fn steps_move_weights(travel: &Travel) -> Check {
    let a_step = travel.a_step();
    let way = a_step * travel.num_steps as f64;
    let rises = travel.num_steps > 0 && 2 * travel.warmup_steps > travel.num_steps;
    let least = LEAST_WAY[usize::from(travel.goes_on)];
    let is_short = a_step < LONG_ENOUGH || travel.step_share < HARDLY_A_STEP;
    let idle = travel.num_steps > 0 && is_short && way < least;
    let measured = format!(
        "{} steps at a mean rate of {}{} move a typical weight by {} of its size at most{}",
        travel.num_steps,
        number(travel.mean_rate),
        match travel.step_share {
            share if share < 0.5 =>
                format!(", of which clipping and epsilon leave {}", percent(share)),
            _ => String::new(),
        },
        percent(way),
        match rises {
            true => format!(
                "; the rate still rises after {} of them",
                travel.warmup_steps.min(travel.num_steps)
            ),
            false => String::new(),
        }
    );
    let remedy = match () {
        () if travel.step_share < 0.5 => {
            "set `optimiser.epsilon` to 1e-8, and `optimiser.clip_norm` to 1 to 5 or leave it out"
        }
        () if rises => "set `optimiser.schedule.warmup_steps` to a tenth of the steps or less",
        () => "set the learning rate to 0.001, or train longer",
    };
    Check::new(
        Name::IdleSettings,
        match () {
            () if idle && way < 0.02 * least => Broken,
            () if idle || rises => Suspect,
            () => Passed,
        },
        measured,
        "a way of several times its size, at a rate that has risen early",
        "Adam moves a weight by about the learning rate a step, and not even that where the gradient is below epsilon; a network that \
         stays where it was drawn has learned nothing, whatever the data",
        remedy,
    )
}

/// Judges weight decay by where it balances Adam's steps: a root mean square of √(rate / 2 decay).
#[must_use]
pub fn weights_decay_slowly(travel: &Travel) -> Check {
    let balance = (travel.mean_rate / (2.0 * travel.weight_decay)).sqrt();
    let decayed = travel.mean_rate * travel.weight_decay * travel.num_steps as f64;
    let shrinks = travel.weight_decay > 0.0 && decayed > 1.0 && balance < 0.3 * travel.weight_rms;
    Check::new(
        Name::WeightDecay,
        if shrinks { Suspect } else { Passed },
        match travel.weight_decay {
            0.0 => "none".to_owned(),
            decay => format!(
                "weight decay {}: weights of {} fall towards {}, by a factor of {} over the run without a gradient",
                number(decay),
                number(travel.weight_rms),
                number(balance),
                number(decayed.exp())
            ),
        },
        "weights that stay about as large as they are drawn",
        "what decays faster than gradients build it up ends near zero, and all outputs alike",
        "set `optimiser.weight_decay` to 0.01 or 0",
    )
}

/// Judges the largest dropout of a configuration.
#[must_use]
pub fn dropout_is_light(largest: f64) -> Check {
    Check::new(
        Name::HeavyDropout,
        if largest > 0.8 { Suspect } else { Passed },
        format!("dropout of {}", number(largest)),
        "0.5 or less",
        "of what is dropped nothing is learned in that step; where nearly all is, each step learns from another network, and the loss \
         falls for other reasons",
        "set dropout to 0.5 or less",
    )
}

/// Judges a front end by the bands that it keeps: `num_bins` of them up to `high_hz`.
#[must_use]
pub fn front_end_keeps_voices(num_bins: usize, high_hz: f64) -> Check {
    let poor = num_bins < 12 || high_hz < 2500.0;
    Check::new(
        Name::PoorFrontEnd,
        if poor { Suspect } else { Passed },
        format!("{num_bins} bands up to {} Hz", number(high_hz)),
        "20 bands and more, up to 3,400 Hz and more",
        "what tells voices of one sex apart lies in the formants above 1 kHz, and in more detail than a dozen bands have",
        "set `features.num_bins` to 40 to 80 and `features.high_hz` to half of the sampling rate",
    )
}
