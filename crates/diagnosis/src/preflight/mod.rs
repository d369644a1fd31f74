//! Checks that need no training: each is a function from plain numbers, or from a closure that stands for the loss at
//! hand, to a [`crate::Check`].

mod batches;
mod features;
mod gradients;
pub(crate) mod labels;
mod metrics;
mod overfit;
mod pairs;
mod setup;

pub use batches::{
    Sessions, crops_fit, crops_vary, few_same_pairs, same_session_positives, silent_crops,
    unreachable_speakers,
};
pub use features::{Bandwidth, FrontEnds, features_alive, front_ends_agree};
pub use gradients::gradients_reach;
pub use labels::{LabelRates, LossAndGradient, labels_can_be_judged, labels_fit, labels_matter};
pub use metrics::{metric_ceiling, score_direction};
pub use overfit::{Overfit, can_overfit};
pub use pairs::{Pair, are_distributions, kl_divergence, loss_is_mean_of_pairs};
pub use setup::{all_pairs_used, both_directions, learning_rate, margin};
