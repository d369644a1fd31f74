//! Checks that need no training: each is a function from plain numbers, or from a closure that stands for the loss at
//! hand, to a [`crate::Check`].

mod batches;
mod features;
mod gradients;
pub(crate) mod labels;
mod metrics;
mod overfit;
mod pairs;
mod recordings;
mod setup;
mod steps;
mod trials;
mod voices;

pub use batches::{
    Sessions, crops_fit, crops_vary, few_same_pairs, same_session_positives, short_crops,
    silent_crops, unreachable_speakers,
};
pub use features::{Bandwidth, FrontEnds, features_alive, front_ends_agree};
pub use gradients::gradients_reach;
pub use labels::{
    LabelRates, LossAndGradient, labels_can_be_judged, labels_fit, labels_matter, only_voices_tell,
    some_labels_wrong,
};
pub use metrics::{metric_ceiling, score_direction};
pub use overfit::{Overfit, can_overfit};
pub use pairs::{Pair, are_distributions, kl_divergence, loss_is_mean_of_pairs};
pub use recordings::{
    Copies, Heard, Leaked, recordings_are_new, recordings_are_whole, recordings_differ,
    recordings_hold_speech, several_recordings,
};
pub use setup::{
    all_pairs_used, both_directions, both_kinds_count, large_margin, learning_rate,
    noise_leaves_the_voice, scale_reaches, small_margin,
};
pub use steps::{
    Travel, dropout_is_light, front_end_keeps_voices, steps_move_weights, weights_decay_slowly,
};
pub use trials::{TrialFacts, trials_can_judge};
pub use voices::{HeardLabels, labels_sound_right, speakers_have_one_label};
